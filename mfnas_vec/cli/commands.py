"""What each command does: gather arguments, call the library, print."""

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfnas_vec.cli.parser import DATASETS, Action

if TYPE_CHECKING:
    import xarray as xr

    from mfnas_vec.optimizers import Optimizer


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


def _reproduce(args: argparse.Namespace) -> None:
    begun = time.perf_counter()
    from mfnas_vec.experiment.reproduce import problem_tables, reproduce, select_entries, select_problems
    from mfnas_vec.report.progress import ProgressBar
    from mfnas_vec.report.reproduction import LEGEND, csv_text, markdown, problem_text, timing_text
    from mfnas_vec.results.store import check_folder, write_results
    from mfnas_vec.tables.store import open_table

    imported = time.perf_counter()
    problems = select_problems(_names("--problems", args.problems))
    entries = select_entries(_names("--optimizers", args.optimizers))
    if args.out is not None:
        check_folder(args.out, overwrite=args.overwrite)
    tables = problem_tables(problems, [open_table(path) for path in args.tables])
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


def _names(option: str, text: str | None) -> list[str] | None:
    """The words of a list with commas; ``None`` if not given."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"{option} names nothing: {text!r}")
    return words


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


ACTIONS: dict[str, Action] = {
    "run": _run,
    "reproduce": _reproduce,
    "optimizers": _optimizers,
    "tables list": _tables_list,
    "tables info": _tables_info,
    "tables verify": _tables_verify,
}
