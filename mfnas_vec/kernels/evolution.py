"""Regularized evolution, plain (REA) and started from a zero-cost warm-up (REA+W).

Sources: E. Real et al., "Regularized Evolution for Image Classifier Architecture Search",
AAAI 2019; M. Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021.
"""

import numpy as np

from mfnas_vec._jit import njit, njit_inline
from mfnas_vec.kernels.genome import sample, write_genes
from mfnas_vec.kernels.lookup import price_of, row_of
from mfnas_vec.kernels.ranking import code_at, insert
from mfnas_vec.kernels.rng import below, seed_run, unit
from mfnas_vec.kernels.state import (
    Tally,
    affordable,
    better,
    evaluate,
    forget,
    no_best,
    record,
    store,
    visit,
    why_stopped,
    within,
)

#: Tries for a valid child before the parent is copied.
MAX_TRIES = 101


@njit_inline
def warm_up(space, objective, n_sample, budget, work, k, trace, run):
    """Score ``n_sample`` samples, duplicates allowed; leaves the best ``k`` in ``work.top``.

    Published: the seconds are not charged. Corrected: they are, and the budget binds.
    Returns the number of samples left in ``work.top``, and the tally.
    """
    top = work.top
    seconds = 0.0
    n_unique = n_top = n_before = 0
    for i in range(n_sample):
        code, row = sample(space, work.rng)
        price = price_of(objective, row)
        if budget.corrected:
            if seconds + price > budget.max_seconds:
                break
            seconds += price
        n_before += 1
        score = objective.score[row]
        n_unique += visit(space, work, n_unique, code, row)
        n_top = insert(top, n_top, k, score, i, code)
        record(trace, run, i, code, 0, score, seconds, 0, code_at(top, 0))
    return n_top, Tally(n_before, 0, n_unique, 0, seconds)


@njit_inline
def draw_parent(scores, oldest, n, tournament_size, taken, rng):
    """Place of the best of a tournament; among equal scores the youngest (the last come) wins."""
    whole = tournament_size >= n
    taken[:n] = 0
    winner = winner_rank = -1
    best = -np.inf
    for t in range(n if whole else tournament_size):
        rank = t  # 0: the oldest
        if not whole:
            # Floyd's sampling: a uniform subset with one draw a member.
            last = n - tournament_size + t
            rank = below(rng, last + 1)
            if taken[rank]:
                rank = last
            taken[rank] = 1
        place = oldest + rank
        if place >= n:
            place -= n
        score = scores[place]
        if score > best or (score == best and rank > winner_rank):
            winner, winner_rank, best = place, rank, score
    return winner


@njit_inline
def mutate(space, parent, genes, probability, rng):
    """A valid mutant and its row: each gene changes with ``probability / n_gene``."""
    n_gene = space.cardinality.size
    threshold = probability / n_gene
    write_genes(space, parent, genes)
    for _ in range(MAX_TRIES):
        child = parent
        for i in range(n_gene):
            if unit(rng) < threshold:
                value = below(rng, space.cardinality[i] - 1)
                if value >= genes[i]:
                    value += 1
                child += (value - genes[i]) * space.weight[i]
        row = row_of(space, child)
        if row >= 0:
            return child, row
    return parent, row_of(space, parent)


@njit_inline
def evolve(space, objective, budget, settings, n_winner, tally, work, trace, run):
    """One run, as (tally, best).

    The first population are the ``n_winner`` best of the warm-up in ``work.top``, or samples if none.
    """
    pop_size, tournament_size, probability = settings
    codes, scores = work.codes, work.values
    size = n_winner if n_winner > 0 else pop_size
    n = oldest = 0
    best = no_best()
    while n < size or within(budget, tally.n_eval, tally.seconds):
        if n == size:
            parent = draw_parent(scores, oldest, size, tournament_size, work.marks, work.rng)
            code, row = mutate(space, codes[parent], work.genes, probability, work.rng)
        elif n_winner > 0:
            code = code_at(work.top, n)
            row = row_of(space, code)
        else:
            code, row = sample(space, work.rng)
        price = price_of(objective, row)
        if not affordable(budget, tally.n_eval, tally.seconds, price):
            break
        score, tally = evaluate(space, objective, budget, work, trace, run, tally, best, code, row, price, False)
        best = better(best, score, code, row)
        if n < size:
            place = n
            n += 1
        else:
            place = oldest
            oldest = (oldest + 1) % size
        codes[place], scores[place] = code, score
    return tally, best


@njit
def evolution_runs(
    space, objective, budget, settings, warm_objective, n_warm, work, seed, first_run, n_run, outcome, trace
):
    """``n_run`` runs of a seed from ``first_run`` on; a warm-up of ``n_warm`` samples (0: none).

    ``settings`` is ``(pop_size, tournament_size, mutation probability)``.
    """
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        n_winner, tally = warm_up(space, warm_objective, n_warm, budget, work, settings[0], trace, run)
        tally, best = evolve(space, objective, budget, settings, n_winner, tally, work, trace, run)
        forget(work, tally.n_unique)
        store(outcome, run, tally, best, tally.n_eval * objective.epochs, why_stopped(budget, tally.n_eval))
