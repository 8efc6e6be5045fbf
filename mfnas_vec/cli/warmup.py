"""The command ``warmup``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, names_of, spelled_list
from mfnas_vec.cli.catalogue import OPTIMIZERS, TABLES

_EPILOG = """\
Searches are compiled on first use, and the code is kept in the user's cache folder, or in the folder that
MFNAS_CACHE_DIR names. This command does it ahead, for images and continuous integration. A search has one
compiled form for gecco2024 and corrected, and another for head2025 and for single decisions.

examples:
  mfnas warmup
  mfnas warmup --optimizers MF-NAS,RS --protocols gecco2024
  mfnas warmup --plugin annealing.py --optimizers Annealing
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "warmup",
        help="compile searches ahead, for images and continuous integration",
        description="Compile searches that are not compiled yet.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--optimizers", type=spelled_list(OPTIMIZERS), metavar="NAME,...", help="some of the optimizers (default: all)"
    )
    parser.add_argument(
        "--protocols", default="gecco2024,head2025", metavar="NAME,...", help="protocols (default gecco2024,head2025)"
    )
    parser.add_argument(
        "--table", default="nb201-cifar10", type=spelled_list(TABLES), help="table that checks settings; any will do"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="processes (default: one per processor)")
    add_plugin(parser)
    parser.set_defaults(act=run_warmup)


def run_warmup(args: argparse.Namespace) -> None:
    """``mfnas warmup``."""
    from mfnas_vec._jit import cache_directory
    from mfnas_vec.runs.compiling import compile_ahead, compile_job
    from mfnas_vec.runs.run import check_threads, prepare
    from mfnas_vec.runs.simulated import SimulatedOptimizer
    from mfnas_vec.search import OPTIMIZERS as KNOWN
    from mfnas_vec.tables.store import open_table

    table = open_table(args.table)
    names = names_of("--optimizers", args.optimizers)
    if names is None:  # searches in Python have nothing to compile
        names = [name for name, known in KNOWN.items() if not isinstance(known, SimulatedOptimizer)]
    protocols = names_of("--protocols", args.protocols) or []
    jobs = [(name, prepare(name, table, {}, protocol=protocol).job) for protocol in protocols for name in names]
    compile_ahead(jobs, check_threads(args.threads))
    jobs = [(name, job) for name, job in jobs if job.kernel is not None]
    for _, job in jobs:  # those that could not be compiled in another process, and a check of all
        compile_job(job)
    print(f"{len({job.kernel for _, job in jobs})} compiled searches are ready in {cache_directory()}")
