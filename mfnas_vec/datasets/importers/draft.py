"""Arrays that importers fill row by row, and the table made of them."""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


class Unit(NamedTuple):
    """What a format defines values to be, their plausible range, and how they become those of a table."""

    text: str
    low: float
    high: float
    times: float = 1.0
    per: float = 1.0


SHARE = Unit("a share of 1 in this format", 0.0, 1.0, times=100.0)
#: Error rates may exceed 1: insertions are errors, too.
ERRORS = SHARE._replace(high=10.0)
PERCENT = Unit("percent in this format", 0.0, 100.0)
#: Of parameters and FLOPs of a network of the spaces; no plausible count is a plausible number of millions.
COUNTS = {
    "params": Unit("a plain count in this format", 1e2, 1e9, per=1e6),
    "flops": Unit("a plain count in this format", 1e5, 1e12, per=1e6),
}
MILLIONS = {
    "params": Unit("in millions in this format", 0.0, 1e3),
    "flops": Unit("in millions in this format", 0.0, 1e5),
}
#: Names of variables in published files, where they differ from ours.
ALIASES = {"jacob_cov": "jacov", "n_params": "params", "FLOPs": "flops", "nwot_relu": "nwot"}


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of an import, as of ``import_table``."""

    format_name: str
    space: str | None
    dataset: str | None
    trials: str
    metrics: Sequence[str]
    provenance: str | None
    base: xr.Dataset | None
    progress: Progress | None
    units: str | None

    def report_progress(self, done: int, total: int) -> None:
        """Report progress where it is asked for."""
        if self.progress is not None:
            self.progress(done, total)


def ours(name: str) -> str:
    """Our name of a published variable."""
    return ALIASES.get(name, name)


def number(value: Any) -> float:
    """A number of an untrusted file, NaN for None; a ValueError for anything else."""
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a {type(value).__name__} stands where a number should")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error


def row_of(space: SearchSpace, key: Any) -> int:
    """Row of an architecture that an untrusted file names, or a ValueError."""
    if not isinstance(key, str):
        raise ValueError(f"an architecture is named by a {type(key).__name__}, not by text")
    return space.row_of_key(key)


class Rows:
    """Rows of architectures that an untrusted file names, each at most once."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._seen: set[int] = set()

    def __call__(self, key: Any) -> int:
        """Row of an architecture; a ValueError if the name is of none, or the architecture comes twice."""
        row = row_of(self._space, key)
        if row in self._seen:
            raise ValueError("the architecture comes twice")
        self._seen.add(row)
        return row


def check_score(name: Any) -> str:
    """Our name of a score, or a ValueError: a score may not take the place of results of training."""
    if not isinstance(name, str):
        raise ValueError(f"a score is named by a {type(name).__name__}, not by text")
    known: str = ours(name)
    declared = SCHEMA.get(known)
    if known in TEST_VARIABLES or (declared is not None and EPOCH in declared.dims):
        raise ValueError(f"a score is called {name!r}, which is the name of a result of training")
    return known


class Draft:
    """Arrays of a table that is being read; NaN where nothing has been read."""

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

    def convert(self, units: Mapping[str, Unit]) -> None:
        """Convert variables from the units of the format; a value that is implausible in them is refused."""
        for name, unit in units.items():
            if name not in self.arrays:
                continue
            values = self.arrays[name]
            bad = (values < unit.low) | (values > unit.high)  # NaN is neither
            if bad.any():
                raise ValueError(
                    f"{name!r} is {values[bad][0]:.6g} somewhere; it is {unit.text}, {unit.low:g} to {unit.high:g}"
                )
            values *= unit.times
            values /= unit.per

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
