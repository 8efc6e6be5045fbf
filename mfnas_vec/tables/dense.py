"""From a labelled table to the contiguous arrays that kernels and the reference implementation are given.

Two rules hold from here on. Scores are *to be maximised*: metrics with direction "minimize" are
negated. A missing score (NaN) is ``-inf``: worse than every number, equal to another missing one.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.schema import (
    ARCH,
    EPOCH,
    GENE,
    SCHEMA,
    SECONDS_SUFFIX,
    TEST_VARIABLES,
    TRAIN_SECONDS,
    declared_direction,
    is_test_result,
    is_trained,
)
from mfnas_vec.tables.sharing import shared

FloatArray = npt.NDArray[np.float64]
LOGGER = logging.getLogger("mfnas_vec")
#: Guesses of a direction that have been announced.
_ANNOUNCED: set[tuple[str, str]] = set()

#: Rows compared with the space before a run.
N_ROW_CHECKED = 257

# What a candidate is charged at a rung of successive halving (Rungs.accounting).
CUMULATIVE = 0  # seconds up to this rung less seconds up to the previous rung
LAST_INCREMENT = 1  # seconds up to this rung less its last charge (published on NAS-Bench-101)
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
    #: [arch], final test values; empty unless they choose the answer (a decision of a protocol).
    test: FloatArray = np.zeros(0)
    #: Whether lower values of the metric are better.
    minimized: bool = False


def table_space(table: xr.Dataset) -> SearchSpace:
    """The search space of a table.

    Raises
    ------
    ValueError
        If the table names no known space, or its rows are not those of the space.
    """
    if not isinstance(table, xr.Dataset):
        raise ValueError(f"table is a {type(table).__name__}; must be an xarray.Dataset (see open_table, build_table)")
    space = get_space(str(table.attrs.get("space", "")))
    if table.sizes.get(ARCH) != space.n_arch:
        raise ValueError(f"table has {table.sizes.get(ARCH, 0)} rows; {space.name} has {space.n_arch} architectures")
    return space.with_sampling(str(table.attrs.get("sampling", space.sampling)))


@shared
def check_rows(table: xr.Dataset) -> None:
    """Refuse a table whose rows were reordered: some hundred genotypes are compared with the space."""
    space = table_space(table)
    if "genotype" not in table.variables:
        return
    if table["genotype"].dims != (ARCH, GENE) or table.sizes[GENE] != space.n_gene:
        raise ValueError(
            f"genotype has dims {table['genotype'].dims}; must be ({ARCH}, {GENE}) with {space.n_gene} genes"
        )
    rows = np.unique(np.linspace(0, space.n_arch - 1, N_ROW_CHECKED).astype(np.int64))
    found = space.row(space.encode(table["genotype"].isel({ARCH: rows}).values))
    if (found != rows).any():
        row = int(rows[found != rows][0])
        raise ValueError(f"row {row} of the table is another architecture's: rows must be in the order of {space.name}")


def read(table: xr.Dataset, name: str, *dims: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Values of a variable as float64, its dims in one of the given orders.

    Raises
    ------
    ValueError
        If the variable has other dims, is not real, or cannot be read.
    """
    variable = table[name]
    wanted = next((d for d in dims if set(d) == set(variable.dims)), None)
    if wanted is None:
        allowed = " or ".join(f"({', '.join(d)})" for d in dims)
        raise ValueError(f"{name!r} has dims ({', '.join(map(str, variable.dims))}); must be {allowed}")
    if not (np.issubdtype(variable.dtype, np.integer) or np.issubdtype(variable.dtype, np.floating)):
        raise ValueError(f"{name!r} has dtype {variable.dtype}; must be real numbers")
    try:
        return np.asarray(variable.transpose(*wanted).values, dtype=np.float64)
    except Exception as error:  # zarr and its codecs raise many types for a damaged chunk
        raise ValueError(f"{name!r} cannot be read, its store is damaged: {error}") from error


def metric_names(table: xr.Dataset) -> dict[str, bool]:
    """Every metric of a table that a search may use, and whether it is a zero-cost one."""
    names = {}
    for name in table.data_vars:
        variable = table.variables[name]  # no DataArray: this is asked often
        if isinstance(name, str) and not name.endswith(SECONDS_SUFFIX) and not is_test_result(name):
            dims = set(variable.dims)
            if dims in ({ARCH}, {EPOCH, ARCH}) and np.issubdtype(variable.dtype, np.number):
                names[name] = dims == {ARCH} and not is_trained(name)
    return names


def metrics_of(table: xr.Dataset, settings: Mapping[str, Any]) -> list[str]:
    """Variables that a search with these settings reads: metrics and their prices."""
    metrics = [str(v) for name, v in settings.items() if name.startswith("metric") and v in table]
    prices = [TRAIN_SECONDS, *(m + SECONDS_SUFFIX for m in metrics)]
    return [*dict.fromkeys(metrics), *(p for p in prices if p in table)]


def direction(table: xr.Dataset, name: str) -> str:
    """ "maximize" or "minimize": the attribute of the variable (a ValueError if it is neither), else by its name."""
    stated = str(table[name].attrs.get("direction", declared_direction(name)))
    if stated not in ("maximize", "minimize"):
        raise ValueError(f"direction={stated!r} of {name!r} must be maximize or minimize")
    return stated


def announce_direction(table: xr.Dataset, name: str) -> None:
    """Log, once, the direction of a metric if it is a guess from the name."""
    if name in SCHEMA or "direction" in table[name].attrs:
        return
    guess = direction(table, name)
    if (name, guess) not in _ANNOUNCED:
        _ANNOUNCED.add((name, guess))
        LOGGER.warning(
            "%r is %sd: a guess from its name; directions= of build_table or its attribute 'direction' sets it",
            name,
            guess,
        )


def sign(table: xr.Dataset, name: str) -> float:
    """``+1.0`` for a metric to be maximised, ``-1.0`` for one to be minimised."""
    return -1.0 if direction(table, name) == "minimize" else 1.0


def _scores(values: FloatArray, factor: float) -> FloatArray:
    scores = values * factor
    scores[np.isnan(scores)] = -np.inf
    return np.ascontiguousarray(scores)


def _seconds(values: FloatArray, name: str) -> FloatArray:
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"{name!r} has values that are missing or negative; seconds must be >= 0")
    return np.ascontiguousarray(values)


def _at_epochs(table: xr.Dataset, names: Sequence[str], epochs: Sequence[int]) -> xr.Dataset:
    """Some variables at some epochs; without copies where the epochs are neighbours in the table."""
    known = table[EPOCH].values.tolist()
    missing = [e for e in epochs if e not in known]
    if missing:
        raise ValueError(f"the table has no epoch {missing[0]}; it has {', '.join(map(str, known))}")
    places = [known.index(e) for e in epochs]
    neighbours = places == list(range(places[0], places[0] + len(places)))
    return table[list(names)].isel({EPOCH: slice(places[0], places[-1] + 1) if neighbours else places})


@shared
def zero_cost_objective(table: xr.Dataset, name: str) -> Objective:
    """A zero-cost metric of a table, as kernels see it."""
    key = name + SECONDS_SUFFIX
    seconds = _seconds(np.atleast_1d(read(table, key, (), (ARCH,))), key) if key in table else np.zeros(1)
    return Objective(_scores(read(table, name, (ARCH,)), sign(table, name)), seconds, int(seconds.size > 1), 0)


@shared
def training_rungs(table: xr.Dataset, name: str, epochs: Sequence[int] | None, accounting: int = CUMULATIVE) -> Rungs:
    """A training-based metric at some epochs, as kernels see it.

    On a table without epochs there are none to name: its one rung is a whole training, counted as one.

    Raises
    ------
    ValueError
        If the table lacks one of the epochs, or a value of its training seconds; or if epochs are given
        exactly where the metric is not known per epoch.
    """
    per_epoch = EPOCH in table[name].dims
    if epochs is None:
        if per_epoch:
            raise ValueError(f"{name!r} is known per epoch: iepoch or list_iepoch must name some of the table's epochs")
        whole = zero_cost_objective(table, name)
        return Rungs(whole.score[None], whole.seconds[None], whole.seconds_step, np.ones(1, np.int64), CUMULATIVE)
    if not per_epoch:
        raise ValueError(
            f"the table has no epoch {epochs[0]}, nor any other: {name!r} is known once per architecture, trained to "
            "the end; leave iepoch and list_iepoch out"
        )
    chosen = _at_epochs(table, [n for n in dict.fromkeys((name, TRAIN_SECONDS)) if n in table], epochs)
    score = _scores(read(chosen, name, (EPOCH, ARCH)), sign(table, name))
    seconds, step = np.zeros((len(epochs), 1)), 0
    if TRAIN_SECONDS in table:
        seconds, step = _seconds(read(chosen, TRAIN_SECONDS, (EPOCH, ARCH)), TRAIN_SECONDS), 1
    return Rungs(score, seconds, step, np.array(epochs, dtype=np.int64), accounting)


def training_objective(table: xr.Dataset, name: str, epoch: int | None) -> Objective:
    """A training-based metric after some epochs, each evaluation trained from the start."""
    rungs = training_rungs(table, name, None if epoch is None else [epoch])
    return Objective(rungs.score[0], rungs.seconds[0], rungs.seconds_step, int(rungs.epochs[0]))


def zero_cost_rungs(table: xr.Dataset, name: str, n_rung: int) -> Rungs:
    """A zero-cost metric as the rungs of a halving: the same score, charged each time."""
    objective = zero_cost_objective(table, name)
    return Rungs(
        np.repeat(objective.score[None], n_rung, axis=0),
        np.repeat(objective.seconds[None], n_rung, axis=0),
        objective.seconds_step,
        np.zeros(n_rung, dtype=np.int64),
        AFRESH,
    )


def test_variable(table: xr.Dataset) -> str:
    """Name of the variable that final architectures are judged by; a ValueError if the table has none."""
    for name in TEST_VARIABLES:
        if name in table:
            return name
    raise ValueError(f"the table has no test result; it needs one of {', '.join(TEST_VARIABLES)}")


def test_results(table: xr.Dataset) -> FloatArray:
    """Final test results in row order, shape ``(n_arch,)``."""
    return read(table, test_variable(table), (ARCH,))


def seconds_inputs(table: xr.Dataset, reads: Sequence[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    """The (variable, epoch) pairs that the prices of some metric reads come from."""
    found = [(TRAIN_SECONDS if epoch else name + SECONDS_SUFFIX, epoch) for name, epoch in reads]
    return [(name, epoch) for name, epoch in dict.fromkeys(found) if name in table]
