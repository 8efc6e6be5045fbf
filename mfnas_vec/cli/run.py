"""The command ``run``: arguments and action."""

import argparse
import difflib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfnas_vec.cli.arguments import add_plugin, add_run_arguments, spelled
from mfnas_vec.cli.catalogue import DATASET_NAMES, DATASETS, OPTIMIZERS

if TYPE_CHECKING:
    from mfnas_vec.search import Optimizer

_EPILOG = """\
A run is one search with its own random stream; all runs are made at once, and run i of a seed is
the same whatever --n_run and --threads are. Searches look numbers up in a benchmark table: seconds
and epochs are what the search would have cost, not what it took here.

The protocol gecco2024 decides everything as the code published with the paper does, its accounting
errors included; corrected fixes those.

examples:
  mfnas run --ss nb201 --dataset cifar10 --optimizer MF-NAS
  mfnas run --ss nb201 --dataset imagenet16 --optimizer MF-NAS --set metric_stage1=synflow k=64
  mfnas run --ss nb201 --optimizer FLS --set metric=synflow max_eval=2000 max_time=none
  mfnas run --table my_table.zarr --optimizer RS --n_run 10000 --out result.zarr
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="run an optimizer on a benchmark, many runs at once",
        description="Run an optimizer on a benchmark, many runs at once, and print what it found and spent.",
        epilog=_EPILOG,
    )
    parser.add_argument("--ss", type=spelled(tuple(DATASETS)), choices=tuple(DATASETS), help="search space")
    datasets = "; ".join(f"of {ss}: {', '.join(names)}" for ss, names in DATASETS.items() if names)
    parser.add_argument("--dataset", help=f"{datasets} (default: the first)")
    parser.add_argument(
        "--table",
        "--tables",
        metavar="NAME|PATH",
        help="a table by name (NAME@imported and NAME@embedded choose of two) or path, instead of --ss and --dataset; "
        "with those, 'embedded': no imported table",
    )
    parser.add_argument(
        "--optimizer", type=spelled(OPTIMIZERS), required=True, metavar="NAME", help="one of " + ", ".join(OPTIMIZERS)
    )
    add_run_arguments(parser)
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="SETTING=VALUE",
        dest="settings",
        help="settings by their published names (see: mfnas optimizers NAME); lists as 12,25,50",
    )
    parser.add_argument("--trace", action="store_true", help="keep every evaluation of every run in --out")
    parser.add_argument("--out", metavar="PATH", help="write the result as a zarr store (an xarray Dataset)")
    parser.add_argument("--overwrite", action="store_true", help="replace the result at --out")
    add_plugin(parser)
    parser.set_defaults(act=run_run)


def _table_name(args: argparse.Namespace) -> str:
    if args.table is not None and not (args.table == "embedded" and args.ss is not None):
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
    dataset = spelled((*datasets, *DATASET_NAMES))(args.dataset or datasets[0])
    dataset = DATASET_NAMES.get(dataset, dataset)
    if dataset not in datasets:
        close = difflib.get_close_matches(dataset.lower(), datasets, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"--dataset={args.dataset} is not of {args.ss}; it has {', '.join(datasets)}{hint}")
    return f"{args.ss}-{dataset}"


def _parse_settings(optimizer: "Optimizer", texts: Sequence[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    words: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text}: must be SETTING=VALUE")
        setting = optimizer.setting(name)
        if (first := words.setdefault(setting.name, name)) != name:
            raise ValueError(f"--set {first}=... {name}=...: both are the setting {setting.name}; give one")
        if name in settings:
            raise ValueError(f"--set {name} is given twice")
        settings[name] = setting.parse(value)
    return settings


def run_run(args: argparse.Namespace) -> None:
    """``mfnas run``."""
    begun = time.perf_counter()
    name = _table_name(args)
    if args.trace and args.out is None:
        raise ValueError("--trace needs --out: the trace is kept in the result store")

    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.text import result_text
    from mfnas_vec.runs.run import run
    from mfnas_vec.runs.store import check_target, write_result
    from mfnas_vec.search import get_optimizer
    from mfnas_vec.tables.store import open_table, source_text

    settings = _parse_settings(get_optimizer(args.optimizer), args.settings)
    embedded = args.table == "embedded"
    table, source = open_table(name, embedded=embedded), source_text(name, embedded=embedded)
    if args.out is not None:
        check_target(args.out, overwrite=args.overwrite)
    with ProgressBar(args.n_run * (1 + args.trace), f"{args.optimizer} on {name}") as progress:
        result = run(
            args.optimizer,
            table,
            n_run=args.n_run,
            seed=args.seed,
            protocol=args.protocol,
            trace=args.trace,
            missing=args.missing,
            n_thread=args.threads,
            progress=progress,
            **settings,
        )
    if args.out is not None:
        write_result(result, args.out, overwrite=args.overwrite)
    print(result_text(result, time.perf_counter() - begun, source))
    if args.out is not None:
        print(f"\n  written to {args.out}")
