"""The command ``compare``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_problems_option, add_tables_option, names_of, tables_of

_EPILOG = """\
Each RESULT is a store that run, reproduce or sweep wrote. All searches in them are compared, on
every problem that all stores have: pair by pair, and across problems by average rank. NAME=PATH
names what is in a store, which is needed where two have searches of the same name. What differs in
the table, in units or in direction is refused.

Runs of different searches are independent samples, those of the same seed, too.


examples:
  mfnas compare rs.zarr mf.zarr
  mfnas compare published=mf.zarr corrected=mf_corrected.zarr
  mfnas compare zc.zarr --problems nb201-cifar10 --against RS
  mfnas compare protocols.zarr --by-protocol
  mfnas compare rs.zarr mf.zarr --leak
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        help="which search is better, by how much, and what remains undecided",
        description="Compare the searches of result stores.",
        epilog=_EPILOG,
    )
    parser.add_argument("results", nargs="+", metavar="[NAME=]RESULT", help="result stores, each perhaps with a label")
    add_problems_option(parser, "some of the problems (default: those all stores have)")
    parser.add_argument("--against", metavar="LABEL", help="compare every search with this one only")
    parser.add_argument(
        "--by-protocol",
        action="store_true",
        help="what each protocol changes of the same search, run by run, instead of pairs of searches",
    )
    parser.add_argument(
        "--leak",
        action="store_true",
        help="add the selection leak: what choosing by test results would seem to gain; re-runs the searches",
    )
    add_tables_option(parser, "--leak: tables of your own that runs were made on")
    parser.add_argument("--markdown", action="store_true", help="print --by-protocol in Markdown")
    parser.set_defaults(act=run_compare)


def run_compare(args: argparse.Namespace) -> None:
    """``mfnas compare``."""
    from mfnas_vec.analysis.searches import read_searches
    from mfnas_vec.analysis.sources import open_study
    from mfnas_vec.report.comparison import comparison_text, leaks_of
    from mfnas_vec.report.protocols import changes_markdown, changes_text

    if args.by_protocol and args.against is not None:
        raise ValueError(f"--against {args.against} has no effect with --by-protocol")
    if args.markdown and not args.by_protocol:
        raise ValueError("--markdown is for --by-protocol")
    if args.by_protocol and args.leak:
        raise ValueError("--leak has no effect with --by-protocol")
    if args.tables and not args.leak:
        raise ValueError("--tables is for --leak: nothing else opens a table")
    if args.leak:
        tables, embedded = tables_of(args.tables)
        study = open_study(args.results, names_of("--problems", args.problems), tables=tables, embedded=embedded)
        print(comparison_text(study.searches, args.against, leaks_of(study)))
        return
    found = read_searches(args.results, names_of("--problems", args.problems))
    if args.by_protocol:
        print((changes_markdown if args.markdown else changes_text)(found))
    else:
        print(comparison_text(found, args.against))
