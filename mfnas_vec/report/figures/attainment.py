"""Test results that a share of the runs attains, and targets reached, against search cost."""

import numpy as np

from mfnas_vec.analysis.anytime import COSTS, anytime
from mfnas_vec.analysis.distributions import attainment, spread_targets, success_curve
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import test_label
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, cost_axis, draw_panels

_N_POINT = 80


def draw_attainment(study: Study, over: str | None = None, page: bool = False) -> Drawing:
    """The median attained test result with its interval, a panel per problem."""

    def draw(panel: Panel) -> str:
        ax, axis, said = panel.ax, panel.cost(over), []
        table = study.table(panel.problem)
        for i, (label, traced) in enumerate(panel.traces().items()):
            curves = anytime(traced, table, over=axis, n_point=_N_POINT, search_score=False)
            found = attainment(curves, [0.5]).isel(share=0)
            cost = found["cost"].values
            panel.curve(label, cost, found["attained"].values, markevery=(3 * i % 18, 18))
            panel.band(label, cost, found["low"].values, found["high"].values)
            said.append(f"{study.names[label]} {float(found['attained'][-1]):.2f}")
        ax.set_ylabel(test_label(study, panel.problem))
        ax.set_xlim(left=0)
        cost_axis(panel, axis, ax.get_xlim()[1])
        return ", ".join(said)

    return draw_panels(
        study,
        draw,
        title="Test result that half of the runs have attained",
        alt="Test result that half of the runs have attained, against search cost. At the end",
        about="The best test result of any incumbent so far that half of the runs have attained; bands: bootstrap "
        "95 % interval over runs",
        omits_failed=False,
        page=page,
    )


def draw_targets(study: Study, over: str | None = None, page: bool = False) -> Drawing:
    """Share of pairs of run and target that are reached, a panel per problem."""

    def draw(panel: Panel) -> str:
        ax, axis, said = panel.ax, panel.cost(over), []
        goals = spread_targets([search.runs[TEST].values for search in panel.searches.values()], panel.sign)
        traces = panel.traces()
        longest = max(float(traced[COSTS[axis]].max()) for traced in traces.values()) or 1.0
        points = np.linspace(0.0, longest, _N_POINT)
        for i, (label, traced) in enumerate(traces.items()):
            found = success_curve(traced, goals, over=axis, at=points, table=study.table(panel.problem))
            panel.curve(label, points, found["share"].values, markevery=(3 * i % 18, 18))
            panel.band(label, points, found["low"].values, found["high"].values)
            said.append(f"{study.names[label]} {100 * float(found['share'][-1]):.0f} %")
        ax.set(ylabel="share of runs and targets", ylim=(-0.02, 1.03), xlim=(0, longest))
        cost_axis(panel, axis, longest)
        return ", ".join(said)

    return draw_panels(
        study,
        draw,
        title="Targets reached against search cost",
        alt="Share of pairs of run and target that are reached, against search cost. At the end",
        about="Share of pairs of run and target that are reached; targets: from the median to the best final result of "
        "all runs shown, evenly by rank; bands: bootstrap 95 % interval over runs",
        omits_failed=False,
        page=page,
    )
