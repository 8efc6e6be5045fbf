"""The command ``tables import``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import N_SHARE, add_plugin, shares, spelled
from mfnas_vec.cli.catalogue import DATASETS, IMPORT_FORMATS

_EPILOG = """\
An imported table takes precedence over the embedded one of the same name if it knows all architectures;
`--table NAME@imported` or NAME@embedded says which is meant, `--table embedded` and `--tables embedded` of
other commands ignore imported tables, and `mfnas tables remove NAME` removes one. Tables are kept in the
user's data folder (MFNAS_TABLES moves it).
Nothing in a file is executed: of pickles, only plain data is read.

examples:
  mfnas tables import mf-nas '[cifar10]_data.p' zc_database.json
  mfnas tables import nasbench101 nasbench_full.tfrecord
  mfnas tables import nats-tss NATS-tss-v1_0-3ffb9-simple --dataset cifar100 --trials 777
  mfnas tables import nb-asr nb-asr-e40-1234.pickle nb-asr-info.pickle
  mfnas tables import nbgraph-full cora0.bench cora1.bench cora2.bench
  mfnas tables import suite-zero zc_nasbench201.json --into nb201-cifar10
  mfnas tables import csv mine.csv --into nb201-cifar10 --metric my_proxy --provenance measured
"""


def add_import(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import",
        help="make a table of original benchmark files, or of your own",
        description="Make a table of original benchmark files, or of your own. Without a format, list the formats.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "format", type=spelled(IMPORT_FORMATS), nargs="?", metavar="FORMAT", help="one of " + ", ".join(IMPORT_FORMATS)
    )
    parser.add_argument("paths", nargs="*", metavar="FILE", help="files, or a folder of them")
    parser.add_argument("--dataset", help="data set of nb201 or nbgraph, where the files do not say")
    parser.add_argument(
        "--trials", default="mean", help="mean (default), or which repeated training: a seed or a place"
    )
    parser.add_argument("--into", metavar="NAME|PATH", help="table to merge scores or columns into")
    parser.add_argument(
        "--ss",
        type=spelled(tuple(DATASETS)),
        metavar="SPACE",
        help="search space of a CSV file: " + ", ".join(DATASETS) + ", nats-sss or, with --plugin, one of your own",
    )
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
    parser.add_argument("--units", help="of accuracies and error rates of a CSV file: percent or fraction")
    parser.add_argument("--name", help="name of the table (default: that of the benchmark)")
    parser.add_argument("--overwrite", action="store_true", help="replace an imported table of that name")
    add_plugin(parser)
    parser.set_defaults(act=run_import)


def run_import(args: argparse.Namespace) -> None:
    """``mfnas tables import``."""
    from mfnas_vec.cli.tables_text import formats_text, import_text
    from mfnas_vec.datasets.importers import IMPORTERS, import_table, likely_name
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.tables.library import imported_names, imported_path
    from mfnas_vec.tables.store import write_imported

    if args.format is None:
        print(formats_text(IMPORTERS))
        return
    if args.name is not None:
        imported_path(args.name)
    likely = args.name or likely_name(args.format, args.paths, args.dataset, args.into)
    if likely in imported_names() and not args.overwrite:
        raise ValueError(f"there is an imported table {likely!r} already; --overwrite replaces it")
    with ProgressBar(N_SHARE, f"importing {args.format}") as progress:
        table = import_table(
            args.format,
            args.paths,
            space=args.ss,
            dataset=args.dataset,
            trials=args.trials,
            metrics=args.metrics,
            provenance=args.provenance,
            units=args.units,
            into=args.into,
            progress=shares(progress),
        )
    name = args.name or str(table.attrs["name"])
    table.attrs["name"] = name
    path = write_imported(table, name, overwrite=args.overwrite)
    print(import_text(table, path))
