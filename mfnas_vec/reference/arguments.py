"""From the job of a compiled search to the arguments of its reference implementation."""

from typing import Any

from mfnas_vec.reference.ledger import plain
from mfnas_vec.tables.dense import Objective, Rungs


def _single(rungs: Rungs) -> Any:
    return plain(Objective(rungs.score[0], rungs.seconds[0], rungs.seconds_step, int(rungs.epochs[0])))


def reference_arguments(optimizer: str, job: Any) -> dict[str, Any]:
    """The arguments of a reference implementation but space and stream."""
    _, objective, proxy, budget, p = job.arguments
    budgeted = {"budget": plain(budget)}
    rungs = {"rungs": plain(objective), **budgeted}
    if optimizer == "SH":
        return {**rungs, "n_candidate": p.n_candidate}
    if optimizer == "Hyperband":
        return {**rungs, "eta": p.eta, "n_round": p.n_round, "max_epochs": p.max_epochs}
    if optimizer == "ASHA":
        return {**rungs, "eta": p.eta, "n_candidate": p.max_candidate, "max_epochs": p.max_epochs}
    if optimizer in ("MF-NAS", "R-MF-NAS"):
        seconds = budget.max_seconds if budget.rules.timed_stage1 else float("inf")
        budget1 = plain(budget._replace(max_eval=p.max_eval_stage1, max_seconds=seconds))
        stage1 = {"objective": _single(proxy), "stage1": p.optimizer_stage1, "budget1": budget1}
        return {**stage1, "k": p.n_candidate, **rungs}
    single = {"objective": _single(objective), **budgeted}
    if optimizer in ("FLS", "BLS"):
        return {**single, "first_improvement": p.first_improvement}
    if optimizer == "GA":
        return {**single, "settings": (p.pop_size, p.prob_crossover)}
    if optimizer in ("REA", "REA+W"):
        settings = (p.pop_size, p.tournament_size, p.prob_mutation)
        warm_up = {"warm_objective": _single(proxy), "n_warm": p.n_sample_warmup if p.warm_up else 0}
        return {**single, "settings": settings, **warm_up}
    return single
