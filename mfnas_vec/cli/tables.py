"""The commands ``tables ...`` but ``import`` and ``fetch``: arguments and actions."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, spelled
from mfnas_vec.cli.tables_fetch import add_fetch
from mfnas_vec.cli.tables_import import add_import


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    tables = commands.add_parser(
        "tables", help="list, describe, verify, fetch, import and export benchmark tables"
    ).add_subparsers(dest="tables_command", metavar="COMMAND", required=True)
    tables.add_parser("list", help="the tables there are, and which is used").set_defaults(act=run_list)
    info = tables.add_parser("info", help="what a table holds: measured, computed, modelled")
    info.add_argument("name", metavar="NAME|PATH", help="table")
    info.set_defaults(act=run_info)
    verify = tables.add_parser("verify", help="check that embedded and imported tables match their checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    verify.set_defaults(act=run_verify)
    remove = tables.add_parser("remove", help="remove imported tables; embedded ones stay")
    remove.add_argument("names", nargs="+", metavar="NAME", help="imported tables")
    remove.set_defaults(act=run_remove)
    add_import(tables)
    add_fetch(tables)
    export = tables.add_parser("export", help="write a table as CSV, Parquet or netCDF")
    export.add_argument("name", metavar="NAME|PATH", help="table")
    export.add_argument(
        "--format",
        type=spelled(("csv", "parquet", "netcdf")),
        default="csv",
        metavar="FORMAT",
        help="csv (default), parquet or netcdf",
    )
    export.add_argument("--out", metavar="PATH", help="default: NAME with the suffix of the format")
    export.add_argument("--overwrite", action="store_true", help="replace the file")
    export.set_defaults(act=run_export)
    for parser in (info, export):
        add_plugin(parser)


def run_list(args: argparse.Namespace) -> None:
    """``mfnas tables list``."""
    from mfnas_vec.report.text import tables_text
    from mfnas_vec.tables.library import imported_names
    from mfnas_vec.tables.store import open_table, read_manifest

    imported = {name: open_table(f"{name}@imported") for name in imported_names()}
    print(tables_text(read_manifest(), imported))


def run_info(args: argparse.Namespace) -> None:
    """``mfnas tables info``."""
    from mfnas_vec.report.text import table_text
    from mfnas_vec.tables.store import open_table

    print(table_text(open_table(args.name)))


def run_verify(args: argparse.Namespace) -> None:
    """``mfnas tables verify``."""
    from mfnas_vec.tables.library import IMPORTED, imported_names
    from mfnas_vec.tables.store import read_manifest, table_names, verify_table

    everything = dict.fromkeys([*table_names(), *read_manifest(section="spaces"), *imported_names()])
    for name in args.names or everything:
        for kind in verify_table(name):
            print(f"{name}: checksums match {'those of the import' if kind == IMPORTED else 'the manifest'}")


def run_remove(args: argparse.Namespace) -> None:
    """``mfnas tables remove``."""
    from mfnas_vec.tables.store import remove_imported

    for name in args.names:
        print(f"{name}: removed {remove_imported(name)}")


def run_export(args: argparse.Namespace) -> None:
    """``mfnas tables export``."""
    from mfnas_vec.tables.export import FORMATS, export_table
    from mfnas_vec.tables.store import open_table

    table = open_table(args.name)
    suffix = {"netcdf": "nc"}.get(args.format, args.format)
    if args.format not in FORMATS:
        raise ValueError(f"--format={args.format}: must be one of {', '.join(FORMATS)}")
    out = args.out or f"{table.attrs.get('name', 'table')}.{suffix}"
    export_table(table, out, args.format, overwrite=args.overwrite)
    print(f"{args.name}: written to {out}")
