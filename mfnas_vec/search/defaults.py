"""The settings of the published experiments, per space and data set.

Source: the configuration files and the table of hyperparameters of MF-NAS (GECCO 2024).
"""

import dataclasses
from typing import Any

import xarray as xr

from mfnas_vec.tables import dense


@dataclasses.dataclass(frozen=True)
class Published:
    """What the published experiments used on one space."""

    metric: str
    list_iepoch: tuple[int, ...]
    n_candidate: int
    max_eval: int | None
    max_time: dict[str, float]
    other_max_time: float | None
    halving_accounting: int = dense.CUMULATIVE


PUBLISHED = {
    "nb101": Published("val_acc", (4, 12, 36, 108), 16, None, {}, 20_000.0, dense.LAST_INCREMENT),
    "nbasr": Published("val_per", (10, 20, 30, 40), 16, 25, {}, None),
    "nb201": Published(
        "val_acc",
        (12, 25, 50, 100, 200),
        32,
        None,
        {"cifar10": 20_000.0, "cifar100": 40_000.0, "imagenet16": 120_000.0},
        20_000.0,
    ),
}

#: Epochs of a plain training-based evaluation.
IEPOCH = 12
#: Evaluations of MF-NAS's first stage, and samples of REA+W's warm-up.
N_PROXY_EVALUATION = 2_000


def published(table: xr.Dataset) -> Published | None:
    """What was published for a table's space, if anything was."""
    return PUBLISHED.get(dense.table_space(table).name)


def published_values(table: xr.Dataset) -> dict[str, Any]:
    """The settings that the published experiments had on a table, by name.

    ``max_time`` is in seconds; ``None`` where there is no limit.
    """
    setup = published(table)
    if setup is None:
        return {}
    return {
        "metric": setup.metric,
        "metric_stage2": setup.metric,
        "list_iepoch": list(setup.list_iepoch),
        "n_candidate": setup.n_candidate,
        "max_eval": setup.max_eval,
        "max_time": setup.max_time.get(str(table.attrs.get("dataset", "")), setup.other_max_time),
    }
