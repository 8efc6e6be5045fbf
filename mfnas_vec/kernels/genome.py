"""Genotypes: draw one, take its digits, list its valid variants."""

import numpy as np

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec.kernels.lookup import at, row_of
from mfnas_vec.kernels.rng import below
from mfnas_vec.spaces.base import NO_ARCH


@njit_inline
def sample(space, rng):
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
    """All values but ``own``, ascending (as many as the gene's cardinality allows are meant)."""
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


@njit_inline
def split_place(place, n_j, own_i, own_j):
    """The pair of values at a place of the product of the values but ``own_i`` and ``own_j``."""
    a = np.int64(np.uint32(place) // np.uint32(n_j))
    b = place - a * n_j
    return a + (a >= own_i), b + (b >= own_j)


@njit_call
def draw_pair_variant(space, code, genes, pair, pairs_of_values, rows, rng):
    """Change both genes of a pair to a random valid other value each, writing ``genes``.

    Returns the new code and its row; ``(code, NO_ARCH)`` and no change where nothing is valid.
    """
    i = np.uint64(space.pair[np.uint64(pair), 0])
    j = np.uint64(space.pair[np.uint64(pair), 1])
    own_i, own_j = genes[i], genes[j]
    weight_i, weight_j = space.weight[i], space.weight[j]
    base = code - own_i * weight_i - own_j * weight_j
    n_j = space.cardinality[j] - 1
    n_all = (space.cardinality[i] - 1) * n_j
    n = n_all
    if not space.all_valid:
        n = 0
        for place in range(n_all):
            a, b = split_place(place, n_j, own_i, own_j)
            row = row_of(space, base + a * weight_i + b * weight_j)
            if row >= 0:
                pairs_of_values[n] = place
                rows[n] = row
                n += 1
    if n == 0:
        return code, np.int64(NO_ARCH)
    chosen = below(rng, n)
    place = chosen if space.all_valid else at(pairs_of_values, chosen)
    a, b = split_place(place, n_j, own_i, own_j)
    genes[i], genes[j] = a, b
    variant = base + a * weight_i + b * weight_j
    return variant, row_of(space, variant) if space.all_valid else at(rows, chosen)
