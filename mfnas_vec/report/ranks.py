"""Ranks across problems as text: which searches differ, and how often each is better."""

import itertools
import math
import textwrap
from collections.abc import Mapping
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


class Ranks(NamedTuple):
    """Average ranks across problems, and the conclusion on them."""

    #: The result of ``compare_problems``, its searches by average rank, the best first.
    found: xr.Dataset
    #: The test of equal ranks, the pairs that differ, and a note if there are few problems.
    lines: list[str]
    #: Pairs that differ by the critical difference, the better first.
    apart: list[tuple[str, str]]
    #: Searches that are not on every problem.
    left_out: list[str]

    @property
    def labels(self) -> list[str]:
        """Labels, the best first."""
        return [str(label) for label in self.found["label"].values]

    @property
    def problems(self) -> list[str]:
        """Problems that searches are ranked on."""
        return [str(problem) for problem in self.found["problem"].values]

    @property
    def rows(self) -> list[tuple[str, float, list[float]]]:
        """Label, average rank, and rank on each problem, the best first."""
        average, ranks = self.found["average_rank"].values.tolist(), self.found["rank"].values.T.tolist()
        return list(zip(self.labels, average, ranks, strict=True))

    @property
    def improvement(self) -> list[tuple[str, list[float]]]:
        """Label, and its probability of improvement over each other, in the order of ``labels``; NaN for itself."""
        matrix = self.found["improvement"].values.copy()
        np.fill_diagonal(matrix, np.nan)
        return list(zip(self.labels, matrix.tolist(), strict=True))


def ranks_of(problems: Mapping[str, Mapping[str, Search]]) -> Ranks:
    """The ranks of the searches that are on every problem.

    Raises
    ------
    ValueError
        As of ``compare_problems``.
    """
    found = compare_problems({name: {k: scores_of(s.runs) for k, s in each.items()} for name, each in problems.items()})
    order = np.argsort(found["average_rank"].values, kind="stable")
    found = found.isel(label=order, first=order, second=order)
    lines, apart = _verdict(found)
    labels = dict.fromkeys(label for searches in problems.values() for label in searches)
    return Ranks(found, lines, apart, [label for label in labels if label not in found["label"].values])


def _verdict(found: xr.Dataset) -> tuple[list[str], list[tuple[str, str]]]:
    """``lines`` and ``apart`` of ``Ranks``."""
    labels, ranks = [str(label) for label in found["label"].values], found["average_rank"].values
    k, n = len(labels), found.sizes["problem"]
    p, limit = found.attrs["p_value"], found.attrs["critical_difference"]
    says = "ranks differ" if p < ALPHA else "no significant difference between ranks"
    chi2 = f"chi2 {found.attrs['chi2']:.2f}, " if k > 2 else ""
    lines = [f"{found.attrs['test']} test: {chi2}{p_text(p)}: {says}"]
    apart = [(labels[i], labels[j]) for i, j in itertools.combinations(range(k), 2) if ranks[j] - ranks[i] >= limit]
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
    return lines, apart


def across_text(problems: Mapping[str, Mapping[str, Search]]) -> str:
    """Average ranks, the differences between them, and the probability of improvement."""
    n = len(problems)
    try:
        ranks = ranks_of(problems)
    except ValueError as error:
        return f"across {n} problems: nothing to compare, {error}"
    kind = weakest(s.provenance for searches in problems.values() for s in searches.values())
    rows = [("SEARCH", "AVERAGE RANK", *problems)]
    rows += [(label, f"{average:.2f}", *(f"{rank:g}" for rank in own)) for label, average, own in ranks.rows]
    table = textwrap.indent(aligned(rows, right=range(1, n + 2)), "  ")
    lines = [f"across {n} problems: ranks, 1 is best; {kind}", table, ""]
    if ranks.left_out:
        lines.append(f"  left out, not on every problem: {', '.join(sorted(ranks.left_out))}")
    lines += [f"  {line}".rstrip() for line in [*ranks.lines, *_improvement(ranks)]]
    return "\n".join(lines)


def _improvement(ranks: Ranks) -> list[str]:
    labels = ranks.labels
    if len(labels) > 12:
        return [f"probability of improvement: not shown for {len(labels)} searches"]
    rows = [("PROBABILITY THAT ROW BEATS COLUMN", *labels)]
    for label, own in ranks.improvement:
        rows.append((label, *("" if math.isnan(value) else f"{value:.2f}" for value in own)))
    return ["", *aligned(rows, right=range(1, len(rows))).splitlines()]
