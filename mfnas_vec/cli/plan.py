"""The command ``plan``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_problems_option, names_of

_EPILOG = """\
The spread of test results comes from RESULT, a pilot that run, reproduce or sweep wrote, or from --sd.
The test is that of mfnas compare: Mann-Whitney U, two-sided, with Holm's correction over all pairs.

examples:
  mfnas plan pilot.zarr                          the smallest difference that so many runs find
  mfnas plan pilot.zarr --runs 100               that 100 runs of each search find
  mfnas plan pilot.zarr --difference 0.2         runs that find 0.2 percentage points
  mfnas plan --sd 0.4 --searches 5 --difference 0.1
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "plan",
        help="how many runs a comparison needs, and what so many runs can find",
        description="Plan the number of runs of a comparison.",
        epilog=_EPILOG,
    )
    parser.add_argument("results", nargs="*", metavar="[NAME=]RESULT", help="result stores of a pilot")
    add_problems_option(parser, "some of the problems")
    parser.add_argument("--sd", type=float, metavar="X", help="standard deviation of test results, without a pilot")
    parser.add_argument("--searches", type=int, metavar="N", help="searches to compare (default: the pilot's, else 2)")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each search (default: the pilot's)")
    parser.add_argument("--difference", type=float, metavar="X", help="difference of means that is to be found")
    parser.add_argument("--power", type=float, default=0.8, metavar="P", help="probability to find it (default 0.8)")
    parser.set_defaults(act=run_plan)


def run_plan(args: argparse.Namespace) -> None:
    """``mfnas plan``."""
    from mfnas_vec.analysis.searches import read_searches
    from mfnas_vec.report.planning import Pilot, pilots_of, plan_text

    if bool(args.results) == (args.sd is not None):
        raise ValueError("plan needs a pilot (RESULT) or --sd, and not both")
    if args.sd is None:
        pilots = pilots_of(read_searches(args.results, names_of("--problems", args.problems)))
    else:
        pilots = [Pilot("", args.sd, None, 2, "")]
    print(plan_text(pilots, runs=args.runs, searches=args.searches, difference=args.difference, power=args.power))
