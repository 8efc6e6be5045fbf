"""Regret of the incumbent against search cost."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mfnas_vec.analysis.anytime import anytime, check_over
from mfnas_vec.analysis.statistics import FloatArray, regret
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, cost_axis, draw_panels, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Lowest regret on the logarithmic axis: the results of tables have two decimals.
FLOOR = 0.01
_N_POINT = 120
_QUARTILES = (0.25, 0.75)


def draw_anytime(study: Study, over: str | None = None) -> Drawing:
    """Mean regret with a band from quartile to quartile, a panel per problem.

    Parameters
    ----------
    study
        Its searches are re-run with a trace.
    over
        "seconds", "epochs" or "evaluations"; by default seconds, or epochs where there are none.

    Raises
    ------
    ValueError
        If searches cannot be re-run, or a table has no such cost.
    """
    if over is not None:
        check_over(over)

    def draw(panel: Panel) -> str:
        ax, axis = panel.ax, panel.cost(over)
        ends, drawn = [], False
        for i, label in enumerate(panel.searches):
            cost, mean, band = _regret(study, panel.problem, label, axis)
            drawn |= bool(mean.size)
            look, name = panel.looks[label], study.names[label]
            # Markers at different positions, so that overlapping lines can be distinguished.
            marks: dict[str, Any] = {"marker": look.marker, "markevery": (3 * i % 27, 27), "markersize": 3.2}
            ax.plot(cost, mean, color=look.colour, linestyle=look.dash, label=name, **marks)
            ax.fill_between(cost, *band, color=look.colour, alpha=0.15, linewidth=0)
            ends.append(f"{name} {mean[-1]:.2f}" if mean.size else f"{name} none")
        ax.set_ylabel(f"test regret ({'% points' if panel.unit == '%' else panel.unit})")
        if drawn:
            _log_axis(ax)
        else:
            nothing(ax)
        cost_axis(ax, axis, ax.get_xlim()[1])
        return ", ".join(ends)

    return draw_panels(
        study,
        draw,
        title="Regret of the incumbent against search cost",
        alt="Test regret against search cost. Mean regret at the end, in the units of the axis",
        about="Mean test regret of the incumbent, which the search chooses by its search metric; bands: first to third "
        f"quartile of the runs; values below {FLOOR} are drawn at {FLOOR}",
    )


def _regret(study: Study, problem: str, label: str, over: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Costs from which on all runs have an incumbent; mean regret there, and its quartiles.

    Runs that end without a test result have no regret, and are left out.
    """
    curve = anytime(study.traced(problem, label), study.table(problem), over=over, n_point=_N_POINT, search_score=False)
    gap = regret(curve, float(curve.attrs["optimum"]))["regret"].transpose("cost", "run").values
    gap = gap[:, ~np.isnan(gap[-1])]
    known = ~np.isnan(gap).any(axis=1) & (gap.shape[1] > 0)
    gap = gap[known]
    if not gap.size:
        return np.empty(0), np.empty(0), np.empty((2, 0))
    band = np.quantile(gap, _QUARTILES, axis=1)
    return curve["cost"].values[known], np.maximum(gap.mean(axis=1), FLOOR), np.maximum(band, FLOOR)


def _log_axis(ax: "Axes") -> None:
    """A logarithmic axis with plain numbers at 1, 2 and 5 of each decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(left=0)
