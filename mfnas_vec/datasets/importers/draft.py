"""What importers fill: arrays by row, made a table at the end."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec._files import sha256_of
from mfnas_vec.spaces import SearchSpace
from mfnas_vec.tables.build import RESERVED, empty_table, variable_attrs
from mfnas_vec.tables.coverage import mark_coverage
from mfnas_vec.tables.schema import ARCH, EPOCH, MEASURED, SCHEMA, SECONDS_SUFFIX, TEST_VARIABLES, TRAIN_SECONDS
from mfnas_vec.tables.store import open_table
from mfnas_vec.tables.verification import IMPORTED_VARIABLES

FloatArray = npt.NDArray[np.float64]

#: Called with what has been done and what there is to do, in any unit.
Progress = Callable[[int, int], object]

MEAN = "mean"
#: Plausible parameters and FLOPs of a network of the spaces, as counts; as millions none of them would be.
COUNTS = {"params": (1e2, 1e9), "flops": (1e5, 1e12)}
MOST_MILLIONS = {"params": 1e3, "flops": 1e5}
#: Highest plausible error rate, as a share of 1: insertions count as errors, too.
HIGHEST_PER = 10.0
#: Names of variables in published files, where they differ from ours.
ALIASES = {"jacob_cov": "jacov", "n_params": "params", "FLOPs": "flops", "nwot_relu": "nwot"}


@dataclasses.dataclass
class Options:
    """What a user may choose about an import."""

    space: str | None = None
    dataset: str | None = None
    trials: str = MEAN
    metrics: Sequence[str] = ()
    provenance: str | None = None
    base: xr.Dataset | None = None
    progress: Progress | None = None
    units: str | None = None

    def report_progress(self, done: int, total: int) -> None:
        """Report progress where it is asked for."""
        if self.progress is not None:
            self.progress(done, total)


def ours(name: str) -> str:
    """Our name of a published variable."""
    return ALIASES.get(name, name)


def number(value: Any) -> float:
    """A number of an untrusted file; NaN for None.

    Raises
    ------
    ValueError
        If it is none.
    """
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a {type(value).__name__} stands where a number should")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error


def row_of(space: SearchSpace, key: Any) -> int:
    """Row of an architecture that an untrusted file names.

    Raises
    ------
    ValueError
        If the name is no text, or names no architecture of the space.
    """
    if not isinstance(key, str):
        raise ValueError(f"an architecture is named by a {type(key).__name__}, not by text")
    return space.row_of_key(key)


class Seen:
    """Refuses an architecture that comes twice."""

    def __init__(self) -> None:
        self._rows: set[int] = set()

    def __call__(self, row: int) -> int:
        """The row given, the first time.

        Raises
        ------
        ValueError
            If it was given before.
        """
        if row in self._rows:
            raise ValueError("the architecture comes twice")
        self._rows.add(row)
        return row


def check_score(name: Any) -> str:
    """Our name of a score; a score may not take the place of results of training.

    Raises
    ------
    ValueError
        If it is no text, or the name of a training-based or test variable.
    """
    if not isinstance(name, str):
        raise ValueError(f"a score is named by a {type(name).__name__}, not by text")
    known: str = ours(name)
    declared = SCHEMA.get(known)
    if known in TEST_VARIABLES or (declared is not None and EPOCH in declared.dims):
        raise ValueError(f"a score is called {name!r}, which is the name of a result of training")
    return known


class Draft:
    """Arrays of a table in the making; NaN where nothing has been read."""

    def __init__(self, space: SearchSpace, epochs: Sequence[int], *, source: str, licence: str) -> None:
        self.space = space
        self.epochs = [int(e) for e in epochs]
        self.source, self.licence = source, licence
        self.arrays: dict[str, FloatArray] = {}
        self.attrs: dict[str, dict[str, Any]] = {}

    def curve(self, name: str) -> FloatArray:
        """A variable per epoch, shape ``(n_epoch, n_arch)``, to be filled."""
        return self._array(name, (len(self.epochs), self.space.n_arch))

    def score(self, name: str) -> FloatArray:
        """A variable per architecture, shape ``(n_arch,)``, to be filled."""
        return self._array(name, (self.space.n_arch,))

    def _array(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        found = self.arrays.get(name)
        if found is None:
            if not re.fullmatch(r"[A-Za-z]\w{0,63}", name) or name in RESERVED:
                raise ValueError(f"{name!r:.80} is no name of a metric")
            found = self.arrays[name] = np.full(shape, np.nan)
        if found.shape != shape:
            raise ValueError(f"{name!r} comes per epoch and once")
        return found

    def percent(self, *names: str, highest: float = 1.0) -> None:
        """Shares to percent: what the format defines as shares is checked to be, never guessed.

        Raises
        ------
        ValueError
            If a value is below 0 or above ``highest``.
        """
        for name in names:
            self._check_range(name, 0.0, highest, "a share of 1 in this format")
            if name in self.arrays:
                self.arrays[name] *= 100

    def check_percent(self, *names: str) -> None:
        """Check what the format defines as percent.

        Raises
        ------
        ValueError
            If a value is below 0 or above 100.
        """
        for name in names:
            self._check_range(name, 0.0, 100.0, "percent in this format")

    def millions(self, *names: str) -> None:
        """Plain counts to millions, checked to be counts.

        Raises
        ------
        ValueError
            If a value is implausible as a count.
        """
        for name in names:
            self._check_range(name, *COUNTS[name], "a plain count in this format")
            if name in self.arrays:
                self.arrays[name] /= 1e6

    def check_millions(self, *names: str) -> None:
        """Check what the format defines as millions.

        Raises
        ------
        ValueError
            If a value is implausible as millions.
        """
        for name in names:
            self._check_range(name, 0.0, MOST_MILLIONS[name], "in millions in this format")

    def _check_range(self, name: str, low: float, high: float, unit: str) -> None:
        values = self.arrays.get(name)
        if values is None:
            return
        bad = (values < low) | (values > high)  # NaN is neither
        if bad.any():
            raise ValueError(f"{name!r} is {values[bad][0]:.6g} somewhere; it is {unit}, {low:g} to {high:g}")

    def finish(self, name: str, dataset: str, *, format_name: str, files: Sequence[Path], trials: str) -> xr.Dataset:
        """The table, with costs from the definition of the networks where the files have none."""
        if not any(np.isfinite(values).any() for values in self.arrays.values()):
            raise ValueError("the files hold no value of any architecture of the space")
        table = empty_table(self.space, name=name, dataset=dataset)
        if self.epochs:
            table = table.assign_coords(
                {EPOCH: (EPOCH, np.array(self.epochs), {"long_name": "epochs of training done"})}
            )
        for key, values in self.arrays.items():
            if np.isinf(values).any():
                raise ValueError(f"{key!r} has infinite values")
            attrs = variable_attrs(key, MEASURED, source=self.source, licence=self.licence)
            if key.endswith(SECONDS_SUFFIX) and key != TRAIN_SECONDS:
                attrs |= {"long_name": f"seconds to score {key.removesuffix(SECONDS_SUFFIX)}", "units": "s"}
                attrs["direction"] = "none"
            table[key] = ((EPOCH, ARCH) if values.ndim == 2 else (ARCH,), values, attrs | self.attrs.get(key, {}))
        add_costs(table, name)
        table.attrs |= {"title": f"{name}, imported", "imported_from": format_name, "trials": trials}
        table.attrs["files"] = [f"{path.name}: sha256 {sha256(path)}" for path in files]
        return mark_coverage(table)


def add_costs(table: xr.Dataset, name: str) -> None:
    """Computed parameters and FLOPs, and seconds of their scores, as in the embedded table of that name."""
    try:
        known = open_table(name, embedded=True)
    except ValueError:
        return
    for cost in ("params", "flops"):
        if cost not in table and cost in known:
            table[cost] = known[cost].drop_vars(list(known[cost].coords)).load()
        price = cost + SECONDS_SUFFIX
        if price not in table and price in known:
            table[price] = known[price].load()


def sha256(path: Path) -> str:
    """Digest of a file; of a folder, of the names and sizes in it."""
    if not path.is_dir():
        return sha256_of(path)
    sizes = "".join(f"{file.name}\0{file.stat().st_size}\0" for file in sorted(path.iterdir()))
    return hashlib.sha256(sizes.encode()).hexdigest()


def merge(base: xr.Dataset, added: xr.Dataset) -> xr.Dataset:
    """A table with the variables of another in place of, or in addition to, its own.

    Raises
    ------
    ValueError
        If a score would take the place of a test result, or of a variable of other dimensions.
    """
    for name in map(str, added.data_vars):
        if name in base and (name in TEST_VARIABLES or set(base[name].dims) - {ARCH} != set(added[name].dims) - {ARCH}):
            known = ", ".join(map(str, base[name].dims))
            raise ValueError(
                f"{name!r} of dims ({', '.join(map(str, added[name].dims))}) would replace {name!r} of dims ({known}) "
                f"of {base.attrs.get('name', 'the table')}, a result of training; give it another name"
            )
    merged = base.assign({name: added[name] for name in added.data_vars})
    keep = {key: added.attrs[key] for key in ("imported_from", "files", "trials")}
    keep[IMPORTED_VARIABLES] = sorted(map(str, added.data_vars))
    return merged.assign_attrs(base.attrs | keep | {"base_digest": str(base.attrs.get("digest", ""))})
