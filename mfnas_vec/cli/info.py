"""The command ``info``: arguments and action."""

import argparse
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("info", help="what a result store holds, and whether it is complete")
    parser.add_argument("result", metavar="RESULT", help="result store of a run, a sweep or reproduce")
    parser.set_defaults(act=run_info)


def run_info(args: argparse.Namespace) -> None:
    """``mfnas info``."""
    from mfnas_vec.report.sweeping import contents_text
    from mfnas_vec.sweeps.contents import read_contents

    print(contents_text(args.result, read_contents(args.result)))
