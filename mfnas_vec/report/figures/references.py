"""References that figures compare searches with: random search in closed form, the best after one epoch, the median."""

from collections.abc import Callable

import numpy as np

from mfnas_vec.analysis.anytime import COSTS
from mfnas_vec.analysis.baselines import EVALUATIONS, TOP_K
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.report.figures.panels import Panel
from mfnas_vec.report.figures.style import INK, MUTED, Look

RANDOM, TOP, MEDIAN = "random search, exact", f"top {TOP_K} after one epoch", "median of the table"
REFERENCES = {
    RANDOM: Look(INK, "", (0, (4, 2))),
    TOP: Look(INK, "", (0, (1, 1.2))),
    MEDIAN: Look(MUTED, "", (0, (6, 2, 1, 2))),
}
ABOUT_REFERENCES = (
    "without markers, from the table alone: random search in closed form (expected result, chosen by validation), "
    f"the best {TOP_K} of random architectures after the first epoch of the table, trained to the end, and the median"
)


def draw_references(panel: Panel, over: str, shown: Callable[[FloatArray], FloatArray] = lambda test: test) -> None:
    """Draw ``shown`` of the test result of each reference that the table of a panel has, against cost."""
    found: dict[str, tuple[FloatArray, FloatArray]] = {}
    for name, curve in zip((RANDOM, TOP), panel.study.baselines(panel.problem), strict=True):
        if curve is not None:
            cost = curve[EVALUATIONS if over == EVALUATIONS else COSTS[over]].values.astype(np.float64)
            known = ~np.isnan(cost)
            found[name] = cost[known], curve[TEST].values[known]
    if (middle := panel.study.median(panel.problem)) is not None:
        found[MEDIAN] = np.array([0.0, 1e12]), np.array([middle, middle])
    for name, (cost, test) in found.items():
        look = REFERENCES[name]
        panel.ax.plot(cost, shown(test), color=look.colour, linestyle=look.dash, linewidth=1.0, zorder=1, label=name)
