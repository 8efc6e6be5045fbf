"""The published grid: MF-NAS with three zero-cost metrics and six baselines on five problems."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.searches import search_label
from mfnas_vec.runs import conventions
from mfnas_vec.runs.result import SELECTED_ON, TIMING_PREFIX
from mfnas_vec.runs.run import run
from mfnas_vec.runs.threads import Progress
from mfnas_vec.search import GECCO2024
from mfnas_vec.search.settings import nearest
from mfnas_vec.sweeps.plan import OPTIMIZER, load_inputs
from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import REFUSE
from mfnas_vec.tables.optimum import problem_attrs
from mfnas_vec.tables.store import open_table

PROBLEMS = ("nb101", "nb201-cifar10", "nb201-cifar100", "nb201-imagenet16", "nbasr")


class PublishedSearch(NamedTuple):
    """A search of the published grid."""

    label: str
    optimizer: str
    settings: dict[str, Any]


GRID = (
    PublishedSearch("RS", "RS", {}),
    PublishedSearch("FLS", "FLS", {}),
    PublishedSearch("BLS", "BLS", {}),
    PublishedSearch("SH", "SH", {}),
    PublishedSearch("REA", "REA", {}),
    PublishedSearch("REA+W", "REA+W", {}),
    *(
        PublishedSearch(search_label("MF-NAS", {"metric_stage1": metric}), "MF-NAS", {"metric_stage1": metric})
        for metric in ("synflow", "params", "flops")
    ),
)


def select_problems(names: Iterable[str] | None) -> list[str]:
    """The named problems in the order of the published table; all by default.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    wanted = list(PROBLEMS if names is None else names)
    for name in wanted:
        if name not in PROBLEMS:
            raise ValueError(f"problem {name!r} is unknown; {nearest(name, PROBLEMS)}")
    return [name for name in PROBLEMS if name in wanted]


def select_entries(names: Iterable[str] | None) -> list[PublishedSearch]:
    """Entries by label or by optimizer ("MF-NAS" means all three of its entries); all by default.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    known = [e.label for e in GRID]
    spelt = {name.lower(): name for name in [*known, *(e.optimizer for e in GRID)]}
    wanted = [spelt.get(name.lower(), name) for name in (known if names is None else names)]
    for name in wanted:
        if name not in spelt.values():
            raise ValueError(f"optimizer {name!r} is unknown; {nearest(name, [*known, 'MF-NAS'])}")
    return [e for e in GRID if e.label in wanted or e.optimizer in wanted]


def problem_tables(
    problems: Sequence[str], own: Iterable[xr.Dataset] = (), *, embedded: bool = False
) -> dict[str, xr.Dataset]:
    """The table of each problem: the one of ``own`` with its name, else the imported one, else the embedded one.

    With ``embedded``, imported tables are ignored.

    Raises
    ------
    ValueError
        If a table of ``own`` does not have the name of a problem, or has another space, data set or unit
        than that problem, or if two have the same name.
    """
    tables: dict[str, xr.Dataset] = {}
    for table in own:
        name = str(table.attrs.get("name", ""))
        if name not in problems:
            raise ValueError(f"a table has the name {name!r}; must be that of a problem: {', '.join(problems)}")
        known = open_table(name, embedded=True)
        for what, found, wanted in (
            ("space", table.attrs.get("space"), known.attrs["space"]),
            ("dataset", table.attrs.get("dataset"), known.attrs["dataset"]),
            ("test result", dense.test_variable(table), dense.test_variable(known)),
        ):
            if found != wanted:
                raise ValueError(f"the table named {name!r} has {what} {found!r}; that of the problem is {wanted!r}")
        if name in tables:
            raise ValueError(f"two tables have the name {name!r}")
        tables[name] = table
    return {name: tables[name] if name in tables else open_table(name, embedded=embedded) for name in problems}


def reproduce(
    tables: Mapping[str, xr.Dataset],
    entries: Sequence[PublishedSearch] = GRID,
    *,
    n_run: int = 500,
    seed: int = 0,
    protocol: str = GECCO2024,
    missing: str = REFUSE,
    n_thread: int | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[str, xr.Dataset]]:
    """Run the entries on each table.

    Parameters
    ----------
    tables
        Benchmark tables by problem.
    entries
        Optimizers with their settings; all other settings have their published values.
    n_run, seed, protocol, missing, n_thread, progress
        As of ``run``.

    Yields
    ------
    tuple
        A problem and its results: those of ``run`` stacked along ``optimizer``.

    Raises
    ------
    ValueError
        If a table lacks an input of an entry, or an argument is invalid.
    """
    for problem, table in tables.items():
        begun = time.perf_counter()
        loaded = load_inputs(table, [(entry.optimizer, entry.settings) for entry in entries])
        read = time.perf_counter() - begun
        results = [
            run(
                entry.optimizer,
                loaded,
                n_run=n_run,
                seed=seed,
                protocol=protocol,
                missing=missing,
                n_thread=n_thread,
                progress=progress,
                **entry.settings,
            )
            for entry in entries
        ]
        stacked = stack(problem, loaded, entries, results)
        yield problem, stacked.assign_attrs({TIMING_PREFIX + "table_seconds": read})


def stack(
    problem: str, table: xr.Dataset, entries: Sequence[PublishedSearch], results: Sequence[xr.Dataset]
) -> xr.Dataset:
    """Results of several optimizers on one table as one Dataset.

    Settings, inputs and provenance, which differ between optimizers, are coordinates along
    ``optimizer``; what is the same for all is an attribute.
    """

    def texts(values: Iterable[str]) -> tuple[str, Any]:
        return OPTIMIZER, np.array(list(values), dtype=np.dtypes.StringDType())

    joined = xr.concat(
        [r.drop_attrs(deep=False).drop_vars(list(conventions.SCALARS)) for r in results],
        dim=OPTIMIZER,
        combine_attrs="override",
    )
    for name in ("search_score", "cost_seconds"):
        joined[name].attrs.pop("provenance")
        joined[name].attrs["ancillary_variables"] = conventions.ANCILLARY[name]
    joined = joined.assign_coords(
        {
            OPTIMIZER: texts(e.label for e in entries),
            "settings": texts(r.attrs["settings"] for r in results),
            "inputs": texts(json.dumps(r.attrs["inputs"]) for r in results),
            "inputs_digest": texts(r.attrs["inputs_digest"] for r in results),
            "search_provenance": texts(r["search_score"].attrs["provenance"] for r in results),
            "seconds_provenance": texts(r["cost_seconds"].attrs["provenance"] for r in results),
        }
    )
    if any(SELECTED_ON in r.attrs for r in results):
        joined = joined.assign_coords({SELECTED_ON: texts(r.attrs.get(SELECTED_ON, "metric") for r in results)})
    for name, long_name in conventions.COORDINATES.items():
        if name in joined.coords:
            joined[name].attrs["long_name"] = long_name
    about = problem_attrs(problem, table) | {conventions.DESCRIPTION: conventions.OVER_OPTIMIZERS}
    shared = ("space", "dataset", "protocol", "seed", "opened_from_digest", "mfnas_vec_version", conventions.FORMAT)
    timings = {key: [r.attrs[key] for r in results] for key in results[0].attrs if key.startswith(TIMING_PREFIX)}
    return joined.assign_attrs(about | {key: results[0].attrs[key] for key in shared} | timings)
