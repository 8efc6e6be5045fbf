"""The settings of the published experiments, per space and data set.

Source: the configuration files and the table of hyperparameters of MF-NAS (GECCO 2024). On
NAS-Bench-Graph, which it does not use, the budget is that of 500 trainings (40 on proteins); on
MNIST-1D, of about 190 trainings of distinct graphs for one epoch, as the published budget on CIFAR-10
is of its first rung.
"""

import dataclasses
from typing import Any

import xarray as xr

from mfnas_vec.tables import dense
from mfnas_vec.tables.schema import EPOCH

#: Zero-cost metric of REA+W's warm-up.
METRIC_WARMUP = "synflow"
#: Epochs of a plain training-based evaluation.
IEPOCH = 12


@dataclasses.dataclass(frozen=True)
class Published:
    """What the published experiments used on one space."""

    metric: str
    list_iepoch: tuple[int, ...] | None  # None: those of the table
    n_candidate: int
    max_eval: int | None
    max_time: dict[str, float]
    other_max_time: float | None
    halving_accounting: int = dense.CUMULATIVE
    metric_warmup: str = METRIC_WARMUP
    #: Where nothing is timed: the epochs of as many evaluations as are allowed.
    max_epochs: int | None = None
    iepoch: int = IEPOCH


PUBLISHED = {
    "nb101": Published("val_acc", (4, 12, 36, 108), 16, None, {}, 20_000.0, dense.LAST_INCREMENT),
    "nbasr": Published("val_per", (10, 20, 30, 40), 16, 25, {}, None, max_epochs=300),
    "nb201": Published(
        "val_acc",
        (12, 25, 50, 100, 200),
        32,
        None,
        {"cifar10": 20_000.0, "cifar100": 40_000.0, "imagenet16": 120_000.0},
        20_000.0,
    ),
    # An epoch takes 8.25 ms, mean of the distinct graphs; 6.64 ms, mean of the genotypes.
    "nb201-mnist1d": Published("val_acc", (1, 3, 9, 27), 32, None, {}, 1.6, iepoch=1),
    "nbgraph": Published("val_acc", None, 500, 500, {}, None, metric_warmup="params"),
    "nbgraph-proteins": Published("val_auc", None, 40, 40, {}, None, metric_warmup="params"),
}

#: Evaluations of MF-NAS's first stage, and samples of REA+W's warm-up.
N_PROXY_EVALUATION = 2_000


def published(table: xr.Dataset) -> Published | None:
    """What was published for a table's space, or is proposed for its data set, if anything is."""
    space = dense.table_space(table).name
    return PUBLISHED.get(f"{space}-{table.attrs.get('dataset', '')}", PUBLISHED.get(space))


def list_iepoch(table: xr.Dataset) -> list[int] | None:
    """The published rungs; else those after an eighth, a quarter, a half and all of the table's epochs, if any."""
    setup = published(table)
    if setup is not None and setup.list_iepoch is not None:
        return list(setup.list_iepoch)
    if EPOCH not in table.dims:
        return None
    known = table[EPOCH].values.tolist()
    return sorted({min(e for e in known if e * part >= known[-1]) for part in (8, 4, 2, 1)})


def iepoch(table: xr.Dataset) -> int | None:
    """The published epochs of a plain evaluation; else all of the table's, ``None`` if it has none."""
    setup = published(table)
    if setup is not None and setup.list_iepoch is not None:
        return setup.iepoch
    rungs = list_iepoch(table)
    return rungs[-1] if rungs else None


def published_values(table: xr.Dataset) -> dict[str, Any]:
    """The settings that the published experiments had on a table, by name.

    ``max_time`` is in seconds; ``None`` where there is no limit. Where nothing was published, epochs
    follow from those of the table, and budgets are asked for.
    """
    rungs = list_iepoch(table)
    general = {"iepoch": iepoch(table), "list_iepoch": rungs, "metric_warmup": METRIC_WARMUP}
    if rungs:
        general |= {"min_epoch": rungs[0], "max_epoch": rungs[-1]}
    setup = published(table)
    if setup is None:
        return general
    return general | {
        "metric": setup.metric,
        "metric_stage2": setup.metric,
        "metric_warmup": setup.metric_warmup,
        "n_candidate": setup.n_candidate,
        "max_eval": setup.max_eval,
        "max_epochs": setup.max_epochs,
        "max_time": setup.max_time.get(str(table.attrs.get("dataset", "")), setup.other_max_time),
    }
