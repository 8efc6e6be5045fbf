"""What a page says about its results besides numbers: settings, tables, commands."""

import json
import shlex
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml

from mfnas_vec.analysis.replay import given_settings
from mfnas_vec.analysis.searches import Search, split_place
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.page.words import joined, searches_of
from mfnas_vec.report.text import range_text, value_text
from mfnas_vec.search import find_optimizer
from mfnas_vec.sweeps.contents import Contents
from mfnas_vec.sweeps.grid_files import load_grid, shipped_grids
from mfnas_vec.tables.provenance import UNSTATED
from mfnas_vec.tables.schema import PROVENANCES

#: Most values of a setting that are listed.
MAX_VALUES = 20
#: Prefix of settings that follow from others.
_FOLLOWS = "using_zc_metric"


class OptimizerSettings(NamedTuple):
    """The searches of one optimizer and their settings."""

    optimizer: str
    title: str
    n_search: int
    #: Setting, its meaning, its values: those that differ between the searches of the group.
    varied: list[tuple[str, str, str]]
    #: Setting, its meaning, its values by problem; "varied" where they differ.
    all: list[tuple[str, str, list[str]]]


class TableFacts(NamedTuple):
    """A table, and the inputs that searches read from it."""

    problem: str
    title: str
    digest: str
    n_arch: str
    optimum: str
    test: str
    test_provenance: str
    #: Names of the inputs, by provenance.
    inputs: list[tuple[str, list[str]]]
    note: str


class Recipe(NamedTuple):
    """How to reproduce a store or page."""

    commands: list[str]
    #: Name and content of a file that the commands need.
    file: tuple[str, str] | None = None


def settings_of(study: Study) -> list[OptimizerSettings]:
    """The settings of the searches, by optimizer."""
    found: dict[str, dict[str, list[Search]]] = {}
    for problem, searches in study.searches.items():
        for search in searches.values():
            found.setdefault(search.optimizer or search.label, {}).setdefault(problem, []).append(search)
    return [_settings(name, by_problem, study.problems) for name, by_problem in found.items()]


def _settings(name: str, by_problem: dict[str, list[Search]], problems: Sequence[str]) -> OptimizerSettings:
    optimizer = find_optimizer(name)
    meaning = {s.name: s.help.replace("`", "") for s in optimizer.fields} if optimizer else {}
    # Values of each setting by problem, in the order of the searches.
    values: dict[str, dict[str, list[str]]] = {}
    for problem, searches in by_problem.items():
        for search in searches:
            for setting, value in json.loads(search.settings).items():
                of = values.setdefault(setting, {}).setdefault(problem, [])
                if value_text(value) not in of:
                    of.append(value_text(value))
    varied, everything = [], []
    for setting, of_problems in values.items():
        help_text = meaning.get(setting, "")
        distinct = list(dict.fromkeys(value for of in of_problems.values() for value in of))
        if any(len(of) > 1 for of in of_problems.values()):
            more = f" and {len(distinct) - MAX_VALUES} more" if len(distinct) > MAX_VALUES else ""
            varied.append((setting, help_text, ", ".join(distinct[:MAX_VALUES]) + more))
        cells = [of_problems.get(problem, []) for problem in problems]
        everything.append((setting, help_text, ["-" if not c else c[0] if len(c) == 1 else "varied" for c in cells]))
    n_search = len({search.label for searches in by_problem.values() for search in searches})
    return OptimizerSettings(name, optimizer.title if optimizer else "", n_search, varied, everything)


def facts_of(study: Study) -> list[tuple[str, str]]:
    """Facts that hold for all results."""
    return [
        ("Problems", f"{len(study.problems):,}"),
        ("Searches", f"{len(study.labels):,}"),
        ("Runs per search", range_text(s.runs.sizes["run"] for s in searches_of(study))),
        ("Seed", joined(stated(study, "seed"))),
        ("Protocol", joined(stated(study, "protocol"))),
    ]


def stated(study: Study, key: str) -> list[str]:
    """Values of an attribute of the results, in order."""
    return sorted({str(search.runs.attrs.get(key, UNSTATED)) for search in searches_of(study)})


def tables_of(study: Study) -> list[TableFacts]:
    """The tables, and the inputs that searches read from them."""
    return [_table_facts(study, problem) for problem in study.problems]


def _table_facts(study: Study, problem: str) -> TableFacts:
    attrs, searches = study.attrs(problem), study.searches[problem]
    by_kind: dict[str, dict[str, None]] = {}
    for search in searches.values():
        for text in search.inputs:
            name, _, kind = text.rpartition(": ")
            by_kind.setdefault(kind, {})[name] = None
    order = [*PROVENANCES, *sorted(set(by_kind) - set(PROVENANCES))]
    test = next(iter(searches.values())).runs[TEST].attrs
    best, n_arch, title = study.optimum(problem), "not available", str(attrs.get("title", ""))
    try:
        table = study.table(problem)
        n_arch, title = f"{table.sizes['arch']:,}", title or str(table.attrs.get("title", ""))
    except ValueError:
        pass
    return TableFacts(
        problem=problem,
        title=title or problem,
        digest=str(attrs.get("opened_from_digest", "")) or UNSTATED,
        n_arch=n_arch,
        optimum=UNSTATED if best is None else f"{best:.6g}",
        test=f"{test.get('long_name', TEST)} ({test.get('variable', UNSTATED)})",
        test_provenance=str(test.get("provenance", UNSTATED)),
        inputs=[(kind, list(by_kind[kind])) for kind in order if kind in by_kind],
        note=str(attrs.get("table_note", "")),
    )


def versions_of(study: Study) -> list[tuple[str, str]]:
    """Versions of packages that the stores record."""
    found: dict[str, dict[str, None]] = {}
    for contents in study.contents:
        for key, value in contents.attrs.items():
            if key.endswith("_version"):
                found.setdefault(key.removesuffix("_version"), {})[str(value)] = None
    return [(name, joined(list(values))) for name, values in found.items()]


def recipes_of(study: Study, title: str | None) -> list[Recipe]:
    """The commands that reproduce the stores and this page."""
    recipes, names = [], []
    for place, contents in zip(study.places, study.contents, strict=True):
        label, path = split_place(place)
        # The name only: paths of the author's machine are private.
        store = PurePosixPath(path.rstrip("/")).name or "results.zarr"
        names.append(f"{label}={store}" if label else store)
        make = {"sweep": _sweep_recipe, "run": _run_recipe}[contents.kind]
        recipes.append(make(study, contents, place, store))
    own = [] if title is None else ["--title", title]
    recipes.append(Recipe([shlex.join(["mfnas", "report", *names, "--out", "report.html", *own])]))
    return recipes


def _options(attrs: Any, n_run: int) -> list[str]:
    return ["--n_run", str(n_run), "--seed", str(attrs["seed"]), "--protocol", str(attrs["protocol"])]


def _sweep_recipe(study: Study, contents: Contents, place: str, store: str) -> Recipe:
    attrs = contents.attrs
    name = str(attrs["grid_name"])
    options = [*_options(attrs, int(attrs["n_run"])), "--missing", str(attrs["missing"]), "--out", store]
    if name in shipped_grids() and load_grid(name).on_problems(attrs["problems"]).json_of_cells() == attrs["grid"]:
        some = list(load_grid(name).problems) != list(attrs["problems"])
        chosen = ["--problems", ",".join(attrs["problems"])] if some else []
        return Recipe([shlex.join(["mfnas", "sweep", name, *chosen, *options])])
    problems, entries = json.loads(str(attrs["grid"]))
    optimizers: dict[str, Any] = {}
    for entry in entries:
        own = {k: v[0] if len(v) == 1 and not isinstance(v[0], list) else v for k, v in entry["settings"].items()}
        if entry["optimizer"] != entry["label"]:
            own["optimizer"] = entry["optimizer"]
        if entry["problems"] is not None:
            own["problems"] = entry["problems"]
        optimizers[entry["label"]] = own
    grid = {"title": attrs.get("title", ""), "problems": problems, "optimizers": optimizers}
    text = yaml.safe_dump(grid, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    options = [*_plugins(entry["optimizer"] for entry in entries), *options]
    return Recipe([shlex.join(["mfnas", "sweep", "grid.yaml", *options])], ("grid.yaml", text))


def _plugins(optimizers: Iterable[str]) -> list[str]:
    """The options that load the plug-ins of optimizers, if they are loaded here."""
    found = [known.plugin for name in optimizers if (known := find_optimizer(name))]
    names = dict.fromkeys(plugin.name for plugin in found if plugin is not None)
    return [word for name in names for word in ("--plugin", name)]


def _run_recipe(study: Study, contents: Contents, place: str, store: str) -> Recipe:
    part = contents.parts[0]
    search = next(s for s in study.searches[part.problem].values() if s.store == place)
    if find_optimizer(search.optimizer) is None:
        attrs = part.dataset.attrs
        given = {"name": search.optimizer, "n_run": part.n_run, "seed": int(attrs["seed"])}
        given |= {"protocol": str(attrs["protocol"]), "trace": True, **json.loads(search.settings)}
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        return Recipe(
            [f"simulate(search, open_table({part.problem!r}), {arguments})  # in Python, with its own search"]
        )
    try:
        given = given_settings(search, study.table(part.problem))
    except ValueError:  # without the table, give all settings
        given = json.loads(search.settings)
    settings = [f"{name}={value_text(value)}" for name, value in given.items() if not name.startswith(_FOLLOWS)]
    command = ["mfnas", "run", "--table", part.problem, "--optimizer", search.optimizer]
    command += _plugins([search.optimizer])
    command += [*(["--set", *settings] if settings else []), *_options(part.dataset.attrs, part.n_run), "--out", store]
    return Recipe([shlex.join(command)])
