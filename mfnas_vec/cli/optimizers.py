"""The command ``optimizers``: arguments and action."""

import argparse
import sys
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, spelled
from mfnas_vec.cli.catalogue import OPTIMIZERS


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "optimizers",
        help="list the optimizers, or the settings of one",
        description="List the optimizers; with a name, its settings and their published defaults.",
    )
    parser.add_argument("name", type=spelled(OPTIMIZERS), nargs="?", metavar="NAME", help="optimizer")
    add_plugin(parser)
    parser.set_defaults(act=run_optimizers)


def run_optimizers(args: argparse.Namespace) -> None:
    """``mfnas optimizers``."""
    from mfnas_vec.report.text import optimizer_text, optimizers_text
    from mfnas_vec.search import OPTIMIZERS as KNOWN
    from mfnas_vec.search import get_optimizer
    from mfnas_vec.search.outside import failures
    from mfnas_vec.tables.store import open_table, table_names

    if args.name is None:
        for failure in failures():
            print(f"mfnas: warning: {failure}", file=sys.stderr)
        print(optimizers_text(KNOWN))
    else:
        print(optimizer_text(get_optimizer(args.name), {name: open_table(name) for name in table_names()}))
