"""From a mapping, as a YAML file gives it, to a grid, checked as far as that needs no table."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.search import Field, get_optimizer
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.settings import nearest
from mfnas_vec.sweeps.grid import Entry, Grid
from mfnas_vec.sweeps.skeleton import ROOT
from mfnas_vec.tables.library import imported_path
from mfnas_vec.tables.store import open_table

#: Keys of a grid.
KEYS = ("name", "title", "problems", "optimizers", "n_run", "seed", "protocol", "missing")
#: Keys of an entry that are no settings.
ENTRY_KEYS = ("optimizer", "problems", "protocol")


def grid_of(content: Any, name: str = "grid") -> Grid:
    """The grid of a mapping, as a YAML file gives it.

    Parameters
    ----------
    content
        ``problems`` (a list of tables, by name, by path or opened, or a mapping of table to settings of
        its own; a path has a "/" or ends in .zarr, NAME@imported and NAME@embedded are names, too) and
        ``optimizers`` (a mapping of label to settings; ``optimizer`` names the optimizer where the
        label does not, ``problems`` limits the entry to some). A list varies a setting. Optional:
        ``name, title, n_run, seed, protocol, missing``.
    name
        Name of the grid if the content has none.

    Raises
    ------
    ValueError
        If a key, an optimizer or a setting is unknown (the nearest are named), or a value is not
        allowed.
    """
    top = _mapping(content, "a grid")
    for key in top:
        if key not in KEYS:
            raise ValueError(f"a grid has no {key!r}; {nearest(key, KEYS)}")
    for key in ("problems", "optimizers"):
        if not top.get(key):
            raise ValueError(f"a grid needs {key!r}")
    own_tables, problems = _own_tables(top["problems"])
    problems = _problems(problems)
    optimizers = _mapping(top["optimizers"], "'optimizers'")
    entries = tuple(
        entry
        for label, own in optimizers.items()
        for entry in _by_protocol(_entry(label, _settings(own, f"{label!r}"), problems), own)
    )
    problems = {name: _problem_settings(name, own, entries) for name, own in problems.items()}
    options = {key: top[key] for key in ("n_run", "seed", "protocol", "missing") if key in top}
    title = "" if top.get("title") is None else str(top["title"])
    called = name if top.get("name") is None else str(top["name"])
    return Grid(called, title, problems, entries, tables=own_tables, **options).checked()


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} must be a mapping of names, not {_short(value)}")
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f"{what} has the key {key!r}, which is no text")
    return dict(value)


def _settings(value: Any, what: str) -> dict[str, Any]:
    """A mapping that may be left empty."""
    return {} if value is None else _mapping(value, what)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _own_tables(problems: Any) -> tuple[dict[str, str | xr.Dataset], Any]:
    """Tables among problems that are given by path or opened, and the problems with names in their place."""
    tables: dict[str, str | xr.Dataset] = {}

    def name_of(problem: Any) -> Any:
        is_path = isinstance(problem, str) and ("/" in problem or "@" in problem or problem.endswith(".zarr"))
        if not (is_path or isinstance(problem, (Path, xr.Dataset))):
            return problem
        try:
            table = problem if isinstance(problem, xr.Dataset) else open_table(problem)
        except ValueError as error:
            raise ValueError(f"problem {problem!r} must be the name of a table or a path: {error}") from None
        name = str(table.attrs.get("name", ""))
        if name in tables:
            raise ValueError(f"'problems' has two tables of the name {name!r}; build_table takes name=")
        tables[name] = problem if isinstance(problem, xr.Dataset) else str(problem)
        return name

    if isinstance(problems, Mapping) and not isinstance(problems, xr.Dataset):
        names = [(name_of(problem), own) for problem, own in problems.items()]
        if len(dict(names)) < len(names):
            raise ValueError("'problems' names one twice")
        return tables, dict(names)
    if isinstance(problems, (list, tuple)):
        return tables, [name_of(problem) for problem in problems]
    return tables, name_of(problems)


def _problems(value: Any) -> dict[str, dict[str, Any]]:
    if isinstance(value, Mapping):
        if tables := [name for name, own in value.items() if isinstance(own, xr.Dataset)]:
            raise ValueError(
                f"problem {tables[0]!r} must have settings, not a table: problems=[table], named by build_table"
            )
        found = {name: _settings(own, f"problem {name!r}") for name, own in _mapping(value, "'problems'").items()}
    else:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"'problems' must be names of tables, not {_short(value)}")
        found = {name: {} for name in names}
        if len(found) < len(names):
            raise ValueError("'problems' names one twice")
    for name in found:
        try:
            imported_path(name)  # problems are groups of the result, named as tables are
        except ValueError as error:
            raise ValueError(f"problem {name!r} must be the name of a table: {error}") from None
        if name == ROOT or name.startswith("__"):
            raise ValueError(f"problem {name!r} is a name that result stores keep for themselves")
    return found


def _problem_settings(problem: str, own: Mapping[str, Any], entries: Iterable[Entry]) -> dict[str, Any]:
    """A problem's settings by their own names; each must be one of some optimizer that is run on it."""
    optimizers = {entry.optimizer: get_optimizer(entry.optimizer) for entry in entries if entry.is_run_on(problem)}
    checked: dict[str, Any] = {}
    for key, given in own.items():
        owners = [o for o in optimizers.values() if key in o.setting_names]
        if not owners:
            names = sorted({s.name for o in optimizers.values() for s in o.fields})
            raise ValueError(
                f"problem {problem!r}: none of its optimizers has a setting {key!r}; {nearest(key, names)}"
            )
        for owner in owners:
            setting = owner.setting(key)
            value = _value(setting, given, f"problem {problem!r}")
            if checked.setdefault(setting.name, value) != value:
                raise ValueError(
                    f"problem {problem!r}: {key!r} is another name of {setting.name!r}, which is given too"
                )
    return checked


def _entry(label: str, content: dict[str, Any], problems: Mapping[str, Any]) -> Entry:
    named = content.get("optimizer", label)
    if not isinstance(named, str):
        raise ValueError(f"{label!r}: optimizer={_short(named)} must be the name of one")
    optimizer = get_optimizer(named)
    only = content.get("problems")
    if only is not None:
        only = [only] if isinstance(only, str) else only
        if not isinstance(only, list) or not only:
            raise ValueError(f"{label!r}: problems={_short(only)} must be names of the grid's problems")
        for name in only:
            if name not in problems:
                hint = nearest(str(name), list(problems))
                raise ValueError(f"{label!r}: problems={_short(only)}: {name!r} is not in the grid; {hint}")
    settings: dict[str, list[Any]] = {}
    for key, given in content.items():
        if key in ENTRY_KEYS:
            continue
        setting = optimizer.setting(key)
        if setting.name in settings:
            raise ValueError(f"{label!r}: {key!r} is another name of {setting.name!r}, which is given too")
        values = [_value(setting, v, f"{label!r}") for v in _alternatives(setting, given)]
        if not values:
            raise ValueError(f"{label!r}: {key} has no values")
        if len({repr(value) for value in values}) < len(values):
            raise ValueError(f"{label!r}: {key}={_short(given)} names a value twice")
        settings[setting.name] = values
    return Entry(label, optimizer.name, settings, None if only is None else tuple(map(str, only)))


def _by_protocol(entry: Entry, content: Mapping[str, Any] | None) -> Iterator[Entry]:
    """An entry as it is, or under each of its own protocols, which its labels then name."""
    given = None if content is None else content.get("protocol")
    if given is None:
        yield entry
        return
    protocols = given if isinstance(given, list) else [given]
    if not protocols or len(set(map(str, protocols))) < len(protocols):
        raise ValueError(f"{entry.label!r}: protocol={_short(given)} must be a protocol, or different ones")
    for protocol in protocols:
        with naming(repr(entry.label)):
            rules_of(protocol)
        label = entry.label if len(protocols) == 1 else f"{entry.label} {protocol}"
        yield dataclasses.replace(entry, label=label, protocol=protocol)


def _alternatives(setting: Field, given: Any) -> list[Any]:
    """The values of a setting: a list varies it, and so does a list of lists where one value is a list."""
    if not isinstance(given, list):
        return [given]
    if setting.kind == "epochs" and not any(isinstance(v, list) for v in given):
        return [given]
    return given


def _value(setting: Field, given: Any, where: str) -> Any:
    with naming(where):
        # YAML reads 1e4 as text, and published files quote some numbers.
        value = setting.check(setting.parse(given) if isinstance(given, str) else given)
    return value
