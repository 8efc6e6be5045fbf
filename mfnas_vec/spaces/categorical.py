"""Any space of categorical or ordinal genes, defined by the values of each gene."""

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import NO_ARCH, ONE_LEVEL, IntArray, SpaceArrays, make_arrays
from mfnas_vec.spaces.base import ENCODINGS, MAX_CARDINALITY, SAMPLINGS, SearchSpace

#: Genotypes, shape ``(n, n_gene)``, to whether each is valid, shape ``(n,)``.
Validity = Callable[[npt.NDArray[np.int8]], npt.ArrayLike]
#: Genotypes to the genotype that stands for all isomorphic ones, both of shape ``(n, n_gene)``.
Canonical = Callable[[npt.NDArray[np.int8]], npt.ArrayLike]

#: Genotypes that ``valid`` and ``canonical`` are given at once.
_BATCH = 2**18
#: Bytes for each code while a row map is made: the row as int32, and the canonical code as int64.
_BYTES_PER_CODE = 12
#: Bytes for each architecture of a list of all codes, genotypes or readable forms, at the least.
_BYTES_PER_ARCH = 8


def _memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _check_memory(needed: int, what: str, hint: str = "") -> None:
    """Refuse what takes more than half of the memory."""
    if needed > _memory() // 2:
        raise ValueError(f"{what} needs {needed / 2**30:.1f} GiB of memory, and may have {_memory() / 2**31:.1f}{hint}")


class CategoricalSpace(SearchSpace):
    """A space of categorical or ordinal genes.

    Parameters
    ----------
    name
        Short name, which tables of the space carry.
    genes
        The values of each gene by the gene's name: two or more genes of 2 to 128 values each, any
        objects whose texts differ. A gene of a genotype is the place of its value in this list.
    valid
        Which genotypes are architectures: a function of genotypes, int8 of shape ``(n, n_gene)``,
        that returns truth values, shape ``(n,)``. All are by default.
    canonical
        For genotypes that describe the same architecture, and so share a row: a function of valid
        genotypes, shape ``(n, n_gene)``, that returns the genotype that stands for each, of the
        same shape. They count as one architecture when distinct evaluations are counted.
    separator
        What stands between the values of the readable form.
    sampling
        What samples are uniform over: "encodings" or "architectures" (see ``SearchSpace``).
    title, source
        One line for listings, and where the space was published.

    Raises
    ------
    ValueError
        If genes or values are not as described, ``valid`` or ``canonical`` return something else, or
        the space has more than 2**31 codes, or more than memory allows a row map for. (Without
        ``valid`` and ``canonical`` no row map is kept: the code is the row.)

    Examples
    --------
    >>> space = CategoricalSpace("channels", {"layer1": [8, 16, 32], "layer2": [8, 16, 32], "skip": ["no", "yes"]})
    >>> space.to_string([1, 2, 0])
    '16:32:no'
    >>> space.row_of("16:32:no")
    10
    """

    def __init__(
        self,
        name: str,
        genes: Mapping[str, Sequence[Any]],
        *,
        valid: Validity | None = None,
        canonical: Canonical | None = None,
        separator: str = ":",
        sampling: str = ENCODINGS,
        title: str = "",
        source: str = "",
    ) -> None:
        if not isinstance(name, str) or not name or any(not (c.isalnum() or c in "-_.") for c in name):
            raise ValueError(f"name={name!r} must be letters, digits, '-', '_' and '.'")
        if not isinstance(separator, str) or not separator or any(c.isalnum() or c in ". " for c in separator):
            raise ValueError(f"separator={separator!r} must be a text without letters, digits, '.' and blanks")
        self.separator = separator
        self.gene_names, self._texts = _checked_genes(name, genes, separator)
        if sampling not in SAMPLINGS:
            raise ValueError(f"sampling={sampling!r} must be one of {', '.join(SAMPLINGS)}")
        cardinality = [len(texts) for texts in self._texts]
        super().__init__(name, cardinality, math.prod(cardinality), key_is_row=canonical is not None, sampling=sampling)
        self.title = title or f"{self.n_gene} genes of {_span(self.cardinality)} values"
        self.source = source
        self._cell: npt.NDArray[np.int32] | None = None
        self._arch_code: IntArray | None = None
        if valid is not None or canonical is not None:
            self._make_rows(valid, canonical)

    def _make_rows(self, valid: Validity | None, canonical: Canonical | None) -> None:
        """Number the canonical codes, in their order, and note the row of every code."""
        _check_memory(
            _BYTES_PER_CODE * self.n_code,
            f"{self.name!r} has {self.n_code:,} codes: a row map of them (valid=, canonical=)",
            "; without valid= and canonical= the code is the row, and no map is needed",
        )
        stands_for = np.full(self.n_code, NO_ARCH, np.int64)
        for start in range(0, self.n_code, _BATCH):
            codes = np.arange(start, min(start + _BATCH, self.n_code))
            if valid is not None:
                codes = codes[self._validity(valid, self.decode(codes))]
            stands_for[codes] = codes if canonical is None else self._canonical_codes(canonical, self.decode(codes))
        known = stands_for != NO_ARCH
        if not known.any():
            raise ValueError(f"valid= allows no genotype of {self.name!r}")
        own, used = np.flatnonzero(stands_for == np.arange(self.n_code)), stands_for[known]
        cell = np.full(self.n_code, NO_ARCH, np.int32)
        cell[own] = np.arange(own.size)
        if (bad := used[cell[used] == NO_ARCH]).size:
            genotype = self.decode(bad[0]).tolist()
            kind = "no valid genotype" if stands_for[bad[0]] == NO_ARCH else "not its own canonical genotype"
            raise ValueError(f"canonical= of {self.name!r} returns {genotype}, which is {kind}")
        cell[known] = cell[used]
        self._cell, self._arch_code, self.n_arch = cell, own.astype(np.int64), own.size

    def _validity(self, valid: Validity, genotypes: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        found = np.asarray(valid(genotypes))
        if found.shape != (len(genotypes),) or found.dtype != np.bool_:
            raise ValueError(
                f"valid= of {self.name!r} returns shape {found.shape}, dtype {found.dtype}, for genotypes of shape "
                f"{genotypes.shape}; must be truth values of shape ({len(genotypes)},)"
            )
        return found

    def _canonical_codes(self, canonical: Canonical, genotypes: npt.NDArray[np.int8]) -> IntArray:
        found = np.asarray(canonical(genotypes.copy()))
        if found.shape != genotypes.shape:
            raise ValueError(
                f"canonical= of {self.name!r} returns shape {found.shape} for genotypes of shape {genotypes.shape}; "
                "must be the same"
            )
        try:
            return self.encode(found)
        except ValueError as error:
            raise ValueError(f"canonical= of {self.name!r}: {error}") from None

    @functools.cached_property
    def arch_code(self) -> IntArray:
        """Code of the canonical genotype of each architecture, ascending, shape ``(n_arch,)``.

        Raises
        ------
        ValueError
            If there are more than memory allows to list.
        """
        if self._arch_code is not None:
            return self._arch_code
        needed = (_BYTES_PER_ARCH + self.n_gene) * self.n_arch
        _check_memory(needed, f"{self.name!r} has {self.n_arch:,} architectures: a list of them")
        return np.arange(self.n_arch, dtype=np.int64)

    def arch_key(self) -> list[str]:
        """Readable form of each architecture, in row order.

        Raises
        ------
        ValueError
            If there are more than memory allows to list.
        """
        genes = self.decode(self.arch_code)
        columns = [np.array(texts, object)[genes[:, i]].tolist() for i, texts in enumerate(self._texts)]
        return list(map(self.separator.join, zip(*columns, strict=True)))

    def to_string(self, genotype: Sequence[int]) -> str:
        """The values of one genotype, shape ``(n_gene,)``, with separators between them."""
        return self.separator.join(texts[int(g)] for texts, g in zip(self._texts, genotype, strict=True))

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(n_gene,)``, of the form that ``to_string`` writes.

        Raises
        ------
        ValueError
            If the number of values is wrong, or a value is none of its gene's.
        """
        words = text.strip().split(self.separator)
        if len(words) != self.n_gene:
            form = self.separator.join(self.gene_names)
            raise ValueError(f"text={text!r:.200} is no architecture of {self.name}; the form is {form}")
        genes = []
        for word, gene, texts in zip(words, self.gene_names, self._texts, strict=True):
            if word not in texts:
                raise ValueError(
                    f"text={text!r:.200} is no architecture of {self.name}: {gene}={word!r:.50} must be one of "
                    f"{', '.join(texts)}"
                )
            genes.append(texts.index(word))
        return np.array(genes, dtype=np.int8)

    def definition(self) -> list[Any]:
        """What distinguishes this definition from another one of the same name: its values are part of it."""
        return [*super().definition(), self.gene_names, self._texts, self.separator]

    def _name_row(self, text: str) -> int:
        return NO_ARCH  # readable forms are the only names, and case counts

    def _make_arrays(self) -> SpaceArrays:
        return super()._make_arrays() if self._cell is None else make_arrays(self, ONE_LEVEL, cell=self._cell)


def _span(cardinality: Sequence[int]) -> str:
    low, high = min(cardinality), max(cardinality)
    return str(low) if low == high else f"{low} to {high}"


def _checked_genes(name: str, genes: Any, separator: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Names of genes and texts of their values."""
    if not isinstance(genes, Mapping) or len(genes) < 2:
        raise ValueError(f"genes of {name!r} must be a mapping of two or more names of genes to lists of values")
    found = []
    for gene, values in genes.items():
        if not isinstance(gene, str) or not gene:
            raise ValueError(f"genes of {name!r} has the name {gene!r}; must be a text")
        if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray, range)):
            raise ValueError(f"genes[{gene!r}]={values!r} must be a list of values")
        if not 2 <= len(values) <= MAX_CARDINALITY:
            raise ValueError(
                f"genes[{gene!r}] has {len(values)} values; must be 2 to {MAX_CARDINALITY}: genotypes are kept as int8"
            )
        texts = tuple(str(value) for value in values)
        for text in texts:
            if not text or text != text.strip() or separator in text or any(c in text for c in "\n\r\0"):
                raise ValueError(
                    f"genes[{gene!r}] has the value {text!r}, which is empty, has blanks at an end or holds the "
                    f"separator {separator!r}: take another value, or another separator="
                )
            if texts.count(text) > 1:
                raise ValueError(f"genes[{gene!r}] has the value {text!r} twice")
        found.append(texts)
    return tuple(genes), tuple(found)
