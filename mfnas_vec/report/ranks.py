"""Ranks across problems as text: which searches differ, and how often each is better."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.comparison import scores_of
from mfnas_vec.analysis.power import ALPHA
from mfnas_vec.analysis.ranks import LEAST_PROBLEMS, compare_problems
from mfnas_vec.analysis.searches import Search
from mfnas_vec.report.text import aligned
from mfnas_vec.tables.provenance import weakest

#: Most pairs that are printed for a problem, and across problems.
MAX_PAIRS = 60


def p_text(p: float) -> str:
    """A p-value for people."""
    return f"p {p:.2g}" if p >= 1e-4 else "p < 0.0001"


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
