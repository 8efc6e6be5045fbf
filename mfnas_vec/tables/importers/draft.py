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

from mfnas_vec.spaces import SearchSpace
from mfnas_vec.tables.build import RESERVED, empty_table, variable_attrs
from mfnas_vec.tables.coverage import mark_coverage
from mfnas_vec.tables.schema import ARCH, EPOCH, MEASURED, SECONDS_SUFFIX, TRAIN_SECONDS
from mfnas_vec.tables.store import open_table

FloatArray = npt.NDArray[np.float64]

#: Called with what has been done and what there is to do, in any unit.
Progress = Callable[[int, int], object]

MEAN = "mean"
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

    def tell(self, done: int, total: int) -> None:
        """Report progress, if anybody listens."""
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

    def percent(self, *names: str) -> None:
        """Shares to percent, where values are shares."""
        for name in names:
            values = self.arrays.get(name)
            if values is not None and not np.isnan(values).all() and np.nanmax(values) <= 1.0:
                values *= 100

    def millions(self, *names: str) -> None:
        """Plain counts to millions, where values are plain counts."""
        for name in names:
            values = self.arrays.get(name)
            if values is not None and not np.isnan(values).all() and np.nanmin(values) > 1e4:
                values /= 1e6

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
        if cost not in table:
            table[cost] = known[cost].drop_vars(list(known[cost].coords)).load()
        price = cost + SECONDS_SUFFIX
        if price not in table and price in known:
            table[price] = known[price].load()


def sha256(path: Path) -> str:
    """Digest of a file; of a folder, of the names and sizes in it."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(path.iterdir()):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def merge(base: xr.Dataset, added: xr.Dataset) -> xr.Dataset:
    """A table with the variables of another in place of, or beside, its own."""
    merged = base.assign({name: added[name] for name in added.data_vars})
    keep = {key: added.attrs[key] for key in ("imported_from", "files", "trials")}
    return merged.assign_attrs(base.attrs | keep | {"base_digest": str(base.attrs.get("digest", ""))})
