"""From a search function to many runs: the loop over runs is here, once.

The loop is compiled for each search, with the search inlined, and kept on disk. It is one Python
function below, given other globals for each search: numba finds it again by its name, and the name
by what the search was compiled from.
"""

import dataclasses
import functools
import types
from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec._jit import CompilationError, error_text, njit, njit_inline
from mfnas_vec._structs import Packed, Struct, kind_of, pack, pack_rows, reader
from mfnas_vec.protocols import OVERSHOOT
from mfnas_vec.search.fidelity import SELECTED_ON_METRIC, Read, as_rungs
from mfnas_vec.search.memory import NO_TRACE, Outcome, Trace, Work, forget, make_outcome, make_work, watched
from mfnas_vec.search.protocols import CORRECTED, GECCO2024, usual
from mfnas_vec.search.rng import seed_run
from mfnas_vec.search.settings import Settings
from mfnas_vec.search.sources import code_digest
from mfnas_vec.search.state import STOP_BY_BUDGET, STOP_EVALUATIONS, STOP_TIME, Budget, Context, epochs_of
from mfnas_vec.spaces import get_space
from mfnas_vec.spaces.arrays import SpaceArrays
from mfnas_vec.tables import dense

#: Protocols that ``usual`` knows.
USUAL = (GECCO2024, CORRECTED)


@njit_inline
def store(outcome, run, budget, state, epochs):
    """Write the result of one run."""
    stop = state.stop
    if stop == STOP_BY_BUDGET:
        full = state.n_eval > budget.max_eval or (budget.rules.budget != OVERSHOOT and state.n_eval == budget.max_eval)
        stop = STOP_EVALUATIONS if full else STOP_TIME
    outcome.code[run] = state.code
    outcome.row[run] = state.row
    outcome.score[run] = state.score
    outcome.seconds[run] = state.spent + state.seconds
    outcome.epochs[run] = epochs
    outcome.evaluations[run] = state.n_before + state.n_eval
    outcome.unique[run] = state.n_unique
    outcome.stop_reason[run] = stop


@njit_inline
def as_given(rules):
    """The rules as they are: none of them is known when code is compiled."""
    return rules


class Given(NamedTuple):
    """What a search is given."""

    space: SpaceArrays
    objective: dense.Rungs
    proxy: dense.Rungs
    budget: Budget
    #: The settings.
    numbers: Any


class Output(NamedTuple):
    """What runs fill, a row each, as kernels write to it."""

    outcome: Packed
    trace: Packed

    @classmethod
    def of(cls, outcome: Outcome, trace: Trace) -> "Output":
        """Of what ``make_outcome`` returned, and a trace or ``NO_TRACE``."""
        rows: Any = outcome.code.base
        return cls(pack_rows(rows), _NO_TRACE if trace is NO_TRACE else pack(trace, writable=True))


_NO_TRACE = pack(NO_TRACE, writable=True)


search: Any = None
settled: Any = None
given_at: Any = None
memory_at: Any = None
outcome_at: Any = None
trace_at: Any = None


def _runs(given, memory, outcome, trace, seed, first_run, first_row, n_run):
    """``n_run`` runs of a seed from ``first_run`` on, each in the same memory; they fill rows from ``first_row`` on."""
    given, work, outcome, trace = given_at(given), memory_at(memory), outcome_at(outcome), trace_at(trace)
    space, objective = given.space, given.objective
    budget = Budget(given.budget.max_eval, given.budget.max_seconds, settled(given.budget.rules))
    price, epochs = objective.seconds[0, 0], objective.epochs[0]
    n_watch = watched(space, work, trace)
    for i in range(n_run):
        run = first_row + i
        seed_run(work.rng, seed, first_run + i)
        ctx = Context(space, objective, given.proxy, budget, work, trace, run, price, epochs, n_watch, False)
        state = search(ctx, given.numbers)
        forget(work, state.n_unique)
        store(outcome, run, budget, state, epochs_of(ctx, state))


@functools.cache
def _memory_kind() -> Struct:
    return kind_of(make_work(get_space("nb201").arrays, 1), writable=True)


@functools.cache
def make_kernel(function: Any, given: Struct, any_rules: bool) -> Any:
    """The compiled loop over runs of a search that is given these types.

    With ``any_rules`` for every protocol, else for ``gecco2024`` and ``corrected`` only, but faster.
    """
    plain = function.py_func
    # Numba finds a kernel by its name alone, so the name says what was compiled.
    digest = code_digest(function, given.name)
    name = f"{plain.__name__}_runs" + ("_by_rules" if any_rules else "") + f"_{digest}"
    own = {
        "search": function,
        "settled": as_given if any_rules else usual,
        "given_at": reader(given),
        "memory_at": reader(_memory_kind()),
        "outcome_at": reader(kind_of(make_outcome(0), writable=True)),
        "trace_at": reader(kind_of(NO_TRACE, writable=True)),
    }
    loop = types.FunctionType(_runs.__code__, globals() | own, name)
    loop.__qualname__ = name
    return njit(loop, keep=digest is not None)


@dataclasses.dataclass(frozen=True)
class Job:
    """A compiled search and its arguments, ready to make any block of runs."""

    kernel: Any
    arguments: Given
    #: Slots of working memory.
    n_place: int
    #: Evaluations that a run makes at most, or about (local search ends its sweep first).
    n_eval_bound: float
    #: (variable, epoch or None) of every score the search reads.
    inputs: tuple[Read, ...]
    #: Metric of ``Outcome.score``, and the factor that makes it a score to be maximised.
    metric: str
    sign: float
    #: Those of ``inputs`` whose price is not charged.
    unpaid: tuple[Read, ...] = ()
    #: Every score and price that the search could read.
    arrays: tuple[Any, ...] = ()
    #: As of ``Inputs``.
    selected_on: str = SELECTED_ON_METRIC
    #: Working memory of blocks that have ended, for those to come: fresh memory is slow at first.
    #: Never handed on by ``dataclasses.replace``: other arguments may need more of it.
    spare: list[Packed] = dataclasses.field(default_factory=list, init=False, repr=False, compare=False)

    @functools.cached_property
    def given(self) -> Packed:
        """The arguments as the kernel reads them."""
        return pack(self.arguments)

    def make_work(self) -> Work:
        """Working memory of a block of runs."""
        return make_work(self.arguments.space, self.n_place, self.n_eval_bound)

    def __call__(self, seed: int, first_run: int, rows: slice, output: Output) -> None:
        """Make runs of a seed from ``first_run`` on, which fill these rows of the output.

        Raises
        ------
        ValueError
            If the search cannot be compiled.
        """
        try:
            work = self.spare.pop()
        except IndexError:  # asked for at once by several threads
            work = pack(self.make_work(), writable=True)
        given = self.given  # held until the kernel is done: words are addresses
        words = given.words, work.words, output.outcome.words, output.trace.words
        try:
            self.kernel(*words, seed, first_run, rows.start, rows.stop - rows.start)
        except CompilationError as error:
            name = self.kernel.py_func.__globals__["search"].py_func.__name__
            raise ValueError(f"the search {name!r} cannot be compiled: {error_text(error)}") from error
        self.spare.append(work)


def make_job(
    function: Any, memory: Callable[[Any, Any], int], settings: Settings, table: xr.Dataset, protocol: str
) -> Job:
    """The job of a search with checked settings on a table."""
    inputs = settings.inputs(table, protocol)
    space = dense.table_space(table).arrays
    numbers = settings.numbers()
    proxy = inputs.objective if inputs.proxy is None else inputs.proxy
    p = namedtuple("Numbers", numbers)(**numbers)
    arguments = Given(space, as_rungs(inputs.objective), as_rungs(proxy), settings.budget(protocol), p)
    return Job(
        make_kernel(settings.search(function), kind_of(arguments), protocol not in USUAL),
        arguments,
        int(memory(space, p)),
        inputs.n_eval,
        inputs.reads,
        inputs.metric,
        dense.sign(table, inputs.metric),
        inputs.unpaid,
        tuple(inputs.arrays),
        inputs.selected_on,
    )
