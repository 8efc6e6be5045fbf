"""Context and state of a search: what does not change during a run, and what does."""

from typing import NamedTuple

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import STOP, Protocol
from mfnas_vec.search.memory import Trace, Work
from mfnas_vec.spaces.arrays import NO_ARCH, SpaceArrays
from mfnas_vec.tables.dense import Rungs

# Why a run stopped (Outcome.stop_reason).
STOP_TIME = 0  # the budget of seconds is used up
STOP_EVALUATIONS = 1  # the budget of evaluations is used up
STOP_COMPLETED = 2  # every rung of a halving was played
STOP_FAILED = 3  # a search in Python raised an error
STOP_EPOCHS = 4  # a budget of epochs is used up
STOP_MEANINGS = ("time", "evaluations", "completed", "failed", "epochs")
#: State.stop of a search that a budget ends: which one follows from the numbers.
STOP_BY_BUDGET = -1


class Budget(NamedTuple):
    """What a search may spend."""

    max_eval: int
    max_seconds: float
    rules: Protocol

    @property
    def corrected(self) -> bool:
        """Whether the budget is never overshot (not for compiled code)."""
        return self.rules.budget == STOP


class Context(NamedTuple):
    """What does not change during a run; ``flatten`` replaces the last field by its place."""

    space: SpaceArrays
    objective: Rungs
    proxy: Rungs
    budget: Budget
    work: Work
    trace: Trace
    run: int  # of the block
    price: float  # seconds of an evaluation of row 0 at rung 0: of any, where all cost the same
    epochs: int  # of an evaluation at rung 0
    n_watch: int  # evaluations after which neither is a trace wanted nor may memory be full
    flat: bool  # promises one price for all, no trace, and rules that refuse nothing


class State(NamedTuple):
    """What changes during a run; small enough to stay in registers.

    ``score, code, row`` are last and ``stop`` is before them: searches replace these by their places.
    """

    n_before: int  # evaluations of a warm-up, outside the budget of evaluations
    n_eval: int
    n_unique: int
    n_pool: int  # distinct architectures among the first max_eval evaluations: those in work.pool
    extra_epochs: int  # epochs beyond those of as many evaluations at rung 0
    spent: float  # seconds of earlier stages
    seconds: float  # of this stage
    stop: int
    score: float  # of the incumbent
    code: int
    row: int


@njit_inline
def begin():
    """The state of a run that has evaluated nothing."""
    return State(0, 0, 0, 0, 0, 0.0, 0.0, STOP_BY_BUDGET, -np.inf, NO_ARCH, NO_ARCH)


@njit_inline
def epochs_of(ctx, state):
    """Epochs trained so far."""
    return state.extra_epochs + state.n_eval * ctx.epochs


@njit_inline
def end(state, stop):
    """The state of a run that ends for a reason of its own, such as ``STOP_COMPLETED``."""
    return State(*(*state[:-4], stop, *state[-3:]))


@njit_inline
def better(state, score, code, row):
    """The incumbent after one more architecture: strictly higher scores win, and anything beats nothing."""
    if score > state.score or state.row < 0:
        return score, code, row
    return state.score, state.code, state.row


@njit_inline
def with_incumbent(state, score, code, row):
    """The state with an incumbent."""
    return State(*(*state[:-3], score, code, row))


@njit_inline
def keep(state, score, code, row):
    """The state after an architecture that ``probe`` evaluated is offered as incumbent."""
    return State(*state[:-3], *better(state, score, code, row))
