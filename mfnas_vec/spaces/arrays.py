"""A search space as kernels see it."""

import itertools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

#: Row of an invalid genotype, and of a run that found no architecture.
NO_ARCH = -1

IntArray = npt.NDArray[np.int64]

# How a code becomes a row (SpaceArrays.kind).
IDENTITY = 0
ONE_LEVEL = 1
TWO_LEVEL = 2

#: Codes are split into (high, low) parts by a multiplication and a shift; exact below 2**30.
SPLIT_SHIFT = 40

#: Masks of a two-level space.
N_MASK = 32

#: Values of a gene that fit into a list in one integer, four bits each.
NARROW = 16


class SpaceArrays(NamedTuple):
    """A search space as kernels see it.

    ``row`` of a code: with kind ``IDENTITY`` the code itself; ``ONE_LEVEL``, ``cell[code]``;
    ``TWO_LEVEL``, with ``high, low = divmod(code, n_low)``, ``form = high_form[high]`` (negative:
    invalid) and ``offset, mask = divmod(form[form], 32)``, ``cell[offset + low_code[mask, low]]``.
    """

    kind: int
    cardinality: IntArray  # [gene]
    weight: IntArray  # [gene]
    pair: IntArray  # [pair, 2], pairs of genes in lexicographic order
    n_code: int
    n_arch: int
    key_is_row: bool
    all_valid: bool  # whether every code is an architecture
    start_code: npt.NDArray[np.int32]  # [arch], codes that samples are drawn from; empty: all valid ones
    packed: bool  # whether lists of a gene's values fit into one integer
    n_neighbour: int  # codes that differ in one gene
    n_low: int
    split: int
    high_form: npt.NDArray[np.int16]  # [high]
    form: npt.NDArray[np.int32]  # [form], offset * 32 + mask
    low_code: npt.NDArray[np.uint8]  # [mask, low]
    cell: npt.NDArray[np.int32]  # [code] or [offset + low_code]


def make_arrays(
    space: Any,
    kind: int,
    *,
    cell: npt.ArrayLike = (0,),
    n_low: int = 1,
    high_form: npt.ArrayLike = (0,),
    form: npt.ArrayLike = (0,),
    low_code: npt.ArrayLike = ((0,),),
) -> SpaceArrays:
    """The arrays of a ``SearchSpace`` with a row map of some kind; see ``SpaceArrays``."""

    def own(values: npt.ArrayLike, dtype: type) -> Any:
        return np.require(values, dtype=dtype, requirements=["C", "A", "W", "O"])

    cells = own(cell, np.int32)
    all_valid = kind == IDENTITY or (kind == ONE_LEVEL and int(cells.min()) >= 0)
    return SpaceArrays(
        kind=kind,
        cardinality=np.array(space.cardinality, dtype=np.int64),
        weight=np.array(space.weight, dtype=np.int64),
        pair=np.array(list(itertools.combinations(range(space.n_gene), 2)), dtype=np.int64).reshape(-1, 2),
        n_code=space.n_code,
        n_arch=space.n_arch,
        key_is_row=space.key_is_row,
        all_valid=all_valid,
        start_code=space.start_code(),
        packed=max(space.cardinality) <= NARROW and (all_valid or kind == TWO_LEVEL),
        n_neighbour=sum(space.cardinality) - space.n_gene,
        n_low=n_low,
        split=-(-(1 << SPLIT_SHIFT) // n_low),
        high_form=own(high_form, np.int16),
        form=own(form, np.int32),
        low_code=own(low_code, np.uint8),
        cell=cells,
    )


def rows_at(arrays: SpaceArrays, codes: IntArray) -> IntArray:
    """Rows of codes, ``NO_ARCH`` where there is none."""
    if arrays.kind == IDENTITY:
        return codes.copy()
    if arrays.kind == ONE_LEVEL:
        return arrays.cell[codes].astype(np.int64)
    high, low = np.divmod(codes, arrays.n_low)
    form = arrays.high_form[high]
    offset, mask = np.divmod(arrays.form[form], N_MASK)
    return np.where(form < 0, NO_ARCH, arrays.cell[offset + arrays.low_code[mask, low]]).astype(np.int64)


def row_at(arrays: SpaceArrays, code: int) -> int:
    """The same of one code, which is much faster than with arrays."""
    if arrays.kind == IDENTITY:
        return code
    if arrays.kind == ONE_LEVEL:
        return int(arrays.cell[code])
    high, low = divmod(code, arrays.n_low)
    form = int(arrays.high_form[high])
    if form < 0:
        return NO_ARCH
    offset, mask = divmod(int(arrays.form[form]), N_MASK)
    return int(arrays.cell[offset + int(arrays.low_code[mask, low])])
