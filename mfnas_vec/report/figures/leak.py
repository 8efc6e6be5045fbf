"""Selection leak: the test result of what a search chose vs. the best that it evaluated."""

from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import test_label
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, draw_panels, row_options
from mfnas_vec.report.figures.style import PAPER


def draw_leak(study: Study, page: bool = False) -> Drawing:
    """Mean test result of what each search chose, and the best of all that it evaluated, a panel per problem."""

    def draw(panel: Panel) -> str:
        ax, said = panel.ax, []
        for row, label in enumerate(panel.searches):
            leak, look = study.leak(panel.problem, label), panel.looks[label]
            if not leak.n_run:
                continue
            ax.plot([leak.selected, leak.best], [row, row], color=look.colour, linewidth=1.6, solid_capstyle="butt")
            ax.plot([leak.selected], [row], "o", color=look.colour, markersize=4.5)
            ax.plot([leak.best], [row], "o", color=look.colour, markerfacecolor=PAPER, markersize=4.5)
            said.append(f"{study.names[label]} {leak.gap:.2f}")
        panel.name_rows()
        ax.set_xlabel(test_label(study, panel.problem))
        ax.margins(x=0.08)
        return ", ".join(said) or "none"

    return draw_panels(
        study,
        draw,
        title="Selection leak: the architecture chosen, and the best one evaluated",
        alt="Mean test results of the architecture chosen and of the best one evaluated. Differences",
        about="Filled: the architecture that the search chose by its metric; open: the best test result among all "
        "that the run evaluated, which no search can know without its test set; means over runs",
        page=page,
        **row_options(study),
    )
