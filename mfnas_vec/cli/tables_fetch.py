"""The command ``tables fetch``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import N_SHARE, shares


def add_fetch(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch",
        help="download official benchmark files",
        description="Download an official benchmark file; without a name, list the sources.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="source to download")
    parser.add_argument("--to", metavar="DIR", help="folder of downloads (default: the user's data folder)")
    parser.set_defaults(act=run_fetch)


def run_fetch(args: argparse.Namespace) -> None:
    """``mfnas tables fetch``."""
    from pathlib import Path

    from mfnas_vec.cli.tables_text import sources_text
    from mfnas_vec.datasets.sources import SOURCES, fetch
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.search.settings import nearest

    if args.name is None:
        print(sources_text(SOURCES.values()))
        return
    if args.name not in SOURCES:
        raise ValueError(f"source {args.name!r} is unknown; {nearest(args.name, list(SOURCES))}")
    source = SOURCES[args.name]
    with ProgressBar(N_SHARE, f"fetching {source.file}") as progress:
        path = fetch(source, None if args.to is None else Path(args.to), shares(progress))
    print(f"{source.name}: {path}\n  next: mfnas tables import {source.importer} '{path}'")
