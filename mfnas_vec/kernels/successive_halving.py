"""Successive halving (SH): train all candidates a little, keep the better half, train on.

Source: K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", AISTATS 2016, as MF-NAS uses it.
"""

import numpy as np

from mfnas_vec._jit import njit, njit_call
from mfnas_vec.kernels.genome import sample
from mfnas_vec.kernels.ranking import high_of, join, low_of, rank
from mfnas_vec.kernels.rng import seed_run
from mfnas_vec.kernels.state import (
    STOP_COMPLETED,
    STOP_TIME,
    Tally,
    better,
    forget,
    no_best,
    record,
    start_tally,
    store,
    visit,
)
from mfnas_vec.tables.dense import CUMULATIVE, LAST_INCREMENT


@njit_call
def halve(space, rungs, budget, n, work, tally, spent_epochs, trace, run):
    """Play the ``n`` candidates in ``work.candidates`` against each other.

    ``tally`` and ``spent_epochs`` say what went before; ``budget.max_seconds`` is for this halving
    alone. The published rule takes back the evaluation that reaches the budget, the corrected one
    does not begin it. Returns ``(tally, best, epochs, stop reason)``.
    """
    candidates, charged, places, top = work.candidates, work.values, work.places, work.top
    before = tally.seconds
    seconds = 0.0
    epochs = spent_epochs
    n_eval, n_unique = tally.n_eval, tally.n_unique
    best = no_best()
    stop = STOP_COMPLETED if n > 0 else STOP_TIME
    charged[:n] = 0.0
    trained = 0
    for rung in range(rungs.epochs.size):
        epochs_until = rungs.epochs[rung]
        for i in range(n):
            code, row = low_of(candidates[i]), high_of(candidates[i])
            price_until = rungs.seconds[rung, np.uint64(row * rungs.seconds_step)]
            price = price_until - charged[i]
            if budget.corrected and seconds + price > budget.max_seconds:
                stop = STOP_TIME
                break
            score = rungs.score[rung, np.uint64(row)]
            n_eval += 1
            if rung == 0:  # later on all have been seen
                n_unique += visit(space, work, n_unique, code, row)
            if not budget.corrected and seconds + price >= budget.max_seconds:
                record(trace, run, n_eval - 1, code, epochs_until, score, before + seconds, epochs, best.code)
                stop = STOP_TIME
                break
            seconds += price
            epochs += epochs_until - trained
            if rungs.accounting == CUMULATIVE:
                charged[i] = price_until
            elif rungs.accounting == LAST_INCREMENT:
                charged[i] = price
            best = better(best, score, code, row)
            record(trace, run, n_eval - 1, code, epochs_until, score, before + seconds, epochs, best.code)
            top.score[i] = score
        n_keep = (n + 1) // 2
        if stop == STOP_TIME or n_keep <= 1:
            break
        rank(top, places, n)
        # What a candidate has paid moves with it; the scores of the rung are not needed any more.
        for i in range(n_keep):
            top.score[i], top.item[i] = charged[places[i]], candidates[places[i]]
        for i in range(n_keep):
            charged[i], candidates[i] = top.score[i], top.item[i]
        n = n_keep
        trained = epochs_until
    return Tally(0, n_eval, n_unique, 0, before + seconds), best, epochs, stop


@njit
def successive_halving_runs(space, rungs, budget, n_candidate, work, seed, first_run, n_run, outcome, trace):
    """``n_run`` runs of a seed from ``first_run`` on."""
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        for i in range(n_candidate):
            code, row = sample(space, work.rng)
            work.candidates[i] = join(row, code)
        tally, best, epochs, reason = halve(space, rungs, budget, n_candidate, work, start_tally(), 0, trace, run)
        forget(work, tally.n_unique)
        store(outcome, run, tally, best, epochs, reason)
