"""The parser of all commands. Imports nothing heavy, so that help is there at once."""

import argparse
from typing import Any, NoReturn

from mfnas_vec._version import __version__
from mfnas_vec.cli.bench import add_bench
from mfnas_vec.cli.compare import add_compare
from mfnas_vec.cli.export import add_export
from mfnas_vec.cli.info import add_info
from mfnas_vec.cli.optimizers import add_optimizers
from mfnas_vec.cli.plan import add_plan
from mfnas_vec.cli.plot import add_plot
from mfnas_vec.cli.report import add_report
from mfnas_vec.cli.reproduce import add_reproduce
from mfnas_vec.cli.run import add_run
from mfnas_vec.cli.sweep import add_sweep
from mfnas_vec.cli.tables import add_tables
from mfnas_vec.cli.warmup import add_warmup

_EPILOG = """\
examples:
  mfnas reproduce                the published table and the baselines, vs. the published numbers
  mfnas run --ss nb201 --dataset cifar10 --optimizer MF-NAS --n_run 500
  mfnas run --ss nb201 --dataset cifar100 --optimizer REA+W --set max_time=10000 --out result.zarr
  mfnas sweep paper/ablation-zc --out zc.zarr    a grid of settings
  mfnas bench --quick            how fast it is here
  mfnas optimizers MF-NAS        what can be set, and the published defaults
  mfnas tables info nb201-cifar10    what is measured, computed and modelled
"""

#: Each adds a command, in the order of the help.
_COMMANDS = (
    add_run,
    add_reproduce,
    add_sweep,
    add_info,
    add_compare,
    add_plan,
    add_export,
    add_report,
    add_bench,
    add_warmup,
    add_plot,
    add_optimizers,
    add_tables,
)


class _Parser(argparse.ArgumentParser):
    """Keeps the lines of an epilog, and says what is wrong in one line."""

    def __init__(self, **options: Any) -> None:
        if "epilog" in options:
            options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; the parsed ``act`` is the action of the command given."""
    parser = _Parser(
        prog="mfnas",
        description="Hundreds of architecture searches on tabular NAS benchmarks at once (MF-NAS and its baselines).",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"mfnas_vec {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in _COMMANDS:
        add(commands)
    return parser
