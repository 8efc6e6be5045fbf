"""From a labelled table to the contiguous arrays that kernels and their plain twins are given.

Two rules hold from here on. Scores are *to be maximised*: metrics with direction "minimize" are
negated. A missing score (NaN) is ``-inf``: worse than every number, equal to another missing one.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.schema import ARCH, EPOCH, SECONDS_SUFFIX, TEST_VARIABLES, TRAIN_SECONDS

FloatArray = npt.NDArray[np.float64]

# What a candidate pays at a rung of successive halving (Rungs.accounting).
CUMULATIVE = 0  # seconds up to this rung less seconds up to the previous rung
LAST_INCREMENT = 1  # seconds up to this rung less what it paid last (published on NAS-Bench-101)
AFRESH = 2  # the full price every time (zero-cost metrics)


class Objective(NamedTuple):
    """One metric as a search sees it. ``seconds`` of row r is ``seconds[r * seconds_step]``."""

    score: FloatArray  # [arch], to be maximised, never NaN
    seconds: FloatArray  # [arch], or [1] with seconds_step = 0
    seconds_step: int
    epochs: int  # charged per evaluation; 0 for zero-cost metrics


class Rungs(NamedTuple):
    """One metric at the fidelities of successive halving."""

    score: FloatArray  # [rung, arch], to be maximised, never NaN
    seconds: FloatArray  # [rung, arch], or [rung, 1] with seconds_step = 0; cumulative
    seconds_step: int
    epochs: npt.NDArray[np.int64]  # [rung], cumulative; all 0 for zero-cost metrics
    accounting: int


def table_space(table: xr.Dataset) -> SearchSpace:
    """The search space of a table.

    Raises
    ------
    ValueError
        If the table names no known space or its size is not that of the space.
    """
    if not isinstance(table, xr.Dataset):
        raise ValueError(f"table is a {type(table).__name__}; must be an xarray.Dataset (see open_table, build_table)")
    space = get_space(str(table.attrs.get("space", "")))
    if table.sizes.get(ARCH) != space.n_arch:
        raise ValueError(f"table has {table.sizes.get(ARCH, 0)} rows; {space.name} has {space.n_arch} architectures")
    return space


def metric_names(table: xr.Dataset) -> dict[str, bool]:
    """Every metric of a table that a search may use, and whether it is a zero-cost one."""
    names = {}
    for name, variable in table.data_vars.items():
        if isinstance(name, str) and not name.endswith(SECONDS_SUFFIX) and name not in TEST_VARIABLES:
            dims: tuple[Hashable, ...] = variable.dims
            if dims in ((ARCH,), (EPOCH, ARCH)) and np.issubdtype(variable.dtype, np.number):
                names[name] = dims == (ARCH,)
    return names


def sign(table: xr.Dataset, name: str) -> float:
    """``+1.0`` for a metric to be maximised, ``-1.0`` for one to be minimised."""
    return -1.0 if table[name].attrs.get("direction") == "minimize" else 1.0


def _scores(values: FloatArray, factor: float) -> FloatArray:
    scores = np.asarray(values, dtype=np.float64) * factor
    return np.require(np.where(np.isnan(scores), -np.inf, scores), requirements=["C", "A", "W"])


def _seconds(values: npt.ArrayLike, name: str) -> FloatArray:
    array = np.require(np.array(values, dtype=np.float64), requirements=["C", "A", "W"])
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{name!r} has values that are missing or negative; seconds must be >= 0")
    return array


def _epoch_positions(table: xr.Dataset, epochs: Sequence[int]) -> list[int]:
    known = table[EPOCH].values.tolist()
    missing = [e for e in epochs if e not in known]
    if missing:
        raise ValueError(f"the table has no epoch {missing[0]}; it has {', '.join(map(str, known))}")
    return [known.index(e) for e in epochs]


def proxy_seconds(table: xr.Dataset, name: str) -> FloatArray:
    """Seconds that one score of a zero-cost metric costs: shape ``(1,)`` or ``(n_arch,)``."""
    key = name + SECONDS_SUFFIX
    return np.atleast_1d(_seconds(table[key].values, key)) if key in table else np.zeros(1)


def zero_cost_objective(table: xr.Dataset, name: str) -> Objective:
    """A zero-cost metric of a table, as kernels see it."""
    seconds = proxy_seconds(table, name)
    return Objective(_scores(table[name].values, sign(table, name)), seconds, int(seconds.size > 1), 0)


def training_rungs(table: xr.Dataset, name: str, epochs: Sequence[int], accounting: int = CUMULATIVE) -> Rungs:
    """A training-based metric at some epochs, as kernels see it.

    Raises
    ------
    ValueError
        If the table lacks one of the epochs, or a value of its training seconds.
    """
    positions = _epoch_positions(table, epochs)
    score = _scores(table[name].isel({EPOCH: positions}).values, sign(table, name))
    seconds = np.zeros((len(positions), 1))
    if TRAIN_SECONDS in table:
        seconds = _seconds(table[TRAIN_SECONDS].isel({EPOCH: positions}).values, TRAIN_SECONDS)
    step = int(seconds.shape[1] > 1)
    return Rungs(score, seconds, step, np.array(epochs, dtype=np.int64), accounting)


def training_objective(table: xr.Dataset, name: str, epoch: int) -> Objective:
    """A training-based metric after some epochs, each evaluation trained from the start."""
    rungs = training_rungs(table, name, [epoch])
    return Objective(rungs.score[0], rungs.seconds[0], rungs.seconds_step, epoch)


def zero_cost_rungs(table: xr.Dataset, name: str, n_rung: int) -> Rungs:
    """A zero-cost metric as the rungs of a halving: the same score, paid afresh each time."""
    objective = zero_cost_objective(table, name)
    return Rungs(
        np.repeat(objective.score[None], n_rung, axis=0),
        np.repeat(objective.seconds[None], n_rung, axis=0),
        objective.seconds_step,
        np.zeros(n_rung, dtype=np.int64),
        AFRESH,
    )


def test_variable(table: xr.Dataset) -> str:
    """Name of the variable that final architectures are judged by.

    Raises
    ------
    ValueError
        If the table has none.
    """
    for name in TEST_VARIABLES:
        if name in table:
            return name
    raise ValueError(f"the table has no test result; it needs one of {', '.join(TEST_VARIABLES)}")
