"""What searches find against what they cost."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mfnas_vec.analysis.anytime import COSTS, check_over
from mfnas_vec.analysis.statistics import TEST, FloatArray, direction_sign
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import t_quantile
from mfnas_vec.report.figures.drawing import (
    MAX_SEARCHES,
    MUTED,
    Drawing,
    caption,
    cost_axis,
    finish,
    left_out,
    legend,
    looks,
    nothing,
    panels,
    style,
    test_label,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Searches on and off the line of best trade-offs, where there are too many for colours of their own.
COLOUR_FRONT, COLOUR_REST = "#d55e00", "#0072b2"


def draw_cost(study: Study, over: str | None = None) -> Drawing:
    """Mean test result against mean cost of each search, a panel per problem, with the best trade-offs.

    Parameters
    ----------
    study
        The searches.
    over
        "seconds", "epochs" or "evaluations"; by default epochs, which every table has.

    Raises
    ------
    ValueError
        If the cost is unknown, or not known of a problem.
    """
    over = over or "epochs"
    check_over(over)
    many = len(study.labels) > MAX_SEARCHES
    with style():
        figure, axes = panels(len(study.problems), height=2.1, legend=() if many else list(study.names.values()))
        look, said = looks(study), []
        for ax, problem in zip(axes, study.problems, strict=True):
            if over == "seconds" and not study.timed(problem):
                raise ValueError(f"over={over!r}: the table of {problem} has no seconds")
            found = study.searches[problem]
            sign = direction_sign(next(iter(found.values())).runs[TEST].attrs)
            labels = [label for label, search in found.items() if search.runs[TEST].notnull().any()]
            cost = np.array([float(found[label].runs[COSTS[over]].mean()) for label in labels])
            test = np.array([float(found[label].runs[TEST].mean()) for label in labels])
            spread = np.array([_half_width(found[label].runs[TEST].values) for label in labels])
            front = _front(cost, sign * test)
            ax.plot(cost[front], test[front], color=MUTED, linewidth=0.8, drawstyle="steps-post", zorder=1)
            for i, label in enumerate(labels):
                own = look[label]
                colour = own.colour if not many else (COLOUR_FRONT if i in front else COLOUR_REST)
                marker = own.marker if not many else "o"
                ax.errorbar(
                    cost[i],
                    test[i],
                    yerr=spread[i],
                    fmt=marker,
                    color=colour,
                    markersize=4.5 if not many else 3,
                    elinewidth=0.8,
                    label=study.names[label] if not many else None,
                )
            if not labels:
                nothing(ax)
            if many:
                _name(ax, [study.names[labels[i]] for i in front], cost[front], test[front])
            ax.set(title=problem, ylabel=test_label(study, problem))
            ax.margins(0.08)
            cost_axis(ax, over, cost.max(initial=0.0))
            said.append(
                f"{problem}: {', '.join(f'{study.names[labels[i]]} {test[i]:.2f} at {cost[i]:,.0f}' for i in front)}"
            )
        if not many:
            legend(figure, axes)
        finish(figure)
    shown = {problem: list(found) for problem, found in study.searches.items()}
    line = "Means of runs; bars: Student's 95 % interval of the mean; line: searches that none beats in both"
    told = caption(study, shown, line, left_out(study, shown))
    alt = f"Mean test result against mean search cost in {over}. Best trade-offs: {'; '.join(said)}."
    return Drawing(figure, f"Test result against search cost in {over}", alt, told)


def _half_width(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    if known.size < 2:
        return 0.0
    return t_quantile(known.size - 1) * float(known.std(ddof=1)) / math.sqrt(known.size)


def _front(cost: FloatArray, score: FloatArray) -> list[int]:
    """Indices of the points that no other beats in cost and score, by cost."""
    front: list[int] = []
    for i in np.lexsort((-score, cost)).tolist():
        if not front or score[i] > score[front[-1]]:
            front.append(i)
    return front


def _name(ax: "Axes", names: Sequence[str], cost: FloatArray, test: FloatArray) -> None:
    """Number the best trade-offs, and name them below the panel."""
    for i, (x, y) in enumerate(zip(cost, test, strict=True), 1):
        ax.annotate(str(i), (x, y), xytext=(-3, 4), textcoords="offset points", fontsize=6, ha="right", zorder=6)
    told = "\n".join(f"{i} {name}" for i, name in enumerate(names, 1))
    ax.text(0, -0.32, told, transform=ax.transAxes, fontsize=6, va="top")
