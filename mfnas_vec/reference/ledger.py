"""What one run has spent and found, in plain Python."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from mfnas_vec.protocols import OVERSHOOT, REFUSE, STOP, Protocol
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables.dense import CUMULATIVE, LAST_INCREMENT

STOP_TIME = 0
STOP_EVALUATIONS = 1
STOP_COMPLETED = 2
STOP_EPOCHS = 4

MISSING = -np.inf

_Item = TypeVar("_Item")


class ReferenceBudget(NamedTuple):
    """What a search may spend, and by which rules."""

    max_eval: float
    max_seconds: float
    rules: Protocol


def plain(arrays: Any) -> Any:
    """A named tuple of arrays of one or two dimensions whose items are Python numbers: quick to index one at a time."""

    def view(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return value.data if value.ndim == 1 else [row.data for row in value]

    return type(arrays)(*map(view, arrays))


class Step(NamedTuple):
    """One evaluation; the score of a refused one is missing."""

    code: int
    fidelity: int
    score: float
    seconds: float
    epochs: int
    incumbent: int


@dataclasses.dataclass
class RunRecord:
    """The result of one run."""

    code: int
    row: int
    score: float
    seconds: float
    epochs: int
    evaluations: int
    unique: int
    stop_reason: int
    steps: list[Step]


@dataclasses.dataclass
class Candidate:
    """An architecture that is trained on from rung to rung."""

    code: int
    row: int
    score: float  # of its last rung, or of what chose it
    trained: int = 0  # epochs
    credit: float = 0.0  # seconds taken off the price of the next rung


class Ledger:
    """Accounting of one run under a budget."""

    def __init__(self, space: SearchSpace, budget: ReferenceBudget) -> None:
        self.space = space
        self.budget = budget
        self.n_before = 0  # evaluations of a warm-up, outside the budget of evaluations
        self.n_eval = 0
        self.spent = 0.0  # seconds of earlier stages
        self.own = 0.0  # seconds of this stage, the one that the budget is for
        self.epochs = 0
        self.ended = False  # whether the last evaluation used up the budget; said under REFUSE only
        self.score = MISSING
        self.code = self.row = NO_ARCH
        self.seen: set[int] = set()
        self.steps: list[Step] = []

    @property
    def seconds(self) -> float:
        """Seconds of all stages."""
        return self.spent + self.own

    def next_stage(self, budget: ReferenceBudget) -> None:
        """Begin a stage with a budget and a best architecture of its own."""
        self.budget = budget
        self.spent, self.own = self.seconds, 0.0
        self.score, self.code, self.row = MISSING, NO_ARCH, NO_ARCH

    @property
    def rules(self) -> Protocol:
        """The decisions of the protocol."""
        return self.budget.rules

    def key(self, code: int) -> int:
        """What two evaluations of the same architecture share."""
        return self.space.row_of(code) if self.space.key_is_row else code

    def within(self) -> bool:
        """Whether the search may make another move."""
        if self.rules.budget == REFUSE:
            return not self.ended
        if self.rules.budget == STOP:
            return bool(self.n_eval < self.budget.max_eval and self.own < self.budget.max_seconds)
        return bool(self.n_eval <= self.budget.max_eval and self.own <= self.budget.max_seconds)

    def affordable(self, objective: Any, code: int) -> bool:
        """Whether the next evaluation may be made; denied under STOP only."""
        return self.rules.budget != STOP or bool(
            self.n_eval < self.budget.max_eval
            and self.own + price_of(objective, self.space.row_of(code)) <= self.budget.max_seconds
        )

    def refused(self, price: float) -> bool:
        """Whether an evaluation is not charged; only under REFUSE."""
        return self.rules.budget == REFUSE and self.own + price > self.budget.max_seconds

    def offer(self, code: int, row: int, score: float) -> None:
        """Make an architecture the best if its score is strictly higher, or the first."""
        if self.row == NO_ARCH or score > self.score:
            self.code, self.row, self.score = code, row, score

    def note(self, code: int, fidelity: int, score: float, incumbent: int | None = None) -> None:
        """Log an evaluation; the incumbent is the best so far unless given."""
        self.seen.add(self.key(code))
        leader = self.code if incumbent is None else incumbent
        self.steps.append(Step(code, fidelity, score, self.seconds, self.epochs, leader))

    def evaluate(self, objective: Any, code: int, previous: float | None = None) -> float:
        """Evaluate an architecture, charge it, keep it if it is the best; its score.

        A refused one keeps its ``previous`` score and competes with it, if it has one.
        """
        row = self.space.row_of(code)
        price = price_of(objective, row)
        refused = self.refused(price)
        self.n_eval += 1
        if refused:
            score = MISSING if previous is None else previous
        else:
            score = float(objective.score[row])
            self.own += price
            self.epochs += objective.epochs
        self.ended = self.rules.budget == REFUSE and (refused or self.n_eval >= self.budget.max_eval)
        if not refused or previous is not None:
            self.offer(code, row, score)
        self.note(code, objective.epochs, MISSING if refused else score)
        return score

    def candidate(self, code: int, score: float = MISSING) -> Candidate:
        """An architecture to be trained, with the score that chose it."""
        return Candidate(code, self.space.row_of(code), score)

    def train(self, rungs: Any, rung: int, candidate: Candidate) -> bool:
        """Train a candidate on to a rung and evaluate it there; whether the budget allowed it."""
        c, rules, max_seconds = candidate, self.rules, self.budget.max_seconds
        until = rungs.seconds[rung][c.row * rungs.seconds_step]
        price = until - c.credit
        seconds, epochs = self.own + price, rungs.epochs[rung]
        if rules.budget == STOP and seconds > max_seconds:
            return False
        self.n_eval += 1
        score = float(rungs.score[rung][c.row])
        if rules.budget == OVERSHOOT and seconds >= max_seconds:
            self.note(c.code, epochs, score)
            return False
        if self.refused(price):
            self.note(c.code, epochs, MISSING)
            return False
        self.own = seconds
        self.epochs += epochs - c.trained
        c.credit = {CUMULATIVE: until, LAST_INCREMENT: price}.get(rungs.accounting, 0.0)
        c.score, c.trained = score, epochs
        self.offer(c.code, c.row, score)
        self.note(c.code, epochs, score)
        return True

    def record(self, stop_reason: int | None = None) -> RunRecord:
        """The result of the run; by default a budget ended it."""
        if stop_reason is None:
            most = self.budget.max_eval
            full = self.n_eval > most or (self.rules.budget != OVERSHOOT and self.n_eval == most)
            stop_reason = STOP_EVALUATIONS if full else STOP_TIME
        evaluations = self.n_before + self.n_eval
        return RunRecord(
            self.code,
            self.row,
            self.score,
            self.seconds,
            self.epochs,
            evaluations,
            len(self.seen),
            stop_reason,
            self.steps,
        )


def price_of(objective: Any, row: int) -> float:
    """Seconds of one evaluation."""
    return float(objective.seconds[row * objective.seconds_step])


def first_of_each(items: Iterable[_Item], key: Callable[[_Item], int]) -> dict[int, _Item]:
    """The first item of each key, by key, in the order of the items."""
    found: dict[int, _Item] = {}
    for item in items:
        found.setdefault(key(item), item)
    return found


def flipped_stable_argsort(scores: Iterable[float]) -> list[int]:
    """Highest score first; among equal scores the later position first."""
    values = list(scores)
    return sorted(range(len(values)), key=values.__getitem__)[::-1]


def genes_of(space: SearchSpace, code: int) -> list[int]:
    """Digits of a code."""
    return [code // w % c for w, c in zip(space.weight, space.cardinality, strict=True)]


def code_of(space: SearchSpace, genes: Sequence[int]) -> int:
    """Code of digits."""
    return sum(g * w for g, w in zip(genes, space.weight, strict=True))


def valid_variants(space: SearchSpace, code: int, positions: Sequence[int], distinct: bool = False) -> list[int]:
    """Valid codes that differ from ``code`` in each of the positions and nowhere else, ascending.

    With ``distinct``, the first of each architecture.
    """
    variants = [code]
    genes = genes_of(space, code)
    for i in positions:
        others = [v for v in range(space.cardinality[i]) if v != genes[i]]
        variants = [c + (v - genes[i]) * space.weight[i] for c in variants for v in others]
    valid = [c for c in variants if space.row_of(c) != NO_ARCH]
    if not (distinct and space.key_is_row):
        return valid
    return list(first_of_each(valid, space.row_of).values())
