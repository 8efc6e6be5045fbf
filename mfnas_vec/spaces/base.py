"""What an architecture is: genes, the integer code, the row map, the string form.

A genotype is a row of small integers, one per gene. It is also one integer, its *code*: the genes
read as digits of a mixed-radix number, first gene most significant. Several genotypes may describe
the same architecture; ``row`` maps each code to the row of its architecture in every table of the
space, or to ``NO_ARCH`` where the genotype is invalid.

Spaces are data: ``SearchSpace.arrays`` is all that a kernel is given, with the same types for
every space, so that one compiled kernel serves all of them.
"""

import abc
import copy
import functools
import hashlib
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import IDENTITY, NO_ARCH, IntArray, SpaceArrays, make_arrays, row_at, rows_at

# What samples are uniform over.
ENCODINGS = "encodings"
ARCHITECTURES = "architectures"
SAMPLINGS = (ENCODINGS, ARCHITECTURES)

#: Most values of a gene: genotypes are kept as int8.
MAX_CARDINALITY = 128
#: Most codes of a space: traces keep codes as int32. A two-level row map splits codes exactly below 2**30.
MAX_CODES = 2**31


class SearchSpace(abc.ABC):
    """A finite space of architectures coded by genes.

    Parameters
    ----------
    name
        Short name, as in ``SPACES``.
    cardinality
        Number of values of each gene, shape ``(n_gene,)``.
    n_arch
        Number of distinct architectures, the rows of every table of the space.
    key_is_row
        Whether two genotypes count as the same architecture when their *row* is the same
        (NAS-Bench-101's module hash), or only when the genotype itself is.
    sampling
        What samples are uniform over: valid "encodings", where an architecture of many genotypes
        comes more often, or "architectures", each by its genotype in ``arch_code``.
    """

    #: One line for listings.
    title: str = ""
    #: Where the space was published.
    source: str = ""

    def __init__(
        self, name: str, cardinality: Sequence[int], n_arch: int, *, key_is_row: bool, sampling: str = ENCODINGS
    ) -> None:
        self.name = name
        self.cardinality = tuple(int(c) for c in cardinality)
        self.n_gene = len(self.cardinality)
        if self.n_gene < 2 or not all(2 <= c <= MAX_CARDINALITY for c in self.cardinality):
            raise ValueError(f"cardinality={self.cardinality!r} must be two or more of 2..{MAX_CARDINALITY}")
        weight = [1] * self.n_gene
        for i in range(self.n_gene - 1, 0, -1):
            weight[i - 1] = weight[i] * self.cardinality[i]
        self.weight = tuple(weight)
        self.n_code = self.weight[0] * self.cardinality[0]
        if self.n_code > MAX_CODES:
            raise ValueError(f"cardinality={self.cardinality!r} gives {self.n_code:,} codes; must be <= {MAX_CODES:,}")
        self.n_arch = n_arch
        self.key_is_row = key_is_row
        self.sampling = sampling

    def __repr__(self) -> str:
        return f"<SearchSpace {self.name}: {self.n_gene} genes, {self.n_code:,} codes, {self.n_arch:,} architectures>"

    def with_sampling(self, sampling: str) -> Self:
        """The same space with samples uniform over "encodings" or over "architectures".

        Raises
        ------
        ValueError
            If ``sampling`` is neither.
        """
        if sampling not in SAMPLINGS:
            raise ValueError(f"sampling={sampling!r} must be one of {', '.join(SAMPLINGS)}")
        if sampling == self.sampling:
            return self
        other = copy.copy(self)
        other.sampling = sampling
        other.__dict__["arrays"] = self.arrays._replace(start_code=other.start_code())
        return other

    def start_code(self) -> npt.NDArray[np.int32]:
        """Codes that samples are drawn from; empty for all valid ones."""
        codes = self.arch_code if self.sampling == ARCHITECTURES else ()
        return np.array(codes, dtype=np.int32)

    def encode(self, genotype: npt.ArrayLike) -> IntArray:
        """Codes of genotypes.

        Parameters
        ----------
        genotype
            Integers, shape ``(..., n_gene)``.

        Returns
        -------
        ndarray
            Codes, shape ``(...)``.

        Raises
        ------
        ValueError
            If the last axis is not ``n_gene`` long or a gene is out of range.
        """
        genes = np.asarray(genotype)
        if genes.ndim == 0 or genes.shape[-1] != self.n_gene:
            raise ValueError(f"genotype has shape {genes.shape}; the last axis must be {self.n_gene} ({self.name})")
        if not np.issubdtype(genes.dtype, np.integer):
            raise ValueError(f"genotype has dtype {genes.dtype}; must be integer")
        genes = genes.astype(np.int64)
        if ((genes < 0) | (genes >= np.array(self.cardinality))).any():
            raise ValueError(f"genotype has a gene out of range; cardinalities of {self.name}: {self.cardinality}")
        return np.asarray(genes @ np.array(self.weight))

    def decode(self, code: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Genotypes of codes: shape ``(...)`` to ``(..., n_gene)``.

        Raises
        ------
        ValueError
            If a code is not in ``[0, n_code)``.
        """
        codes = self._checked(code)
        return np.asarray(codes[..., None] // np.array(self.weight) % np.array(self.cardinality), dtype=np.int8)

    def row(self, code: npt.ArrayLike) -> IntArray:
        """Table rows of codes, ``NO_ARCH`` where the genotype is invalid; any shape.

        Raises
        ------
        ValueError
            If a code is not in ``[0, n_code)``.
        """
        return rows_at(self.arrays, self._checked(code))

    def is_valid(self, code: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether codes are architectures of the space; any shape."""
        return np.asarray(self.row(code) != NO_ARCH)

    def row_of(self, key: int | str | npt.ArrayLike) -> int:
        """Row of one architecture, however it is named.

        Parameters
        ----------
        key
            The readable form, the published name or hash, or the gene digits (a text); a genotype,
            shape ``(n_gene,)``; or a code (an integer).

        Returns
        -------
        int
            The row, for ``table.isel(arch=...)``; ``NO_ARCH`` for a code of an invalid genotype.

        Raises
        ------
        ValueError
            If a text or a genotype is no architecture of the space, or a code is out of range.

        Examples
        --------
        >>> from mfnas_vec import SPACES
        >>> SPACES["nb201"].row_of("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        9375
        """
        if isinstance(key, str):
            return self.row_of_key(key)
        if isinstance(key, bool) or not isinstance(key, (int, np.integer)):
            if np.ndim(key) != 1:
                raise ValueError(f"key={key!r} must be a text, a code or one genotype of {self.n_gene} genes")
            row = int(self.row(self.encode(key)))
            if row == NO_ARCH:
                raise ValueError(f"key={key!r} is no valid architecture of {self.name}")
            return row
        code = int(key)
        if not 0 <= code < self.n_code:
            raise ValueError(f"code={code} must be in [0, {self.n_code}) for {self.name}")
        return row_at(self.arrays, code)

    def digits(self, code: int) -> str:
        """Genotype of a code as a string of gene digits, as the published logs print it.

        Where a gene has more than ten values there is a dot between genes.
        """
        whole = code if isinstance(code, int) and 0 <= code < self.n_code else int(self._checked(code))
        return self._dot.join([str(whole // w % n) for w, n in zip(self.weight, self.cardinality, strict=True)])

    @property
    def _dot(self) -> str:
        return "" if max(self.cardinality) <= 10 else "."

    def genes_of_digits(self, text: str) -> list[int] | None:
        """The genes of a text that ``digits`` may have written, in range or not; ``None`` for any other text."""
        words = text.strip().split(".") if self._dot else list(text.strip())
        fits = len(words) == self.n_gene and all(w.isascii() and w.isdecimal() and len(w) <= 3 for w in words)
        return [int(word) for word in words] if fits else None

    def row_of_key(self, key: str) -> int:
        """Row of an architecture given as gene digits, published name or hash, or readable form.

        Raises
        ------
        ValueError
            If the text names no architecture of the space.
        """
        text = key.strip()
        genes = self.genes_of_digits(text)
        if genes is not None:
            row = int(self.row(self.encode(genes)))
        else:
            row = self._name_row(text)
            if row == NO_ARCH:
                row = int(self.row(self.encode(self.from_string(text))))
        if row == NO_ARCH:
            raise ValueError(f"key={key!r} is no valid architecture of {self.name}")
        return row

    def _name_row(self, text: str) -> int:
        """Row of a published name or hash; ``NO_ARCH`` where it is none."""
        return self._row_of_name.get(text.lower(), NO_ARCH)

    @functools.cached_property
    def _row_of_name(self) -> dict[str, int]:
        return {name.lower(): row for row, name in enumerate(self.arch_key())}

    @functools.cached_property
    def arrays(self) -> SpaceArrays:
        """The space as kernels see it."""
        return self._make_arrays()

    @functools.cached_property
    def arch_code(self) -> IntArray:
        """A code of each architecture: the smallest of its genotypes, shape ``(n_arch,)``."""
        rows = self.row(np.arange(self.n_code))
        return np.unique(rows[rows >= 0], return_index=True)[1].astype(np.int64)

    def definition(self) -> list[Any]:
        """What distinguishes this definition from another one of the same name."""
        digest = hashlib.sha256()
        for field in self.arrays:
            digest.update(field.tobytes() if isinstance(field, np.ndarray) else repr(field).encode())
        return [type(self).__qualname__, self.cardinality, self.n_arch, self.sampling, digest.hexdigest()]

    @abc.abstractmethod
    def arch_key(self) -> list[str]:
        """The published name of each architecture (string or hash), in row order."""

    @abc.abstractmethod
    def to_string(self, genotype: Sequence[int]) -> str:
        """Readable form of one genotype, shape ``(n_gene,)``."""

    @abc.abstractmethod
    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(n_gene,)``, of a readable form; inverse of ``to_string``."""

    def _make_arrays(self) -> SpaceArrays:
        return make_arrays(self, IDENTITY)

    def _checked(self, code: npt.ArrayLike) -> IntArray:
        codes = np.asarray(code)
        if not np.issubdtype(codes.dtype, np.integer):
            raise ValueError(f"code has dtype {codes.dtype}; must be integer")
        if codes.dtype == np.int8 and codes.ndim and codes.shape[-1] == self.n_gene:
            raise ValueError(
                f"code is a genotype of {self.n_gene} genes, not codes: row_of(genotype), or encode it first"
            )
        if codes.size and (codes.min() < 0 or codes.max() >= self.n_code):
            raise ValueError(f"code must be in [0, {self.n_code}) for {self.name}; got {codes.min()}..{codes.max()}")
        return codes.astype(np.int64)
