"""Random search: sample, evaluate, keep the best."""

from mfnas_vec._jit import njit, njit_inline
from mfnas_vec.kernels.genome import sample
from mfnas_vec.kernels.lookup import price_of
from mfnas_vec.kernels.rng import seed_run
from mfnas_vec.kernels.state import (
    affordable,
    better,
    evaluate,
    forget,
    no_best,
    start_tally,
    store,
    why_stopped,
    within,
)


@njit_inline
def random_search(space, objective, budget, work, trace, run):
    """One run; returns (tally, best) and leaves the architectures it saw in ``work.pool``."""
    tally = start_tally()
    best = no_best()
    while within(budget, tally.n_eval, tally.seconds):
        code, row = sample(space, work.rng)
        price = price_of(objective, row)
        if not affordable(budget, tally.n_eval, tally.seconds, price):
            break
        score, tally = evaluate(space, objective, budget, work, trace, run, tally, best, code, row, price, False)
        best = better(best, score, code, row)
    return tally, best


@njit
def random_search_runs(space, objective, budget, work, seed, first_run, n_run, outcome, trace):
    """``n_run`` runs of a seed from ``first_run`` on."""
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        tally, best = random_search(space, objective, budget, work, trace, run)
        forget(work, tally.n_unique)
        store(outcome, run, tally, best, tally.n_eval * objective.epochs, why_stopped(budget, tally.n_eval))
