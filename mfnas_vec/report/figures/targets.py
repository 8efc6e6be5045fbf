"""Success rate at a target against search cost."""

import logging

import numpy as np

from mfnas_vec.analysis.anytime import COSTS
from mfnas_vec.analysis.bootstrap import FloatArray, bootstrap_ends
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.targets import hitting_costs
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, cost_axis, draw_panels

LOGGER = logging.getLogger("mfnas_vec")


def draw_ecdf(study: Study, over: str | None = None, target: float | None = None, page: bool = False) -> Drawing:
    """Share of runs whose incumbent has reached a target, a panel per problem."""
    if target is not None and not np.isfinite(target):
        raise ValueError(f"target={target} must be a number")

    def draw(panel: Panel) -> str:
        ax, problem, axis = panel.ax, panel.problem, panel.cost(over)
        ends = np.concatenate([search.runs[TEST].values for search in panel.searches.values()])
        if target is None and np.isnan(ends).all():
            raise ValueError(f"{problem}: no run ended with a test result to take as the target; give target=")
        wanted = float(np.nanmedian(ends)) if target is None else target
        if target is not None and 0 < target <= 1 and panel.unit == "%" and np.nanmax(ends, initial=0.0) > 1:
            hint = "target=%g: results on %s are in percent, %.2f in the mean; did you mean %g?"
            LOGGER.warning(hint, target, problem, np.nanmean(ends), 100 * target)
        traces = panel.traces()
        longest = max(float(traced[COSTS[axis]].max()) for traced in traces.values())
        rates = []
        for i, (label, traced) in enumerate(traces.items()):
            costs = np.sort(hitting_costs(traced, wanted, over=axis, table=study.table(problem)))
            reached = costs[np.isfinite(costs)]
            rate = np.arange(1, reached.size + 1) / costs.size
            x, y = np.r_[0.0, reached, longest], np.r_[0.0, rate, rate[-1:] if rate.size else 0.0]
            panel.curve(label, *_thin(x, y), markevery=(4 * i + 2, 45), drawstyle="steps-post")
            points = np.linspace(0.0, longest, 25)
            low, high = bootstrap_ends((costs[:, None] <= points).astype(np.float64), np.mean)
            panel.band(label, points, low, high)
            rates.append(f"{study.names[label]} {100 * y[-1]:.0f} %")
        goal = f"{'at least' if panel.sign > 0 else 'at most'} {wanted:.2f} {panel.unit}"
        ax.set(title=f"{problem}\n{goal}", ylim=(-0.02, 1.03), xlim=(0, longest or 1))
        ax.set_ylabel("success rate")
        cost_axis(panel, axis, longest)
        return f"{goal}: {', '.join(rates)}"

    origin = "the median of the final results of all runs shown" if target is None else "given"
    return draw_panels(
        study,
        draw,
        title="Success rate at a target against search cost",
        alt="Share of runs that reach a target, against search cost. At the end",
        about=f"Share of runs whose incumbent has reached the test result in the title, {origin}; a run counts from "
        "the first time on, even if its incumbent changes later; bands: bootstrap 95 % interval over runs",
        omits_failed=False,
        page=page,
    )


def _thin(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Few enough points for a drawing, ends included."""
    kept = np.unique(np.linspace(0, x.size - 1, min(x.size, 150)).astype(np.int64))
    return x[kept], y[kept]
