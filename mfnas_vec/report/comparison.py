"""Comparisons as text: which differences are significant, how large they are, and which tests have too few runs."""

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.bootstrap import LEAST_RUNS
from mfnas_vec.analysis.comparison import compare_runs, effect_name, scores_of
from mfnas_vec.analysis.power import ALPHA, POWER
from mfnas_vec.analysis.searches import Search, chosen_on_test, searches_of
from mfnas_vec.analysis.selection import Leak
from mfnas_vec.analysis.statistics import TEST, iqm, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.report.ranks import MAX_PAIRS, across_text, p_text
from mfnas_vec.report.text import aligned, cost_text, interval_text, selection_note
from mfnas_vec.tables.schema import COMPUTED, MEASURED

METHOD = (
    f"Mann-Whitney U, two-sided, Holm's correction over the pairs of a problem, level {ALPHA:g}; "
    "A12: probability that a run of the first is better than one of the second, ties half: how often, not by how much. "
    "Runs of different searches count as independent samples, even with the same seed; a failed run is the worst. "
    "No significant difference does not prove equality; detectable: the difference of means that these runs would "
    f"have found with power {POWER:g} (normal results, pooled standard deviation). "
    "Intervals: 95 %, of the mean, percentile bootstrap, "
    f"for at least {LEAST_RUNS} runs with a result."
)


LEAK_METHOD = (
    "selection leak: how much better the best test result among all that a run evaluated is than that of the "
    "architecture it chose; a result chosen by test results would be so much too good. The mean over runs."
)


def comparison_text(
    problems: Mapping[str, Mapping[str, Search]],
    against: str | None = None,
    leaks: Mapping[str, Mapping[str, Leak]] | None = None,
) -> str:
    """Searches compared on each problem and, where there are several, across them.

    Parameters
    ----------
    problems
        As returned by ``read_searches``.
    against
        Compare all others with the search of this label only.
    leaks
        Selection leaks by problem and label, which then are columns.

    Raises
    ------
    ValueError
        If there are fewer than two searches on a problem, or none of that label.
    """
    parts = [
        problem_text(name, searches, against, leaks[name] if leaks else None) for name, searches in problems.items()
    ]
    if len(problems) > 1:
        parts.append(across_text(problems))
    notes = [*notes_of(problems), *([LEAK_METHOD] if leaks else [])]
    return "\n\n".join([*parts, "\n".join(f"  note: {note}" for note in [*notes, METHOD])])


def compare(results: Any, *, against: str | None = None, leak: bool = False) -> str:
    """Which search is better, by how much, and what remains open, as text.

    Parameters
    ----------
    results
        What ``run`` or ``sweep`` returned, a list of those, or a mapping by label (see ``searches_of``).
    against
        Compare all others with the search of this label only.
    leak
        Whether to add the selection leak of each search, which re-runs those without a trace.

    Raises
    ------
    ValueError
        As of ``searches_of`` and ``comparison_text``.

    Examples
    --------
    >>> print(compare({"a": run("RS", table), "b": run("SH", table)}))  # doctest: +SKIP
    """
    if not leak:
        return comparison_text(searches_of(results), against)
    study = Study.of(results)
    return comparison_text(study.searches, against, leaks_of(study))


def leaks_of(study: Study) -> dict[str, dict[str, Leak]]:
    """The selection leaks of all searches, by problem and label.

    Raises
    ------
    ValueError
        As of ``Study.traced``.
    """
    return {p: {label: study.leak(p, label) for label in found} for p, found in study.searches.items()}


def problem_text(
    problem: str,
    searches: Mapping[str, Search],
    against: str | None = None,
    leaks: Mapping[str, Leak] | None = None,
) -> str:
    """The searches on one problem: a line per search, then a line per pair."""
    try:
        found = compare_runs({label: scores_of(s.runs) for label, s in searches.items()}, against)
    except ValueError as error:
        raise ValueError(f"{problem}: {error}") from None
    attrs = next(iter(searches.values())).runs[TEST].attrs
    better = "lower" if attrs["direction"] == "minimize" else "higher"
    unit = unit_text(attrs)
    head = f"{problem}: {attrs.get('long_name', TEST)} in {unit}, {better} is better; {attrs.get('provenance')}"
    rows: list[tuple[str, ...]] = [("SEARCH", "RUNS", "FOUND", "MEAN", "95 % INTERVAL", "IQM", "SECONDS", "PROVENANCE")]
    rows += [_search_row(search) for search in searches.values()]
    right = [1, 2, 3, 5, 6]
    if leaks is not None:
        cells = [("BEST EVALUATED", "LEAK", "95 % INTERVAL"), *(_leak_cells(leaks[label]) for label in searches)]
        rows = [(*row, *more) for row, more in zip(rows, cells, strict=True)]
        right += [8, 9]
    verdicts = verdicts_of(found, unit)
    lines = [head, textwrap.indent(aligned(rows, right=right), "  "), ""]
    lines += [f"  {verdict.text}" for verdict in verdicts[:MAX_PAIRS]]
    if len(verdicts) > MAX_PAIRS:
        lines.append(f"  and {len(verdicts) - MAX_PAIRS:,} more pairs (all are corrected for; --against shows fewer)")
    return "\n".join(lines)


def _search_row(search: Search) -> tuple[str, ...]:
    runs = search.runs
    s = summarize(runs)
    test = runs[TEST].values
    return (
        search.label,
        f"{s.n_run:,}",
        f"{s.n_found:,}",
        f"{s.mean:.2f}" if s.n_tested else "-",
        interval_text(s),
        f"{iqm(test[~np.isnan(test)]):.2f}" if s.n_tested else "-",
        cost_text(s.seconds) if s.seconds > 0 else "-",
        search.provenance,
    )


def _leak_cells(leak: Leak) -> tuple[str, str, str]:
    if not leak.n_run:
        return "-", "-", "-"
    interval = f"- (n = {leak.n_run})" if math.isnan(leak.low) else f"{leak.low:.2f} to {leak.high:.2f}"
    return f"{leak.best:.2f}", f"{leak.gap:.2f}", interval


class Verdict(NamedTuple):
    """The conclusion on two searches."""

    statement: str
    #: Effect size, p-value and the number of runs if it is small; empty where there is nothing to compare.
    detail: str
    #: Label of the better search; empty where the difference is not significant.
    winner: str = ""
    #: How the two are joined in one line.
    form: str = "{} ({})"

    @property
    def text(self) -> str:
        """The verdict in one line."""
        return self.form.format(self.statement, self.detail) if self.detail else self.statement


#: Variables of ``compare_runs`` that a verdict needs.
_OF_PAIRS = ("first", "second", "a12", "p_holm", "p_least", "n_first", "n_second", "detectable")


def verdicts_of(found: xr.Dataset, unit: str = "1") -> list[Verdict]:
    """The verdicts on the pairs of ``compare_runs``; differences in a unit."""
    columns = (found[name].values.tolist() for name in _OF_PAIRS)
    return [_verdict(pair, unit) for pair in zip(*columns, strict=True)]


def _verdict(pair: tuple[Any, ...], unit: str) -> Verdict:
    """The verdict on a pair, which has the values of ``_OF_PAIRS``."""
    first, second, effect, p, p_least, n, m, detectable = pair
    if math.isnan(p):
        return Verdict(f"{first} and {second}: nothing to compare, one has no test results", "")
    size = _size(effect)
    if p_least > ALPHA:
        return Verdict(f"{first} and {second}: too few runs for a test ({n} and {m})", size, form="{}; {}")
    few = f"; only {min(n, m)} runs" if min(n, m) < LEAST_RUNS else ""
    detail = f"{size}; {p_text(p)}{few}"
    if p >= ALPHA:
        return Verdict(f"{first} and {second}: no significant difference", detail + difference_text(detectable, unit))
    if effect == 0.5:
        # Ties can make the distributions differ though neither is better.
        return Verdict(f"{first} and {second}: neither is better", detail)
    winner, loser, shown = (first, second, effect) if effect > 0.5 else (second, first, 1 - effect)
    return Verdict(f"{winner} is better than {loser}", f"{_size(shown)}; {p_text(p)}{few}", winner)


def difference_text(difference: float, unit: str) -> str:
    """What a test without a significant difference could have found; empty if that is not known."""
    if math.isnan(difference):
        return ""
    points = {"%": "percentage points", "1": ""}.get(unit, unit)
    return f"; detectable: {f'{difference:.2g} {points}'.strip()}"


def _size(effect: float) -> str:
    """An effect size and its name; with three decimals where two would have another name."""
    name = effect_name(effect)
    return f"A12 {effect:.2f}, {name}" if effect_name(round(effect, 2)) == name else f"A12 {effect:.3f}, {name}"


def _spread(searches: Iterable[Search]) -> float:
    """Ratio of the mean seconds of the most and the least expensive timed search."""
    means = [float(s.runs["cost_seconds"].mean()) for s in searches]
    known = [mean for mean in means if mean > 0]
    return max(known) / min(known) if known else 1.0


def notes_of(problems: Mapping[str, Mapping[str, Search]]) -> list[str]:
    """Notes on provenance, protocols, unequal costs and missing test results."""
    searches = [search for problem in problems.values() for search in problem.values()]
    notes = []
    doubtful = sorted({s.provenance for s in searches} - {MEASURED, COMPUTED})
    if doubtful:
        kinds = " and ".join(doubtful)
        notes.append(f"search metrics or test results are {kinds}: these are not published or measured results.")
    if leaked := chosen_on_test(searches):
        notes.insert(0, selection_note(leaked))
    protocols: dict[str, list[str]] = {}
    for search in searches:
        names = protocols.setdefault(str(search.runs.attrs.get("protocol")), [])
        if search.label not in names:
            names.append(search.label)
    if len(protocols) > 1:
        listed = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in protocols.items())
        notes.append(f"the searches were run under different protocols ({listed}).")
    largest = max((_spread(problem.values()) for problem in problems.values()), default=1.0)
    if largest > 1.2:
        times = f"{largest:.2g}" if largest < 10 else f"{largest:,.0f}"
        notes.append(f"the searches do not cost the same: on a problem, up to {times} times as many seconds.")
    unknown = sum(int(s.runs["arch"].notnull().sum()) - int(s.runs[TEST].notnull().sum()) for s in searches)
    if unknown:
        notes.append(f"{unknown} runs found an architecture without a test result in the table; they are left out.")
    return notes
