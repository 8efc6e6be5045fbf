"""Landscape of a search space for local search: rank correlation of neighbours, and local optima."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance

METRIC = "metric"


def neighbour_rows(space: SearchSpace) -> Iterator[npt.NDArray[np.int64]]:
    """Rows of neighbours, which differ in one gene, as in local search.

    Yields
    ------
    numpy.ndarray
        Shape ``(n_arch,)``, one array for each gene and each change of it: the row of each
        architecture's neighbour, ``NO_ARCH`` where it is invalid or the same architecture. An
        architecture with several genotypes is represented by the smallest.
    """
    code = space.arch_code
    genes = space.decode(code).astype(np.int64)
    own = np.arange(space.n_arch)
    for gene, cardinality in enumerate(space.cardinality):
        one = np.zeros(space.n_gene, np.int64)
        one[gene] = 1
        weight = int(space.encode(one))
        for change in range(1, cardinality):
            value = (genes[:, gene] + change) % cardinality
            row = space.row(code + (value - genes[:, gene]) * weight).astype(np.int64)
            yield np.where(row == own, NO_ARCH, row)


def check_metrics(table: xr.Dataset, metrics: Sequence[str]) -> list[str]:
    """The metrics as a list, if the table has them all.

    Raises
    ------
    ValueError
        If a metric is missing, or none is given.
    """
    known = [*dense.metric_names(table), dense.test_variable(table)]
    for name in metrics:
        if name not in known:
            raise ValueError(f"metrics={name!r} is not in the table; it has {', '.join(sorted(known))}")
    if not metrics:
        raise ValueError("metrics: the table has no such metrics")
    return list(metrics)


def score_of(table: xr.Dataset, metric: str) -> FloatArray:
    """A metric, to be maximised, shape ``(n_arch,)``; a training-based one at its last epoch."""
    values = table[metric]
    if "epoch" in values.dims:
        values = values.isel(epoch=-1)
    scores: FloatArray = dense.sign(table, metric) * values.values.astype(np.float64)
    return scores


def provenance_of_metric(table: xr.Dataset, metric: str) -> str:
    """Provenance of the values of ``score_of``."""
    last = int(table["epoch"][-1]) if "epoch" in table[metric].dims else None
    return provenance(table, metric, last)


def landscape(table: xr.Dataset, metrics: Sequence[str] | None = None) -> xr.Dataset:
    """Smoothness and number of local optima of each metric of a table.

    Parameters
    ----------
    table
        A benchmark table.
    metrics
        Some of its metrics; by default all, and the test result. Training-based ones are taken at
        their last epoch.

    Returns
    -------
    xarray.Dataset
        Over ``metric``: ``correlation`` of the ranks of neighbours (Spearman's, over all pairs of
        architectures one changed gene apart; Weinberger's autocorrelation at distance 1, 1990, on
        ranks), ``n_optimum``, the architectures without a better neighbour, and ``n_known``, those
        with a value; ``provenance`` of each metric.

    Raises
    ------
    ValueError
        If the table has no such metric.
    """
    from scipy.stats import rankdata

    space = dense.table_space(table)
    names = check_metrics(table, metrics or [*dense.metric_names(table), dense.test_variable(table)])
    scores = np.stack([score_of(table, name) for name in names])
    known = ~np.isnan(scores)
    ranks = rankdata(scores, axis=1, nan_policy="omit")
    # Minus infinity: a missing neighbour is never better, and a missing value is never an optimum.
    filled = np.where(known, ranks, -np.inf)
    beaten = ~known
    centred = np.where(known, ranks - np.nanmean(ranks, axis=1, keepdims=True), 0.0)
    together, first, second = (np.zeros(len(names)) for _ in range(3))
    for row in neighbour_rows(space):
        there = np.flatnonzero(row != NO_ARCH)
        other = row[there]
        beaten[:, there] |= filled[:, other] > filled[:, there]
        both = known[:, there] & known[:, other]
        one, two = centred[:, there] * both, centred[:, other] * both
        together += (one * two).sum(axis=1)
        first += (one * one).sum(axis=1)
        second += (two * two).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = together / np.sqrt(first * second)
    texts = np.array([provenance_of_metric(table, name) for name in names], dtype=np.dtypes.StringDType())
    return xr.Dataset(
        {
            "correlation": (METRIC, correlation, {"long_name": "rank correlation of neighbours", "units": "1"}),
            "n_optimum": (METRIC, (~beaten).sum(axis=1), {"long_name": "architectures without a better neighbour"}),
            "n_known": (METRIC, known.sum(axis=1), {"long_name": "architectures with a value"}),
            "provenance": (METRIC, texts, {"long_name": "provenance of the metric"}),
        },
        coords={METRIC: (METRIC, np.array(names, dtype=np.dtypes.StringDType()))},
        attrs={"space": space.name, "table": str(table.attrs.get("name", "custom"))},
    )
