"""MF-NAS: a search on a cheap metric, then successive halving of its k best architectures.

Source: Q. M. Phan and N. H. Luong, "Efficient Multi-Fidelity Neural Architecture Search with
Zero-Cost Proxy-Guided Local Search", GECCO 2024.
"""

from mfnas_vec._jit import njit
from mfnas_vec.kernels.local_search import local_search
from mfnas_vec.kernels.random_search import random_search
from mfnas_vec.kernels.ranking import code_at
from mfnas_vec.kernels.rng import seed_run
from mfnas_vec.kernels.state import Budget, store
from mfnas_vec.kernels.successive_halving import halve

# Stage 1 searches.
STAGE1_RS = 0
STAGE1_FLS = 1
STAGE1_BLS = 2


@njit
def mf_nas_runs(  # type: ignore[no-untyped-def]
    space, objective, stage1, budget1, k, rungs, budget, work, seed, first_run, n_run, outcome, trace
):
    """``n_run`` runs of a seed from ``first_run`` on; ``budget`` is for both stages, ``budget1`` for the first."""
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        work.seen[:] = 0
        if stage1 == STAGE1_RS:
            first = random_search(space, objective, budget1, work, k, trace, run)
        else:
            first = local_search(space, objective, budget1, stage1 == STAGE1_FLS, work, k, trace, run)
        spent = first.n_eval * objective.epochs
        rest = Budget(budget.max_eval, budget.max_seconds - first.seconds, budget.corrected)
        for i in range(first.n_top):
            work.codes[i] = code_at(work.top, i)
        tally, epochs, reason = halve(space, rungs, rest, first.n_top, work, first, spent, trace, run)
        store(outcome, run, tally, epochs, reason)
