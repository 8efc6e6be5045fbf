"""The accounts of one run: clock, budget, trainings, what is running, the best so far, the trace."""

import heapq
import math
from collections import deque
from typing import Any, NamedTuple, NoReturn

from mfnas_vec.runs.readable import Readable, View
from mfnas_vec.search.memory import UNLIMITED
from mfnas_vec.search.protocols import CORRECTED, GECCO2024
from mfnas_vec.search.state import STOP_COMPLETED, STOP_EVALUATIONS, STOP_TIME
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables.dense import LAST_INCREMENT

#: What a training-based evaluation is charged: the whole training, or what an earlier one lacks.
RESTART = "restart"
CONTINUE = "continue"
TRAINING = (RESTART, CONTINUE)


class BudgetExhausted(Exception):
    """The budget does not allow another evaluation: a search that does not catch it ends here."""


class Finished(NamedTuple):
    """An evaluation that has finished."""

    ticket: int
    code: int
    epoch: int
    #: In the metric's own units and direction; NaN where the table has none.
    score: float
    #: On the simulated clock, seconds.
    seconds: float


class Rules(NamedTuple):
    """What a run may spend, and how it is charged."""

    max_eval: int
    max_seconds: float
    corrected: bool
    continues: bool
    n_worker: int
    accounting: int

    @property
    def text(self) -> str:
        """The budget in words."""
        max_eval = None if self.max_eval == UNLIMITED else self.max_eval
        return f"max_eval={max_eval}, max_time={self.max_seconds:g} s"


class Record(NamedTuple):
    """The result of one run, scores to be maximised."""

    code: int
    row: int
    score: float
    seconds: float
    epochs: int
    evaluations: int
    unique: int
    stop_reason: int


class Accounts:
    """What ``Simulator`` counts, and what a search may know of it."""

    def __init__(self, readable: Readable, rules: Rules) -> None:
        self._readable, self._rules = readable, rules
        self._locate, self._key_is_row = readable.locate, readable.space.key_is_row
        self._views: dict[tuple[str | None, int | None], View] = {}
        self._clock = 0.0
        self._n_eval = self._epochs = 0
        self._score, self._code, self._row = -math.inf, NO_ARCH, NO_ARCH
        self._others: dict[str, tuple[float, int]] = {}  # best of metrics that are not the search metric
        self._trained: dict[Any, tuple[int, float]] = {}  # epochs and seconds by trial
        self._seen: set[int] = set()
        #: Code, fidelity, score, seconds, epochs, incumbent of every evaluation.
        self.steps: list[tuple[int, int, float, float, int, int]] = []
        self._running: list[tuple[Any, ...]] = []  # a heap by time of finish
        self._ready: deque[Finished] = deque()
        self._refused = self._ended = False
        self._grace = 0

    @property
    def space(self) -> SearchSpace:
        """The search space."""
        return self._readable.space

    @property
    def metric(self) -> str:
        """The search metric."""
        return self._readable.metric

    @property
    def direction(self) -> str:
        """ "maximize" or "minimize": where the search metric is better."""
        return self._readable.direction

    @property
    def factor(self) -> float:
        """What makes a score of the search metric one to be maximised: 1 or -1."""
        return self._readable.factor

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that may be read."""
        return tuple(self._readable.metrics)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs at which training-based metrics are known."""
        return self._readable.epochs

    @property
    def protocol(self) -> str:
        """The rules of the budget."""
        return CORRECTED if self._rules.corrected else GECCO2024

    @property
    def training(self) -> str:
        """What a training-based evaluation is charged."""
        return CONTINUE if self._rules.continues else RESTART

    @property
    def max_time(self) -> float:
        """Budget of seconds."""
        return self._rules.max_seconds

    @property
    def max_eval(self) -> int | None:
        """Budget of evaluations; ``None`` if there is none."""
        return None if self._rules.max_eval == UNLIMITED else self._rules.max_eval

    @property
    def n_worker(self) -> int:
        """Workers that evaluate at once."""
        return self._rules.n_worker

    @property
    def n_free(self) -> int:
        """Workers with nothing to do."""
        return self._rules.n_worker - len(self._running)

    @property
    def n_running(self) -> int:
        """Evaluations that ``wait`` has not returned yet."""
        return len(self._running) + len(self._ready)

    @property
    def n_eval(self) -> int:
        """Evaluations begun."""
        return self._n_eval

    @property
    def seconds(self) -> float:
        """Simulated seconds so far."""
        return self._clock

    @property
    def epochs_trained(self) -> int:
        """Epochs charged so far."""
        return self._epochs

    @property
    def done(self) -> bool:
        """Whether the budget is used up."""
        self._ended = self._ended or not self._within()
        return self._ended

    @property
    def best(self) -> tuple[tuple[int, ...], float] | None:
        """Genotype and score of the best by the search metric so far."""
        if self._row == NO_ARCH:
            return None
        genotype = tuple(int(g) for g in self.space.decode(self._code))
        return genotype, own_score(self._score, self._readable.factor)

    def _within(self) -> bool:
        rules = self._rules
        if self._refused:
            return False
        if rules.corrected:
            return self._n_eval < rules.max_eval and self._clock < rules.max_seconds
        return self._n_eval <= rules.max_eval and (rules.continues or self._clock <= rules.max_seconds)

    def _start(
        self, architecture: Any, epoch: int | None, row: int | None, metric: str | None, trial: Any
    ) -> tuple[Any, ...]:
        """An evaluation that the budget allows, as the heap of those that are running holds it."""
        rules = self._rules
        code, at = self._locate(architecture, row)
        view = self._views.get((metric, epoch))
        if view is None:
            view = self._views[metric, epoch] = self._readable.view(metric, epoch)
        if len(self._running) >= rules.n_worker:
            raise ValueError(f"n_worker={rules.n_worker}: all workers are busy; wait() for one of them")
        price = until = view.seconds.item(at * view.seconds_step)
        epochs = view.epochs
        if rules.continues and epochs:
            trial = at if trial is None else trial
            trained, charged = self._trained.get(trial, (0, 0.0))
            price, epochs = (price - charged, epochs - trained) if epochs > trained else (0.0, 0)
            if rules.accounting == LAST_INCREMENT:
                until = price
        score = view.score.item(at)
        if self._refused:
            self._refuse()
        if rules.corrected:
            if self._n_eval >= rules.max_eval or self._clock + price > rules.max_seconds:
                self._refuse()
        elif self._n_eval > rules.max_eval or (not rules.continues and self._clock > rules.max_seconds):
            if self._grace == 0:
                self._refuse()
            self._grace -= 1
        elif rules.continues and self._clock + price >= rules.max_seconds:
            self._n_eval += 1  # published: counted, but neither charged nor kept
            self._note(code, at, view, score)
            self._refuse()
        self._n_eval += 1
        return self._clock + price, self._n_eval, code, at, view, epochs, score, trial, until

    def _complete(self, evaluation: tuple[Any, ...]) -> Finished:
        """Advance the clock to the end of an evaluation, and keep its score."""
        self._clock, ticket, code, row, view, epochs, score, trial, until = evaluation
        self._epochs += epochs
        if self._rules.continues and epochs and view.epochs > self._trained.get(trial, (0, 0.0))[0]:
            self._trained[trial] = view.epochs, until
        if not view.is_main:
            if view.metric not in self._others or score > self._others[view.metric][0]:
                self._others[view.metric] = score, code
        elif score > self._score or self._row == NO_ARCH:
            self._score, self._code, self._row = score, code, row
        self._note(code, row, view, score)
        return Finished(ticket, code, view.epoch, own_score(score, view.factor), self._clock)

    def finish(self) -> None:
        """Wait for everything that is running."""
        while self._running:
            self._ready.append(self._complete_next())

    def _complete_next(self) -> Finished:
        return self._complete(heapq.heappop(self._running))

    def _note(self, code: int, row: int, view: View, score: float) -> None:
        leader = self._code
        if self._row == NO_ARCH and view.metric in self._others:
            leader = self._others[view.metric][1]  # until there is a score of the search metric
        self._seen.add(row if self._key_is_row else code)
        self.steps.append((code, view.epochs, score, self._clock, self._epochs, leader))

    def _refuse(self) -> NoReturn:
        self._refused = self._ended = True
        rules = self._rules
        raise BudgetExhausted(
            f"the budget ({rules.text}) does not allow another evaluation "
            f"after {self._n_eval} evaluations and {self._clock:g} s"
        )

    @property
    def reads(self) -> tuple[tuple[str, int], ...]:
        """Metric and epochs (0: known once per architecture) of everything that was read."""
        return tuple(dict.fromkeys((view.metric, view.epoch) for view in self._views.values()))

    def record(self) -> Record:
        """The result of the run as it stands, after waiting for everything that is running."""
        self.finish()
        rules = self._rules
        full = self._n_eval > rules.max_eval or (rules.corrected and self._n_eval == rules.max_eval)
        stop = STOP_COMPLETED if not self._ended else STOP_EVALUATIONS if full else STOP_TIME
        return Record(
            self._code,
            self._row,
            self._score,
            self._clock,
            self._epochs,
            self._n_eval,
            len(self._seen),
            stop,
        )


def own_score(score: float, factor: float) -> float:
    """A score to be maximised, in the metric's own direction."""
    return math.nan if score == -math.inf else score * factor
