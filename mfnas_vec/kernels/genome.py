"""Genotypes: draw one, take its digits, list its valid variants."""

from mfnas_vec._jit import njit_inline
from mfnas_vec.kernels.lookup import row_of
from mfnas_vec.kernels.rng import below


@njit_inline
def sample(space, rng):  # type: ignore[no-untyped-def]
    """A uniform valid code."""
    code = below(rng, space.n_code)
    while row_of(space, code) < 0:
        code = below(rng, space.n_code)
    return code


@njit_inline
def write_genes(space, code, genes):  # type: ignore[no-untyped-def]
    """Write the digits of a code to ``genes`` (int64, shape ``(n_gene,)``)."""
    for i in range(space.cardinality.size - 1, -1, -1):
        rest = code // space.cardinality[i]
        genes[i] = code - rest * space.cardinality[i]
        code = rest


@njit_inline
def list_variants(space, code, genes, i, variants, rows):  # type: ignore[no-untyped-def]
    """Valid codes that differ from ``code`` in gene ``i`` only, ascending; returns their number."""
    n = 0
    base = code - genes[i] * space.weight[i]
    for value in range(space.cardinality[i]):
        if value != genes[i]:
            variant = base + value * space.weight[i]
            row = row_of(space, variant)
            if row >= 0:
                variants[n] = variant
                rows[n] = row
                n += 1
    return n


@njit_inline
def list_pair_variants(space, code, genes, i, j, variants, rows):  # type: ignore[no-untyped-def]
    """Valid codes that differ from ``code`` in both genes ``i < j``, ascending; returns their number."""
    n = 0
    base = code - genes[i] * space.weight[i] - genes[j] * space.weight[j]
    for a in range(space.cardinality[i]):
        if a == genes[i]:
            continue
        for b in range(space.cardinality[j]):
            if b == genes[j]:
                continue
            variant = base + a * space.weight[i] + b * space.weight[j]
            row = row_of(space, variant)
            if row >= 0:
                variants[n] = variant
                rows[n] = row
                n += 1
    return n
