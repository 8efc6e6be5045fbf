"""``check_space``: what every search space must do, whatever it describes."""

import numpy as np

from mfnas_vec._jit import njit
from mfnas_vec.search.genome import draw_neighbour, draw_sample, gene_of, list_values
from mfnas_vec.search.lookup import row_of
from mfnas_vec.search.rng import seed_run
from mfnas_vec.spaces import NO_ARCH, SearchSpace, get_space
from mfnas_vec.spaces.arrays import IntArray
from mfnas_vec.spaces.base import ARCHITECTURES

#: Architectures that are checked in every form.
N_CHECKED = 200
#: Samples, and the equal parts of the codes that they are counted in.
N_SAMPLE, N_PART = 8_000, 16
#: Chi-square of 15 degrees of freedom that less than one of 10**9 correct spaces exceeds.
MOST_CHI_SQUARE = 76.0
#: Most architectures whose names are listed.
MOST_LISTED = 2**20


def check_space(space: str | SearchSpace, *, seed: int = 0) -> None:
    """Check that a search space is consistent, as far as that can be checked from outside.

    - Code, genotype, gene digits, readable form and name of an architecture mean the same row, in
      Python and in compiled code, and rows are ``0`` to ``n_arch - 1``.
    - Neighbours are symmetric: a valid code that differs in one gene has this one as a neighbour.
      Compiled code lists and draws these neighbours, and no others.
    - Samples are valid and as uniform as the space says.

    Parameters
    ----------
    space
        The space, or its name.
    seed
        Of the choice of architectures that are checked.

    Raises
    ------
    AssertionError
        If something is wrong; the message says what.
    """
    if isinstance(space, str):
        space = get_space(space)
    rng = np.random.default_rng(seed)
    codes = np.unique(np.append(rng.integers(space.n_code, size=N_CHECKED), [0, space.n_code - 1]))
    valid = np.unique([*_rejection_samples(space, rng, N_CHECKED), *codes[space.is_valid(codes)]])
    codes = np.union1d(codes, valid)
    _check_forms(space, codes)
    _check_rows(space, rng)
    for code in valid[:: max(1, len(valid) // 50)]:
        _check_neighbours(space, int(code))
    _check_samples(space, rng, seed)


def _check(space: SearchSpace, fine: bool | np.bool_, what: str) -> None:
    if not fine:
        raise AssertionError(f"space {space.name!r}: {what}")


def _check_forms(space: SearchSpace, codes: IntArray) -> None:
    genes, rows = space.decode(codes), space.row(codes)
    _check(space, (space.encode(genes) == codes).all(), "encode(decode(code)) is another code")
    _check(space, ((rows >= NO_ARCH) & (rows < space.n_arch)).all(), f"row is not in -1..{space.n_arch - 1}")
    compiled_rows, compiled_genes = np.zeros_like(codes), np.zeros((len(codes), space.n_gene), np.int64)
    _compiled_forms(space.arrays, codes, compiled_rows, compiled_genes)
    _check(space, (compiled_rows == rows).all(), "compiled code finds another row of a code")
    _check(space, (compiled_genes == genes).all(), "compiled code finds other genes of a code")
    for code, genotype, row in zip(codes.tolist(), genes, rows.tolist(), strict=True):
        _check(space, space.row_of(code) == row, f"row_of({code}) is not row({code}) = {row}")
        if row == NO_ARCH:
            continue
        text = space.to_string(genotype)
        _check(space, space.row_of(genotype) == row, f"row_of({genotype.tolist()}) is not {row}")
        for form in (text, space.digits(code)):
            _check(space, space.row_of(form) == row, f"row_of({form!r}) is not {row}")
        back = int(space.row(space.encode(space.from_string(text))))
        _check(space, back == row, f"from_string({text!r}) is of row {back}, not {row}")


def _check_rows(space: SearchSpace, rng: np.random.Generator) -> None:
    """Representatives and names of rows, where there are not too many to list."""
    if space.n_arch > MOST_LISTED:
        return
    code, keys = space.arch_code, space.arch_key()
    _check(space, (space.row(code) == np.arange(space.n_arch)).all(), "arch_code is not in the order of rows")
    _check(space, len(set(keys)) == len(keys) == space.n_arch, f"arch_key is not {space.n_arch} different names")
    for row in rng.integers(space.n_arch, size=N_CHECKED).tolist():
        _check(space, space.row_of(keys[row]) == row, f"row_of({keys[row]!r}) is not {row}")


def _neighbours(space: SearchSpace, code: int) -> IntArray:
    """Valid codes that differ in one gene, ascending."""
    genes = space.decode(code).astype(np.int64)
    found = [
        code + (value - genes[i]) * weight
        for i, (cardinality, weight) in enumerate(zip(space.cardinality, space.weight, strict=True))
        for value in range(cardinality)
        if value != genes[i]
    ]
    return np.unique([n for n in found if space.row_of(int(n)) != NO_ARCH]).astype(np.int64)


def _check_neighbours(space: SearchSpace, code: int) -> None:
    neighbours = _neighbours(space, code)
    for other in neighbours[:: max(1, len(neighbours) // 8)].tolist():
        _check(space, code in _neighbours(space, other), f"{other} is a neighbour of {code}, but not {code} of {other}")
    a = space.arrays
    listed, rows = np.zeros(a.n_neighbour, np.int64), np.zeros(a.n_neighbour, np.int64)
    n = _compiled_neighbours(a, code, np.zeros(max(space.cardinality) ** 2, np.int64), rows, listed)
    _check(space, np.array_equal(np.sort(listed[:n]), neighbours), f"compiled code lists other neighbours of {code}")
    drawn, drawn_rows = np.zeros(50, np.int64), np.zeros(50, np.int64)
    _compiled_draws(a, code, 0, np.zeros(3, np.uint64), drawn, drawn_rows)
    _check(space, np.isin(drawn, [*neighbours, code]).all(), f"compiled code draws no neighbour of {code}")
    _check(space, (drawn_rows == space.row(drawn)).all(), f"compiled code draws a wrong row of a neighbour of {code}")


def _rejection_samples(space: SearchSpace, rng: np.random.Generator, n: int) -> IntArray:
    """Uniform valid codes, drawn as the definition says."""
    if space.sampling == ARCHITECTURES:
        return space.arch_code[rng.integers(space.n_arch, size=n)]
    found: IntArray = np.zeros(0, np.int64)
    while len(found) < n:
        codes = rng.integers(space.n_code, size=4 * n)
        found = np.append(found, codes[space.is_valid(codes)])
    return found[:n]


def _check_samples(space: SearchSpace, rng: np.random.Generator, seed: int) -> None:
    codes, rows = np.zeros(N_SAMPLE, np.int64), np.zeros(N_SAMPLE, np.int64)
    _compiled_draws(space.arrays, NO_ARCH, seed, np.zeros(3, np.uint64), codes, rows)
    _check(space, space.is_valid(codes).all(), "a sample is invalid")
    _check(space, (rows == space.row(codes)).all(), "a sample has a wrong row")
    others = _rejection_samples(space, rng, N_SAMPLE)
    first, last = (codes * N_PART // space.n_code, others * N_PART // space.n_code), (codes % N_PART, others % N_PART)
    for parts in (first, last):
        drawn, expected = (np.bincount(part, minlength=N_PART) for part in parts)
        both = drawn + expected
        chi_square = float((((drawn - expected) ** 2)[both > 0] / both[both > 0]).sum())
        _check(space, chi_square < MOST_CHI_SQUARE, f"samples are not uniform over {space.sampling}: {chi_square:.0f}")


@njit
def _compiled_forms(space, codes, rows, genes):
    for i in range(codes.size):
        rows[i] = row_of(space, codes[i])
        for j in range(space.cardinality.size):
            genes[i, j] = gene_of(space, codes[i], j)


@njit
def _compiled_neighbours(space, code, values, rows, listed):
    n = 0
    for gene in range(space.cardinality.size):
        own = gene_of(space, code, gene)
        base = code - own * space.weight[gene]
        n_valid = list_values(space, base, gene, own, values, rows)
        for i in range(n_valid):
            listed[n] = base + values[i] * space.weight[gene]
            n += 1
    return n


@njit
def _compiled_draws(space, code, seed, state, codes, rows):
    """Neighbours of a code, or samples where there is none."""
    seed_run(state, seed, 0)
    for i in range(codes.size):
        if code >= 0:
            codes[i], rows[i] = draw_neighbour(space, code, state)
        else:
            codes[i], rows[i] = draw_sample(space, state)
