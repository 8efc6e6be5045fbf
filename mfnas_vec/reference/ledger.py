"""What one run has spent and found, in plain Python."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mfnas_vec.spaces import NO_ARCH, SearchSpace

STOP_TIME = 0
STOP_EVALUATIONS = 1
STOP_COMPLETED = 2


def plain(arrays: Any) -> Any:
    """A named tuple of arrays with plain lists in their place: quick to index one at a time."""
    return type(arrays)(*(a.tolist() if isinstance(a, np.ndarray) else a for a in arrays))


class Step(NamedTuple):
    """One evaluation."""

    code: int
    fidelity: int
    score: float
    seconds: float
    epochs: int
    incumbent: int


@dataclasses.dataclass
class Record:
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


class Ledger:
    """Accounting of one run under a budget (``max_eval, max_seconds, corrected``)."""

    def __init__(self, space: SearchSpace, budget: Any) -> None:
        self.space = space
        self.budget = budget
        self.n_before = 0  # evaluations of a warm-up, outside the budget of evaluations
        self.n_eval = 0
        self.seconds = 0.0
        self.epochs = 0
        self.score = -np.inf
        self.code = self.row = NO_ARCH
        self.seen: set[int] = set()
        self.steps: list[Step] = []

    def key(self, code: int, row: int) -> int:
        """What two evaluations of the same architecture share."""
        return row if self.space.key_is_row else code

    def within(self) -> bool:
        """Whether the search may go on."""
        if self.budget.corrected:
            return bool(self.n_eval < self.budget.max_eval and self.seconds < self.budget.max_seconds)
        return bool(self.n_eval <= self.budget.max_eval and self.seconds <= self.budget.max_seconds)

    def affordable(self, objective: Any, code: int) -> bool:
        """Whether the next evaluation may happen; only the corrected protocol asks."""
        price = objective.seconds[self.space.row_of(code) * objective.seconds_step]
        return not self.budget.corrected or bool(
            self.n_eval < self.budget.max_eval and self.seconds + price <= self.budget.max_seconds
        )

    def offer(self, code: int, row: int, score: float) -> None:
        """Make an architecture the best if its score is strictly higher, or the first."""
        if self.row == NO_ARCH or score > self.score:
            self.code, self.row, self.score = code, row, score

    def note(self, code: int, row: int, fidelity: int, score: float, incumbent: int | None = None) -> None:
        """Log an evaluation; the incumbent is the best so far unless given."""
        self.seen.add(self.key(code, row))
        leader = self.code if incumbent is None else incumbent
        self.steps.append(Step(code, fidelity, score, self.seconds, self.epochs, leader))

    def evaluate(self, objective: Any, code: int) -> float:
        """Look an architecture up, pay for it, keep it if it is the best."""
        row = self.space.row_of(code)
        score = float(objective.score[row])
        self.n_eval += 1
        self.seconds += objective.seconds[row * objective.seconds_step]
        self.epochs += objective.epochs
        self.offer(code, row, score)
        self.note(code, row, objective.epochs, score)
        return score

    def record(self, stop_reason: int | None = None) -> Record:
        """The result of the run; by default a budget ended it."""
        if stop_reason is None:
            most = self.budget.max_eval
            full = self.n_eval > most or (self.budget.corrected and self.n_eval == most)
            stop_reason = STOP_EVALUATIONS if full else STOP_TIME
        evaluations = self.n_before + self.n_eval
        return Record(
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


def flipped_stable_argsort(scores: Iterable[float]) -> list[int]:
    """Highest score first; among equal scores the later position first."""
    values = list(scores)
    return sorted(range(len(values)), key=values.__getitem__)[::-1]


def genes_of(space: SearchSpace, code: int) -> list[int]:
    """Digits of a code."""
    return [code // w % c for w, c in zip(space.weight, space.cardinality, strict=True)]


def valid_variants(space: SearchSpace, code: int, positions: Sequence[int]) -> list[int]:
    """Valid codes that differ from ``code`` in each of the positions and nowhere else, ascending."""
    variants = [code]
    genes = genes_of(space, code)
    for i in positions:
        others = [v for v in range(space.cardinality[i]) if v != genes[i]]
        variants = [c + (v - genes[i]) * space.weight[i] for c in variants for v in others]
    return [c for c in variants if space.row_of(c) != NO_ARCH]
