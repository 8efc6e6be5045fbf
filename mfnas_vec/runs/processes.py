"""Python searches run by run, in this process or in several."""

import multiprocessing
import pickle
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

import numpy as np

from mfnas_vec.runs.accounts import BudgetExhausted, Record
from mfnas_vec.runs.pool import process_pool
from mfnas_vec.runs.reports import Report, trace_of
from mfnas_vec.runs.simulator import Simulator
from mfnas_vec.runs.threads import Progress
from mfnas_vec.search.state import STOP_FAILED
from mfnas_vec.spaces import NO_ARCH

#: A search in Python: it is given a simulator, a generator of its own, and its settings.
SimulatedSearch = Callable[..., object]

#: Blocks of runs per process: enough for them to end together.
BLOCKS_PER_PROCESS = 8

_DIED = "the process of this run died: it was killed, crashed, or ran out of memory"


class SimulatedWork(NamedTuple):
    """What every run is given."""

    search: SimulatedSearch
    #: A simulator before its first evaluation.
    simulator: Simulator
    settings: Mapping[str, Any]
    seed: int
    #: Whether steps are kept.
    keep: bool


def run_stream(seed: int, run: int) -> np.random.Generator:
    """The generator of one run of a seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(run,))))


def run_once(work: SimulatedWork, run: int) -> Report:
    """Make one run; a failure is reported, not raised."""
    simulator, failure = work.simulator.fresh(), ""
    try:
        work.search(simulator, run_stream(work.seed, run), **work.settings)
    except Exception as error:
        if not _is_end(error):
            failure = traceback.format_exc()
    record = simulator.record()
    if failure:
        record = record._replace(code=NO_ARCH, row=NO_ARCH, score=-np.inf, stop_reason=STOP_FAILED)
    return Report(record, trace_of(simulator) if work.keep else (), simulator.reads, failure)


def _is_end(error: BaseException | None) -> bool:
    """Whether the budget ended the search; libraries may have wrapped that in errors of their own."""
    while error is not None and not isinstance(error, BudgetExhausted):
        error = error.__cause__ or error.__context__
    return error is not None


def make_runs(work: SimulatedWork, runs: Sequence[int], workers: int, progress: Progress | None) -> list[Report]:
    """Make some runs; their reports in the same order.

    Raises
    ------
    ValueError
        If the search cannot be sent to other processes.
    """
    if min(workers, len(runs)) <= 1 or multiprocessing.current_process().daemon:
        reports = []
        for run in runs:
            reports.append(run_once(work, run))
            if progress is not None:
                progress(1)
        return reports
    work.simulator._readable.load()
    size = max(1, len(runs) // (workers * BLOCKS_PER_PROCESS))
    blocks = [tuple(runs[i : i + size]) for i in range(0, len(runs), size)]
    made: dict[int, Report] = {}

    def keep(block: Sequence[int], reports: Iterable[Report]) -> None:
        made.update(zip(block, reports, strict=True))
        if progress is not None:
            progress(len(block))

    lost = _in_pool(work, blocks, workers, keep)
    # A process died, and all blocks with it that had not ended: each once more by itself, to find the run.
    for run in [run for block in lost for run in block]:
        if _in_pool(work, [(run,)], 1, keep):
            record = Record(NO_ARCH, NO_ARCH, -np.inf, 0.0, 0, 0, 0, STOP_FAILED)
            keep((run,), [Report(record, (), (), _DIED)])
    return [made[run] for run in runs]


def _in_pool(
    work: SimulatedWork,
    blocks: Sequence[tuple[int, ...]],
    workers: int,
    keep: Callable[[Sequence[int], list[Report]], None],
) -> list[tuple[int, ...]]:
    """Make blocks in processes; those that were lost because a process died."""
    lost = []
    with process_pool(workers, _begin, (work,)) as pool:
        try:
            waiting = {pool.submit(_block, block): block for block in blocks}
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(f"search={work.search!r} cannot be sent to other processes ({error}): workers=1") from None
        for future in as_completed(waiting):
            try:
                keep(waiting[future], future.result())
            except BrokenProcessPool:
                lost.append(waiting[future])
    return sorted(lost)


_work: SimulatedWork | None = None


def _begin(work: SimulatedWork) -> None:
    global _work
    _work = work


def _block(runs: Sequence[int]) -> list[Report]:
    if _work is None:
        raise RuntimeError("the process has not begun")
    return [run_once(_work, run) for run in runs]
