"""What very many searches would take on more cores, from measured constants. Nothing here is measured."""

import math
from typing import Any, NamedTuple

#: Searches of the question.
N_SEARCH = 1_000_000_000
#: Runs of a chunk of a store, and files a chunk of runs is (one for each variable).
RUNS_PER_CHUNK, FILES_PER_CHUNK = 8192, 9
#: Objects a second that an object store takes in one place: an assumption, S3's documented figure.
OBJECTS_PER_SECOND = 3500
#: Bytes that one evaluation moves from memory at most, where nothing is in a cache: three cache lines.
BYTES_PER_EVALUATION = 3 * 64


class Constants(NamedTuple):
    """Measured on one machine, per core."""

    #: Seconds of the kernel, and of assembling and writing the results, per search.
    kernel: float
    writing: float
    #: Seconds of scheduler and client per Dask task.
    task: float
    #: Bytes of results per search in a store.
    stored: float
    #: Evaluations per search.
    evaluations: float


class Estimate(NamedTuple):
    """Seconds of each part, were it alone; the parts overlap, so that the largest decides."""

    workers: float
    scheduler: float
    store: float
    n_task: int
    n_object: int
    n_byte: float
    bandwidth: float
    #: What the cores are busy with most.
    busy: str

    @property
    def seconds(self) -> float:
        """The slowest part."""
        return max(self.workers, self.scheduler, self.store)

    @property
    def bend(self) -> str:
        """Which part that is."""
        return {self.scheduler: "scheduler", self.store: "object store", self.workers: self.busy}[self.seconds]


def on_threads(c: Constants, n_core: int) -> Estimate:
    """One process with threads, a local disk: kernels share the cores, one thread assembles and writes."""
    seconds = N_SEARCH * (c.kernel / n_core + c.writing)
    busy = "one writing thread" if c.writing > c.kernel / n_core else "kernels"
    rate = N_SEARCH * c.evaluations / seconds
    return _estimate(c, workers=seconds, n_task=0, scheduler=0.0, rate=rate, busy=busy)


def on_workers(c: Constants, n_core: int, chunks_per_task: int) -> Estimate:
    """Dask, a process per core, an object store."""
    n_task = math.ceil(N_SEARCH / (RUNS_PER_CHUNK * chunks_per_task))
    # Whole tasks: the last round may leave cores idle.
    rounds = math.ceil(n_task / n_core)
    seconds = rounds * chunks_per_task * RUNS_PER_CHUNK * (c.kernel + c.writing)
    rate = min(n_core, n_task) * c.evaluations / (c.kernel + c.writing)
    busy = "writing" if c.writing > c.kernel else "kernels"
    scheduler = n_task * c.task
    return _estimate(c, workers=seconds, n_task=n_task, scheduler=scheduler, rate=rate, busy=busy, object_store=True)


def _estimate(
    c: Constants, *, workers: float, n_task: int, scheduler: float, rate: float, busy: str, object_store: bool = False
) -> Estimate:
    n_object = math.ceil(N_SEARCH / RUNS_PER_CHUNK) * FILES_PER_CHUNK
    store = n_object / OBJECTS_PER_SECOND if object_store else 0.0
    return Estimate(workers, scheduler, store, n_task, n_object, N_SEARCH * c.stored, rate * BYTES_PER_EVALUATION, busy)


def largest_tasks(n_core: int) -> int:
    """Chunks per task such that every core has about four tasks: few tasks, and no core waits long."""
    return math.ceil(N_SEARCH / (RUNS_PER_CHUNK * 4 * n_core))


def model(constants: dict[str, Constants]) -> list[dict[str, Any]]:
    """Each problem on a node of 64 cores and on 100 such nodes."""
    rows = []
    for problem, c in constants.items():
        cases = [("64 cores, threads of one process", on_threads(c, 64), 64)]
        for n_node in (1, 100):
            n_core = 64 * n_node
            label = f"{n_core:,} cores, Dask, "
            cases.append((label + "tasks of one chunk", on_workers(c, n_core, 1), n_core))
            n = largest_tasks(n_core)
            cases.append((label + f"tasks of {n} chunks", on_workers(c, n_core, n), n_core))
        for title, e, n_core in cases:
            rows.append(
                {"problem": problem, "case": title, "n_core": n_core, "seconds": e.seconds, "bend": e.bend}
                | {k: v for k, v in e._asdict().items()}
            )
    return rows
