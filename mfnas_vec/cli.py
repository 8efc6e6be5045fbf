"""The command line: ``mfnas``."""

import argparse
import io
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from mfnas_vec import __version__

if TYPE_CHECKING:
    import xarray as xr

    from mfnas_vec.optimizers import Optimizer

#: Data sets of each space; the first is the default.
DATASETS: dict[str, tuple[str, ...]] = {"nb101": (), "nb201": ("cifar10", "cifar100", "imagenet16"), "nbasr": ()}
OPTIMIZER_NAMES = ("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS")

_MAIN_EPILOG = """\
examples:
  mfnas run --ss nb201 --dataset cifar10 --optimizer MF-NAS --n_run 500
  mfnas run --ss nb201 --dataset cifar100 --optimizer REA+W --set max_time=10000 --out result.zarr
  mfnas optimizers MF-NAS        what can be set, and the published defaults
  mfnas tables info nb201-cifar10    what is measured, computed and modelled
"""

_RUN_EPILOG = """\
A run is one search with its own random stream; all runs are made at once, and run i of a seed is
the same whatever --n_run and --threads are. Searches look numbers up in a benchmark table: seconds
and epochs are what the search would have cost, not what it took here.

The protocol gecco2024 decides everything as the code published with the paper does, its accounting
errors included; corrected mends those.

examples:
  mfnas run --ss nb201 --dataset cifar10 --optimizer MF-NAS
  mfnas run --ss nb201 --dataset imagenet16 --optimizer MF-NAS --set metric_stage1=synflow k=64
  mfnas run --ss nb201 --optimizer FLS --set metric=synflow max_eval=2000 max_time=none
  mfnas run --table my_table.zarr --optimizer RS --n_run 10000 --out result.zarr
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="mfnas",
        description="Hundreds of architecture searches on tabular NAS benchmarks at once (MF-NAS and its baselines).",
        epilog=_MAIN_EPILOG,
        formatter_class=raw,
    )
    parser.add_argument("--version", action="version", version=f"mfnas_vec {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    run = commands.add_parser(
        "run",
        help="run an optimizer on a benchmark, many runs at once",
        description="Run an optimizer on a benchmark, many runs at once, and print what it found and spent.",
        epilog=_RUN_EPILOG,
        formatter_class=raw,
    )
    run.add_argument(
        "--ss",
        choices=tuple(DATASETS),
        help="search space (embedded tables: nb201; give a table of your own for nb101 and nbasr with --table)",
    )
    run.add_argument(
        "--dataset",
        help="data set of nb201: " + ", ".join(DATASETS["nb201"]) + f" (default {DATASETS['nb201'][0]})",
    )
    run.add_argument("--table", metavar="NAME|PATH", help="a table by name or path, instead of --ss and --dataset")
    run.add_argument("--optimizer", required=True, metavar="NAME", help="one of " + ", ".join(OPTIMIZER_NAMES))
    run.add_argument("--n_run", "--n-run", type=int, default=500, help="number of independent runs (default 500)")
    run.add_argument("--seed", type=int, default=0, help="seed of all runs (default 0)")
    run.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="SETTING=VALUE",
        dest="settings",
        help="settings by their published names (see: mfnas optimizers NAME); lists as 12,25,50",
    )
    run.add_argument("--protocol", default="gecco2024", help="gecco2024 (default) or corrected")
    run.add_argument("--trace", action="store_true", help="keep every evaluation of every run in --out")
    run.add_argument("--out", metavar="PATH", help="write the result as a zarr store (an xarray Dataset)")
    run.add_argument("--overwrite", action="store_true", help="replace the result at --out")
    run.add_argument("--threads", type=int, metavar="N", help="threads (default: all processors)")
    run.set_defaults(act=_run)

    optimizers = commands.add_parser(
        "optimizers",
        help="list the optimizers, or the settings of one",
        description="List the optimizers; with a name, its settings and their published defaults.",
    )
    optimizers.add_argument("name", nargs="?", metavar="NAME")
    optimizers.set_defaults(act=_optimizers)

    tables = commands.add_parser("tables", help="list, describe and verify benchmark tables").add_subparsers(
        dest="tables_command", metavar="COMMAND", required=True
    )
    tables.add_parser("list", help="the embedded tables").set_defaults(act=_tables_list)
    info = tables.add_parser("info", help="what a table holds: measured, computed, modelled")
    info.add_argument("name", metavar="NAME|PATH")
    info.set_defaults(act=_tables_info)
    verify = tables.add_parser("verify", help="check every byte of the embedded tables")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    verify.set_defaults(act=_tables_verify)
    return parser


def _table_name(args: argparse.Namespace) -> str:
    if args.table is not None:
        if args.ss is not None or args.dataset is not None:
            raise ValueError("--table takes the place of --ss and --dataset: give one or the other")
        return str(args.table)
    if args.ss is None:
        raise ValueError(f"--ss or --table is needed; search spaces: {', '.join(DATASETS)}")
    datasets = DATASETS[args.ss]
    if not datasets:
        if args.dataset is not None:
            raise ValueError(f"--dataset={args.dataset}: {args.ss} takes no --dataset")
        return str(args.ss)
    dataset = (args.dataset or datasets[0]).lower().replace("imagenet16-120", "imagenet16")
    if dataset not in datasets:
        raise ValueError(f"--dataset={args.dataset} is not of {args.ss}; it has {', '.join(datasets)}")
    return f"{args.ss}-{dataset}"


def _parse_settings(optimizer: "Optimizer", texts: Sequence[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text}: must be SETTING=VALUE")
        if name in settings:
            raise ValueError(f"--set {name} is given twice")
        settings[name] = optimizer.setting(name).parse(value)
    return settings


def _run(args: argparse.Namespace) -> None:
    begun = time.perf_counter()
    name = _table_name(args)
    if args.trace and args.out is None:
        raise ValueError("--trace needs --out: the trace is kept in the result store")

    from mfnas_vec.experiment.run import run
    from mfnas_vec.optimizers import get_optimizer
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.text import result_text
    from mfnas_vec.results.store import check_target, write_result
    from mfnas_vec.tables.store import open_table

    settings = _parse_settings(get_optimizer(args.optimizer), args.settings)
    table = open_table(name)
    if args.out is not None:
        check_target(args.out, overwrite=args.overwrite)
    with ProgressBar(args.n_run * (1 + args.trace), f"{args.optimizer} on {name}") as progress:
        result: xr.Dataset = run(
            args.optimizer,
            table,
            n_run=args.n_run,
            seed=args.seed,
            protocol=args.protocol,
            trace=args.trace,
            n_thread=args.threads,
            progress=progress,
            **settings,
        )
    if args.out is not None:
        write_result(result, args.out, overwrite=args.overwrite)
    print(result_text(result, time.perf_counter() - begun))
    if args.out is not None:
        print(f"\n  written to {args.out}")


def _optimizers(args: argparse.Namespace) -> None:
    from mfnas_vec.optimizers import OPTIMIZERS, get_optimizer
    from mfnas_vec.report.text import optimizer_text, optimizers_text
    from mfnas_vec.tables.store import open_table, table_names

    if args.name is None:
        print(optimizers_text(OPTIMIZERS))
    else:
        print(optimizer_text(get_optimizer(args.name), {name: open_table(name) for name in table_names()}))


def _tables_list(args: argparse.Namespace) -> None:
    from mfnas_vec.report.text import tables_text
    from mfnas_vec.tables.store import read_manifest

    print(tables_text(read_manifest()))


def _tables_info(args: argparse.Namespace) -> None:
    from mfnas_vec.report.text import table_text
    from mfnas_vec.tables.store import open_table

    print(table_text(open_table(args.name)))


def _tables_verify(args: argparse.Namespace) -> None:
    from mfnas_vec.tables.store import read_manifest, table_names, verify_table

    for name in args.names or [*table_names(), *read_manifest(section="spaces")]:
        verify_table(name)
        print(f"{name}: every byte as in the manifest")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 for success, 2 for a user's error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # "±" on a terminal that cannot show it
    args = make_parser().parse_args(argv)
    try:
        args.act(args)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (ValueError, OSError, MemoryError) as error:
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"mfnas: error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mfnas: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
