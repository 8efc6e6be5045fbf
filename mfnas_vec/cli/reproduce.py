"""The command ``reproduce``: arguments and action."""

import argparse
import contextlib
import time
from typing import Any

from mfnas_vec.cli.arguments import (
    add_problems_option,
    add_run_arguments,
    add_tables_option,
    names_of,
    run_values,
    tables_of,
)
from mfnas_vec.cli.catalogue import OPTIMIZERS, PROBLEMS

_EPILOG = """\
Runs a published grid of searches (--paper mf-nas: mfnas sweep paper/main) and prints the published numbers
vs. those of this run. A verdict respects provenance: on modelled values nothing is called reproduced.

--paper mf-nas: MF-NAS with three zero-cost metrics, and six baselines, with their published settings
(protocol gecco2024). --paper r-mf-nas: best, worst and mean of MF-NAS and R-MF-NAS over all zero-cost
metrics and numbers of candidates (protocol head2025, in which test results choose the answers).

--out writes a folder: results.zarr (a store as of mfnas sweep), table.csv and table.md.

examples:
  mfnas reproduce
  mfnas reproduce --problems nb201-cifar10,nb201-cifar100 --optimizers MF-NAS --n_run 2000 --seed 1
  mfnas reproduce --out paper
  mfnas reproduce --paper r-mf-nas
  mfnas reproduce --paper r-mf-nas --protocol corrected
  mfnas reproduce --problems nb201-cifar10 --tables my_measured_cifar10.zarr
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reproduce",
        help="run the published table and compare with the published numbers",
        description="Run the published table and compare with the published numbers.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--paper", choices=("mf-nas", "r-mf-nas"), default="mf-nas", help="whose table (default mf-nas)"
    )
    add_problems_option(parser, "some of " + ", ".join(PROBLEMS) + " (default: all)", PROBLEMS)
    parser.add_argument("--optimizers", metavar="NAME,...", help="some of " + ", ".join(OPTIMIZERS) + " (default: all)")
    add_run_arguments(parser)
    parser.set_defaults(protocol=None)
    add_tables_option(parser, "tables of your own, each in place of that of the same name")
    parser.add_argument("--out", metavar="DIR", help="write results.zarr, table.csv and table.md")
    parser.add_argument("--overwrite", action="store_true", help="replace the results at --out")
    parser.set_defaults(act=run_reproduce)


def run_reproduce(args: argparse.Namespace) -> None:
    """``mfnas reproduce``."""
    begun = time.perf_counter()
    from mfnas_vec.published.reproduce import check_tables, paper_grid
    from mfnas_vec.published.robust import configurations, robustness_grid
    from mfnas_vec.report import reproduction, robustness
    from mfnas_vec.report.progress import sweep_bar
    from mfnas_vec.report.sheet import csv_text, document
    from mfnas_vec.runs.store import RESULTS, results_folder
    from mfnas_vec.sweeps.sweep import sweep
    from mfnas_vec.tables.store import open_table

    problems, optimizers = names_of("--problems", args.problems), names_of("--optimizers", args.optimizers)
    is_robust = args.paper == "r-mf-nas"
    if is_robust and optimizers is not None:
        raise ValueError(f"--optimizers {args.optimizers} has no effect with --paper r-mf-nas, which compares two")
    report: Any = robustness if is_robust else reproduction
    grid = robustness_grid(problems) if is_robust else paper_grid(problems, optimizers)
    grid = grid.with_values(**run_values(args))
    paths, embedded = tables_of(args.tables)
    tables = [open_table(path) for path in paths]
    check_tables(grid, tables)
    with contextlib.ExitStack() as work:
        folder = None if args.out is None else work.enter_context(results_folder(args.out, overwrite=args.overwrite))
        with sweep_bar(grid.title) as progress:
            tree = sweep(
                grid,
                folder and folder / RESULTS,
                tables=tables,
                embedded=embedded,
                n_thread=args.threads,
                progress=progress,
            )
        results = [node.to_dataset() for node in tree.children.values()]
        n_search = sum(int(result["exists"].sum()) for result in results) * grid.n_run
        if is_robust:
            results = [configurations(result) for result in results]
        sheets = [report.sheet(result) for result in results]
        if folder is not None:
            records = [record for result in results for record in report.records(result)]
            (folder / "table.csv").write_text(csv_text(records), encoding="utf-8")
            (folder / "table.md").write_text(document(report.TITLE, report.LEGEND, sheets), encoding="utf-8")
    print("".join(f"{sheet.text()}\n\n" for sheet in sheets) + f"  {report.LEGEND}")
    print(f"  {n_search:,} searches in {time.perf_counter() - begun:.2f} s")
    if args.out is not None:
        print(f"  written to {args.out}")
