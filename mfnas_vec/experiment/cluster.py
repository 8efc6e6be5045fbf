"""Blocks of a sweep on Dask workers (extra ``cluster``)."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mfnas_vec.experiment.blocks import Task, make_block_at
from mfnas_vec.experiment.run import Progress

if TYPE_CHECKING:
    from distributed import Client

#: Times that a failed block is tried again, and that a block may outlive its worker's death.
RETRIES = 3
MAX_DEATHS = 100
#: Blocks handed out per thread of the workers; the rest waits here.
BLOCKS_PER_THREAD = 20
CONNECT_SECONDS = 20


@contextlib.contextmanager
def _client(scheduler: str | None, workers: int | None) -> Iterator["Client"]:
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
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": MAX_DEATHS}),
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def run_on_dask(
    tasks: Iterable[Task],
    path: str,
    options: str,
    *,
    scheduler: str | None,
    workers: int | None,
    progress: Progress | None,
) -> None:
    """Make all tasks on the workers of a scheduler, or of ``workers`` processes of this machine.

    Dask starts blocks of lost workers anew elsewhere; a block made twice is the same bytes twice.

    Raises
    ------
    ValueError
        If Dask is not installed, the scheduler is not there, or a block fails again and again.
    """
    waiting = iter(tasks)
    with _client(scheduler, workers) as client:
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        n_thread = sum(client.nthreads().values()) or 1

        def submit(task: Task) -> Any:
            return client.submit(make_block_at, path, options, task, pure=False, retries=RETRIES)

        futures = [submit(task) for task in itertools.islice(waiting, n_thread * BLOCKS_PER_THREAD)]
        done = as_completed(futures, loop=client.loop)
        try:
            for future in done:
                n_run = future.result()
                if progress is not None:
                    progress(n_run)
                future.release()
                for task in itertools.islice(waiting, 1):
                    done.add(submit(task))
        except KilledWorker as error:
            raise ValueError(f"a block lost its worker again and again: {error}") from None
