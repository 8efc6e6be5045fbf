"""What compiled searches fill and write to: outcomes, traces, working memory."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec._structs import alone
from mfnas_vec.search.lookup import key_of
from mfnas_vec.search.ranking import Top, make_top
from mfnas_vec.spaces.arrays import SpaceArrays

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

#: A number of evaluations that is never reached.
UNLIMITED = np.iinfo(np.int64).max

#: Neighbouring words that are cleared in the time of one word elsewhere.
WORDS_PER_VISIT = 8
#: Slots for the distinct architectures of a run whose number of evaluations is not known.
POOL = 2**24


class Outcome(NamedTuple):
    """The result of every run; a search writes only to the places of its own runs."""

    code: IntArray  # [run]
    row: IntArray  # [run]
    score: FloatArray  # [run], to be maximised
    seconds: FloatArray  # [run]
    epochs: IntArray  # [run]
    evaluations: IntArray  # [run]
    unique: IntArray  # [run]
    stop_reason: IntArray  # [run]


class Trace(NamedTuple):
    """Every evaluation of every run."""

    code: npt.NDArray[np.int32]  # [run, step]
    fidelity: npt.NDArray[np.int32]  # [run, step], epochs of the metric read; 0: zero-cost
    score: FloatArray  # [run, step], to be maximised
    seconds: FloatArray  # [run, step], cumulative
    epochs: IntArray  # [run, step], cumulative
    incumbent: npt.NDArray[np.int32]  # [run, step], code


class Work(NamedTuple):
    """Memory of one block of runs, allocated once and used by one run after another.

    A search finds there what the run before it left. ``slot`` is what the optimizer declares with
    ``memory``; the other sizes follow from the space.
    """

    rng: npt.NDArray[np.uint64]  # [3]
    seen: npt.NDArray[np.uint64]  # [key / 64], bit set of the architectures seen; all 0 between runs
    words: npt.NDArray[np.int32]  # [pool], words of `seen` that hold them, in order of evaluation
    pool: npt.NDArray[np.int32]  # [pool], their codes
    genes: IntArray  # [gene]
    order: IntArray  # [gene], positions in the order a sweep takes them, last first
    variants: IntArray  # [variant]
    rows: IntArray  # [variant]
    codes: IntArray  # [slot], codes of a population
    candidates: IntArray  # [slot], row * 2**32 + code of the candidates of a halving
    values: FloatArray  # [slot], scores of a population, or what candidates were charged
    marks: npt.NDArray[np.uint8]  # [slot], members of a tournament
    places: IntArray  # [slot], the order of a rung
    latest: FloatArray  # [slot], last scores of the candidates of a halving
    top: Top  # [slot], the best of a stage or of a rung
    hint: FloatArray  # [1], infinite at first: what may make later runs faster, but changes no number


def make_outcome(n_run: int) -> Outcome:
    """Arrays for the results of ``n_run`` runs: the rows of one array, in order, so that ``pack_rows`` applies."""
    block = np.zeros((len(Outcome._fields), n_run), np.int64)
    numbers = block.view(np.float64)
    code, row, _, _, epochs, evaluations, unique, stop = block
    return Outcome(code, row, numbers[2], numbers[3], epochs, evaluations, unique, stop)


def make_trace(n_run: int, n_step: int) -> Trace:
    """Arrays for ``n_step`` evaluations of each run; unused slots keep code -1 and NaN."""
    shape = (n_run, n_step)
    return Trace(
        np.full(shape, -1, np.int32),
        np.zeros(shape, np.int32),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.zeros(shape, np.int64),
        np.full(shape, -1, np.int32),
    )


#: Where no trace is wanted.
NO_TRACE = make_trace(0, 0)


def make_work(space: SpaceArrays, n_slot: int, n_eval: float = np.inf) -> Work:
    """Working memory for one block of runs of a space.

    Parameters
    ----------
    space
        The space.
    n_slot
        Slots that the search declares.
    n_eval
        Evaluations of a run at most, or about; in large spaces no more than these are kept in order.
    """
    n_gene = space.cardinality.size
    widest = int(space.cardinality.max()) ** 2
    n_key = space.n_arch if space.key_is_row else space.n_code
    n_pool = int(min(n_key, max(POOL, n_eval))) + 1
    work = Work(
        rng=alone(3, np.uint64),
        seen=alone((n_key + 63) // 64, np.uint64),
        words=alone(n_pool, np.int32),
        pool=alone(n_pool, np.int32),
        genes=alone(n_gene, np.int64),
        order=alone(n_gene, np.int64),
        variants=alone(widest, np.int64),
        rows=alone(widest, np.int64),
        codes=alone(n_slot, np.int64),
        candidates=alone(n_slot, np.int64),
        values=alone(n_slot, np.float64),
        marks=alone(n_slot, np.uint8),
        places=alone(n_slot, np.int64),
        latest=alone(n_slot, np.float64),
        top=make_top(n_slot),
        hint=alone(1, np.float64),
    )
    work.hint[:] = np.inf
    return work


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
def watched(space, work, trace):
    """Evaluations to watch: those of a trace, or all where memory has too few slots for all architectures."""
    n_key = space.n_arch if space.key_is_row else space.n_code
    return UNLIMITED if work.pool.size <= n_key else trace.code.shape[1]


@njit_inline
def visit(space, work, n_unique, code, row):
    """Note an architecture that is evaluated; returns 1 if it is new, else 0.

    It is appended to ``work.pool`` without an unpredictable branch: the next one overwrites it if it is not new.
    """
    key = np.uint64(key_of(space, code, row))
    word = key >> np.uint64(6)
    bit = np.uint64(1) << (key & np.uint64(63))
    old = work.seen[word]
    work.seen[word] = old | bit
    place = np.uint64(n_unique)
    work.words[place] = np.int32(word)
    work.pool[place] = np.int32(code)
    return np.int64((old & bit) == 0)


@njit_inline
def is_seen(space, work, code, row):
    """Whether the run has evaluated the architecture."""
    key = np.uint64(key_of(space, code, row))
    return (work.seen[key >> np.uint64(6)] >> (key & np.uint64(63))) & np.uint64(1) != np.uint64(0)


@njit_inline
def forget(work, n_unique):
    """Empty the set of architectures seen: all of it, or only the words that few of them are in."""
    if WORDS_PER_VISIT * n_unique > work.seen.size:
        work.seen[:] = 0
    else:
        for i in range(n_unique):
            work.seen[np.uint64(work.words[i])] = 0
