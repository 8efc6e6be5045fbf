"""Genotypes: draw one, take its digits, list its valid variants."""

import numpy as np

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec.search.lookup import at, row_of
from mfnas_vec.search.rng import below, unit
from mfnas_vec.spaces.arrays import NO_ARCH, TWO_LEVEL

#: Tries for a valid mutant or neighbour before the architecture itself is taken.
MAX_TRIES = 101


@njit_inline
def draw_sample(space, rng):
    """A valid code, uniform as the space says, and its row."""
    if space.start_code.size:
        row = below(rng, space.n_arch)
        return np.int64(at(space.start_code, row)), row
    while True:
        code = below(rng, space.n_code)
        row = row_of(space, code)
        if row >= 0:
            return code, row


@njit_inline
def gene_of(space, code, i):
    """Digit ``i`` of a code."""
    return np.int64(np.uint32(code) // np.uint32(space.weight[i]) % np.uint32(space.cardinality[i]))


@njit_inline
def changed(space, code, i, place):
    """The code with gene ``i`` replaced by the value at a place among its other values."""
    own = gene_of(space, code, i)
    return code + (place + (place >= own) - own) * space.weight[i]


@njit_inline
def mutated(space, code, threshold, rng):
    """The code with each gene replaced by another value with probability ``threshold``; it may be invalid."""
    for i in range(space.cardinality.size):
        if unit(rng) < threshold:
            code = changed(space, code, i, below(rng, space.cardinality[i] - 1))
    return code


@njit_inline
def draw_neighbour(space, code, rng):
    """A uniform valid code that differs in one gene, and its row; the code itself after too many tries."""
    for _ in range(MAX_TRIES):
        place = below(rng, space.n_neighbour)
        i = 0
        while place >= space.cardinality[i] - 1:
            place -= space.cardinality[i] - 1
            i += 1
        neighbour = changed(space, code, i, place)
        row = row_of(space, neighbour)
        if row >= 0:
            return neighbour, row
    return code, row_of(space, code)


@njit_inline
def draw_mutant(space, parent, probability, rng):
    """A valid mutant and its row: each gene changes with ``probability / n_gene``; else the parent."""
    threshold = probability / space.cardinality.size
    for _ in range(MAX_TRIES):
        child = mutated(space, parent, threshold, rng)
        row = row_of(space, child)
        if row >= 0:
            return child, row
    return parent, row_of(space, parent)


@njit_inline
def write_genes(space, code, genes):
    """Write the digits of a code to ``genes`` (int64, shape ``(n_gene,)``)."""
    for i in range(space.cardinality.size - 1, -1, -1):
        rest = code // space.cardinality[i]
        genes[i] = code - rest * space.cardinality[i]
        code = rest


# A list of gene values is one integer of 4-bit digits, first value lowest: it stays in a register.
_COUNT = 0x0EDCBA9876543210
_ONES = 0x0111111111111111


@njit_inline
def other_values(own):
    """All values but ``own``, ascending; the first ``cardinality - 1`` of them are those of the gene."""
    below_own = (1 << (4 * own)) - 1
    return (_COUNT & below_own) | ((_COUNT + _ONES) & ~below_own)


@njit_inline
def valid_values(space, base, gene, own, rows):
    """Values but ``own`` that make a valid code with ``base``, ascending, and their number.

    The row of each value is left in ``rows``.
    """
    n = values = 0
    for place in range(space.cardinality[gene] - 1):
        value = place + (place >= own)
        row = row_of(space, base + value * space.weight[gene])
        rows[np.uint64(value)] = row
        if row >= 0:
            values |= value << (4 * n)
            n += 1
    return values, n


@njit_call
def list_values(space, base, gene, own, values, rows):
    """``valid_values`` of a gene with too many values for one integer, listed in ``values``; their number."""
    n = 0
    for place in range(space.cardinality[gene] - 1):
        value = place + (place >= own)
        row = row_of(space, base + value * space.weight[gene])
        rows[np.uint64(value)] = row
        if row >= 0:
            values[np.uint64(n)] = value
            n += 1
    return n


@njit_call
def take_value(values, place, n):
    """The value at a place of the ``n`` listed; the last takes its place."""
    value = at(values, place)
    values[np.uint64(place)] = at(values, n - 1)
    return value


@njit_call
def distinct_values(space, base, gene, values, n):
    """Of ``n`` packed values those of distinct rows, the first of each, and their number."""
    kept = n_kept = 0
    for i in range(n):
        value = (values >> (4 * i)) & 15
        row = row_of(space, base + value * space.weight[gene])
        new = True
        for j in range(n_kept):
            new &= row_of(space, base + ((kept >> (4 * j)) & 15) * space.weight[gene]) != row
        if new:
            kept |= value << (4 * n_kept)
            n_kept += 1
    return kept, n_kept


@njit_call
def distinct_listed(space, base, gene, values, n):
    """The same of listed values, which are moved together; their number."""
    n_kept = 0
    for i in range(n):
        row = row_of(space, base + values[i] * space.weight[gene])
        new = True
        for j in range(n_kept):
            new &= row_of(space, base + values[j] * space.weight[gene]) != row
        if new:
            values[n_kept] = values[i]
            n_kept += 1
    return n_kept


@njit_call
def distinct_places(places, rows, n):
    """Of ``n`` listed places those of distinct rows, the first of each, moved together; their number."""
    n_kept = 0
    for i in range(n):
        new = True
        for j in range(n_kept):
            new &= rows[j] != rows[i]
        if new:
            places[n_kept], rows[n_kept] = places[i], rows[i]
            n_kept += 1
    return n_kept


@njit_inline
def split_place(place, n_j, own_i, own_j):
    """The pair of values at a place of the product of the values but ``own_i`` and ``own_j``."""
    a = np.int64(np.uint32(place) // np.uint32(n_j))
    b = place - a * n_j
    return a + (a >= own_i), b + (b >= own_j)


@njit_inline
def valid_pairs(space, base, n_all, n_j, i, j, own_i, own_j, pairs_of_values, rows):
    """List the places of valid pairs of values, and their rows; their number."""
    n = 0
    for place in range(n_all):
        a, b = split_place(place, n_j, own_i, own_j)
        row = row_of(space, base + a * space.weight[i] + b * space.weight[j])
        if row >= 0:
            pairs_of_values[n] = place
            rows[n] = row
            n += 1
    return n


@njit_call
def draw_pair_variant(space, code, genes, pair, pairs_of_values, rows, distinct, rng):
    """Change both genes of a pair to a random valid other value each, writing ``genes``.

    With ``distinct``, of the variants of one architecture only the first. Returns the new code and its
    row; ``(code, NO_ARCH)`` and no change where nothing is valid.
    """
    distinct &= space.key_is_row
    i = np.uint64(space.pair[np.uint64(pair), 0])
    j = np.uint64(space.pair[np.uint64(pair), 1])
    own_i, own_j = genes[i], genes[j]
    weight_i, weight_j = space.weight[i], space.weight[j]
    base = code - own_i * weight_i - own_j * weight_j
    n_j = space.cardinality[j] - 1
    n_all = (space.cardinality[i] - 1) * n_j
    n = n_all
    listed = space.kind == TWO_LEVEL or not space.all_valid or distinct
    if listed:
        n = valid_pairs(space, base, n_all, n_j, i, j, own_i, own_j, pairs_of_values, rows)
    if distinct:
        n = distinct_places(pairs_of_values, rows, n)
    if n == 0:
        return code, np.int64(NO_ARCH)
    chosen = below(rng, n)
    place = at(pairs_of_values, chosen) if listed else chosen
    a, b = split_place(place, n_j, own_i, own_j)
    genes[i], genes[j] = a, b
    variant = base + a * weight_i + b * weight_j
    return variant, at(rows, chosen) if listed else row_of(space, variant)
