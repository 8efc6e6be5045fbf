"""From result stores to the searches in them, one by one, checked to be comparable."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.statistics import TEST, leading_dims, present
from mfnas_vec.runs.conventions import NOT_APPLICABLE
from mfnas_vec.runs.result import RUN, SELECTED_ON, cell_attrs
from mfnas_vec.sweeps.contents import Contents, Part, read_contents
from mfnas_vec.sweeps.store import is_url
from mfnas_vec.tables.provenance import UNSTATED, weakest

#: Variables that comparisons read.
_READ = ("arch", TEST, "cost_seconds", "cost_epochs", "evaluations", "unique_evaluations")
#: Settings whose published short name stands in labels.
_SHORT = {"n_candidate": "k"}


class Search(NamedTuple):
    """The runs of one optimizer with one choice of settings on one problem."""

    label: str
    #: Over ``run``, in memory: what was found, and what it cost.
    runs: xr.Dataset
    settings: str
    inputs_digest: str
    #: The weakest provenance of inputs, costs and test results.
    provenance: str
    #: Which of the given stores it is of.
    store: str
    #: Its name in ``OPTIMIZERS``; empty if the store does not have it.
    optimizer: str = ""
    #: Its value of each varied setting of its store.
    place: Mapping[str, Any] = {}
    #: Treatment of architectures that are missing in the table.
    missing: str = "refuse"
    #: Its inputs, each as "NAME: PROVENANCE".
    inputs: tuple[str, ...] = ()
    #: Provenance of the search metric, and of the seconds.
    searched: str = UNSTATED
    charged: str = UNSTATED
    #: The result with its trace, where the store has it.
    course: xr.Dataset | None = None


def read_searches(
    places: Sequence[str], problems: Sequence[str] | None = None, contents: Sequence[Contents] | None = None
) -> dict[str, dict[str, Search]]:
    """The searches of result stores, by problem and label.

    Parameters
    ----------
    places
        Paths of stores of ``run``, ``reproduce`` or ``sweep``. ``NAME=PATH`` names what is in one:
        the search of ``run`` is called NAME, those of the others "NAME: label".
    problems
        Some of the problems; by default those that every store has.
    contents
        Contents of each store, if they have been read already.

    Raises
    ------
    ValueError
        If a store cannot be read or is not complete, stores have no problem in common, two searches
        have the same label or are the same runs, or their test results differ in kind.
    """
    found: dict[str, dict[str, Search]] = {}
    stores: list[set[str]] = []
    for i, place in enumerate(places):
        name, path = split_place(place)
        held = read_contents(path) if contents is None else contents[i]
        if not held.complete:
            raise ValueError(f"{path} is unfinished; mfnas sweep ... --resume completes it")
        stores.append({part.problem for part in held.parts})
        for part in held.parts:
            if problems is not None and part.problem not in problems:
                continue
            for search in _searches(part, held.attrs, name, place):
                _add(found, part.problem, search, "NAME=PATH gives what is in a store another name")
    common = set.intersection(*stores) if stores else set()
    wanted = [problem for problem in found if problem in common]
    for problem in problems or ():
        if problem not in common:
            raise ValueError(f"not every store has results on {problem!r}; on {', '.join(sorted(common)) or 'none'}")
    if not wanted:
        listed = "; ".join(f"{place}: {', '.join(sorted(has))}" for place, has in zip(places, stores, strict=True))
        raise ValueError(f"the stores have no problem in common ({listed})")
    for problem in wanted:
        _check(problem, list(found[problem].values()))
    return {problem: found[problem] for problem in wanted}


def chosen_on_test(searches: Iterable[Search]) -> list[str]:
    """Labels of the searches whose answers test results chose."""
    return list(dict.fromkeys(s.label for s in searches if s.runs.attrs.get(SELECTED_ON) == "test"))


def split_place(place: str) -> tuple[str, str]:
    """Name and path of ``NAME=PATH``; a path that exists as it stands has no name."""
    name, equals, path = place.partition("=")
    if not equals or is_url(name) or "/" in name or Path(place).exists():
        return "", place
    if not name.strip() or not path:
        raise ValueError(f"{place}: must be PATH or NAME=PATH")
    return name.strip(), path


def _searches(part: Part, root: Mapping[str, Any], name: str, place: str) -> Iterator[Search]:
    # At once: a read per combination takes longer than all else.
    result = part.dataset[[*_READ, "search_score"]].load()
    course = part.dataset.load() if "trace_code" in part.dataset else None
    dims = leading_dims(result)
    exists = present(result).transpose(*dims).values
    for at in zip(*np.nonzero(exists), strict=True) if dims else [()]:
        place_of = dict(zip(dims, map(int, at), strict=True))
        one = result.isel(place_of)
        runs = one[list(_READ)].reset_coords(drop=True)
        runs.attrs = dict(result.attrs) | cell_attrs(one)
        if dims:
            label = label_of(result, place_of, exists)
            settings, digest = str(one["settings"].item()), str(one["inputs_digest"].item())
            optimizer = _optimizer_of(str(one["optimizer"].item()), root) if "optimizer" in one.coords else ""
        else:
            label = optimizer = str(result.attrs["optimizer"])
            settings, digest = str(result.attrs["settings"]), str(result.attrs["inputs_digest"])
        if name:
            label = f"{name}: {label}" if dims else name
        every = {dim: one[dim].item() for dim in dims if dim != "optimizer"}
        values = {dim: value for dim, value in every.items() if value == value and value != NOT_APPLICABLE}
        inputs, searched, charged = _sources_of(one)
        kind, missing = provenance_of(one), str(root.get("missing", "refuse"))
        about = kind, place, optimizer, values, missing, inputs, searched, charged, course
        yield Search(label, runs, settings, digest, *about)


def _add(found: dict[str, dict[str, Search]], problem: str, search: Search, remedy: str) -> None:
    """Add a search to those of its problem; refuse a second one of its label, and say the remedy."""
    others = found.setdefault(problem, {})
    if search.label in others:
        stores = f"{others[search.label].store} and {search.store}"
        raise ValueError(f"{problem}: {stores} both have {search.label!r}; {remedy}")
    others[search.label] = search


def searches_of(results: Any) -> dict[str, dict[str, Search]]:
    """Results in memory as searches, by problem and label.

    Parameters
    ----------
    results
        What ``run`` or ``sweep`` returned, or a list of those, or a mapping by label.

    Raises
    ------
    ValueError
        If one is no result, two searches have one label, or results cannot be compared.
    """
    if isinstance(results, Mapping) and not isinstance(results, (xr.Dataset, xr.DataTree)):
        named = [(str(label), result) for label, result in results.items()]
    else:
        named = [("", result) for result in (results if isinstance(results, (list, tuple)) else [results])]
    found: dict[str, dict[str, Search]] = {}
    for i, (name, result) in enumerate(named):
        place = f"results[{name!r}]" if name else f"results[{i}]"
        root = {str(key): value for key, value in result.attrs.items()} if isinstance(result, xr.DataTree) else {}
        for part in _parts(result, place):
            for search in _searches(part, root, name, place):
                _add(found, part.problem, search, "a mapping gives results other labels: {'label': result}")
    if not named:
        raise ValueError("results is empty")
    for problem, searches in found.items():
        _check(problem, list(searches.values()))
    return found


def _parts(result: Any, place: str) -> Iterator[Part]:
    if isinstance(result, xr.DataTree):
        for node in result.children.values() or [result]:
            yield from _parts(node.to_dataset(), place)
        return
    if not isinstance(result, xr.Dataset) or TEST not in result or RUN not in result.dims or "settings" not in result:
        what = "" if isinstance(result, xr.Dataset) else f", but a {type(result).__name__}"
        raise ValueError(f"{place} is no result of run or sweep{what}")
    if leading_dims(result) and "inputs" not in result.coords:
        raise ValueError(f"{place} does not say the inputs of each search: give joined results one by one")
    yield Part(str(result.attrs.get("problem", "")), result, 1, result.sizes[RUN], 1, 1)


def _optimizer_of(label: str, root: Mapping[str, Any]) -> str:
    """The optimizer of a label: a sweep has it in its grid, labels of ``reproduce`` begin with it."""
    if "grid" not in root:
        return label.partition(" (")[0]
    _, entries = json.loads(str(root["grid"]))
    return next((str(entry["optimizer"]) for entry in entries if entry["label"] == label), "")


def provenance_of(cell: xr.Dataset) -> str:
    """The weakest provenance of inputs, costs and test results.

    Parameters
    ----------
    cell
        Of ``run``, or one combination of a sweep.
    """
    inputs, searched, charged = _sources_of(cell)
    test = str(cell[TEST].attrs.get("provenance", UNSTATED))
    return weakest([test, searched, charged, *(text.rpartition(": ")[2] for text in inputs)])


def _sources_of(cell: xr.Dataset) -> tuple[tuple[str, ...], str, str]:
    """The inputs of a search, and the provenance of its scores and of its seconds."""
    if "inputs" in cell.coords:
        inputs = json.loads(str(cell["inputs"].item()))
        searched, charged = (str(cell[f"{which}_provenance"].item()) for which in ("search", "seconds"))
    else:
        inputs = list(np.atleast_1d(cell.attrs["inputs"]))
        searched, charged = (str(cell[name].attrs.get("provenance", "")) for name in ("search_score", "cost_seconds"))
    return tuple(map(str, inputs)), searched, charged


def label_of(result: xr.Dataset, place: Mapping[str, int], exists: Any) -> str:
    """The label of one combination: its optimizer, with those of its settings that were varied."""
    dims = leading_dims(result)
    optimizer, own = str(result.attrs.get("optimizer", "")), exists
    if "optimizer" in place:
        optimizer = str(result["optimizer"].values[place["optimizer"]])
        own = np.take(exists, place["optimizer"], axis=dims.index("optimizer"))
    rest = [dim for dim in dims if dim != "optimizer"]
    varied = {}
    for axis, dim in enumerate(rest):
        others = tuple(i for i in range(len(rest)) if i != axis)
        if own.any(axis=others).sum() > 1:
            varied[dim] = result[dim].values[place[dim]]
    return search_label(optimizer, varied)


def search_label(optimizer: str, settings: Mapping[str, Any]) -> str:
    """The label of a search in all texts, figures, pages and files.

    Settings follow in brackets. A metric stands without the name of its setting if it is the only one.

    Examples
    --------
    >>> search_label("MF-NAS", {"metric_stage1": "params", "n_candidate": 32})
    'MF-NAS (params, k=32)'
    """
    metrics = [name for name, value in settings.items() if isinstance(value, str)]
    parts = [
        ("" if metrics == [name] else f"{_SHORT.get(name, name)}=") + setting_text(value)
        for name, value in settings.items()
    ]
    return f"{optimizer} ({', '.join(parts)})".strip() if parts else optimizer


def setting_text(value: Any) -> str:
    """A coordinate's value as a user would type it."""
    if isinstance(value, (float, np.floating)):
        return "none" if np.isinf(value) else f"{value:g}"
    return str(value)


def _kind(search: Search) -> tuple[str, ...]:
    attrs = search.runs[TEST].attrs
    return tuple(str(attrs.get(key, "unstated")) for key in ("variable", "units", "direction", "provenance"))


def _check(problem: str, searches: list[Search]) -> None:
    first = searches[0]
    for other in searches[1:]:
        if _kind(other) != _kind(first):
            a, b = (f"{s.label} is judged by {' '.join(_kind(s))}" for s in (first, other))
            raise ValueError(f"{problem}: not comparable: {a}, {b}")
        tables = [str(s.runs.attrs.get("opened_from_digest", "")) for s in (first, other)]
        if all(tables) and tables[0] != tables[1]:
            raise ValueError(f"{problem}: not comparable: {first.label} and {other.label} were run on different tables")
    for i, one in enumerate(searches):
        for other in searches[i + 1 :]:
            if one.store != other.store and _same_runs(one, other):
                raise ValueError(
                    f"{problem}: {one.label} ({one.store}) and {other.label} ({other.store}) are the same runs: "
                    "there is nothing to compare"
                )


def _same_runs(one: Search, other: Search) -> bool:
    """Whether two searches share runs: the same settings, inputs, seed and outcomes."""
    if (one.settings, one.inputs_digest) != (other.settings, other.inputs_digest):
        return False
    if any(one.runs.attrs.get(key) != other.runs.attrs.get(key) for key in ("seed", "protocol")):
        return False
    common = np.intersect1d(one.runs[RUN].values, other.runs[RUN].values)
    mine, theirs = (s.runs[["arch", "cost_seconds", "evaluations"]].sel({RUN: common}) for s in (one, other))
    return bool(common.size and mine.equals(theirs))
