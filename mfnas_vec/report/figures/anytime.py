"""Regret of the incumbent after each cost."""

from typing import TYPE_CHECKING

import numpy as np

from mfnas_vec.analysis.anytime import anytime, check_over
from mfnas_vec.analysis.statistics import TEST, FloatArray, regret, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.drawing import (
    Drawing,
    caption,
    cost_axis,
    finish,
    left_out,
    legend,
    looks,
    nothing,
    panels,
    selection,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Regret is drawn on a logarithmic axis, and not below this: results of tables have two decimals.
FLOOR = 0.01
_N_POINT = 120
_QUARTILES = (0.25, 0.75)


def draw_anytime(study: Study, over: str | None = None) -> Drawing:
    """Mean regret with a band from quartile to quartile, a panel per problem.

    Parameters
    ----------
    study
        Its searches are made again, with every evaluation.
    over
        "seconds", "epochs" or "evaluations"; by default seconds, epochs where there are none.

    Raises
    ------
    ValueError
        If searches cannot be made again, or a table has no such cost.
    """
    if over is not None:
        check_over(over)
    selected, note = selection(study)
    with style():
        figure, axes = panels(len(study.problems), height=2.0, legend=[study.names[label] for label in selected])
        look, shown, said = looks(study), {}, []
        for ax, problem in zip(axes, study.problems, strict=True):
            labels = [label for label in selected if label in study.searches[problem]]
            shown[problem] = labels
            axis = over or ("seconds" if study.timed(problem) else "epochs")
            ends, drawn = [], False
            for i, label in enumerate(labels):
                cost, mean, band = _regret(study, problem, label, axis)
                drawn |= bool(mean.size)
                colour = look[label].colour
                line = {"color": colour, "linestyle": look[label].dash, "label": study.names[label]}
                # At places of their own, so that lines on top of each other can be told apart.
                ax.plot(cost, mean, marker=look[label].marker, markevery=(3 * i % 27, 27), markersize=3.2, **line)
                ax.fill_between(cost, *band, color=colour, alpha=0.15, linewidth=0)
                ends.append(f"{study.names[label]} {mean[-1]:.2f}" if mean.size else f"{study.names[label]} none")
            unit = unit_text(next(iter(study.searches[problem].values())).runs[TEST].attrs)
            named = "% points" if unit == "%" else unit
            ax.set(title=problem, ylabel=f"test regret ({named})")
            if drawn:
                _log_axis(ax)
            else:
                nothing(ax)
            cost_axis(ax, axis, ax.get_xlim()[1])
            said.append(f"{problem}: {', '.join(ends)}")
        legend(figure, axes)
        finish(figure)
    told = caption(
        study,
        shown,
        "Mean test regret of the incumbent, which the search chooses by the scores that it sees; bands: first to "
        f"third quartile of the runs; what is below {FLOOR} is drawn there",
        note,
        left_out(study, shown),
    )
    alt = f"Test regret against search cost. Mean regret at the end, in the units of the axis: {'; '.join(said)}."
    return Drawing(figure, "Regret of the incumbent against search cost", alt, told)


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
    """Plain numbers at 1, 2 and 5 of each decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(left=0)
