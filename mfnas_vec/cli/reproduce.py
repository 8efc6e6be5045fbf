"""The command ``reproduce``: arguments and action."""

import argparse
import time
from typing import TYPE_CHECKING, Any

from mfnas_vec.cli.arguments import add_run_arguments, names_of, spelled_list, tables_of
from mfnas_vec.cli.catalogue import OPTIMIZERS, PROBLEMS

if TYPE_CHECKING:
    import xarray as xr

_EPILOG = """\
Runs a published table and prints the published numbers beside those found here. A verdict respects
provenance: on modelled values nothing is called reproduced.

--paper mf-nas: MF-NAS with three zero-cost metrics, and six baselines, with their published settings
(protocol gecco2024). --paper r-mf-nas: best, worst and mean of MF-NAS and R-MF-NAS over all zero-cost
metrics and numbers of candidates (protocol head2025, in which test results choose the answers).

--out writes a folder: results.zarr (one group per problem, xarray.open_datatree reads it),
table.csv and table.md.

examples:
  mfnas reproduce
  mfnas reproduce --problems nb201-cifar10,nb201-cifar100 --optimizers MF-NAS --n_run 2000 --seed 1
  mfnas reproduce --out paper
  mfnas reproduce --paper r-mf-nas
  mfnas reproduce --paper r-mf-nas --protocol corrected
  mfnas reproduce --problems nb201-cifar10 --tables my_measured_cifar10.zarr
"""


def add_reproduce(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "reproduce",
        help="run the published table and compare with the published numbers",
        description="Run the published table and compare with the published numbers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--paper", choices=("mf-nas", "r-mf-nas"), default="mf-nas", help="whose table (default mf-nas)"
    )
    parser.add_argument(
        "--problems",
        type=spelled_list(PROBLEMS),
        metavar="NAME,...",
        help="some of " + ", ".join(PROBLEMS) + " (default: all)",
    )
    parser.add_argument("--optimizers", metavar="NAME,...", help="some of " + ", ".join(OPTIMIZERS) + " (default: all)")
    add_run_arguments(parser)
    parser.set_defaults(protocol=None)
    parser.add_argument(
        "--tables",
        nargs="+",
        default=[],
        metavar="PATH",
        help="tables of your own, each in place of that of the same name; 'embedded': no imported table",
    )
    parser.add_argument("--out", metavar="DIR", help="write results.zarr, table.csv and table.md")
    parser.add_argument("--overwrite", action="store_true", help="replace the results at --out")
    parser.set_defaults(act=run_reproduce)


def run_reproduce(args: argparse.Namespace) -> None:
    """``mfnas reproduce``."""
    if args.paper == "r-mf-nas":
        _reproduce_robustness(args)
        return
    begun = time.perf_counter()
    from mfnas_vec.published.reproduce import problem_tables, reproduce, select_entries, select_problems
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.reproduction import LEGEND, csv_text, markdown, problem_text, timing_text
    from mfnas_vec.runs.store import check_folder, write_results
    from mfnas_vec.tables.store import open_table

    imported = time.perf_counter()
    problems = select_problems(names_of("--problems", args.problems))
    entries = select_entries(names_of("--optimizers", args.optimizers))
    if args.out is not None:
        check_folder(args.out, overwrite=args.overwrite)
    paths, embedded = tables_of(args.tables)
    tables = problem_tables(problems, [open_table(path) for path in paths], embedded=embedded)
    opened = time.perf_counter()
    results: dict[str, xr.Dataset] = {}
    with ProgressBar(args.n_run * len(entries) * len(problems), "the published table") as progress:
        grid = reproduce(
            # Compiling takes memory, too: it happens with the first, smallest table.
            dict(sorted(tables.items(), key=lambda item: item[1].sizes["arch"])),
            entries,
            n_run=args.n_run,
            seed=args.seed,
            protocol=args.protocol or "gecco2024",
            missing=args.missing,
            n_thread=args.threads,
            progress=progress if progress.watched else None,
        )
        for problem, result in grid:
            results[problem] = result
    results = {problem: results[problem] for problem in problems}
    for result in results.values():
        print(problem_text(result) + "\n")
    print(f"  {LEGEND}")
    ran = time.perf_counter()
    if args.out is not None:
        texts = {"table.csv": csv_text(results.values()), "table.md": markdown(results.values())}
        write_results(results, texts, args.out, overwrite=args.overwrite)
    done = time.perf_counter()
    parts = {"imports": imported - begun, "opening tables": opened - imported, "writing": done - ran}
    print(f"  {timing_text(results, done - begun, parts)}")
    if args.out is not None:
        print(f"  written to {args.out}")


def _reproduce_robustness(args: argparse.Namespace) -> None:
    """``mfnas reproduce --paper r-mf-nas``."""
    begun = time.perf_counter()
    from mfnas_vec.published.reproduce import problem_tables, select_problems
    from mfnas_vec.published.robust import n_search, run_configurations
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.robustness import LEGEND, csv_text, markdown, problem_text
    from mfnas_vec.runs.store import check_folder, write_results
    from mfnas_vec.tables.store import open_table

    if args.optimizers is not None:
        raise ValueError(f"--optimizers {args.optimizers} has no effect with --paper r-mf-nas, which compares two")
    problems = select_problems(names_of("--problems", args.problems))
    if args.out is not None:
        check_folder(args.out, overwrite=args.overwrite)
    paths, embedded = tables_of(args.tables)
    tables = problem_tables(problems, [open_table(path) for path in paths], embedded=embedded)
    results: list[xr.Dataset] = []
    total = n_search(tables)
    with ProgressBar(args.n_run * total, "all configurations") as progress:
        for problem, table in tables.items():
            results.append(
                run_configurations(
                    problem,
                    table,
                    n_run=args.n_run,
                    seed=args.seed,
                    protocol=args.protocol or "head2025",
                    missing=args.missing,
                    n_thread=args.threads,
                    progress=progress if progress.watched else None,
                )
            )
    for result in results:
        print(problem_text(result) + "\n")
    print(f"  {LEGEND}")
    if args.out is not None:
        texts = {"table.csv": csv_text(results), "table.md": markdown(results)}
        by_problem = {str(result.attrs["problem"]): result for result in results}
        write_results(by_problem, texts, args.out, overwrite=args.overwrite)
    print(f"  {total * args.n_run:,} searches in {time.perf_counter() - begun:.2f} s")
    if args.out is not None:
        print(f"  written to {args.out}")
