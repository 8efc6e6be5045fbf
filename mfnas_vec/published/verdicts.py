"""Published numbers beside ours: differences, and verdicts that heed where our numbers come from."""

import dataclasses
import json
import math

import xarray as xr

from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.published import numbers
from mfnas_vec.published.numbers import PublishedResult
from mfnas_vec.search import GECCO2024
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

REPRODUCED = "reproduced"
NOT_PUBLISHED = "not published"
OTHER_PROTOCOL = "other protocol"
TOO_FEW = "too few runs"
NO_TEST = "test results missing"
NOT_TIMED = "not timed"

#: Fewer runs than this say too little of a mean.
LEAST_RUNS = 10

#: Published means are printed with two decimals.
ROUNDING = 0.005


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One optimizer on one problem: the published result, ours, and what may be said of the two."""

    problem: str
    optimizer: str
    published: PublishedResult | None
    ours: Summary
    searched: str  # provenance of what the search read
    tested: str  # provenance of the test performance
    charged: str  # provenance of the seconds, or NOT_TIMED
    protocol: str = GECCO2024

    @property
    def provenance(self) -> str:
        """The weakest provenance of any number behind the result."""
        return weakest(kind for kind in (self.searched, self.tested, self.charged) if kind != NOT_TIMED)

    @property
    def difference(self) -> float:
        """Our mean less the published one; NaN where none is published."""
        return math.nan if self.published is None else self.ours.mean - self.published.mean

    @property
    def verdict(self) -> str:
        """ "reproduced" only of measured (or computed) numbers whose mean agrees.

        The means agree where their difference, less what rounding can hide, is within 1.96
        standard errors of the two means. Standard deviations and costs are not judged.
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
    """The published result of an optimizer with settings (JSON) on a problem, if there is one."""
    if optimizer.partition(" ")[0] != "MF-NAS":
        return None
    return numbers.MF_NAS.get(problem, {}).get(str(json.loads(settings)["metric_stage1"]))


def compare(results: xr.Dataset) -> list[Comparison]:
    """One comparison per optimizer of the stacked results of a problem."""
    rows = []
    for i, optimizer in enumerate(results["optimizer"].values.tolist()):
        one = results.isel(optimizer=i)
        inputs = [str(text).rpartition(": ")[2] for text in json.loads(str(one["inputs"].item()))]
        rows.append(
            Comparison(
                problem=results.attrs["problem"],
                optimizer=optimizer,
                published=published_result(results.attrs["problem"], optimizer, str(one["settings"].item())),
                ours=summarize(one),
                searched=weakest([*inputs, str(one["search_provenance"].item())]),
                tested=str(one["test_performance"].attrs["provenance"]),
                charged=str(one["seconds_provenance"].item()) if results.attrs["timed"] else NOT_TIMED,
                protocol=str(results.attrs["protocol"]),
            )
        )
    return rows
