"""One run of an optimizer from outside: it asks for scores, and is charged as a compiled search is."""

import heapq
import math
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec.kernels.state import STOP_COMPLETED, STOP_EVALUATIONS, STOP_TIME, UNLIMITED
from mfnas_vec.optimizers.base import CORRECTED, GECCO2024, MAX_EVALUATIONS
from mfnas_vec.runs.readable import Readable, View
from mfnas_vec.runs.run import check_count
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables.coverage import REFUSE
from mfnas_vec.tables.dense import CUMULATIVE, LAST_INCREMENT

#: What a training-based evaluation is charged: the whole training, or what an earlier one lacks.
RESTART = "restart"
CONTINUE = "continue"
TRAINING = (RESTART, CONTINUE)

#: Most workers of a simulation.
MAX_WORKERS = 100_000


class BudgetExhausted(Exception):
    """The budget does not allow another evaluation: a search that lets it pass ends here."""


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


class Simulator:
    """A table that answers one search, keeps its accounts and ends it with its budget.

    Parameters
    ----------
    table
        A benchmark table, from ``open_table`` or ``build_table``.
    metric
        The search metric: its best value makes the architecture found.
    max_time
        Budget of simulated seconds; ``math.inf`` for none.
    max_eval
        Budget of evaluations.
    protocol
        "gecco2024", the published rules: the evaluation that goes beyond the budget is still made
        (with ``training="continue"``: is counted, but neither charged nor kept, as in the published
        successive halving). "corrected": it is not begun.
    training
        "restart": every training-based evaluation is charged from the first epoch. "continue": it
        is charged what the earlier trainings of the same ``trial`` lack.
    n_worker
        Workers that evaluate at once. ``seconds`` is then wall-clock time.
    missing
        As of ``run``.

    Raises
    ------
    ValueError
        If an argument is impossible; the message names it and what is allowed.

    Examples
    --------
    >>> from mfnas_vec import Simulator, open_table
    >>> simulator = Simulator(open_table("nb201-cifar10"), max_time=1000)
    >>> while not simulator.done:
    ...     score = simulator.evaluate((3, 3, 3, 1, 3, simulator.n_eval % 5), epoch=12)
    >>> simulator.n_eval, simulator.best[0]
    (7, (3, 3, 3, 1, 3, 1))
    """

    def __init__(
        self,
        table: xr.Dataset,
        metric: str = "val_acc",
        *,
        max_time: float | None = None,
        max_eval: int | None = None,
        protocol: str = GECCO2024,
        training: str = RESTART,
        n_worker: int = 1,
        missing: str = REFUSE,
    ) -> None:
        for name, value, allowed in (
            ("protocol", protocol, (GECCO2024, CORRECTED)),
            ("training", training, TRAINING),
        ):
            if value not in allowed:
                raise ValueError(f"{name}={value!r} must be one of {', '.join(allowed)}")
        if max_time is None and max_eval is None:
            raise ValueError("max_time=None and max_eval=None: the search might never end; set one (math.inf: none)")
        if max_time is not None and (isinstance(max_time, (str, bool)) or not max_time >= 0):
            raise ValueError(f"max_time={max_time!r} must be a number >= 0")
        readable = Readable(table, metric, missing)
        if max_eval is None and max_time != math.inf and not readable.priced:
            raise ValueError(
                f"max_eval=None with max_time={max_time!r}: evaluations of {metric!r} cost no seconds in this table, "
                "so the search might never end; set max_eval"
            )
        corrected, continues = protocol == CORRECTED, training == CONTINUE
        self.protocol = protocol
        self._begin(
            readable,
            Rules(
                UNLIMITED if max_eval is None else check_count("max_eval", max_eval, 0, MAX_EVALUATIONS),
                math.inf if max_time is None else float(max_time),
                corrected,
                continues,
                check_count("n_worker", n_worker, 1, MAX_WORKERS),
                readable.published_accounting if continues and not corrected else CUMULATIVE,
            ),
        )

    def _begin(self, readable: Readable, rules: Rules) -> None:
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
        self._steps: list[tuple[int, int, float, float, int, int]] = []
        self._running: list[tuple[Any, ...]] = []  # a heap by time of finish
        self._ready: deque[Finished] = deque()
        self._refused = self._told = False
        self._grace = 0

    def fresh(self) -> "Simulator":
        """The same simulator before its first evaluation."""
        other = object.__new__(type(self))
        other.protocol = self.protocol
        other._begin(self._readable, self._rules)
        return other

    # What a search may know.

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
    def metrics(self) -> tuple[str, ...]:
        """Every metric that may be read."""
        return tuple(self._readable.metrics)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs at which training-based metrics are known."""
        return self._readable.epochs

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
        self._told = self._told or not self._within()
        return self._told

    @property
    def best(self) -> tuple[tuple[int, ...], float] | None:
        """Genotype and score of the best by the search metric so far."""
        if self._row == NO_ARCH:
            return None
        genotype = tuple(int(g) for g in self.space.decode(self._code))
        return genotype, _own(self._score, self._readable.factor)

    def sample(self, rng: Any) -> int:
        """A uniform valid code; ``rng`` is a NumPy generator."""
        n_code, row_of = self.space.n_code, self.space.row_of
        while True:
            code = int(rng.integers(n_code))
            if row_of(code) != NO_ARCH:
                return code

    # What a search may do.

    def evaluate(
        self,
        architecture: int | str | Sequence[int] | None = None,
        epoch: int | None = None,
        *,
        row: int | None = None,
        metric: str | None = None,
        trial: Any = None,
    ) -> float:
        """Evaluate an architecture and wait for its score.

        Parameters
        ----------
        architecture
            A genotype, shape ``(n_gene,)``, its code, or a string: readable form, hash or digits.
        epoch
            Epochs of training. May be left out for a zero-cost metric, and where the table has the
            12 of the published searches.
        row
            A row of the table in place of ``architecture``.
        metric
            Another metric than the search metric: charged and counted alike, but what is best by it
            is not what the run has found.
        trial
            Names the training that ``training="continue"`` continues; the architecture's by default.

        Returns
        -------
        float
            The score, in the metric's own units and direction; NaN where the table has none.

        Raises
        ------
        BudgetExhausted
            If the budget does not allow it.
        ValueError
            If the architecture is not of the space, or metric or epoch are not in the table, or are
            a test result.
        """
        evaluation = self._start(architecture, epoch, row, metric, trial)
        if not self._running:
            return self._complete(evaluation).score
        heapq.heappush(self._running, evaluation)
        while True:
            finished = self._complete(heapq.heappop(self._running))
            if finished.ticket == evaluation[1]:
                return finished.score
            self._ready.append(finished)

    def submit(
        self,
        architecture: int | str | Sequence[int] | None = None,
        epoch: int | None = None,
        *,
        row: int | None = None,
        metric: str | None = None,
        trial: Any = None,
    ) -> int:
        """Begin an evaluation on a free worker; arguments and errors as of ``evaluate``.

        Returns
        -------
        int
            The ticket that ``wait`` will return.

        Raises
        ------
        ValueError
            Also if no worker is free.
        """
        evaluation = self._start(architecture, epoch, row, metric, trial)
        heapq.heappush(self._running, evaluation)
        return int(evaluation[1])

    def wait(self) -> Finished:
        """The evaluation that finishes next; the clock goes on to that time.

        Raises
        ------
        ValueError
            If nothing is running.
        """
        if self._ready:
            return self._ready.popleft()
        if not self._running:
            raise ValueError("nothing is running: submit() an evaluation before wait()")
        return self._complete(heapq.heappop(self._running))

    @contextmanager
    def step(self) -> Iterator[None]:
        """A step of a search that the published protocol does not interrupt.

        Published local search asks for its budget between sweeps only. Within ``with
        simulator.step():`` a "gecco2024" simulator therefore still makes up to a neighbourhood of
        evaluations after the budget has run out. Under "corrected", and with
        ``training="continue"``, it changes nothing.

        Raises
        ------
        BudgetExhausted
            If the budget is used up before.
        """
        if not self._within():
            self._refuse()
        try:
            self._grace = 0 if self._rules.continues else 1 + sum(c - 1 for c in self.space.cardinality)
            yield
        finally:
            self._grace = 0

    def finish(self) -> None:
        """Wait for everything that is running."""
        while self._running:
            self._ready.append(self._complete(heapq.heappop(self._running)))

    # Accounts.

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
        """Go on to the time at which an evaluation finishes, and keep its score."""
        self._clock, ticket, code, row, view, epochs, score, trial, until = evaluation
        self._epochs += epochs
        if self._rules.continues and epochs:
            self._trained[trial] = view.epochs, until
        if not view.is_main:
            if view.metric not in self._others or score > self._others[view.metric][0]:
                self._others[view.metric] = score, code
        elif score > self._score or self._row == NO_ARCH:
            self._score, self._code, self._row = score, code, row
        self._note(code, row, view, score)
        return Finished(ticket, code, view.epochs, _own(score, view.factor), self._clock)

    def _note(self, code: int, row: int, view: View, score: float) -> None:
        leader = self._code
        if self._row == NO_ARCH and view.metric in self._others:
            leader = self._others[view.metric][1]  # until there is a score of the search metric
        self._seen.add(row if self._key_is_row else code)
        self._steps.append((code, view.epochs, score, self._clock, self._epochs, leader))

    def _refuse(self) -> None:
        self._refused = self._told = True
        raise BudgetExhausted(
            f"the budget (max_eval={self.max_eval}, max_time={self.max_time:g} s) does not allow another evaluation "
            f"after {self._n_eval} evaluations and {self._clock:g} s"
        )

    def record(self) -> Record:
        """The result of the run as it stands, after waiting for everything that is running."""
        self.finish()
        rules = self._rules
        full = self._n_eval > rules.max_eval or (rules.corrected and self._n_eval == rules.max_eval)
        stop = STOP_COMPLETED if not self._told else STOP_EVALUATIONS if full else STOP_TIME
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


def _own(score: float, factor: float) -> float:
    """A score to be maximised, in the metric's own direction."""
    return math.nan if score == -math.inf else score * factor
