"""Regret of the incumbent against search cost."""

from typing import Any

import numpy as np

from mfnas_vec.analysis.anytime import anytime
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import regret
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import nothing, plain_log
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, cost_axis, draw_panels
from mfnas_vec.report.figures.references import ABOUT_REFERENCES, REFERENCES, draw_references
from mfnas_vec.runs.incumbents import BEST_SEEN, COMPLETED_RUNG, check_rule

#: Lowest regret on the logarithmic axis: the results of tables have two decimals.
FLOOR = 0.01
_N_POINT = 120
_RULES = {
    COMPLETED_RUNG: "what the search would return if it were stopped then, of searches in rungs the best of the last "
    "completed one",
    BEST_SEEN: "the best score seen on any rung, as the published code has it",
}
_QUARTILES = (0.25, 0.75)


def draw_anytime(study: Study, over: str | None = None, incumbent: str = COMPLETED_RUNG, page: bool = False) -> Drawing:
    """Mean regret with a band from quartile to quartile, a panel per problem."""
    check_rule(incumbent)

    def draw(panel: Panel) -> str:
        ax, axis = panel.ax, panel.cost(over)
        ends, drawn = [], False
        for i, label in enumerate(panel.searches):
            cost, mean, band = _regret(study, panel.problem, label, axis, incumbent)
            drawn |= bool(mean.size)
            panel.curve(label, cost, mean, markevery=(3 * i % 27, 27))
            panel.band(label, cost, *band)
            ends.append(f"{study.names[label]} {mean[-1]:.2f}" if mean.size else f"{study.names[label]} none")
        ax.set_ylabel(f"test regret ({'% points' if panel.unit == '%' else panel.unit})")
        if drawn:
            if (best := study.optimum(panel.problem)) is not None:
                right = ax.get_xlim()[1]
                draw_references(panel, axis, lambda test: np.maximum(panel.sign * (best - test), FLOOR))
                ax.set_xlim(right=right)
            # Plain numbers at 1, 2 and 5 of each decade.
            ax.set_yscale("log")
            plain_log(ax.yaxis, subs=(1.0, 2.0, 5.0))
            ax.set_xlim(left=0)
        else:
            nothing(ax)
        cost_axis(panel, axis, ax.get_xlim()[1])
        return ", ".join(ends)

    return draw_panels(
        study,
        draw,
        title="Regret of the incumbent against search cost",
        alt="Test regret against search cost. Mean regret at the end, in the units of the axis",
        about=f"Mean test regret of the incumbent: {_RULES[incumbent]}; bands: first to third "
        f"quartile of the runs; values below {FLOOR} are drawn at {FLOOR}; {ABOUT_REFERENCES}",
        references=REFERENCES,
        page=page,
    )


def _regret(
    study: Study, problem: str, label: str, over: str, incumbent: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Costs from which on all runs have an incumbent; mean regret there, and its quartiles.

    Runs that end without a test result have no regret, and are left out.
    """
    options: dict[str, Any] = {"over": over, "n_point": _N_POINT, "search_score": False, "incumbent": incumbent}
    curve = anytime(study.traced(problem, label), study.table(problem), **options)
    gap = regret(curve, float(curve.attrs["optimum"]))["regret"].transpose("cost", "run").values
    gap = gap[:, ~np.isnan(gap[-1])]
    known = ~np.isnan(gap).any(axis=1) & (gap.shape[1] > 0)
    gap = gap[known]
    if not gap.size:
        return np.empty(0), np.empty(0), np.empty((2, 0))
    band = np.quantile(gap, _QUARTILES, axis=1)
    return curve["cost"].values[known], np.maximum(gap.mean(axis=1), FLOOR), np.maximum(band, FLOOR)
