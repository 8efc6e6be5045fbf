"""MF-NAS: a search on a cheap metric, then successive halving of its k best architectures.

Source: Q. M. Phan and N. H. Luong, "Efficient Multi-Fidelity Neural Architecture Search with
Zero-Cost Proxy-Guided Local Search", GECCO 2024.
"""

import numpy as np

from mfnas_vec._jit import njit, njit_call
from mfnas_vec.kernels.local_search import local_search
from mfnas_vec.kernels.lookup import at, key_of, row_of
from mfnas_vec.kernels.random_search import random_search
from mfnas_vec.kernels.ranking import code_at, insert, join
from mfnas_vec.kernels.rng import seed_run
from mfnas_vec.kernels.state import Budget, forget, store
from mfnas_vec.kernels.successive_halving import halve

# Stage 1 searches.
STAGE1_RS = 0
STAGE1_FLS = 1
STAGE1_BLS = 2


@njit_call
def choose_candidates(space, objective, n_pool, k, bar, work):
    """Write the best ``k`` of ``work.pool`` to ``work.candidates``, best first; returns their number.

    Among equal scores the one with the larger key (code or row) comes first. Scores below ``bar``
    are left out: where ``k`` are found all the same, the bar made no difference.
    """
    n = 0
    for i in range(n_pool):
        code = np.int64(work.pool[i])
        row = row_of(space, code)
        score = at(objective.score, row)
        if score >= bar:
            n = insert(work.top, n, k, score, key_of(space, code, row), code)
            if n == k:
                bar = work.top.score[k - 1]
    for i in range(n):
        code = code_at(work.top, i)
        work.candidates[i] = join(row_of(space, code), code)
    return n


@njit
def mf_nas_runs(space, objective, stage1, budget1, k, rungs, budget, work, seed, first_run, n_run, outcome, trace):
    """``n_run`` runs of a seed from ``first_run`` on; ``budget`` is for both stages, ``budget1`` for the first."""
    guess = np.inf
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        if stage1 == STAGE1_RS:
            first, _ = random_search(space, objective, budget1, work, trace, run)
        else:
            first, _ = local_search(space, objective, budget1, stage1 == STAGE1_FLS, work, trace, run)
        # Published: the epochs are those of the halving alone.
        spent = first.n_eval * objective.epochs if budget.corrected else 0
        rest = Budget(budget.max_eval, budget.max_seconds - first.seconds, budget.corrected)
        # Runs resemble each other: the lowest bar of earlier ones spares most of the sorting.
        n = choose_candidates(space, objective, first.n_pool, k, guess, work)
        if n < k:
            n = choose_candidates(space, objective, first.n_pool, k, -np.inf, work)
        if n == k:
            guess = min(guess, work.top.score[k - 1])
        tally, best, epochs, reason = halve(space, rungs, rest, n, work, first, spent, trace, run)
        forget(work, tally.n_unique)
        store(outcome, run, tally, best, epochs, reason)
