"""Published numbers compared with those of this package: differences, and verdicts that respect provenance."""

import dataclasses
import json
import math
from collections.abc import Mapping

import xarray as xr

from mfnas_vec.analysis.bootstrap import LEAST_RUNS
from mfnas_vec.analysis.replay import given_settings
from mfnas_vec.analysis.searches import Search, searches_of
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.published import numbers
from mfnas_vec.published.numbers import PublishedResult
from mfnas_vec.runs.result import SELECTED_ON
from mfnas_vec.search import GECCO2024
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

REPRODUCED = "reproduced"
NOT_PUBLISHED = "not published"
OTHER_PROTOCOL = "other protocol"
TOO_FEW = "too few runs"
NO_TEST = "test results missing"
NOT_TIMED = "not timed"

#: Published means are printed with two decimals.
ROUNDING = 0.005

#: The setting whose values the published table compares, and those that follow from the metrics.
_FREE = {"metric_stage1", "using_zc_metric_stage1", "using_zc_metric_stage2"}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One search on one problem: the published result, that of this package, and a verdict on the two."""

    problem: str
    optimizer: str
    published: PublishedResult | None
    ours: Summary
    searched: str  # provenance of the search metrics
    tested: str  # provenance of the test performance
    charged: str  # provenance of the seconds, or NOT_TIMED
    protocol: str = GECCO2024
    selected_on: str = "metric"  # what chose the answers of the runs: the search metric, or "test"

    @property
    def provenance(self) -> str:
        """The weakest provenance of all inputs of the result."""
        return weakest(kind for kind in (self.searched, self.tested, self.charged) if kind != NOT_TIMED)

    @property
    def difference(self) -> float:
        """The mean here minus the published one; NaN where none is published."""
        return math.nan if self.published is None else self.ours.mean - self.published.mean

    @property
    def verdict(self) -> str:
        """ "reproduced" only if the inputs are measured or computed, and the means agree.

        The means agree if their difference, minus the rounding error of the published one, is within
        1.96 standard errors of the two means. Standard deviations and costs are not compared.
        """
        if self.provenance not in (MEASURED, COMPUTED):
            return f"on {self.provenance} values"
        if self.published is None:
            return NOT_PUBLISHED
        if self.protocol != GECCO2024:
            return OTHER_PROTOCOL
        n = self.ours.n_tested
        if n < self.ours.n_run:
            return NO_TEST
        if n < LEAST_RUNS:
            return TOO_FEW
        sample_sd = self.ours.sd * math.sqrt(n / (n - 1))
        error = math.hypot(self.published.sd / math.sqrt(numbers.N_RUN), sample_sd / math.sqrt(n))
        if abs(self.difference) <= ROUNDING + 1.96 * error:
            return REPRODUCED
        return f"differs by {self.difference:+.2f}"


def published_result(problem: str, optimizer: str, settings: str) -> PublishedResult | None:
    """The published result of an optimizer by all its settings (JSON), if there is one."""
    if optimizer != "MF-NAS":
        return None
    return numbers.MF_NAS.get(problem, {}).get(str(json.loads(settings)["metric_stage1"]))


def compare(results: xr.Dataset) -> list[Comparison]:
    """A comparison for each search of the results of a sweep on a problem."""
    (searches,) = searches_of(results).values()
    problem, timed = str(results.attrs["problem"]), bool(results.attrs["timed"])
    return [
        _comparison(problem, search, published_result(problem, search.optimizer, search.settings), timed)
        for search in searches.values()
    ]


def compare_search(study: Study, problem: str, search: Search) -> Comparison | None:
    """The comparison of a search that has published settings; ``None`` for any other."""
    known = published_result(problem, search.optimizer, search.settings)
    if known is None or not _has_published_settings(study, problem, search):
        return None
    return _comparison(problem, search, known, study.timed(problem))


def _comparison(problem: str, search: Search, known: PublishedResult | None, timed: bool) -> Comparison:
    attrs = search.runs.attrs
    return Comparison(
        problem=problem,
        optimizer=search.label,
        published=known,
        ours=summarize(search.runs),
        searched=weakest([search.searched, *(text.rpartition(": ")[2] for text in search.inputs)]),
        tested=str(search.runs[TEST].attrs.get("provenance")),
        charged=search.charged if timed else NOT_TIMED,
        protocol=str(attrs["protocol"]),
        selected_on=str(attrs.get(SELECTED_ON, "metric")),
    )


def _has_published_settings(study: Study, problem: str, search: Search) -> bool:
    try:
        given: Mapping[str, object] = given_settings(search, study.table(problem))
    except ValueError:  # without the table, its published settings are not known
        return False
    return set(given) <= _FREE
