"""The command ``plot``: arguments and action."""

import argparse
from typing import Any

from mfnas_vec.cli.arguments import add_plugin, add_problems_option, add_tables_option, names_of, spelled, tables_of
from mfnas_vec.cli.catalogue import FIGURES

_EPILOG = """\
kinds:
{kinds}

A SOURCE is a store that run, reproduce or sweep wrote (NAME=PATH names what is in it); of proxy and
landscape it may be a table, by name or path. Figures against search cost, and leak, re-run the stored
searches with every evaluation, which needs the tables they were made on. Needs matplotlib
(pip install 'mfnas-vec[plot]').

examples:
  mfnas plot final paper --out final.svg
  mfnas plot anytime main.zarr --problems nb201-cifar10 --searches RS,REA --over epochs --out anytime.pdf
  mfnas plot heatmap zc.zarr --rows metric_stage1 --columns n_candidate --out heatmap.png
  mfnas plot ecdf rs.zarr mf.zarr --target 94 --out targets.svg
  mfnas plot proxy nb201-cifar10 --metrics synflow,params --out proxies.svg
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "plot",
        help="draw figures of results and tables: SVG, PDF or PNG",
        description="Draw a figure of results or of a table.",
        epilog=_EPILOG.format(kinds="\n".join(f"  {kind:<10}  {text}" for kind, text in FIGURES.items())),
    )
    parser.add_argument("kind", type=spelled(tuple(FIGURES)), metavar="KIND", help="one of " + ", ".join(FIGURES))
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="result stores; proxy, landscape: a table")
    parser.add_argument("--out", required=True, metavar="PATH", help="the figure: .svg, .pdf or .png")
    add_problems_option(parser, "some of the problems (default: those all stores have)")
    parser.add_argument(
        "--searches",
        action="append",
        metavar="LABEL,...",
        help="some of the searches (default: all, or the best); may be repeated",
    )
    add_tables_option(parser, "tables of your own that runs were made on")
    parser.add_argument("--over", metavar="COST", help="figures against cost: seconds, epochs or evaluations")
    parser.add_argument(
        "--incumbent",
        metavar="RULE",
        help="anytime: completed-rung (default: the best of the last completed rung) or best-seen (as published)",
    )
    parser.add_argument("--target", type=float, metavar="X", help="ecdf: the test result to reach")
    parser.add_argument("--metrics", metavar="NAME,...", help="proxy, landscape: some of the table's metrics")
    parser.add_argument("--rows", metavar="SETTING", help="heatmap: setting whose values are rows")
    parser.add_argument("--columns", metavar="SETTING", help="heatmap: setting whose values are columns")
    parser.add_argument("--overwrite", action="store_true", help="replace the figure")
    add_plugin(parser)
    parser.set_defaults(act=run_plot)


def run_plot(args: argparse.Namespace) -> None:
    """``mfnas plot``."""
    from mfnas_vec.analysis.sources import open_study
    from mfnas_vec.report.figures import OF_TABLES, check_file, draw, save

    check_file(args.out, overwrite=args.overwrite)
    tables, embedded = tables_of(args.tables)
    study = open_study(
        args.sources,
        names_of("--problems", args.problems),
        args.searches,
        tables=tables,
        embedded=embedded,
        of_tables=args.kind in OF_TABLES,
    )
    options = {name: getattr(args, name) for name in ("over", "incumbent", "target", "rows", "columns")}
    drawing = draw(args.kind, study, metrics=names_of("--metrics", args.metrics), **options)
    save(drawing, args.out, overwrite=args.overwrite)
    print(f"{drawing.title}: written to {args.out}\n  {drawing.caption}")
