"""Difficulty and bias of a benchmark table: what a search on it can hope for, and what misleads it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.landscape import METRIC, neighbour_rows, provenance_of_metric, score_of
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance
from mfnas_vec.tables.schema import EPOCH, TRIAL

#: Shares of the best architectures, by test result, within which rank correlations are taken, too.
TOPS = (0.05, 0.01)
SIZE = "params"
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class Basins(NamedTuple):
    """Local optima of the test result, and the architectures that lead to each."""

    #: Rows of the optima, and the number of architectures whose ascent ends there, the best optimum first.
    row: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    #: Architectures with a test result.
    n_known: int

    @property
    def share_of_best(self) -> float:
        """Share of architectures whose ascent ends in the best local optimum, the global one."""
        return float(self.size[0]) / self.n_known


def spearman(a: FloatArray, b: FloatArray) -> float:
    """Rank correlation where both are known; NaN for fewer than three, or without any difference."""
    from scipy.stats import rankdata

    known = ~np.isnan(a) & ~np.isnan(b)
    if known.sum() < 3:
        return float("nan")
    ranks = [rankdata(values[known]) for values in (a, b)]
    first, second = (each - each.mean() for each in ranks)
    spread = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / spread) if spread > 0 else float("nan")


def best_rows(test: FloatArray, share: float) -> npt.NDArray[np.int64]:
    """Rows of the best share of test scores, at least one; those as good as the last one are in."""
    known = test[~np.isnan(test)]
    n = max(1, round(share * known.size))
    bar = np.partition(known, known.size - n)[known.size - n]
    return np.flatnonzero(test >= bar)


def correlations(table: xr.Dataset) -> xr.Dataset:
    """Rank correlation of each metric, at each epoch, with the final test result.

    Parameters
    ----------
    table
        A benchmark table.

    Returns
    -------
    xarray.Dataset
        Over ``metric`` (a training-based one is once there for each epoch): ``epoch``, NaN without,
        ``rho`` overall, and ``rho_top5, rho_top1`` among the best by test result, all of scores to be
        maximised; ``size``, the rank correlation of the score with the number of parameters (NaN if the
        table does not have it); ``provenance``.
    """
    test = score_of(table, dense.test_variable(table))
    tops = [best_rows(test, share) for share in TOPS]
    size = table[SIZE].values.astype(np.float64) if SIZE in table else None
    rows: list[tuple[str, float, str, FloatArray]] = []
    for name in sorted(dense.metric_names(table)):
        sign = dense.sign(table, name)
        if EPOCH in table[name].dims:
            values = sign * table[name].transpose(EPOCH, ...).values.astype(np.float64)
            for epoch, scores in zip(table[EPOCH].values.tolist(), values, strict=True):
                rows.append((name, float(epoch), provenance(table, name, epoch), scores))
        else:
            rows.append((name, np.nan, provenance_of_metric(table, name), score_of(table, name)))
    columns = {
        "epoch": [epoch for _, epoch, _, _ in rows],
        "rho": [spearman(scores, test) for *_, scores in rows],
        "rho_top5": [spearman(scores[tops[0]], test[tops[0]]) for *_, scores in rows],
        "rho_top1": [spearman(scores[tops[1]], test[tops[1]]) for *_, scores in rows],
        "size": [np.nan if size is None or name == SIZE else spearman(scores, size) for name, *_, scores in rows],
    }
    found = xr.Dataset({name: (METRIC, np.array(values)) for name, values in columns.items()})
    names, kinds = ([row[i] for row in rows] for i in (0, 2))
    found["provenance"] = METRIC, np.array(kinds, dtype=np.dtypes.StringDType())
    return found.assign_coords({METRIC: np.array(names, dtype=np.dtypes.StringDType())})


def fitness_distance(space: SearchSpace, test: FloatArray) -> float:
    """Correlation of test score and distance to the nearest best architecture (Jones and Forrest, 1995).

    The distance is the number of different genes; an architecture with several genotypes is represented
    by the smallest. Near -1, better architectures are closer to the best; near 0, distance says nothing.

    Parameters
    ----------
    space
        The search space.
    test
        Shape ``(n_arch,)``, to be maximised; NaN is left out.
    """
    genes = space.decode(space.arch_code)
    best = np.flatnonzero(test == np.nanmax(test))
    distance = np.full(len(genes), space.n_gene + 1)
    for row in best.tolist():
        distance = np.minimum(distance, (genes != genes[row]).sum(axis=1))
    known = ~np.isnan(test)
    a, b = test[known], distance[known].astype(np.float64)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def basins(space: SearchSpace, test: FloatArray) -> Basins:
    """Local optima of the test result, and their basins under steepest ascent.

    An architecture moves to the best of its neighbours, one changed gene apart, while that is better;
    of equal ones, to the one with the smallest row.

    Parameters
    ----------
    space, test
        As of ``fitness_distance``; neighbours without a test result are not visited.
    """
    own = np.arange(space.n_arch)
    filled = np.where(np.isnan(test), -np.inf, test)
    best, target = filled.copy(), own.copy()
    for rows in neighbour_rows(space):
        there = rows != NO_ARCH
        score = np.where(there, filled[np.where(there, rows, 0)], -np.inf)
        better = (score > best) | ((score == best) & (target != own) & (rows < target) & there)
        best, target = np.where(better, score, best), np.where(better, rows, target)
    while True:  # each step doubles the length of the path followed
        further = target[target]
        if np.array_equal(further, target):
            break
        target = further
    known = ~np.isnan(test)
    rows, sizes = np.unique(target[known], return_counts=True)
    order = np.argsort(-filled[rows], kind="stable")
    return Basins(rows[order], sizes[order], int(known.sum()))


def seed_share(table: xr.Dataset) -> tuple[str, float] | None:
    """Share of the total variance of a metric that is between trainings of one architecture with other seeds.

    It is the within-variance of a one-way analysis of variance over its sum with the variance between
    architectures, both unbiased, at the last epoch; architectures with a missing trial are left out.

    Returns
    -------
    tuple or None
        The variable with trials and the share; None if the table has none.
    """
    for name in sorted(map(str, table.data_vars)):
        values = table[name]
        if TRIAL not in values.dims or values.sizes[TRIAL] < 2 or not np.issubdtype(values.dtype, np.floating):
            continue
        if EPOCH in values.dims:
            values = values.isel({EPOCH: -1})
        trials = values.transpose(TRIAL, ...).values.astype(np.float64)
        trials = trials[:, ~np.isnan(trials).any(axis=0)]
        if trials.ndim == 2 and trials.shape[1] >= 2:
            within = float(trials.var(axis=0, ddof=1).mean())
            between = max(float(trials.mean(axis=0).var(ddof=1)) - within / trials.shape[0], 0.0)
            return name, within / (within + between) if within + between > 0 else float("nan")
    return None
