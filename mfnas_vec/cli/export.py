"""The command ``export``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, spelled

FORMATS = ("csv", "parquet", "netcdf", "latex", "markdown", "ioh")


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "export",
        help="write results as CSV, Parquet, netCDF, LaTeX, Markdown or for IOHprofiler",
        description="Write a result store as a file: csv and parquet have a row per run, netcdf keeps everything, "
        "latex and markdown are a table of means. ioh is a folder in the format of IOHprofiler, with the course of "
        "traced runs and the end of others; a file in it states the conventions.",
    )
    parser.add_argument("result", metavar="RESULT", help="result store of a run, a sweep or reproduce")
    parser.add_argument(
        "--format", type=spelled(FORMATS), required=True, metavar="FORMAT", help="one of " + ", ".join(FORMATS)
    )
    parser.add_argument("--out", required=True, metavar="PATH", help="the file (ioh: folder) to write")
    parser.add_argument(
        "--wide", metavar="VARIABLE", help="csv, parquet: one variable, such as test_performance, a column per search"
    )
    parser.add_argument(
        "--table",
        metavar="TABLE",
        help="ioh: the table of traced runs (default: the one of the problem's name; 'embedded': not an imported one)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file (or folder of such an export)")
    add_plugin(parser)
    parser.set_defaults(act=run_export)


def run_export(args: argparse.Namespace) -> None:
    """``mfnas export``."""
    from mfnas_vec.report.export.formats import export_results
    from mfnas_vec.report.export.ioh import IOH, export_ioh
    from mfnas_vec.sweeps.contents import read_contents
    from mfnas_vec.tables.store import open_table

    if args.format not in FORMATS:
        raise ValueError(f"--format={args.format} must be one of {', '.join(FORMATS)}")
    if args.format == IOH and args.wide is not None:
        raise ValueError(f"--wide={args.wide} is for csv and parquet")
    if args.format != IOH and args.table is not None:
        raise ValueError(f"--table={args.table} is for {IOH}")
    contents = read_contents(args.result)
    if not contents.complete:
        raise ValueError(f"{args.result} is unfinished; mfnas sweep ... --resume completes it")
    results = {part.problem: part.dataset for part in contents.parts}
    if args.format == IOH:
        embedded = args.table == "embedded"
        names = {problem: problem if embedded else args.table for problem in results if args.table is not None}
        tables = {problem: open_table(name, embedded=embedded) for problem, name in names.items()}
        export_ioh(results, args.out, tables=tables, overwrite=args.overwrite)
    else:
        export_results(results, args.out, args.format, wide=args.wide, attrs=contents.attrs, overwrite=args.overwrite)
    print(f"{args.result}: written to {args.out}")
