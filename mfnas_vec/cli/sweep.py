"""The command ``sweep``: arguments and action."""

import argparse
import signal
import time
from typing import Any

from mfnas_vec.cli.arguments import (
    add_plugin,
    add_problems_option,
    add_run_arguments,
    add_tables_option,
    names_of,
    run_values,
    tables_of,
)

_EPILOG = """\
A grid is a YAML file: problems (tables), optimizers with settings, a list varies a setting. The
whole grid is checked before anything runs. Without a name, list the shipped grids.

    problems: [nb201-cifar10, nb201-cifar100]
    n_run: 500
    optimizers:
      RS:
      MF-NAS:
        metric_stage1: [params, synflow]
        n_candidate: [32, 64]
      MF-NAS without local search:
        optimizer: MF-NAS
        optimizer_stage1: RS

Whatever stops a sweep, --resume completes it; the store then has the same bytes as one made in one
go. --workers and --scheduler use Dask (pip install 'mfnas-vec[cluster]'); OUT may be a URL of fsspec
(s3://bucket/path).

examples:
  mfnas sweep paper/ablation-zc --out zc.zarr
  mfnas sweep paper/main --problems nb201-cifar10 --n_run 100000 --out big.zarr --dry-run
  mfnas sweep my_grid.yaml --out mine.zarr --workers 8
  mfnas sweep algo.yaml problem.yaml --problems nb201-cifar10 --out published.zarr
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sweep",
        help="run a grid of problems, optimizers and settings",
        description="Run a grid of problems, optimizers and settings into one result store.",
        epilog=_EPILOG,
    )
    parser.add_argument("grid", nargs="*", metavar="GRID", help="a shipped grid or a YAML file")
    parser.add_argument("--out", metavar="PATH|URL", help="the store to write; needed unless --dry-run")
    add_problems_option(parser, "some of the grid's problems (default: all)")
    add_run_arguments(parser, from_grid=True)
    add_tables_option(parser, "tables of your own, each in place of that of the same name")
    parser.add_argument("--dry-run", action="store_true", help="check everything and estimate time, memory and disk")
    parser.add_argument("--resume", action="store_true", help="complete the store at --out")
    parser.add_argument("--workers", type=int, metavar="N", help="run on N processes of this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, e.g. tcp://host:8786")
    parser.add_argument("--block-size", type=int, metavar="RUNS", help="runs per piece of work (default 8192)")
    add_plugin(parser)
    parser.set_defaults(act=run_sweep)


class _Stop:
    """Ctrl-C and SIGTERM: the first takes effect between two blocks, so that none is cut off; the second at once."""

    def __init__(self) -> None:
        self.wanted = False

    def __call__(self, number: int, frame: object) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True

    def __enter__(self) -> "_Stop":
        self._before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def run_sweep(args: argparse.Namespace) -> None:
    """``mfnas sweep``."""
    begun = time.perf_counter()
    from mfnas_vec.report.progress import sweep_bar
    from mfnas_vec.report.sweeping import duration_text, grids_text
    from mfnas_vec.sweeps.grid_files import shipped_grids
    from mfnas_vec.sweeps.sweep import get_grid, sweep

    if not args.grid:
        print(grids_text(shipped_grids()))
        return
    grid = get_grid(args.grid, problems=names_of("--problems", args.problems), **run_values(args))
    if args.dry_run:
        _dry_run(args, grid)
        return
    if not args.out:
        raise ValueError("--out is needed (or --dry-run)")
    tables, embedded = tables_of(args.tables)
    try:
        with _Stop() as stop, sweep_bar(grid.name) as show:

            def progress(done: int, total: int) -> None:
                if stop.wanted:
                    raise KeyboardInterrupt
                show(done, total)

            tree = sweep(
                grid,
                args.out,
                tables=tables,
                embedded=embedded,
                resume=args.resume,
                n_thread=args.threads,
                block_size=args.block_size,
                workers=args.workers,
                scheduler=args.scheduler,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"what is finished is kept; the same command with --resume completes {args.out}"
        ) from None
    n_cell = sum(int(node["exists"].sum()) for node in tree.children.values())
    taken = duration_text(time.perf_counter() - begun)
    combinations = f"{n_cell:,} combination{'s' * (n_cell != 1)}"
    print(f"{grid.title or grid.name}: {combinations} x {grid.n_run:,} runs in {taken}")
    print(f"  written to {args.out} (mfnas info {args.out})")


def _dry_run(args: argparse.Namespace, grid: Any) -> None:
    from mfnas_vec.report.sweeping import estimate_text
    from mfnas_vec.sweeps.estimate import estimate
    from mfnas_vec.sweeps.sweep import check_target, check_work, get_plans

    tables, embedded = tables_of(args.tables)
    threads, _ = check_work(args.threads, args.block_size, args.workers, args.scheduler)
    plans = get_plans(grid, tables, embedded=embedded)
    if args.out:
        check_target(grid, plans, args.out, resume=args.resume)
    found = estimate(plans, grid, threads)
    print(estimate_text(grid, {plan.problem: len(plan.cells) for plan in plans}, found))
