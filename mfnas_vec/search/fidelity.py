"""Settings and inputs of searches on one metric: at one number of epochs, or at several."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec.search.defaults import published
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.settings import MAX_EVALUATIONS, Settings, ZeroCost
from mfnas_vec.tables import dense

#: (variable, epoch or None) of a score that a search reads.
Read = tuple[str, int | None]

UsingZcMetric = Annotated[
    ZeroCost, Meta(description="whether `metric` is a zero-cost one; follows `metric` if not given")
]
Metric = Annotated[str, Meta(description="search metric")]
Iepoch = (
    Annotated[
        int,
        Meta(
            ge=1,
            description="epochs of training of each evaluation of a training-based metric; none where a table has no "
            "epochs",
        ),
    ]
    | None
)
ListIepoch = (
    Annotated[
        list[Annotated[int, Meta(ge=1)]],
        Meta(
            min_length=1,
            description="epochs of training done at each rung (of a zero-cost metric only their number counts); none, "
            "a single rung, where a table has no epochs",
        ),
    ]
    | None
)
MaxEval = Annotated[int, Meta(ge=0, le=MAX_EVALUATIONS, description="budget of evaluations")] | None
MaxTime = Annotated[float, Meta(ge=0, description="budget of seconds of training (and scoring)")] | None


#: ``Inputs.selected_on``.
SELECTED_ON_METRIC = "metric"
SELECTED_ON_TEST = "test"


class Inputs(NamedTuple):
    """What a search reads of a table."""

    #: The metric of the search score.
    metric: str
    #: What ``ctx.objective`` and ``ctx.proxy`` are; without a proxy, the objective stands for it.
    objective: dense.Objective | dense.Rungs
    #: Every score that is read.
    reads: tuple[Read, ...]
    #: Evaluations that a run makes at most, or about (local search ends its sweep first).
    n_eval: float
    proxy: dense.Objective | dense.Rungs | None = None
    #: Those of ``reads`` whose price is not charged.
    unpaid: tuple[Read, ...] = ()
    #: Whether the proxy is read before the objective: the order of what is digested.
    proxy_first: bool = False
    #: What chooses the answer of a run: the search metric, or (in head2025) the test result.
    selected_on: str = SELECTED_ON_METRIC

    @property
    def arrays(self) -> list[np.ndarray]:
        """Every score, price and number of epochs that the search could read."""
        sources = [self.objective] if self.proxy is None else [self.objective, self.proxy]
        fields = [field for source in sources[:: -1 if self.proxy_first else 1] for field in source]
        return [field for field in fields if isinstance(field, np.ndarray) and field.size]


def as_rungs(source: dense.Objective | dense.Rungs) -> dense.Rungs:
    """A metric at one fidelity as one rung."""
    if isinstance(source, dense.Rungs):
        return source
    epochs = np.array([source.epochs], np.int64)
    return dense.Rungs(source.score[None], source.seconds[None], source.seconds_step, epochs, dense.CUMULATIVE)


def _under_rules(table: xr.Dataset, source: Any, zero_cost: bool | None, protocol: str) -> Any:
    """Scores and seconds as the protocol has them."""
    rules, space = rules_of(protocol), table.attrs.get("space")
    if rules.half_cifar10 and not zero_cost and (space, table.attrs.get("dataset")) == ("nb201", "cifar10"):
        return source._replace(seconds=source.seconds * 0.5)
    if rules.missing_proxy_best and zero_cost and space == "nbasr":
        return source._replace(score=np.where(np.isfinite(source.score), source.score, np.inf))
    return source


def objective_of(
    table: xr.Dataset, name: str, zero_cost: bool | None, epoch: int | None, protocol: str
) -> tuple[dense.Objective, Read]:
    """A metric at one fidelity, and what is read for it."""
    objective = dense.zero_cost_objective(table, name) if zero_cost else dense.training_objective(table, name, epoch)
    return _under_rules(table, objective, zero_cost, protocol), (name, None if zero_cost else epoch)


def rungs_of(
    table: xr.Dataset, name: str, zero_cost: bool | None, epochs: Sequence[int] | None, protocol: str
) -> tuple[dense.Rungs, list[Read]]:
    """A metric at several fidelities, and what is read for them."""
    reads: list[Read] = [(name, None)] if zero_cost else [(name, epoch) for epoch in epochs or (None,)]
    if zero_cost:
        rungs = dense.zero_cost_rungs(table, name, len(epochs or (None,)))
    else:
        setup = published(table)
        accounting = dense.CUMULATIVE
        if setup is not None and rules_of(protocol).last_increment:
            accounting = setup.halving_accounting
        rungs = dense.training_rungs(table, name, epochs, accounting)
    return _under_rules(table, rungs, zero_cost, protocol), reads


def selected_on(protocol: str) -> str:
    """What chooses the answer of a halving."""
    return SELECTED_ON_TEST if rules_of(protocol).test_winner else SELECTED_ON_METRIC


def halving_of(
    table: xr.Dataset, name: str, zero_cost: bool | None, epochs: Sequence[int] | None, protocol: str
) -> tuple[dense.Rungs, list[Read]]:
    """``rungs_of`` a halving, with what else chooses its answer."""
    rungs, reads = rungs_of(table, name, zero_cost, epochs, protocol)
    rungs = rungs._replace(minimized="loss" in name or "per" in name)
    if rules_of(protocol).test_winner:
        test = dense.test_results(table)
        rungs = rungs._replace(test=np.where(np.isnan(test), -np.inf, np.round(test, 2)))
        reads = [*reads, (dense.test_variable(table), None)]
    return rungs, reads


@dataclasses.dataclass(frozen=True, kw_only=True)
class SingleFidelity(Settings):
    """Settings of searches on one metric after one number of epochs (or a zero-cost one)."""

    using_zc_metric: UsingZcMetric = None
    metric: Metric
    iepoch: Iepoch
    max_eval: MaxEval
    max_time: MaxTime

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric as objective.

        Raises
        ------
        ValueError
            If epoch or budget are impossible.
        """
        objective, read = objective_of(table, self.metric, self.using_zc_metric, self.iepoch, protocol)
        cheapest = float(objective.seconds.min())
        check_ends(self.max_eval, self.max_time, cheapest)
        bound = math.inf if self.max_eval is None else self.max_eval + 1
        if self.max_time is not None and cheapest > 0:
            bound = min(bound, self.max_time / cheapest + 1)
        return Inputs(metric=self.metric, objective=objective, reads=(read,), n_eval=bound)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiFidelity(Settings):
    """Settings of searches that train on from rung to rung."""

    using_zc_metric: UsingZcMetric = None
    metric: Metric
    list_iepoch: ListIepoch
    max_time: MaxTime

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric at its rungs as objective.

        Raises
        ------
        ValueError
            If the table lacks an epoch.
        """
        rungs, reads = self.rungs(table, protocol)
        return Inputs(metric=self.metric, objective=rungs, reads=tuple(reads), n_eval=self.n_eval())

    def rungs(self, table: xr.Dataset, protocol: str) -> tuple[dense.Rungs, list[Read]]:
        """The metric at its rungs, and what is read for them."""
        return rungs_of(table, self.metric, self.using_zc_metric, self.list_iepoch, protocol)

    def n_eval(self) -> float:
        """Evaluations that a run makes at most, or about; infinite where nothing is known."""
        return math.inf


def check_ends(max_eval: int | None, max_time: float | None, cheapest: float) -> None:
    """Refuse a search that would never end, whose evaluations cost ``cheapest`` seconds or more."""
    if max_eval is not None:
        return
    if max_time is None or max_time == math.inf:
        raise ValueError(f"max_eval=None and max_time={max_time!r}: the search would never end; set one")
    if not cheapest > 0:
        raise ValueError(
            f"max_eval=None with max_time={max_time!r}: evaluations of this metric may cost no seconds, "
            "so the search might never end; set max_eval"
        )
    if max_time / cheapest > MAX_EVALUATIONS:
        raise ValueError(
            f"max_time={max_time!r} lets a run make more than {MAX_EVALUATIONS} evaluations of "
            f"{cheapest:g} s: it would practically never end; lower it or set max_eval"
        )
