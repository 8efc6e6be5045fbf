"""Local search with escapes: first improvement (FLS) and best improvement (BLS).

Source: T. Den Ottelander et al., "Local Search is a Remarkably Strong Baseline for Neural
Architecture Search", EMO 2021, as MF-NAS uses it.
"""

import numpy as np

from mfnas_vec._jit import njit, njit_inline
from mfnas_vec.kernels.genome import draw_pair_variant, other_values, sample, valid_values, write_genes
from mfnas_vec.kernels.lookup import at, price_of, row_of
from mfnas_vec.kernels.rng import below, choose, high_half, low_half, next_bits, seed_run
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
from mfnas_vec.spaces.base import NO_ARCH


@njit_inline
def climb(space, objective, budget, first_improvement, work, trace, run, bare):
    """One run. ``bare``, a constant: one price for all, no trace, budget asked between sweeps only."""
    flat_price = objective.seconds[0]
    rng, genes, order, rows = work.rng, work.genes, work.order, work.rows
    checked = not space.all_valid
    n_gene = space.cardinality.size
    tally = start_tally()
    best = no_best()
    current, row = sample(space, rng)
    price = flat_price if bare else price_of(objective, row)
    if not bare and not affordable(budget, 0, 0.0, price):
        return tally, best
    current_score, tally = evaluate(space, objective, budget, work, trace, run, tally, best, current, row, price, bare)
    best = better(best, current_score, current, row)
    write_genes(space, current, genes)
    for i in range(n_gene):
        order[i] = i

    while within(budget, tally.n_eval, tally.seconds):
        moved = False
        n_left = n_gene
        while n_left > 0:
            # One draw of 64 bits serves the position and the first choice among its variants.
            bits = next_bits(rng)
            half = low_half(bits)
            j = np.uint64(choose(rng, high_half(bits), n_left))
            n_left -= 1
            # Taken positions move to the end; any order is a fair start of the next sweep.
            taken = order[j]
            order[j] = at(order, n_left)
            order[np.uint64(n_left)] = taken
            gene = np.uint64(taken)
            weight = space.weight[gene]
            own = genes[gene]
            base = current - own * weight
            if checked:
                values, n = valid_values(space, base, gene, own, rows)
            else:
                values, n = other_values(own), space.cardinality[gene] - 1
            while n > 0:
                place = 4 * choose(rng, half, n)
                n -= 1
                value = (values >> place) & 15
                values ^= (value ^ ((values >> (4 * n)) & 15)) << place  # the last takes its place
                code = base + value * weight
                row = at(rows, value) if checked else row_of(space, code)
                price = flat_price if bare else price_of(objective, row)
                if not bare and not affordable(budget, tally.n_eval, tally.seconds, price):
                    return tally, best
                score, tally = evaluate(space, objective, budget, work, trace, run, tally, best, code, row, price, bare)
                if score >= current_score:
                    current, current_score = code, score
                    best = better(best, score, code, row)  # a better one is always moved to
                    genes[gene] = value
                    moved = True
                    if first_improvement:
                        n = n_left = 0
                if n > 1:
                    half = high_half(next_bits(rng))
        if not moved:
            row = NO_ARCH
            while row < 0:
                pair = below(rng, space.pair.shape[0])
                code, row = draw_pair_variant(space, current, genes, pair, work.variants, rows, rng)
            price = flat_price if bare else price_of(objective, row)
            if not bare and not affordable(budget, tally.n_eval, tally.seconds, price):
                return tally, best
            current = code
            current_score, tally = evaluate(
                space, objective, budget, work, trace, run, tally, best, code, row, price, bare
            )
            best = better(best, current_score, code, row)
    return tally, best


@njit_inline
def local_search(space, objective, budget, first_improvement, work, trace, run):
    """One run; returns (tally, best) and leaves the architectures it saw in ``work.pool``."""
    if objective.seconds_step == 0 and not budget.corrected and trace.code.shape[1] == 0:
        return climb(space, objective, budget, first_improvement, work, trace, run, True)
    return climb(space, objective, budget, first_improvement, work, trace, run, False)


@njit
def local_search_runs(space, objective, budget, first_improvement, work, seed, first_run, n_run, outcome, trace):
    """``n_run`` runs of a seed from ``first_run`` on."""
    for run in range(n_run):
        seed_run(work.rng, seed, first_run + run)
        tally, best = local_search(space, objective, budget, first_improvement, work, trace, run)
        forget(work, tally.n_unique)
        store(outcome, run, tally, best, tally.n_eval * objective.epochs, why_stopped(budget, tally.n_eval))
