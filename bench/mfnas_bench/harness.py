"""The harness: every optimizer on every problem, for several numbers of runs and threads."""

import dataclasses
import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import xarray as xr

from mfnas_bench.limit import Limit
from mfnas_bench.machine import describe, load_average
from mfnas_bench.measure import kernel_seconds, reference, spread
from mfnas_bench.processes import measure_processes
from mfnas_bench.targets import judge, judge_commands
from mfnas_vec.cli.catalogue import OPTIMIZERS
from mfnas_vec.runs.run import PreparedSearch, check_count, check_threads, prepare
from mfnas_vec.runs.threads import available_threads
from mfnas_vec.search import get_optimizer
from mfnas_vec.tables.dense import table_space
from mfnas_vec.tables.store import open_table

PROBLEMS = ("nb201-cifar10", "nbasr", "nb101")
RUNS = (1, 64, 500, 10_000, 100_000)
QUICK_RUNS = (1, 64, 500)
#: The number of runs at which kernels are compared with the reference implementation and the limit.
YARDSTICK_RUNS = 500
REPEATS, QUICK_REPEATS = 15, 3
#: A point is repeated no more after so many seconds of kernels.
POINT_SECONDS, QUICK_POINT_SECONDS = 0.4, 0.1


@dataclasses.dataclass(frozen=True)
class Effort:
    """What is measured, and how long."""

    runs: tuple[int, ...] = RUNS
    threads: tuple[int, ...] = (1,)
    repeats: int = REPEATS
    point_seconds: float = POINT_SECONDS


def make_effort(*, quick: bool, threads: Iterable[int] | None = None, repeats: int | None = None) -> Effort:
    """The effort of a measurement: one, two and all threads by default, those that there are.

    Raises
    ------
    ValueError
        If a number of threads or of repeats is impossible.
    """
    every = available_threads()
    chosen = [check_threads(n) for n in threads] if threads is not None else [1, min(2, every), every]
    most = QUICK_REPEATS if quick else REPEATS
    return Effort(
        QUICK_RUNS if quick else RUNS,
        tuple(sorted(set(chosen))),
        most if repeats is None else check_count("repeats", repeats, 1, 10_000),
        QUICK_POINT_SECONDS if quick else POINT_SECONDS,
    )


@dataclasses.dataclass
class _Point:
    """A number of runs, on every number of threads; seconds of each repeat by threads."""

    n_run: int
    kernel: dict[int, list[float]]
    limit: dict[int, list[float]]
    reference: list[float]
    evaluations: int = 0
    yardstick: Limit | None = None

    def is_done(self, effort: Effort) -> bool:
        # The fastest number of threads decides: slow ones are not to cut the others short.
        times = min(self.kernel.values(), key=sum)
        return bool(times) and (len(times) >= effort.repeats or sum(times) >= effort.point_seconds)


def measure_points(optimizer: str, table: xr.Dataset, effort: Effort) -> list[dict[str, Any]]:
    """All points of an optimizer on a table: each round measures what is not done once, in turn.

    In a round kernels of all numbers of runs and threads, the limit and one run of the reference implementation
    follow each other, so that other load on the machine affects all of them equally. The first round is
    not counted, except where it is long.

    Returns
    -------
    list of dict
        One for each number of runs and of threads: seconds (median, min, max, relative spread),
        searches and evaluations per second, nanoseconds per evaluation; at ``YARDSTICK_RUNS`` the
        limit, the reference implementation and the ratios to both.
    """
    search = prepare(optimizer, table, {})
    run_reference = reference(optimizer, table)
    search.runs(0, 0, 1, 1)  # compiled from here on
    yardstick_runs = max((n for n in effort.runs if n <= YARDSTICK_RUNS), default=min(effort.runs))
    points = [_Point(n, {t: [] for t in effort.threads}, {t: [] for t in effort.threads}, []) for n in effort.runs]
    for point in points:
        _warm(search, point, table_space(table).n_arch, effort, point.n_run == yardstick_runs)
    for repeat in itertools.count():
        left = [point for point in points if not point.is_done(effort)]
        if not left:
            break
        for point in left:
            for n_thread in effort.threads:
                point.kernel[n_thread].append(kernel_seconds(search, point.n_run, n_thread))
                if point.yardstick is not None:
                    point.limit[n_thread].append(point.yardstick.seconds(n_thread))
            if point.yardstick is not None:
                point.reference.append(run_reference(repeat))
    name = str(table.attrs["name"])
    return [_record(point, t, optimizer, name, effort) for point in points for t in effort.threads]


def _warm(search: PreparedSearch, point: _Point, n_arch: int, effort: Effort, is_yardstick: bool) -> None:
    n_thread = max(effort.threads)
    if point.n_run <= max(YARDSTICK_RUNS, min(effort.runs)):
        point.evaluations = int(search.runs(0, 0, point.n_run, n_thread).evaluations.sum())
    else:
        # Too long to be made for this alone: run after run makes about as many.
        few = search.runs(0, 0, YARDSTICK_RUNS, n_thread).evaluations
        point.evaluations = round(float(few.mean()) * point.n_run)
    if is_yardstick:
        point.yardstick = Limit(n_arch, point.evaluations, point.n_run)
        point.yardstick.seconds(n_thread)


def _record(point: _Point, n_thread: int, optimizer: str, problem: str, effort: Effort) -> dict[str, Any]:
    seconds = spread(point.kernel[n_thread])
    record: dict[str, Any] = {
        "optimizer": optimizer,
        "problem": problem,
        "n_thread": n_thread,
        "n_run": point.n_run,
        "evaluations": point.evaluations,
        "n_repeat": len(point.kernel[n_thread]),
        "fewer_repeats": len(point.kernel[n_thread]) < effort.repeats,
        "seconds": seconds,
        "searches_per_second": point.n_run / seconds["median"],
        "evaluations_per_second": point.evaluations / seconds["median"],
        "ns_per_evaluation": 1e9 * seconds["median"] / point.evaluations,
    }
    if 1 in point.kernel and n_thread > 1:
        pairs = zip(point.kernel[1], point.kernel[n_thread], strict=True)
        record["speed_up"] = statistics.median(one / many for one, many in pairs)
    if point.yardstick is not None:
        limits = point.limit[n_thread]
        record["limit_seconds"] = spread(limits)
        record["limit_ns_per_evaluation"] = 1e9 * record["limit_seconds"]["median"] / point.evaluations
        record["ratio_limit"] = statistics.median(k / t for k, t in zip(point.kernel[n_thread], limits, strict=True))
        record["reference_seconds"] = spread(point.reference)
        record["ratio_reference"] = record["reference_seconds"]["median"] * point.n_run / seconds["median"]
    return record


def bench(
    problems: Sequence[str] | None = None,
    optimizers: Sequence[str] | None = None,
    *,
    quick: bool = False,
    effort: Effort | None = None,
    processes: bool = True,
    progress: Callable[[int], object] = lambda _: None,
) -> dict[str, Any]:
    """Measure, and judge the targets.

    Parameters
    ----------
    problems
        Names or paths of tables; ``PROBLEMS`` by default.
    optimizers
        Some of ``OPTIMIZERS``; all by default.
    quick
        Few repeats, at most 500 runs, and no recompilation.
    effort
        As of ``make_effort``, by default.
    processes
        Whether to measure whole processes, too.
    progress
        Called with 1 for every optimizer on a problem, and for every process.

    Returns
    -------
    dict
        ``machine``, ``load_average``, ``points``, ``processes``, ``targets``: ready for JSON.

    Raises
    ------
    ValueError
        If there is no such table or optimizer.
    """
    names = [get_optimizer(name).name for name in (OPTIMIZERS if optimizers is None else optimizers)]
    opened = list(PROBLEMS if problems is None else problems)
    tables = [open_table(name) for name in opened]
    for table in tables:  # what cannot be run is refused before minutes are spent
        for name in names:
            prepare(name, table, {})
    chosen = make_effort(quick=quick) if effort is None else effort
    load = [load_average()]
    points = []
    for table in tables:
        loaded = table.load()
        for name in names:
            points += measure_points(name, loaded, chosen)
            progress(1)
    report: dict[str, Any] = {
        "machine": describe(),
        "quick": quick,
        "repeats": chosen.repeats,
        "threads": list(chosen.threads),
        "points": points,
    }
    if processes:
        # By the names that were given: that of a table at a path opens another one, or none.
        report["processes"] = measure_processes(opened, quick=quick, progress=progress)
    report["load_average"] = {"start": load[0], "end": load_average()}
    report["targets"] = judge(points)
    if processes:
        commands = report["processes"]["commands"]
        report["targets"] += judge_commands({name: found["median"] for name, found in commands.items()})
    return report


def n_step(problems: Sequence[str] | None, optimizers: Sequence[str] | None, *, quick: bool) -> int:
    """How often ``bench`` calls ``progress``."""
    pairs = len(PROBLEMS if problems is None else problems) * len(OPTIMIZERS if optimizers is None else optimizers)
    return pairs + (4 if quick else 8)
