"""What a table alone says of searches on it: random search in closed form, and references to compare with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.search import get_optimizer
from mfnas_vec.spaces import SearchSpace
from mfnas_vec.spaces.arrays import IDENTITY, ONE_LEVEL
from mfnas_vec.spaces.base import ARCHITECTURES
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance, weakest
from mfnas_vec.tables.schema import EPOCH

#: Architectures that the baseline of one epoch trains to the end.
TOP_K = 10
EVALUATIONS = "evaluations"
BEST_EVALUATED = "best_evaluated"
#: Numbers of evaluations of curves.
CURVE = tuple(sorted({round(10 ** (i / 8)) for i in range(33)}))
TOP_CURVE = tuple(n for n in CURVE if n <= 1000)
#: Logarithm of the least probability that counts.
_LEAST = -45.0


class References(NamedTuple):
    """Test results of a table that no search is needed for."""

    optimum: float
    median: float
    worst: float
    provenance: str


def references(table: xr.Dataset) -> References:
    """Best, median and worst test result of a table; architectures without one are left out."""
    name = dense.test_variable(table)
    test, sign = dense.test_results(table), dense.sign(table, name)
    ends = np.nanmax(test), np.nanmin(test)
    best, worst = ends if sign > 0 else ends[::-1]
    return References(float(best), float(np.nanmedian(test)), float(worst), provenance(table, name))


def sampling_weights(space: SearchSpace) -> FloatArray:
    """Probability of each architecture to be drawn, shape ``(n_arch,)``: how a space is sampled."""
    arrays = space.arrays
    if space.sampling == ARCHITECTURES or arrays.kind == IDENTITY:
        return np.full(space.n_arch, 1.0 / space.n_arch)
    if arrays.kind == ONE_LEVEL:
        rows, counts = arrays.cell, np.ones(arrays.cell.size)
    else:
        used = np.bincount(arrays.high_form[arrays.high_form >= 0], minlength=arrays.form.size)
        offset, mask = np.divmod(arrays.form.astype(np.int64), len(arrays.low_code))
        rows = arrays.cell[offset[:, None] + arrays.low_code[mask]].ravel()
        counts = np.repeat(used, arrays.low_code.shape[1]).astype(np.float64)
    valid = rows >= 0
    weights = np.bincount(rows[valid], weights=counts[valid], minlength=space.n_arch)
    found: FloatArray = weights / weights.sum()
    return found


def expected_best(score: FloatArray, value: FloatArray, weight: FloatArray, n_draw: Sequence[int]) -> FloatArray:
    """Expected value of the best by score of n independent draws, exact by order statistics.

    The best of n draws has a score of at most s with probability ``F(s) ** n``; among equal scores, the
    first one drawn is the best, each with the probability of its weight.

    Parameters
    ----------
    score
        Shape ``(n_arch,)``, to be maximised; missing ones are minus infinity.
    value
        Shape ``(n_arch,)``; draws that end with a missing one (NaN) are left out.
    weight
        Shape ``(n_arch,)``, the probability of each architecture.
    n_draw
        Numbers of draws, at least 1.

    Returns
    -------
    numpy.ndarray
        Shape ``(len(n_draw),)``.
    """
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    w, v = weight[order], value[order]
    known = ~np.isnan(v)
    mass = np.add.reduceat(w, starts)
    share = np.add.reduceat(np.where(known, w, 0.0), starts) / np.maximum(mass, 1e-300)
    mean = np.add.reduceat(np.where(known, w * v, 0.0), starts) / np.maximum(mass, 1e-300)
    below = np.minimum(np.cumsum(mass), 1.0)
    below[-1] = 1.0
    with np.errstate(divide="ignore"):
        log = np.log(below)
    found = np.empty(len(n_draw))
    for i, n in enumerate(n_draw):
        first = int(np.searchsorted(log * n, _LEAST))
        power = np.exp(log[first:] * n)
        chance = np.diff(power, prepend=0.0)
        found[i] = (chance @ mean[first:]) / (chance @ share[first:])
    return found


def random_search(table: xr.Dataset, n_draw: Sequence[int] = CURVE) -> xr.Dataset:
    """Random search in closed form: its expected result after n evaluations, exact on the table.

    It is the search "RS" with its default metric and epochs: architectures are drawn as the space is
    sampled, with replacement, and chosen by the metric.

    Parameters
    ----------
    table
        A benchmark table.
    n_draw
        Numbers of evaluations.

    Returns
    -------
    xarray.Dataset
        Over ``evaluations``: the expected ``test_performance`` of the architecture chosen by the
        metric, and ``best_evaluated``, that of the best test result among all evaluated; the expected
        ``cost_seconds`` (NaN on a table without seconds) and ``cost_epochs``.

    Raises
    ------
    ValueError
        If the table lacks the metric.
    """
    defaults = get_optimizer("RS").settings.defaults(table)
    metric, epoch = str(defaults["metric"]), defaults["iepoch"]
    objective = dense.training_objective(table, metric, epoch)
    weight = sampling_weights(dense.table_space(table))
    name = dense.test_variable(table)
    test, sign = dense.test_results(table), dense.sign(table, name)
    scored = np.where(np.isnan(test), -np.inf, sign * test)
    n = np.asarray(n_draw, dtype=np.float64)
    seconds = float(objective.seconds[0] if objective.seconds.size == 1 else weight @ objective.seconds)
    attrs = {"units": table[name].attrs.get("units", "1"), "direction": dense.direction(table, name)}
    attrs["provenance"] = weakest([provenance(table, name), provenance(table, metric, epoch)])
    columns = {
        TEST: (expected_best(objective.score, test, weight, n_draw), attrs),
        BEST_EVALUATED: (expected_best(scored, test, weight, n_draw), attrs),
        "cost_seconds": (n * (seconds or np.nan), {"units": "s"}),
        "cost_epochs": (n * objective.epochs, {"units": "epoch"}),
    }
    return _curve(columns, n_draw).assign_attrs(metric=metric, epoch=0 if epoch is None else epoch)


def top_after_one_epoch(
    table: xr.Dataset, n_draw: Sequence[int] = TOP_CURVE, *, k: int = TOP_K, n_replicate: int = 200, seed: int = 0
) -> xr.Dataset | None:
    """A baseline of two rungs: n random architectures for one epoch, then the best k of them to the end.

    Parameters
    ----------
    table
        A benchmark table.
    n_draw
        Numbers of architectures that are drawn; those below k are left out.
    k
        Architectures that are trained to the last epoch; the best of them by the metric is returned.
    n_replicate, seed
        The means are over so many simulated runs.

    Returns
    -------
    xarray.Dataset or None
        As of ``random_search``, without ``best_evaluated``; None if the table has fewer than two epochs
        of the metric, or a training is not charged from the first of them on.
    """
    metric = str(get_optimizer("RS").settings.defaults(table)["metric"])
    if EPOCH not in table.dims or EPOCH not in table[metric].dims or table.sizes[EPOCH] < 2:
        return None
    epochs = [int(table[EPOCH][0]), int(table[EPOCH][-1])]
    rungs = dense.training_rungs(table, metric, epochs)
    sizes = [n for n in n_draw if n >= k]
    if not sizes:
        return None
    weight = sampling_weights(dense.table_space(table))
    test = dense.test_results(table)
    rng = np.random.default_rng(seed)
    shape = n_replicate, max(sizes)
    if (weight == weight[0]).all():
        rows = rng.integers(0, weight.size, shape)
    else:
        rows = rng.choice(weight.size, shape, p=weight)
    first, last = rungs.score[0][rows], rungs.score[1]
    paid = (
        rungs.seconds[:, rows] if rungs.seconds_step else np.broadcast_to(rungs.seconds[:, :1, None], (2, *rows.shape))
    )
    found, seconds = np.empty(len(sizes)), np.empty(len(sizes))
    every = np.arange(n_replicate)[:, None]
    kept = np.zeros((n_replicate, 0), np.int64)
    done = 0
    for i, n in enumerate(sizes):
        # The best k of n are among the best k of fewer and the new ones.
        pool = np.concatenate([kept, np.broadcast_to(np.arange(done, n), (n_replicate, n - done))], axis=1)
        score = first[every, pool]
        top = np.argpartition(-score, k - 1, axis=1)[:, :k] if pool.shape[1] > k else np.argsort(-score, axis=1)
        kept, done = np.take_along_axis(pool, top, axis=1), n
        own = rows[every, kept]
        found[i] = np.nanmean(test[own[every[:, 0], last[own].argmax(axis=1)]])
        more = (paid[1][every, kept] - paid[0][every, kept]).sum(axis=1)
        seconds[i] = (paid[0][:, :n].sum(axis=1) + more).mean()
    name = dense.test_variable(table)
    attrs = {"units": table[name].attrs.get("units", "1"), "direction": dense.direction(table, name)}
    attrs["provenance"] = weakest([provenance(table, name), *(provenance(table, metric, e) for e in epochs)])
    trained = np.asarray(sizes) * epochs[0] + k * (epochs[1] - epochs[0])
    columns = {
        TEST: (found, attrs),
        "cost_seconds": (np.where(seconds > 0, seconds, np.nan), {"units": "s"}),
        "cost_epochs": (trained.astype(np.float64), {"units": "epoch"}),
    }
    return _curve(columns, sizes).assign_attrs(metric=metric, k=k, first=epochs[0], last=epochs[1])


def _curve(columns: dict[str, tuple[FloatArray, dict[str, str]]], n_draw: Sequence[int]) -> xr.Dataset:
    return xr.Dataset(
        {name: (EVALUATIONS, values, attrs) for name, (values, attrs) in columns.items()},
        coords={EVALUATIONS: list(n_draw)},
    )
