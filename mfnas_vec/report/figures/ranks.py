"""Which search is best at which budget."""

import numpy as np

from mfnas_vec.analysis.distributions import budget_ranks, shared_curves
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import plain_log
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, draw_panels


def draw_ranks(study: Study, over: str | None = None, page: bool = False) -> Drawing:
    """Rank of the mean test result of each search at each cost, a panel per problem."""

    def draw(panel: Panel) -> str:
        ax, axis = panel.ax, panel.cost(over)
        traces = panel.traces()
        found = budget_ranks(shared_curves(traces, study.table(panel.problem), over=axis))
        cost, said = found["cost"].values, []
        for i, label in enumerate(traces):
            each = found.isel(label=i)
            mean = each["mean_rank"].values
            panel.curve(label, cost, mean, markevery=(i % 5, 5))
            panel.band(label, cost, each["low"].values, each["high"].values, alpha=0.12)
            said.append(f"{study.names[label]} {mean[-1]:.1f} (best with probability {float(each['best'][-1]):.2f})")
        ax.set_xscale("log")
        plain_log(ax.xaxis)
        ax.set(xlim=(cost[0], cost[-1]), ylim=(len(traces) + 0.3, 0.7))
        ax.set_yticks(np.arange(1, len(traces) + 1))
        ax.set_ylabel("rank, 1 is best")
        ax.set_xlabel(f"simulated search cost ({study.cost_unit(panel.problem, axis)})")
        return ", ".join(said)

    return draw_panels(
        study,
        draw,
        title="Which search is best at which budget",
        alt="Rank of the mean test result of the incumbent at each cost. At the end",
        about="Rank of the mean test result of the incumbent at each cost, the mean over bootstrap resamples of the "
        "runs; bands: 95 % interval; a search is last until all its runs have an incumbent",
        omits_failed=False,
        page=page,
    )
