"""The commands on result stores, ``info``, ``compare``, ``export`` and ``report``: arguments and actions."""

import argparse
from typing import Any

from mfnas_vec.cli.options import names_of

EPILOG = """\
Each RESULT is a store that run, reproduce or sweep wrote. All searches in them are compared, on
every problem that all stores have: pair by pair, and across problems by average rank. NAME=PATH
names what is in a store, which is needed where two have searches of the same name. What differs in
the table, in units or in direction is refused.

Runs of different searches are independent samples, those of the same seed, too. Needs scipy
(pip install 'mfnas-vec[analysis]').

examples:
  mfnas compare rs.zarr mf.zarr
  mfnas compare published=mf.zarr corrected=mf_corrected.zarr
  mfnas compare zc.zarr --problems nb201-cifar10 --against RS
"""


def add_results(commands: Any, actions: Any) -> None:
    """Add these commands to the parser."""
    info = commands.add_parser("info", help="what a result store holds, and whether it is complete")
    info.add_argument("result", metavar="RESULT")
    info.set_defaults(act=actions["info"])
    parser = commands.add_parser(
        "compare",
        help="which search is better, by how much, and what cannot be told",
        description="Compare the searches of result stores.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", nargs="+", metavar="[NAME=]RESULT")
    parser.add_argument("--problems", metavar="NAME,...", help="some of the problems (default: those all stores have)")
    parser.add_argument("--against", metavar="LABEL", help="compare every search with this one only")
    parser.set_defaults(act=actions["compare"])
    export = commands.add_parser(
        "export",
        help="write results as CSV, Parquet, netCDF, LaTeX, Markdown or for IOHprofiler",
        description="Write a result store as a file: csv and parquet have a row per run, netcdf keeps everything, "
        "latex and markdown are a table of means. ioh is a folder in the format of IOHprofiler, with the course of "
        "traced runs and the end of others; a file in it tells the conventions.",
    )
    export.add_argument("result", metavar="RESULT")
    export.add_argument(
        "--format", required=True, metavar="FORMAT", help="csv, parquet, netcdf, latex, markdown or ioh"
    )
    export.add_argument("--out", required=True, metavar="PATH", help="the file (ioh: folder) to write")
    export.add_argument(
        "--wide", metavar="VARIABLE", help="csv, parquet: one variable, such as test_performance, a column per search"
    )
    export.add_argument(
        "--table", metavar="TABLE", help="ioh: the table of traced runs (default: the one of the problem's name)"
    )
    export.add_argument("--overwrite", action="store_true", help="replace the file (or folder of such an export)")
    export.set_defaults(act=actions["export"])
    report = commands.add_parser(
        "report",
        help="write a page (HTML) on results that needs no network",
        description="Write a page on the searches of result stores: the answer, published numbers beside those here, "
        "figures, tables to sort and filter, where the numbers come from, and how to make them again. Needs "
        "jinja2, matplotlib and scipy (pip install 'mfnas-vec[report]').",
    )
    report.add_argument("results", nargs="+", metavar="[NAME=]RESULT")
    report.add_argument("--out", required=True, metavar="PATH", help="the file to write")
    report.add_argument("--title", help="title of the page (default: that of the results)")
    report.add_argument(
        "--tables", nargs="+", default=[], metavar="PATH", help="tables of your own that runs were made on"
    )
    report.add_argument("--overwrite", action="store_true", help="replace the file")
    report.set_defaults(act=actions["report"])


def run_compare(args: argparse.Namespace) -> None:
    """``mfnas compare``."""
    from mfnas_vec.analysis.searches import read_searches
    from mfnas_vec.analysis.statistics import scipy_stats
    from mfnas_vec.report.comparison import comparison_text

    scipy_stats()
    found = read_searches(args.results, names_of("--problems", args.problems))
    print(comparison_text(found, args.against))


def run_export(args: argparse.Namespace) -> None:
    """``mfnas export``."""
    from mfnas_vec.report.export.formats import FORMATS, export_results
    from mfnas_vec.report.export.ioh import IOH, export_ioh
    from mfnas_vec.sweeps.contents import read_contents
    from mfnas_vec.tables.store import open_table

    if args.format not in (*FORMATS, IOH):
        raise ValueError(f"--format={args.format} must be one of {', '.join((*FORMATS, IOH))}")
    if args.format == IOH and args.wide is not None:
        raise ValueError(f"--wide={args.wide} is for csv and parquet")
    if args.format != IOH and args.table is not None:
        raise ValueError(f"--table={args.table} is for {IOH}")
    contents = read_contents(args.result)
    if not contents.complete:
        raise ValueError(f"{args.result} is unfinished; mfnas sweep ... --resume completes it")
    results = {part.problem: part.dataset for part in contents.parts}
    if args.format == IOH:
        tables = {} if args.table is None else {problem: open_table(args.table) for problem in results}
        export_ioh(results, args.out, tables=tables, overwrite=args.overwrite)
    else:
        export_results(results, args.out, args.format, wide=args.wide, attrs=contents.attrs, overwrite=args.overwrite)
    print(f"{args.result}: written to {args.out}")


def run_report(args: argparse.Namespace) -> None:
    """``mfnas report``."""
    from mfnas_vec.report.page.write import write_page

    write_page(args.results, args.out, title=args.title, tables=args.tables, overwrite=args.overwrite)
    print(f"{', '.join(args.results)}: written to {args.out}")


def tell_contents(args: argparse.Namespace) -> None:
    """``mfnas info``."""
    from mfnas_vec.report.sweeping import contents_text
    from mfnas_vec.sweeps.contents import read_contents

    print(contents_text(args.result, read_contents(args.result)))
