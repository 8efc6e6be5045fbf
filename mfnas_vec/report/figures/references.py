"""References that figures compare searches with: random search in closed form, the best after one epoch, the median."""

import numpy as np

from mfnas_vec.analysis.anytime import COSTS
from mfnas_vec.analysis.baselines import EVALUATIONS, TOP_K
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
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


def reference_curves(study: Study, problem: str, over: str) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Cost and test result of each reference that a problem's table has; none without the table."""
    found: dict[str, tuple[FloatArray, FloatArray]] = {}
    for name, curve in zip((RANDOM, TOP), study.baselines(problem), strict=True):
        if curve is not None:
            cost = curve[EVALUATIONS if over == EVALUATIONS else COSTS[over]].values.astype(np.float64)
            known = ~np.isnan(cost)
            found[name] = cost[known], curve[TEST].values[known]
    middle = study.median(problem)
    if middle is not None:
        found[MEDIAN] = np.array([0.0, 1e12]), np.array([middle, middle])
    return found
