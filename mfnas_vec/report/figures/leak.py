"""Selection leak: the test result of what a search chose vs. the best that it evaluated."""

from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.columns import name_margin
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import MAX_SEARCHES, Panel, draw_panels, selection, test_label
from mfnas_vec.report.figures.style import PAPER


def draw_leak(study: Study, page: bool = False) -> Drawing:
    """Mean test result of what each search chose, and the best of all that it evaluated, a panel per problem.

    Parameters
    ----------
    study
        Its searches are re-run with a trace.
    page
        As of ``draw_panels``.

    Raises
    ------
    ValueError
        If searches cannot be re-run.
    """
    rows: list[list[str]] = []

    def draw(panel: Panel) -> str:
        ax, labels, said = panel.ax, list(panel.searches), []
        for row, label in enumerate(labels):
            leak, look = study.leak(panel.problem, label), panel.looks[label]
            if not leak.n_run:
                continue
            ax.plot([leak.selected, leak.best], [row, row], color=look.colour, linewidth=1.6, solid_capstyle="butt")
            ax.plot([leak.selected], [row], "o", color=look.colour, markersize=4.5)
            ax.plot([leak.best], [row], "o", color=look.colour, markerfacecolor=PAPER, markersize=4.5)
            said.append(f"{study.names[label]} {leak.gap:.2f}")
        same = panel.place % panel.columns and rows[-1] == labels
        rows.append(labels)
        ax.set_yticks(range(len(labels)), [] if same else [study.names[label] for label in labels])
        ax.set(ylim=(len(labels) - 0.4, -0.6), xlabel=test_label(study, panel.problem))
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.08)
        return ", ".join(said) or "none"

    return draw_panels(
        study,
        draw,
        title="Selection leak: the architecture chosen, and the best one evaluated",
        alt="Mean test results of the architecture chosen and of the best one evaluated. Differences",
        about="Filled: the architecture that the search chose by its metric; open: the best test result among all "
        "that the run evaluated, which no search can know without its test set; means over runs",
        height=0.65 + 0.155 * max(len(selection(study, MAX_SEARCHES)[0]), 5),
        with_legend=False,
        rc={"axes.grid.axis": "x"},
        page=page,
        left=name_margin(list(study.names.values())),
    )
