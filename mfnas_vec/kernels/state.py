"""What kernels are given and what they fill: budgets, outcomes, traces, working memory."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec.kernels.lookup import at, key_of
from mfnas_vec.kernels.ranking import Top, make_top
from mfnas_vec.spaces.base import NO_ARCH, SpaceArrays

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Why a run stopped (Outcome.stop_reason).
STOP_TIME = 0  # the budget of seconds is used up
STOP_EVALUATIONS = 1  # the budget of evaluations is used up
STOP_COMPLETED = 2  # every rung of a halving was played
STOP_FAILED = 3  # a search in Python raised an error
STOP_MEANINGS = ("time", "evaluations", "completed", "failed")

#: Neighbouring words that are cleared in the time of one word anywhere.
WORDS_PER_VISIT = 8

#: A budget of evaluations that never ends.
UNLIMITED = np.iinfo(np.int64).max


class Budget(NamedTuple):
    """What a search may spend. ``corrected`` selects the protocol that never overshoots."""

    max_eval: int
    max_seconds: float
    corrected: bool


class Outcome(NamedTuple):
    """The result of every run; a kernel writes only to the places of its own runs."""

    code: IntArray  # [run]
    row: IntArray  # [run]
    score: FloatArray  # [run], to be maximised
    seconds: FloatArray  # [run]
    epochs: IntArray  # [run]
    evaluations: IntArray  # [run]
    unique: IntArray  # [run]
    stop_reason: npt.NDArray[np.int8]  # [run]


class Tally(NamedTuple):
    """The counts of one run so far.

    ``n_before`` evaluations were made by a warm-up, outside the budget of evaluations.
    """

    n_before: int
    n_eval: int
    n_unique: int
    n_pool: int  # distinct architectures among the first max_eval evaluations
    seconds: float


class Best(NamedTuple):
    """The best architecture of a run so far."""

    score: float
    code: int
    row: int


class Trace(NamedTuple):
    """Every evaluation of every run; of shape ``(n_run, 0)`` where no trace is wanted."""

    code: npt.NDArray[np.int32]  # [run, step]
    fidelity: npt.NDArray[np.int32]  # [run, step], epochs of the metric read; 0: zero-cost
    score: FloatArray  # [run, step], to be maximised
    seconds: FloatArray  # [run, step], cumulative
    epochs: IntArray  # [run, step], cumulative
    incumbent: npt.NDArray[np.int32]  # [run, step], code


class Work(NamedTuple):
    """Memory of one block of runs, allocated once."""

    rng: npt.NDArray[np.uint64]  # [3]
    seen: npt.NDArray[np.uint64]  # [key / 64], bit set of the architectures seen; all 0 between runs
    words: npt.NDArray[np.int32]  # [key + 1], words of `seen` that hold them, in order of evaluation
    pool: npt.NDArray[np.int32]  # [key + 1], their codes
    genes: IntArray  # [gene]
    order: IntArray  # [gene], positions in the order a sweep takes them, last first
    variants: IntArray  # [variant]
    rows: IntArray  # [variant]
    codes: IntArray  # [k], codes of a population
    candidates: IntArray  # [k], row * 2**32 + code of the candidates of a halving
    values: FloatArray  # [k], what candidates have paid, or scores of the population
    marks: npt.NDArray[np.uint8]  # [k], members of a tournament
    places: IntArray  # [k], the order of a rung
    top: Top  # [k], the best of a stage or of a rung


def make_outcome(n_run: int) -> Outcome:
    """Room for the results of ``n_run`` runs."""
    codes, rows, epochs, evaluations, unique = (np.zeros(n_run, np.int64) for _ in range(5))
    stop = np.zeros(n_run, np.int8)
    return Outcome(codes, rows, np.zeros(n_run), np.zeros(n_run), epochs, evaluations, unique, stop)


def make_trace(n_run: int, n_step: int) -> Trace:
    """Room for ``n_step`` evaluations of each run; unused places keep code -1 and NaN."""
    shape = (n_run, n_step)
    return Trace(
        np.full(shape, -1, np.int32),
        np.zeros(shape, np.int32),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.zeros(shape, np.int64),
        np.full(shape, -1, np.int32),
    )


def make_work(space: SpaceArrays, n_top: int) -> Work:
    """Working memory for one block of runs of a space; ``n_top`` places in each ranking."""
    n_gene = space.cardinality.size
    widest = int(space.cardinality.max()) ** 2
    n_key = space.n_arch if space.key_is_row else space.n_code
    return Work(
        rng=np.zeros(3, np.uint64),
        seen=np.zeros((n_key + 63) // 64, np.uint64),
        words=np.zeros(n_key + 1, np.int32),
        pool=np.zeros(n_key + 1, np.int32),
        genes=np.zeros(n_gene, np.int64),
        order=np.zeros(n_gene, np.int64),
        variants=np.zeros(widest, np.int64),
        rows=np.zeros(widest, np.int64),
        codes=np.zeros(n_top, np.int64),
        candidates=np.zeros(n_top, np.int64),
        values=np.zeros(n_top),
        marks=np.zeros(n_top, np.uint8),
        places=np.zeros(n_top, np.int64),
        top=make_top(n_top),
    )


@njit_inline
def within(budget, n_eval, seconds):
    """Whether a search may go on: the published rule lets one evaluation too many happen."""
    if budget.corrected:
        return n_eval < budget.max_eval and seconds < budget.max_seconds
    return n_eval <= budget.max_eval and seconds <= budget.max_seconds


@njit_inline
def affordable(budget, n_eval, seconds, price):
    """Whether the next evaluation may happen: asked before each one by the corrected protocol only."""
    return not budget.corrected or (n_eval < budget.max_eval and seconds + price <= budget.max_seconds)


@njit_inline
def why_stopped(budget, n_eval):
    """The budget that ended a search."""
    if n_eval > budget.max_eval or (budget.corrected and n_eval == budget.max_eval):
        return STOP_EVALUATIONS
    return STOP_TIME


@njit_inline
def start_tally():
    """The counts of a run that has not begun."""
    return Tally(0, 0, 0, 0, 0.0)


@njit_inline
def no_best():
    """The best of a run that has found nothing."""
    return Best(-np.inf, NO_ARCH, NO_ARCH)


@njit_inline
def better(best, score, code, row):
    """The best after one more architecture: strictly higher scores win, and anything beats nothing."""
    if score > best.score or best.row < 0:
        return Best(score, code, row)
    return best


@njit_call
def write_step(trace, run, step, code, fidelity, score, seconds, epochs, incumbent):
    """Note one evaluation."""
    trace.code[run, step] = code
    trace.fidelity[run, step] = fidelity
    trace.score[run, step] = score
    trace.seconds[run, step] = seconds
    trace.epochs[run, step] = epochs
    trace.incumbent[run, step] = incumbent


@njit_inline
def record(trace, run, step, code, fidelity, score, seconds, epochs, incumbent):
    """Note one evaluation, where a trace is wanted."""
    if step < trace.code.shape[1]:
        write_step(trace, run, step, code, fidelity, score, seconds, epochs, incumbent)


@njit_inline
def visit(space, work, n_unique, code, row):
    """Note an architecture that is evaluated; returns 1 if it is new, else 0.

    It is appended to ``work.pool``, without a branch that nobody could predict: the next one takes
    its place if it is not new.
    """
    key = np.uint64(key_of(space, code, row))
    word = key >> np.uint64(6)
    bit = np.uint64(1) << (key & np.uint64(63))
    old = work.seen[word]
    work.seen[word] = old | bit
    work.words[np.uint64(n_unique)] = np.int32(word)
    work.pool[np.uint64(n_unique)] = np.int32(code)
    return np.int64((old & bit) == 0)


@njit_inline
def forget(work, n_unique):
    """Empty the set of architectures seen: all of it, or only the words that few of them are in."""
    if WORDS_PER_VISIT * n_unique > work.seen.size:
        work.seen[:] = 0
    else:
        for i in range(n_unique):
            work.seen[np.uint64(work.words[i])] = 0


@njit_inline
def evaluate(space, objective, budget, work, trace, run, tally, best, code, row, price, bare):
    """Look an architecture up and pay its price; returns (score, tally). ``best`` is for the trace.

    ``bare`` promises that there is no trace, so that no test for one is compiled.
    """
    score = at(objective.score, row)
    n_eval = tally.n_eval + 1
    seconds = tally.seconds + price
    n_unique = tally.n_unique + visit(space, work, tally.n_unique, code, row)
    n_pool = n_unique if n_eval <= budget.max_eval else tally.n_pool
    step = tally.n_before + tally.n_eval
    if not bare and step < trace.code.shape[1]:
        incumbent = better(best, score, code, row).code
        write_step(trace, run, step, code, objective.epochs, score, seconds, n_eval * objective.epochs, incumbent)
    return score, Tally(tally.n_before, n_eval, n_unique, n_pool, seconds)


@njit_inline
def store(outcome, run, tally, best, epochs, stop):
    """Write the result of one run."""
    outcome.code[run] = best.code
    outcome.row[run] = best.row
    outcome.score[run] = best.score
    outcome.seconds[run] = tally.seconds
    outcome.epochs[run] = epochs
    outcome.evaluations[run] = tally.n_before + tally.n_eval
    outcome.unique[run] = tally.n_unique
    outcome.stop_reason[run] = stop
