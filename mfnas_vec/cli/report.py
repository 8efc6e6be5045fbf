"""The command ``report``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, add_tables_option, tables_of


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "report",
        help="write a page (HTML) on results that needs no network",
        description="Write a page on the searches of result stores: summary, published numbers vs. this run, figures, "
        "tables to sort and filter, selection leak, provenance, how to reproduce it, and a checklist. --table writes a "
        "page on the difficulty and bias of a benchmark table. Needs jinja2 and "
        "matplotlib (pip install 'mfnas-vec[report]').",
    )
    parser.add_argument("results", nargs="*", metavar="[NAME=]RESULT", help="result stores, each perhaps with a label")
    parser.add_argument("--table", metavar="NAME", help="instead of results: a page on a benchmark table")
    parser.add_argument("--out", required=True, metavar="PATH", help="the file to write")
    parser.add_argument("--title", help="title of the page (default: that of the results)")
    add_tables_option(parser, "tables of your own that runs were made on")
    parser.add_argument("--overwrite", action="store_true", help="replace the file")
    add_plugin(parser)
    parser.set_defaults(act=run_report)


def run_report(args: argparse.Namespace) -> None:
    """``mfnas report``."""
    if bool(args.results) == (args.table is not None):
        raise ValueError("report needs results or --table, and not both")
    tables, embedded = tables_of(args.tables)
    if args.table is not None:
        from mfnas_vec.report.page.benchmark import write_benchmark_page

        if tables or args.title is not None:
            raise ValueError("--title and paths of --tables are for pages on results")
        write_benchmark_page(args.table, args.out, embedded=embedded, overwrite=args.overwrite)
        print(f"{args.table}: written to {args.out}")
        return
    from mfnas_vec.report.page.write import write_page

    write_page(args.results, args.out, title=args.title, tables=tables, embedded=embedded, overwrite=args.overwrite)
    print(f"{', '.join(args.results)}: written to {args.out}")
