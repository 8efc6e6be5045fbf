"""Mean test results against mean search costs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mfnas_vec.analysis.anytime import COSTS, check_over
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.report.figures.axes import nothing, test_label
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import MAX_SEARCHES, Panel, cost_axis, draw_panels
from mfnas_vec.report.figures.references import ABOUT_REFERENCES, REFERENCES, draw_references
from mfnas_vec.report.figures.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Searches on and off the line of best trade-offs, where there are too many for a colour each.
COLOUR_FRONT, COLOUR_REST = "#d55e00", "#0072b2"


def draw_cost(study: Study, over: str | None = None, page: bool = False) -> Drawing:
    """Mean test result against mean cost of each search, a panel per problem, with the best trade-offs."""
    over = over or "epochs"
    check_over(over)
    many = len(study.labels) > MAX_SEARCHES
    units = over if over == "seconds" else " or ".join(dict.fromkeys(study.cost_unit(p, over) for p in study.problems))

    def draw(panel: Panel) -> str:
        ax, problem = panel.ax, panel.problem
        if over == "seconds" and not study.timed(problem):
            raise ValueError(f"over={over!r}: the table of {problem} has no seconds")
        means = {label: summarize(search.runs) for label, search in panel.searches.items()}
        means = {label: s for label, s in means.items() if s.n_tested}
        labels = list(means)
        cost = np.array([float(panel.searches[label].runs[COSTS[over]].mean()) for label in labels])
        test = np.array([s.mean for s in means.values()])
        front = _front(cost, panel.sign * test)
        ax.plot(cost[front], test[front], color=MUTED, linewidth=0.8, drawstyle="steps-post", zorder=1)
        for i, (label, s) in enumerate(means.items()):
            look = panel.looks[label]
            colour = look.colour if not many else (COLOUR_FRONT if i in front else COLOUR_REST)
            ax.errorbar(
                cost[i],
                s.mean,
                # At least 0: the mean of equal runs can differ from the ends in the last digit.
                yerr=np.maximum([[s.mean - s.low], [s.high - s.mean]], 0.0) if s.has_interval else None,
                fmt=look.marker if not many else "o",
                color=colour,
                markersize=4.5 if not many else 3,
                elinewidth=0.8,
                label=study.names[label] if not many else None,
            )
        if not labels:
            nothing(ax)
        else:
            spans = ax.get_xlim(), ax.get_ylim()
            draw_references(panel, over)
            ax.set(xlim=spans[0], ylim=spans[1])
        if many:
            _name(ax, [study.names[labels[i]] for i in front], cost[front], test[front])
        ax.set_ylabel(test_label(study, problem))
        ax.margins(0.08)
        cost_axis(panel, over, cost.max(initial=0.0))
        return ", ".join(f"{study.names[labels[i]]} {test[i]:.2f} at {cost[i]:,.0f}" for i in front)

    return draw_panels(
        study,
        draw,
        title=f"Test result against search cost in {units}",
        alt=f"Mean test result against mean search cost in {units}. Best trade-offs",
        about="Means of runs; bars: bootstrap 95 % interval of the mean; line: searches that no other beats in both; "
        + ABOUT_REFERENCES,
        height=2.1,
        most=len(study.labels),
        with_legend=not many,
        references=REFERENCES,
        page=page,
    )


def _front(cost: FloatArray, score: FloatArray) -> list[int]:
    """Indices of the points that no other beats in cost and score, by cost."""
    front: list[int] = []
    for i in np.lexsort((-score, cost)).tolist():
        if not front or score[i] > score[front[-1]]:
            front.append(i)
    return front


def _name(ax: "Axes", names: Sequence[str], cost: FloatArray, test: FloatArray) -> None:
    """Number the best trade-offs, and list their names below the panel."""
    for i, (x, y) in enumerate(zip(cost, test, strict=True), 1):
        ax.annotate(str(i), (x, y), xytext=(-3, 4), textcoords="offset points", fontsize=6, ha="right", zorder=6)
    listed = "\n".join(f"{i} {name}" for i, name in enumerate(names, 1))
    ax.text(0, -0.32, listed, transform=ax.transAxes, fontsize=6, va="top")
