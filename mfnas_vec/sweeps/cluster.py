"""Blocks of a sweep on Dask workers (extra ``cluster``)."""

import contextlib
import itertools
import logging
import signal
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mfnas_vec.runs.threads import Progress
from mfnas_vec.sweeps.blocks import Task, make_block_at

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

#: How often a failed block is retried, and how often a block may lose its worker.
RETRIES = 3
MAX_DEATHS = 100
#: Blocks submitted per thread of the workers; the others wait in this process.
BLOCKS_PER_THREAD = 20
CONNECT_SECONDS = 20
#: Seconds between two checks for finished blocks and for an interrupt.
POLL_SECONDS = 0.05
#: Attempts to start the worker processes: one may be killed while it starts.
STARTS = 3


def dask_setup(worker: object) -> None:
    """Dask calls this in each new worker: a terminal sends Ctrl-C to workers, too, which must ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def connect(scheduler: str | None, workers: int | None) -> Iterator["Client"]:
    """A client of a scheduler, or of ``workers`` processes of this machine.

    Raises
    ------
    ValueError
        If Dask is not installed, the scheduler cannot be reached, or processes do not start.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError(f"Dask is needed: pip install 'mfnas-vec[cluster]' ({error})") from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"scheduler={scheduler!r} cannot be reached: {error or type(error).__name__}") from None
        with client:
            yield client
        return
    settings = {"distributed.scheduler.allowed-failures": MAX_DEATHS, "distributed.worker.preload": [__name__]}
    with (
        dask.config.set(settings),
        _start(LocalCluster, workers) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _start(make: "type[LocalCluster]", workers: int | None) -> "LocalCluster":
    # Any free port: without an address Dask takes 8787, and warns where another sweep has it.
    web = {"dashboard_address": "127.0.0.1:0"}
    options = {"threads_per_worker": 1, "processes": True, "silence_logs": logging.CRITICAL} | web
    for _ in range(STARTS):
        try:
            return make(n_workers=workers, **options)
        except RuntimeError as error:  # the cluster has closed itself
            cause = error.__cause__ or error
    raise ValueError(f"workers={workers}: processes do not start: {cause}")


def run_on_dask(client: "Client", tasks: Iterable[Task], path: str, options: str, progress: Progress) -> None:
    """Execute all tasks on the workers of a client.

    Dask re-runs blocks of lost workers on others; a block that is run twice gives the same bytes.
    ``path`` and ``options`` (as JSON) are those of ``open_store``. ``progress`` is called with the number of
    runs finished since the last call, and with 0 while waiting; an exception that it raises ends the work.
    A block that fails repeatedly is a ``ValueError``.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    waiting = iter(tasks)

    def submit(task: Task) -> Any:
        return client.submit(make_block_at, path, options, task, pure=False, retries=RETRIES)

    n_thread = sum(client.nthreads().values()) or 1
    futures = [submit(task) for task in itertools.islice(waiting, n_thread * BLOCKS_PER_THREAD)]
    done = as_completed(futures, loop=client.loop)
    try:
        while not done.is_empty():
            ready = done.next_batch(block=False)
            if not ready:
                progress(0)
                time.sleep(POLL_SECONDS)
            for future in ready:
                progress(future.result())
                future.release()
                for task in itertools.islice(waiting, 1):
                    done.add(submit(task))
    except KilledWorker as error:
        raise ValueError(f"a block lost its worker repeatedly: {error}") from None
