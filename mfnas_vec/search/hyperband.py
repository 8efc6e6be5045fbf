"""Hyperband: brackets of successive halving that begin with many candidates or with much training.

Source: L. Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR
2018, algorithm 1. The answer is the architecture with the best score of any rung. All brackets are
repeated until a budget ends the run.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any

import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.search.fidelity import Inputs, MaxTime, Metric, UsingZcMetric, rungs_of
from mfnas_vec.search.fields import Values
from mfnas_vec.search.interface import sample, train_to
from mfnas_vec.search.ranking import high_of, join, low_of, rank
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.settings import MAX_EVALUATIONS, Settings
from mfnas_vec.search.state import STOP_BY_BUDGET, STOP_COMPLETED, STOP_EPOCHS, STOP_TIME, begin, end, epochs_of
from mfnas_vec.tables.schema import EPOCH

#: Most candidates of a bracket.
MAX_CANDIDATES = 100_000

Eta = Annotated[int, Meta(ge=2, le=1_000, description="one in `eta` candidates is trained on, `eta` times as long")]
MinEpoch = Annotated[int, Meta(ge=1, description="epochs of the lowest rung, at least")]
MaxEpoch = Annotated[int, Meta(ge=1, description="epochs of the highest rung; by default the published or last one")]
MaxEpochs = Annotated[int, Meta(ge=0, le=MAX_EVALUATIONS, description="budget of epochs of training")] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Promoting(Settings):
    """Settings of Hyperband and ASHA: rungs from ``min_epoch`` to ``max_epoch``, each ``eta`` times the one below.

    A rung is the last epoch of the table that is not beyond.
    """

    using_zc_metric: UsingZcMetric = None
    metric: Metric
    eta: Eta = 3
    min_epoch: MinEpoch
    max_epoch: MaxEpoch
    max_epochs: MaxEpochs
    max_time: MaxTime

    @classmethod
    def resolve(cls, table: xr.Dataset, given: Mapping[str, Any]) -> Values:
        """All settings, checked; refuses tables without epochs."""
        if EPOCH not in table.dims:
            name = table.attrs.get("name", "the table")
            raise ValueError(f"{name} has no epochs: Hyperband and ASHA need scores at several epochs of training")
        return super().resolve(table, given)

    def ends(self) -> float:
        """Evaluations after which a run ends, whatever its budget."""
        return math.inf

    def epochs(self, table: xr.Dataset) -> list[int]:
        """Epochs of the rungs, ascending; refuses tables of too few epochs for distinct rungs."""
        if self.min_epoch > self.max_epoch:
            raise ValueError(f"min_epoch={self.min_epoch} must be <= max_epoch={self.max_epoch}")
        known = table[EPOCH].values.tolist() if EPOCH in table else []
        found: list[int] = []
        for i in range(n_rung(self), 0, -1):
            epoch = self.max_epoch / self.eta ** (i - 1)
            within = [e for e in known if e <= epoch]
            if not within or within[-1] in found:
                raise ValueError(
                    f"eta={self.eta} from max_epoch={self.max_epoch} down to min_epoch={self.min_epoch} asks for "
                    f"{epoch:g} epochs; the table has {', '.join(map(str, known)) or 'none'}"
                )
            found.append(within[-1])
        return found

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric at its rungs as objective; refuses a search that would never end."""
        if self.max_epoch > MAX_CANDIDATES * self.min_epoch:
            raise ValueError(f"max_epoch={self.max_epoch} must be <= {MAX_CANDIDATES} * min_epoch={self.min_epoch}")
        rungs, reads = rungs_of(table, self.metric, self.using_zc_metric, self.epochs(table), protocol)
        cheapest, least = float(rungs.seconds[0].min()), int(rungs.epochs[0])
        ends = [self.ends()]
        if self.max_epochs is not None and least > 0:
            ends.append(self.max_epochs / least + 1)
        if self.max_time is not None and cheapest > 0:
            ends.append(self.max_time / cheapest + 1)
        if min(ends) > MAX_EVALUATIONS:
            raise ValueError(
                f"max_epochs={self.max_epochs!r} and max_time={self.max_time!r}: the search might never end; set one"
            )
        return Inputs(metric=self.metric, objective=rungs, reads=tuple(reads), n_eval=min(ends))


def n_rung(p: Any) -> int:
    """Number of rungs of settings with ``eta, min_epoch, max_epoch``."""
    n = 1
    while p.min_epoch * p.eta**n <= p.max_epoch:
        n += 1
    return n


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hyperband(Promoting):
    """Settings of Hyperband."""

    n_round: (
        Annotated[
            int,
            Meta(ge=1, le=MAX_EVALUATIONS, description="rounds of all brackets; by default until a budget ends them"),
        ]
        | None
    ) = None

    def ends(self) -> float:
        """Evaluations of the rounds."""
        if self.n_round is None:
            return math.inf
        rungs = range(n_rung(self))
        return float(self.n_round * sum(self.eta ** (s - i) * len(rungs) for s in rungs for i in range(s + 1)))


@njit_inline
def bracket(ctx, state, n, first, eta, max_epochs):
    """Halve ``n`` new candidates from a rung on; the state, ended where a budget ends it."""
    work, rungs = ctx.work, ctx.objective
    candidates, charged, places, top = work.candidates, work.values, work.places, work.top
    for i in range(n):
        code, row = sample(ctx)
        candidates[i], charged[i] = join(row, code), 0.0
    trained = 0
    for rung in range(first, rungs.epochs.size):
        if rung > first:
            rank(top, places, n)
            n //= eta
            for i in range(n):
                top.score[i], top.item[i] = charged[places[i]], candidates[places[i]]
            for i in range(n):
                charged[i], candidates[i] = top.score[i], top.item[i]
        for i in range(n):
            if epochs_of(ctx, state) + rungs.epochs[rung] - trained > max_epochs:
                return end(state, STOP_EPOCHS)
            code, row = low_of(candidates[i]), high_of(candidates[i])
            top.score[i], state, made, charged[i] = train_to(ctx, state, code, row, rung, trained, charged[i])
            if not made:
                return end(state, STOP_TIME)
        trained = rungs.epochs[rung]
    return state


@optimizer("Hyperband", Hyperband, title="Hyperband", memory=lambda space, p: p.max_epoch // p.min_epoch + 1)
def hyperband(ctx, p):
    """One run."""
    n_rung = ctx.objective.epochs.size
    state = begin()
    n_done = 0
    while n_done < p.n_round:
        power = p.eta ** (n_rung - 1)
        for s in range(n_rung - 1, -1, -1):
            n = (n_rung * power + s) // (s + 1)
            state = bracket(ctx, state, n, n_rung - 1 - s, p.eta, p.max_epochs)
            if state.stop != STOP_BY_BUDGET:
                return state
            power //= p.eta
        n_done += 1
    return end(state, STOP_COMPLETED)
