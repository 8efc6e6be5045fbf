"""What each command does: gather arguments, call the library, print."""

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mfnas_vec.cli.bench import run_bench
from mfnas_vec.cli.options import names_of, tables_of
from mfnas_vec.cli.parser import DATASETS, Action
from mfnas_vec.cli.plotting import run_plot
from mfnas_vec.cli.results import run_compare, run_export, run_report, tell_contents
from mfnas_vec.cli.sweeping import run_sweep

if TYPE_CHECKING:
    import xarray as xr

    from mfnas_vec.search import Optimizer

#: Steps of a progress bar of unknown units.
_N_SHARE = 1000


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

    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.text import result_text
    from mfnas_vec.runs.run import run
    from mfnas_vec.runs.store import check_target, write_result
    from mfnas_vec.search import get_optimizer
    from mfnas_vec.tables.store import open_table

    settings = _parse_settings(get_optimizer(args.optimizer), args.settings)
    table = open_table(name, embedded=args.table == "embedded")
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
            missing=args.missing,
            n_thread=args.threads,
            progress=progress,
            **settings,
        )
    if args.out is not None:
        write_result(result, args.out, overwrite=args.overwrite)
    print(result_text(result, time.perf_counter() - begun))
    if args.out is not None:
        print(f"\n  written to {args.out}")


def _reproduce(args: argparse.Namespace) -> None:
    begun = time.perf_counter()
    from mfnas_vec.published.reproduce import problem_tables, reproduce, select_entries, select_problems
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.reproduction import LEGEND, csv_text, markdown, problem_text, timing_text
    from mfnas_vec.runs.store import check_folder, write_results
    from mfnas_vec.tables.store import open_table

    imported = time.perf_counter()
    problems = select_problems(names_of("--problems", args.problems))
    entries = select_entries(names_of("--optimizers", args.optimizers))
    if args.out is not None:
        check_folder(args.out, overwrite=args.overwrite)
    paths, embedded = tables_of(args.tables)
    tables = problem_tables(problems, [open_table(path) for path in paths], embedded=embedded)
    opened = time.perf_counter()
    results: dict[str, xr.Dataset] = {}
    with ProgressBar(args.n_run * len(entries) * len(problems), "the published table") as progress:
        grid = reproduce(
            # Compiling takes memory, too: it happens with the first, smallest table.
            dict(sorted(tables.items(), key=lambda item: item[1].sizes["arch"])),
            entries,
            n_run=args.n_run,
            seed=args.seed,
            protocol=args.protocol,
            missing=args.missing,
            n_thread=args.threads,
            progress=progress if progress.watched else None,
        )
        for problem, result in grid:
            results[problem] = result
    results = {problem: results[problem] for problem in problems}
    for result in results.values():
        print(problem_text(result) + "\n")
    print(f"  {LEGEND}")
    ran = time.perf_counter()
    if args.out is not None:
        texts = {"table.csv": csv_text(results.values()), "table.md": markdown(results.values())}
        write_results(results, texts, args.out, overwrite=args.overwrite)
    done = time.perf_counter()
    parts = {"imports": imported - begun, "opening tables": opened - imported, "writing": done - ran}
    print(f"  {timing_text(results, done - begun, parts)}")
    if args.out is not None:
        print(f"  written to {args.out}")


def _optimizers(args: argparse.Namespace) -> None:
    from mfnas_vec.report.text import optimizer_text, optimizers_text
    from mfnas_vec.search import OPTIMIZERS, get_optimizer
    from mfnas_vec.tables.store import open_table, table_names

    if args.name is None:
        print(optimizers_text(OPTIMIZERS))
    else:
        print(optimizer_text(get_optimizer(args.name), {name: open_table(name) for name in table_names()}))


def _tables_list(args: argparse.Namespace) -> None:
    from mfnas_vec.report.text import tables_text
    from mfnas_vec.tables.library import imported_names
    from mfnas_vec.tables.store import open_table, read_manifest

    imported = {name: open_table(name) for name in imported_names()}
    print(tables_text(read_manifest(), imported))


def _tables_info(args: argparse.Namespace) -> None:
    from mfnas_vec.report.text import table_text
    from mfnas_vec.tables.store import open_table

    print(table_text(open_table(args.name)))


def _tables_verify(args: argparse.Namespace) -> None:
    from mfnas_vec.tables.library import imported_names
    from mfnas_vec.tables.store import read_manifest, table_names, verify_table

    everything = [*table_names(), *read_manifest(section="spaces")]
    embedded = [name for name in everything if name not in imported_names()]
    for name in args.names or [*embedded, *imported_names()]:
        verify_table(name)
        print(f"{name}: every byte as in the manifest" if name in embedded else f"{name}: every byte as imported")


def _shares(progress: Callable[[int], object]) -> Callable[[int, int], None]:
    """Progress told as what is done and what there is to do, for a bar of ``_N_SHARE`` steps."""
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        now = min(_N_SHARE, _N_SHARE * done // total) if total > 0 else 0
        if now > told:
            progress(now - told)
            told = now

    return tell


def _tables_import(args: argparse.Namespace) -> None:
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
    with ProgressBar(_N_SHARE, f"importing {args.format}") as progress:
        table = import_table(
            args.format,
            args.paths,
            space=args.ss,
            dataset=args.dataset,
            trials=args.trials,
            metrics=args.metrics,
            provenance=args.provenance,
            into=args.into,
            progress=_shares(progress),
        )
    name = args.name or str(table.attrs["name"])
    table.attrs["name"] = name
    path = write_imported(table, name, overwrite=args.overwrite)
    print(import_text(table, path))


def _tables_fetch(args: argparse.Namespace) -> None:
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
    with ProgressBar(_N_SHARE, f"fetching {source.file}") as progress:
        path = fetch(source, None if args.to is None else Path(args.to), _shares(progress))
    print(f"{source.name}: {path}\n  next: mfnas tables import {source.importer} '{path}'")


def _tables_export(args: argparse.Namespace) -> None:
    from mfnas_vec.tables.export import FORMATS, export_table
    from mfnas_vec.tables.store import open_table

    table = open_table(args.name)
    suffix = {"netcdf": "nc"}.get(args.format, args.format)
    if args.format not in FORMATS:
        raise ValueError(f"--format={args.format}: must be one of {', '.join(FORMATS)}")
    out = args.out or f"{table.attrs.get('name', 'table')}.{suffix}"
    export_table(table, out, args.format, overwrite=args.overwrite)
    print(f"{args.name}: written to {out}")


ACTIONS: dict[str, Action] = {
    "run": _run,
    "reproduce": _reproduce,
    "sweep": run_sweep,
    "info": tell_contents,
    "compare": run_compare,
    "export": run_export,
    "report": run_report,
    "bench": run_bench,
    "plot": run_plot,
    "optimizers": _optimizers,
    "tables list": _tables_list,
    "tables info": _tables_info,
    "tables verify": _tables_verify,
    "tables import": _tables_import,
    "tables fetch": _tables_fetch,
    "tables export": _tables_export,
}
