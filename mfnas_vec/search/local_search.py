"""Local search with escapes: first improvement (FLS) and best improvement (BLS).

Source: T. Den Ottelander et al., "Local Search is a Remarkably Strong Baseline for Neural
Architecture Search", EMO 2021, as MF-NAS uses it.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import REFUSE
from mfnas_vec.search.fidelity import SingleFidelity
from mfnas_vec.search.genome import (
    distinct_listed,
    distinct_values,
    draw_pair_variant,
    list_values,
    other_values,
    take_value,
    valid_values,
    write_genes,
)
from mfnas_vec.search.interface import counts, going, probe, sample
from mfnas_vec.search.lookup import at, row_of
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.rng import below, choose, high_half, low_half, next_bits
from mfnas_vec.search.stages import flatten, is_flat
from mfnas_vec.search.state import begin, keep
from mfnas_vec.spaces.arrays import TWO_LEVEL

#: Pairs of genes that are drawn for an escape before the search stays where it is.
MAX_ESCAPES = 10_000

# Kinds of the entries of a trend: a start or an escape, a move, the end of a climb.
START, MIDDLE, END = range(3)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FirstImprovement(SingleFidelity):
    """Settings of first-improvement local search."""

    first_improvement: ClassVar[bool] = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class BestImprovement(SingleFidelity):
    """Settings of best-improvement local search."""

    first_improvement: ClassVar[bool] = False


@njit_inline
def escape(ctx, current):
    """A random valid change of two genes, written to ``work.genes``; code and row."""
    space, work = ctx.space, ctx.work
    for _ in range(MAX_ESCAPES):
        pair = below(work.rng, space.pair.shape[0])
        code, row = draw_pair_variant(
            space, current, work.genes, pair, work.variants, work.rows, ctx.budget.rules.distinct_neighbours, work.rng
        )
        if row >= 0:
            return code, row
    return current, row_of(space, current)


@njit_inline
def note(work, n_trend, code, kind):
    """Add an architecture to the trend if a slot is free; the new number of entries."""
    if n_trend == work.codes.size:
        return n_trend
    work.codes[n_trend] = (code << 2) | kind
    return n_trend + 1


@njit_inline
def climb(ctx, first_improvement, trend):
    """One run; with ``trend`` (a constant), what it moved to is left in ``work.codes``.

    Returns
    -------
    tuple
        State, and the number of entries of the trend.
    """
    space, work, rules = ctx.space, ctx.work, ctx.budget.rules
    rng, genes, order, rows = work.rng, work.genes, work.order, work.rows
    n_gene = space.cardinality.size
    listed = space.kind == TWO_LEVEL or not space.packed
    current, row = sample(ctx)
    n_trend = note(work, 0, current, START) if trend else 0
    start = begin()
    current_score, state, made = probe(ctx, start, current, row)
    if counts(ctx, start, made, row):
        state = keep(state, current_score, current, row)
    if not made:
        return state, n_trend
    write_genes(space, current, genes)
    for i in range(n_gene):
        order[i] = i

    while going(ctx, state):
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
            values = 0
            if not space.packed:
                n = list_values(space, base, gene, own, work.variants, rows)
            elif space.kind == TWO_LEVEL:  # only there can a variant be invalid
                values, n = valid_values(space, base, gene, own, rows)
            else:
                values, n = other_values(own), space.cardinality[gene] - 1
            if rules.distinct_neighbours and space.key_is_row:
                if space.packed:
                    values, n = distinct_values(space, base, gene, values, n)
                else:
                    n = distinct_listed(space, base, gene, work.variants, n)
            while n > 0:
                chosen = choose(rng, half, n)
                if space.packed:
                    place = 4 * chosen
                    value = (values >> place) & 15
                    values ^= (value ^ ((values >> (4 * (n - 1))) & 15)) << place  # the last takes its place
                else:
                    value = take_value(work.variants, chosen, n)
                n -= 1
                code = base + value * weight
                row = at(rows, value) if listed else row_of(space, code)
                score, state, made = probe(ctx, state, code, row)
                if not made and rules.budget != REFUSE:
                    return state, n_trend
                accepted = score > current_score or (score == current_score and not rules.strict_moves)
                if accepted:
                    current, current_score = code, score
                    state = keep(state, score, code, row)  # a better one is always moved to
                    genes[gene] = value
                    moved = True
                    if trend:
                        n_trend = note(work, n_trend, code, MIDDLE)
                    if first_improvement:
                        n = n_left = 0
                # An accepted move of the published first improvement does not ask whether it was the last.
                if not made and not (accepted and first_improvement and rules.overlooks_end_on_move):
                    return state, n_trend
                if n > 1:
                    half = high_half(next_bits(rng))
        if not moved:
            current, row = escape(ctx, current)
            before = state
            current_score, state, made = probe(ctx, before, current, row)
            if trend:
                if work.codes[n_trend - 1] & 3 == MIDDLE:
                    work.codes[n_trend - 1] += END - MIDDLE
                if made or rules.budget == REFUSE:
                    n_trend = note(work, n_trend, current, START)
            if counts(ctx, before, made, row):
                state = keep(state, current_score, current, row)
            if not made:
                return state, n_trend
    return state, n_trend


@njit_inline
def search_locally(ctx, first_improvement):
    """One run; leaves the architectures it saw in ``ctx.work.pool``."""
    if is_flat(ctx):
        state, _ = climb(flatten(ctx), first_improvement, False)
    else:
        state, _ = climb(ctx, first_improvement, False)
    return state


@optimizer("BLS", BestImprovement, title="best-improvement local search")
@optimizer("FLS", FirstImprovement, title="first-improvement local search")
def local_search(ctx, p):
    """One run of either."""
    return search_locally(ctx, p.first_improvement)
