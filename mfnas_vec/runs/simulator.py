"""One run of a search in Python: it asks for scores, and is charged as a compiled search is."""

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import xarray as xr

from mfnas_vec.runs.accounts import CONTINUE, RESTART, TRAINING, Accounts, Finished, Rules
from mfnas_vec.runs.readable import Readable
from mfnas_vec.runs.reports import Report, result_of, settings_of, trace_of
from mfnas_vec.runs.run import check_count
from mfnas_vec.search import CORRECTED, GECCO2024
from mfnas_vec.search.memory import UNLIMITED
from mfnas_vec.search.settings import MAX_EVALUATIONS
from mfnas_vec.spaces.arrays import NO_ARCH
from mfnas_vec.spaces.base import ARCHITECTURES
from mfnas_vec.tables.coverage import REFUSE
from mfnas_vec.tables.dense import CUMULATIVE

#: Most workers of a simulation.
MAX_WORKERS = 100_000


class Simulator(Accounts):
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
        for name, value, allowed in (("protocol", protocol, (GECCO2024, CORRECTED)), ("training", training, TRAINING)):
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
        super().__init__(
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

    def fresh(self) -> Self:
        """The same simulator before its first evaluation."""
        other = object.__new__(type(self))
        Accounts.__init__(other, self._readable, self._rules)
        return other

    def declare(self, reads: Sequence[tuple[str, int | None]]) -> None:
        """Allow to read nothing but some (metric, epochs); ``None`` for a zero-cost metric."""
        self._readable.declare(reads)

    def sample(self, rng: Any) -> int:
        """A valid code, uniform as the space says; ``rng`` is a NumPy generator."""
        space = self.space
        if space.sampling == ARCHITECTURES:
            return int(space.arch_code[rng.integers(space.n_arch)])
        while True:
            code = int(rng.integers(space.n_code))
            if space.row_of(code) != NO_ARCH:
                return code

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
            Another metric than the search metric: charged and counted in the same way, but what is best by it
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
        while (finished := self._complete_next()).ticket != evaluation[1]:
            self._ready.append(finished)
        return finished.score

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
        """The evaluation that finishes next; the clock advances to that time.

        Raises
        ------
        ValueError
            If nothing is running.
        """
        if self._ready:
            return self._ready.popleft()
        if not self._running:
            raise ValueError("nothing is running: submit() an evaluation before wait()")
        return self._complete_next()

    def evaluate_all(
        self,
        architectures: Iterable[int | str | Sequence[int]],
        epoch: int | None = None,
        *,
        metric: str | None = None,
        trials: Iterable[Any] | None = None,
    ) -> list[float]:
        """Evaluate several architectures, on all workers, and wait for all of them.

        Parameters
        ----------
        architectures
            Each as of ``evaluate``; they are begun in this order.
        epoch, metric, trials
            As of ``evaluate``; ``trials`` has the ``trial`` of each.

        Returns
        -------
        list of float
            Scores in the order of the architectures.

        Raises
        ------
        BudgetExhausted, ValueError
            As of ``evaluate``.
        """
        trials = itertools.repeat(None) if trials is None else iter(trials)
        scores: dict[int, float] = {}  # by ticket
        others: list[Finished] = []

        def complete() -> None:
            finished = self._complete_next()
            if finished.ticket in scores:
                scores[finished.ticket] = finished.score
            else:
                others.append(finished)

        for architecture in architectures:
            while not self.n_free:
                complete()
            scores[self.submit(architecture, epoch, metric=metric, trial=next(trials))] = math.nan
        while any(running[1] in scores for running in self._running):
            complete()
        self._ready.extend(others)
        return list(scores.values())

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

    def result(self, name: str = "search", *, seed: int = 0, run: int = 0) -> xr.Dataset:
        """The run as it stands, as a result of one run with its trace.

        Parameters
        ----------
        name
            What the search is called.
        seed, run
            What the result says of the stream that the search drew from.

        Returns
        -------
        xarray.Dataset
            As of ``run`` with ``trace=True``.
        """
        report = Report(self.record(), trace_of(self), self.reads, "")
        return result_of(name, self, [report], settings_of(self, {}), seed=seed, first_run=run, trace=True)
