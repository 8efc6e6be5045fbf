"""The parser of all commands. Imports nothing heavy, so that help appears at once."""

import argparse
import importlib
from typing import Any, NoReturn

from mfnas_vec._version import __version__

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

#: In the order of the help; each is a module of this folder, whose ``add`` adds it to the parser.
_COMMANDS = "run reproduce sweep info compare plan export report bench warmup plot optimizers tables"


class _Parser(argparse.ArgumentParser):
    """Keeps the lines of an epilog, and reports errors in one line."""

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
    for name in _COMMANDS.split():
        importlib.import_module(f"mfnas_vec.cli.{name}").add(commands)
    return parser
