"""The limit: what a search costs at least, as a loop that does nothing but the least of it.

Per evaluation the loop does three things, and nothing else:

1. it draws one random number of 64 bits with the kernels' own generator (``search/rng.py``);
2. it makes one *dependent* read of an array of as many 8-byte entries as the problem's table has
   rows: the place of the read is the upper half of ``random number XOR value read before``, scaled
   to the size of the array by a multiplication and a shift, so that no read can start before the
   one before it has ended;
3. it writes one entry of a history (the place read, int32, as kernels keep their pool).

Each run seeds its own generator and writes one result. Runs are cut into blocks and given to
threads by the code that does so for kernels. Together the runs make exactly as many evaluations as
those of the kernel that is compared, each run its equal share.

It is no lower bound in the strict sense: a search whose next read does not depend on the last one
(random search) can overlap its reads, and be faster.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec._jit import njit
from mfnas_vec.runs.run import PreparedSearch
from mfnas_vec.search.memory import Outcome
from mfnas_vec.search.rng import high_half, next_bits, seed_run
from mfnas_vec.search.runner import Job, Output

#: Seconds that calls in a row take together at least: a shorter time is not only theirs, but that of fetching the code
#: of the call itself, which other code has displaced meanwhile, and of waking a second processor.
LEAST_SECONDS = 20e-3
#: Odd multiplier that fills the array with bits of no pattern (2**64 over the golden ratio).
_FILL = 0x9E3779B97F4A7C15


def seconds_of(call: Callable[[], object]) -> float:
    """Wall seconds of a call: the mean of as many in a row as take ``LEAST_SECONDS``."""
    begun, n_call, seconds = time.perf_counter(), 0, 0.0
    while seconds < LEAST_SECONDS:
        call()
        n_call += 1
        seconds = time.perf_counter() - begun
    return seconds / n_call


@njit
def limit_runs(values, history, rng, n_eval, n_all, seed, first_run, first_row, n_run, last):
    """``n_run`` runs from ``first_run`` on, of ``n_all`` that make ``n_eval`` evaluations together.

    ``values``: uint64, read from. ``history``: int32, with slots for the evaluations of one run.
    ``rng``: uint64, shape ``(3,)``. ``last``: int64, where rows from ``first_row`` on are filled with the
    last place each run read.
    """
    size = np.uint64(values.size)
    shift = np.uint64(32)
    for run in range(n_run):
        i = first_run + run
        seed_run(rng, seed, i)
        place = np.uint64(0)
        value = np.uint64(0)
        for step in range((i + 1) * n_eval // n_all - i * n_eval // n_all):
            place = (high_half(next_bits(rng) ^ value) * size) >> shift
            value = values[place]
            history[np.uint64(step)] = np.int32(place)
        last[first_row + run] = np.int64(place)


@dataclasses.dataclass(frozen=True)
class LimitJob(Job):
    """The limit in the place of a kernel; ``arguments`` are values, evaluations and runs in all."""

    def __call__(self, seed: int, first_run: int, rows: slice, output: Output) -> None:
        """Make runs from ``first_run`` on; the last place each read goes to these rows of ``Outcome.row``."""
        arguments: Any = self.arguments
        values, n_eval, n_all = arguments
        history = np.zeros(n_eval // n_all + 1, np.int32)
        rng = np.zeros(3, np.uint64)
        (block,) = output.outcome.arrays
        last = block[Outcome._fields.index("row")]
        limit_runs(values, history, rng, n_eval, n_all, seed, first_run, rows.start, rows.stop - rows.start, last)


class Limit:
    """The limit of a problem, ready to run again and again.

    Parameters
    ----------
    n_arch
        Rows of the problem's table.
    n_eval
        Evaluations of all runs together.
    n_run
        Number of runs.
    """

    def __init__(self, n_arch: int, n_eval: int, n_run: int) -> None:
        values: npt.NDArray[np.uint64] = np.arange(n_arch, dtype=np.uint64) * np.uint64(_FILL)
        arguments: Any = values, n_eval, n_run
        job = LimitJob(limit_runs, arguments, 0, n_eval / n_run, (), "", 1.0)
        unused: Any = None
        self._search = PreparedSearch(unused, xr.Dataset(), {}, job)
        self.n_run = n_run

    def places(self, seed: int = 0, n_thread: int = 1) -> npt.NDArray[np.int64]:
        """The last place that each run read, shape ``(n_run,)``."""
        return self._search.runs(seed, 0, self.n_run, n_thread).row

    def seconds(self, n_thread: int, seed: int = 0) -> float:
        """Wall seconds of all runs, compiled before if they were run before."""
        return seconds_of(lambda: self.places(seed, n_thread))
