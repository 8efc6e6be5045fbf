"""What each decision of a protocol changes: differences between the runs of a search under two protocols."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.bootstrap import bootstrap_interval
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST

#: Costs of a run that are compared as well as its test performance.
COSTS = ("cost_seconds", "cost_epochs", "evaluations")


class Effect(NamedTuple):
    """The mean change of a number when one protocol takes the place of another."""

    mean: float
    low: float
    high: float


class Change(NamedTuple):
    """What a protocol changes of a search on a problem."""

    problem: str
    search: str  # its label without the protocol
    base: str
    protocol: str
    #: By variable: test performance and costs.
    effects: dict[str, Effect]
    #: Share of runs that found another architecture.
    other_answer: float
    #: Runs that found no architecture under the protocol.
    n_failed: int
    #: "test" where the protocol chooses the answer by its test result, else "metric".
    selected_on: str
    provenance: str


def changes(problems: Mapping[str, Mapping[str, Search]], base: str | None = None) -> list[Change]:
    """Every search under each protocol compared with the same search under another one.

    Run i of a seed begins with the same random numbers under every protocol, so differences are taken
    run by run, and the intervals are of the mean difference.

    Parameters
    ----------
    problems
        As returned by ``read_searches``: a search under several protocols has the same settings.
    base
        The protocol to compare with; by default the first that a search was run under.

    Raises
    ------
    ValueError
        If no search was run under ``base`` and under another protocol.
    """
    found = []
    for problem, searches in problems.items():
        groups: dict[tuple[str, str], list[Search]] = {}
        for search in searches.values():
            groups.setdefault((search.optimizer, search.settings), []).append(search)
        for group in groups.values():
            before = next((s for s in group if base in (None, _protocol(s))), None)
            found += [_change(problem, before, after) for after in group if before is not None and after is not before]
    if not found:
        under = "one protocol" if base is None else f"{base!r}"
        raise ValueError(f"no search was run under {under} and under another protocol, with the same settings")
    return found


def _protocol(search: Search) -> str:
    return str(search.runs.attrs.get("protocol"))


def _change(problem: str, before: Search, after: Search) -> Change:
    one, other = xr.align(before.runs, after.runs, join="inner", copy=False)
    effects = {name: _effect(one[name].values, other[name].values) for name in (TEST, *COSTS)}
    return Change(
        problem,
        after.label.replace(f" {_protocol(after)}", "", 1),
        _protocol(before),
        _protocol(after),
        effects,
        float((one["arch"].values != other["arch"].values).mean()),
        int((other["arch"].values < 0).sum()),
        str(after.runs.attrs.get("selected_on", "metric")),
        after.provenance,
    )


def _effect(before: np.ndarray, after: np.ndarray) -> Effect:
    difference = after.astype(float) - before.astype(float)
    difference = difference[np.isfinite(difference)]
    if not difference.size:
        return Effect(np.nan, np.nan, np.nan)
    low, high = bootstrap_interval(difference, np.mean)
    return Effect(float(difference.mean()), float(low), float(high))
