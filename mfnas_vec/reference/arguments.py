"""From the job of a compiled search to the arguments of its reference implementation."""

from typing import Any

from mfnas_vec.reference.ledger import plain
from mfnas_vec.tables.dense import Objective, Rungs


def _single(rungs: Rungs) -> Any:
    return plain(Objective(rungs.score[0], rungs.seconds[0], rungs.seconds_step, int(rungs.epochs[0])))


def reference_arguments(optimizer: str, job: Any) -> list[Any]:
    """The arguments between search space and stream, arrays as lists."""
    _, objective, proxy, budget, p = job.arguments
    if optimizer == "SH":
        return [plain(objective), plain(budget), p.n_candidate]
    if optimizer == "Hyperband":
        return [plain(objective), plain(budget), p.eta, p.n_round, p.max_epochs]
    if optimizer == "ASHA":
        return [plain(objective), plain(budget), p.eta, p.max_candidate, p.max_epochs]
    if optimizer in ("MF-NAS", "R-MF-NAS"):
        seconds = budget.max_seconds if budget.rules.timed_stage1 else float("inf")
        budget1 = budget._replace(max_eval=p.max_eval_stage1, max_seconds=seconds)
        return [_single(proxy), p.optimizer_stage1, plain(budget1), p.n_candidate, plain(objective), plain(budget)]
    found = [_single(objective), plain(budget)]
    if optimizer in ("FLS", "BLS"):
        found.append(p.first_improvement)
    if optimizer == "GA":
        found.append((p.pop_size, p.prob_crossover))
    if optimizer in ("REA", "REA+W"):
        settings = (p.pop_size, p.tournament_size, p.prob_mutation)
        found += [settings, _single(proxy), p.n_sample_warmup if p.warm_up else 0]
    return found
