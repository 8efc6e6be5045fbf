"""The arguments of every command. Imports nothing heavy, so that help is there at once."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from mfnas_vec import __version__
from mfnas_vec.cli.bench import add_bench
from mfnas_vec.cli.plotting import add_plot
from mfnas_vec.cli.results import add_results
from mfnas_vec.cli.sweeping import add_sweep

#: Data sets of each space; the first is the default.
DATASETS: dict[str, tuple[str, ...]] = {"nb101": (), "nb201": ("cifar10", "cifar100", "imagenet16"), "nbasr": ()}
IMPORT_FORMATS = ("mf-nas", "nasbench101", "nats-tss", "nb-asr", "suite-zero", "csv")
OPTIMIZER_NAMES = ("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS")

_MAIN_EPILOG = """\
examples:
  mfnas reproduce                the published table and the baselines, beside the published numbers
  mfnas run --ss nb201 --dataset cifar10 --optimizer MF-NAS --n_run 500
  mfnas run --ss nb201 --dataset cifar100 --optimizer REA+W --set max_time=10000 --out result.zarr
  mfnas sweep paper/ablation-zc --out zc.zarr    a grid of settings
  mfnas bench --quick            how fast it is here
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


_REPRODUCE_EPILOG = """\
Runs the published table, MF-NAS with three zero-cost metrics, and six baselines on five problems,
each with its published settings, and prints the published numbers beside those found here. A
verdict heeds where the numbers come from: on modelled values nothing is called reproduced.

--out writes a folder: results.zarr (one group per problem, xarray.open_datatree reads it),
table.csv and table.md.

examples:
  mfnas reproduce
  mfnas reproduce --problems nb201-cifar10,nb201-cifar100 --optimizers MF-NAS --n_run 2000 --seed 1
  mfnas reproduce --out paper
  mfnas reproduce --problems nb201-cifar10 --tables my_measured_cifar10.zarr
"""


_IMPORT_EPILOG = """\
An imported table takes precedence over the embedded one of the same name; `--table embedded` of
other commands goes back to that. Tables are kept in the user's data folder (MFNAS_TABLES moves it).
Nothing in a file is executed: of pickles, only plain data is read.

examples:
  mfnas tables import mf-nas '[cifar10]_data.p' zc_database.json
  mfnas tables import nasbench101 nasbench_full.tfrecord
  mfnas tables import nats-tss NATS-tss-v1_0-3ffb9-simple --dataset cifar100 --trials 777
  mfnas tables import nb-asr nb-asr-e40-1234.pickle nb-asr-info.pickle
  mfnas tables import suite-zero zc_nasbench201.json --into nb201-cifar10
  mfnas tables import csv mine.csv --into nb201-cifar10 --metric my_proxy --provenance measured
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


Action = Callable[[argparse.Namespace], None]


def _add_import(tables: "argparse._SubParsersAction[_Parser]", actions: Mapping[str, Action]) -> None:
    parser = tables.add_parser(
        "import",
        help="make a table of original benchmark files, or of your own",
        description="Make a table of original benchmark files, or of your own. Without a format, list the formats.",
        epilog=_IMPORT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("format", nargs="?", metavar="FORMAT", help="one of " + ", ".join(IMPORT_FORMATS))
    parser.add_argument("paths", nargs="*", metavar="FILE", help="files, or a folder of them")
    parser.add_argument("--dataset", help="data set of nb201, where the files do not tell")
    parser.add_argument(
        "--trials", default="mean", help="mean (default), or which repeated training: a seed or a place"
    )
    parser.add_argument("--into", metavar="NAME|PATH", help="table to merge scores or columns into")
    parser.add_argument("--ss", choices=tuple(DATASETS), help="search space of a CSV file")
    parser.add_argument(
        "--metric",
        nargs="+",
        action="extend",
        default=[],
        dest="metrics",
        metavar="COLUMN",
        help="columns of a CSV file",
    )
    parser.add_argument("--provenance", help="of a CSV file: measured, computed or modelled")
    parser.add_argument("--name", help="name of the table (default: that of the benchmark)")
    parser.add_argument("--overwrite", action="store_true", help="replace an imported table of that name")
    parser.set_defaults(act=actions["tables import"])


def make_parser(actions: Mapping[str, Action]) -> argparse.ArgumentParser:
    """The parser of all commands; ``actions`` by command, "tables list" and the like included."""
    raw = argparse.RawDescriptionHelpFormatter
    table_names = [f"{s}-{d}" if d else s for s, ds in DATASETS.items() for d in ds or ("",)]
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
        help="search space",
    )
    run.add_argument(
        "--dataset",
        help="data set of nb201: " + ", ".join(DATASETS["nb201"]) + f" (default {DATASETS['nb201'][0]})",
    )
    run.add_argument(
        "--table",
        metavar="NAME|PATH",
        help="a table by name or path, instead of --ss and --dataset; with those, 'embedded': no imported table",
    )
    run.add_argument("--optimizer", required=True, metavar="NAME", help="one of " + ", ".join(OPTIMIZER_NAMES))
    _add_run_arguments(run)
    run.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="SETTING=VALUE",
        dest="settings",
        help="settings by their published names (see: mfnas optimizers NAME); lists as 12,25,50",
    )
    run.add_argument("--trace", action="store_true", help="keep every evaluation of every run in --out")
    run.add_argument("--out", metavar="PATH", help="write the result as a zarr store (an xarray Dataset)")
    run.add_argument("--overwrite", action="store_true", help="replace the result at --out")
    run.set_defaults(act=actions["run"])

    reproduce = commands.add_parser(
        "reproduce",
        help="run the published table and compare with the published numbers",
        description="Run the published table and compare with the published numbers.",
        epilog=_REPRODUCE_EPILOG,
        formatter_class=raw,
    )
    reproduce.add_argument(
        "--problems", metavar="NAME,...", help="some of " + ", ".join(table_names) + " (default: all)"
    )
    reproduce.add_argument(
        "--optimizers", metavar="NAME,...", help="some of " + ", ".join(OPTIMIZER_NAMES) + " (default: all)"
    )
    _add_run_arguments(reproduce)
    reproduce.add_argument(
        "--tables",
        nargs="+",
        default=[],
        metavar="PATH",
        help="tables of your own, each in place of that of the same name; 'embedded': no imported table",
    )
    reproduce.add_argument("--out", metavar="DIR", help="write results.zarr, table.csv and table.md")
    reproduce.add_argument("--overwrite", action="store_true", help="replace the results at --out")
    reproduce.set_defaults(act=actions["reproduce"])

    add_sweep(commands, _add_run_arguments, actions)
    add_results(commands, actions)
    add_bench(commands, actions)
    add_plot(commands, actions)

    optimizers = commands.add_parser(
        "optimizers",
        help="list the optimizers, or the settings of one",
        description="List the optimizers; with a name, its settings and their published defaults.",
    )
    optimizers.add_argument("name", nargs="?", metavar="NAME")
    optimizers.set_defaults(act=actions["optimizers"])

    tables = commands.add_parser(
        "tables", help="list, describe, verify, fetch, import and export benchmark tables"
    ).add_subparsers(dest="tables_command", metavar="COMMAND", required=True)
    tables.add_parser("list", help="the tables there are, and which is used").set_defaults(act=actions["tables list"])
    info = tables.add_parser("info", help="what a table holds: measured, computed, modelled")
    info.add_argument("name", metavar="NAME|PATH")
    info.set_defaults(act=actions["tables info"])
    verify = tables.add_parser("verify", help="check every byte of the embedded and imported tables")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    verify.set_defaults(act=actions["tables verify"])
    _add_import(tables, actions)
    fetch = tables.add_parser(
        "fetch",
        help="download official benchmark files",
        description="Download an official benchmark file; without a name, list the sources.",
    )
    fetch.add_argument("name", nargs="?", metavar="NAME")
    fetch.add_argument("--to", metavar="DIR", help="folder of downloads (default: the user's data folder)")
    fetch.set_defaults(act=actions["tables fetch"])
    export = tables.add_parser("export", help="write a table as CSV, Parquet or netCDF")
    export.add_argument("name", metavar="NAME|PATH")
    export.add_argument("--format", default="csv", metavar="FORMAT", help="csv (default), parquet or netcdf")
    export.add_argument("--out", metavar="PATH", help="default: NAME with the suffix of the format")
    export.add_argument("--overwrite", action="store_true", help="replace the file")
    export.set_defaults(act=actions["tables export"])
    return parser


def _add_run_arguments(parser: argparse.ArgumentParser, *, from_grid: bool = False) -> None:
    def default(value: Any) -> tuple[Any, str]:
        return (None, f"default: the grid's, {value} if it says nothing") if from_grid else (value, f"default {value}")

    for flags, kind, value, text in (
        (("--n_run", "--n-run"), int, 500, "number of independent runs"),
        (("--seed",), int, 0, "seed of all runs"),
        (("--protocol",), str, "gecco2024", "gecco2024 or corrected"),
        (("--missing",), str, "refuse", "tables that know some architectures only: refuse or worst"),
    ):
        chosen, note = default(value)
        parser.add_argument(*flags, type=kind, default=chosen, help=f"{text} ({note})")
    parser.add_argument("--threads", type=int, metavar="N", help="threads (default: all processors)")
