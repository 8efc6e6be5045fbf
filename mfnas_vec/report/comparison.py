"""Comparisons as text: which differences are significant, how large they are, and which tests have too few runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.comparison import (
    ALPHA,
    compare_runs,
    effect_name,
    scores_of,
)
from mfnas_vec.analysis.ranks import LEAST_PROBLEMS, compare_problems
from mfnas_vec.analysis.searches import Search, searches_of
from mfnas_vec.analysis.statistics import LEAST_RUNS, TEST, iqm, unit_text
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.report.text import aligned, interval_text, selection_note
from mfnas_vec.runs.result import SELECTED_ON
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

#: Most pairs that are printed for a problem.
MAX_PAIRS = 60

METHOD = (
    f"Mann-Whitney U, two-sided, Holm's correction over the pairs of a problem, level {ALPHA:g}; "
    "A12: probability that a run of the first is better than one of the second, ties half: how often, not by how much. "
    "Runs of different searches count as independent samples, even with the same seed; a failed run is the worst. "
    "No significant difference does not prove equality. Intervals: 95 %, of the mean, percentile bootstrap, "
    f"for at least {LEAST_RUNS} runs with a result."
)


def comparison_text(problems: Mapping[str, Mapping[str, Search]], against: str | None = None) -> str:
    """Searches compared on each problem and, where there are several, across them.

    Parameters
    ----------
    problems
        As returned by ``read_searches``.
    against
        Compare all others with the search of this label only.

    Raises
    ------
    ValueError
        If there are fewer than two searches on a problem, or none of that label.
    """
    parts = [problem_text(name, searches, against) for name, searches in problems.items()]
    if len(problems) > 1:
        parts.append(across_text(problems))
    notes = notes_of(problems)
    return "\n\n".join([*parts, "\n".join(f"  note: {note}" for note in [*notes, METHOD])])


def compare(results: Any, *, against: str | None = None) -> str:
    """Which search is better, by how much, and what remains open, as text.

    Parameters
    ----------
    results
        What ``run`` or ``sweep`` returned, a list of those, or a mapping by label (see ``searches_of``).
    against
        Compare all others with the search of this label only.

    Raises
    ------
    ValueError
        As of ``searches_of`` and ``comparison_text``.

    Examples
    --------
    >>> print(compare({"a": run("RS", table), "b": run("SH", table)}))  # doctest: +SKIP
    """
    return comparison_text(searches_of(results), against)


def problem_text(problem: str, searches: Mapping[str, Search], against: str | None = None) -> str:
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
    lines = [head, *("  " + line for line in aligned(rows, right=(1, 2, 3, 5, 6)).splitlines()), ""]
    verdicts = [verdict.text for verdict in verdicts_of(found)]
    lines += [f"  {verdict}" for verdict in verdicts[:MAX_PAIRS]]
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
        f"{s.seconds:,.0f}" if s.seconds > 0 else "-",
        search.provenance,
    )


def p_text(p: float) -> str:
    """A p-value for people."""
    return f"p {p:.2g}" if p >= 1e-4 else "p < 0.0001"


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


def verdicts_of(found: xr.Dataset) -> list[Verdict]:
    """The verdicts on the pairs of ``compare_runs``."""
    names = ("first", "second", "a12", "p_holm", "p_least", "n_first", "n_second")
    pairs = zip(*(found[name].values.tolist() for name in names), strict=True)
    return [_verdict(**dict(zip(names, pair, strict=True))) for pair in pairs]


def _verdict(
    *, first: str, second: str, a12: float, p_holm: float, p_least: float, n_first: int, n_second: int
) -> Verdict:
    effect, p, n, m = a12, p_holm, n_first, n_second
    if math.isnan(p):
        return Verdict(f"{first} and {second}: nothing to compare, one has no test results", "")
    size = _size(effect)
    if p_least > ALPHA:
        return Verdict(f"{first} and {second}: too few runs for a test ({n} and {m})", size, form="{}; {}")
    few = f"; only {min(n, m)} runs" if min(n, m) < LEAST_RUNS else ""
    detail = f"{size}; {p_text(p)}{few}"
    if p >= ALPHA:
        return Verdict(f"{first} and {second}: no significant difference", detail)
    if effect == 0.5:
        # Ties can make the distributions differ though neither is better.
        return Verdict(f"{first} and {second}: neither is better", detail)
    winner, loser, shown = (first, second, effect) if effect > 0.5 else (second, first, 1 - effect)
    return Verdict(f"{winner} is better than {loser}", f"{_size(shown)}; {p_text(p)}{few}", winner)


def _size(effect: float) -> str:
    """An effect size and its name; with three decimals where two would have another name."""
    name = effect_name(effect)
    return f"A12 {effect:.2f}, {name}" if effect_name(round(effect, 2)) == name else f"A12 {effect:.3f}, {name}"


def across_text(problems: Mapping[str, Mapping[str, Search]]) -> str:
    """Average ranks, the differences between them, and the probability of improvement."""
    samples = {name: {k: scores_of(s.runs) for k, s in searches.items()} for name, searches in problems.items()}
    n = len(problems)
    try:
        found = compare_problems(samples)
    except ValueError as error:
        return f"across {n} problems: nothing to compare, {error}"
    labels = [str(label) for label in found["label"].values]
    order = [int(i) for i in np.argsort(found["average_rank"].values, kind="stable")]
    kind = weakest(s.provenance for searches in problems.values() for s in searches.values())
    rows = [("SEARCH", "AVERAGE RANK", *problems)]
    for i in order:
        ranks = [f"{float(rank):g}" for rank in found["rank"].values[:, i]]
        rows.append((labels[i], f"{float(found['average_rank'][i]):.2f}", *ranks))
    table = aligned(rows, right=tuple(range(1, n + 2)))
    lines = [f"across {n} problems: ranks, 1 is best; {kind}", *("  " + line for line in table.splitlines()), ""]
    left_out = sorted({label for searches in problems.values() for label in searches} - set(labels))
    if left_out:
        lines.append(f"  left out, not on every problem: {', '.join(left_out)}")
    lines += [f"  {line}".rstrip() for line in [*rank_verdict(found, order).lines, *_improvement(found, order)]]
    return "\n".join(lines)


class RankVerdict(NamedTuple):
    """The conclusion on average ranks."""

    #: The test of equal ranks, the pairs that differ, and a note if there are few problems.
    lines: list[str]
    #: Pairs that differ by the critical difference, the better first.
    apart: list[tuple[str, str]]


def rank_verdict(found: xr.Dataset, order: Sequence[int]) -> RankVerdict:
    """The verdict on the ranks of ``compare_problems``.

    Parameters
    ----------
    found
        The result of ``compare_problems``.
    order
        Indices of the labels by average rank, the best first.
    """
    labels = [str(label) for label in found["label"].values]
    ranks, k, n = found["average_rank"].values, len(labels), found.sizes["problem"]
    p, limit = found.attrs["p_value"], found.attrs["critical_difference"]
    says = "ranks differ" if p < ALPHA else "no significant difference between ranks"
    chi2 = f"chi2 {found.attrs['chi2']:.2f}, " if k > 2 else ""
    lines = [f"{found.attrs['test']} test: {chi2}{p_text(p)}: {says}"]
    apart = [
        (labels[i], labels[j])
        for place, i in enumerate(order)
        for j in order[place + 1 :]
        if ranks[j] - ranks[i] >= limit
    ]
    widest = float(ranks.max() - ranks.min())
    head = f"critical difference (Nemenyi) {limit:.2f}; the largest difference of average ranks is {widest:.2f}"
    if limit > k - 1:
        lines.append(f"{head}: separates no pair; no ranks on {n} problems could differ so much, too few for a test")
    elif not apart:
        lines.append(f"{head}: separates no pair")
    elif p >= ALPHA:
        lines.append(f"{head}, but is not used: the {found.attrs['test']} test is not significant")
        apart = []
    else:
        pairs = [f"{better} from {worse}" for better, worse in apart[:MAX_PAIRS]]
        more = f" and {len(apart) - MAX_PAIRS:,} more pairs" if len(apart) > MAX_PAIRS else ""
        lines.append(f"{head}: separates {', '.join(pairs)}{more}")
    if n < LEAST_PROBLEMS:
        lines.append(f"{n} problems are few: these tests are approximations for many, independent problems")
    return RankVerdict(lines, apart)


def _improvement(found: xr.Dataset, order: Sequence[int]) -> list[str]:
    labels = [str(label) for label in found["label"].values]
    rows = [("PROBABILITY THAT ROW BEATS COLUMN", *(labels[j] for j in order))]
    if len(labels) > 12:
        return [f"probability of improvement: not shown for {len(labels)} searches"]
    for i in order:
        cells = ["" if i == j else f"{float(found['improvement'][i, j]):.2f}" for j in order]
        rows.append((labels[i], *cells))
    return ["", *aligned(rows, right=tuple(range(1, len(rows)))).splitlines()]


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
    leaked = list(dict.fromkeys(s.label for s in searches if s.runs.attrs.get(SELECTED_ON) == "test"))
    if leaked:
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
