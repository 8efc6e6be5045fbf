"""Distribution of the test results at the end of the searches."""

from typing import TYPE_CHECKING

import numpy as np

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import test_label
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, draw_panels, row_options
from mfnas_vec.report.figures.style import INK, MUTED, PAPER, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Bins of a histogram over the axis; up to ``_FEW`` runs are drawn as points instead.
_N_BIN, _FEW = 60, 40
#: Most searches of a panel.
_MOST = 16
#: Share of all runs that may lie left or right of the axis.
_CUT = 0.002


def draw_final(study: Study, page: bool = False) -> Drawing:
    """A histogram, quartiles, median and mean of each search, a panel per problem."""

    def draw(panel: Panel) -> str:
        ax = panel.ax
        values = {label: _known(search) for label, search in panel.searches.items()}
        axis = _range(np.concatenate(list(values.values())))
        for row, label in enumerate(panel.searches):
            _row(ax, row, values[label], look=panel.looks[label], axis=axis)
        left, right = axis
        optimum = study.optimum(panel.problem)
        if optimum is not None:
            ax.axvline(optimum, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
            left, right = min(left, optimum), max(right, optimum)
        middle = study.median(panel.problem)
        if middle is not None:
            ax.axvline(middle, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        pad = 0.03 * (right - left) or 0.5
        ax.set(xlim=(left - pad, right + pad), xlabel=test_label(study, panel.problem))
        panel.name_rows()
        return ", ".join(f"{study.names[k]} {v.mean():.2f}" for k, v in values.items() if v.size)

    return draw_panels(
        study,
        draw,
        title="Test results at the end of the searches",
        alt="Distributions of test results at the end of the searches. Means",
        about=f"Histograms of runs (up to {_FEW}: a line each); bars: first to third quartile, white: median, "
        "tick: mean; dashed: the best of the table, dotted: its median, where the axis has it",
        page=page,
        **row_options(study, _MOST),
    )


def _known(search: Search) -> FloatArray:
    values: FloatArray = search.runs[TEST].values.astype(np.float64)
    return values[~np.isnan(values)]


def _range(values: FloatArray) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = np.quantile(values, [_CUT, 1 - _CUT])
    return float(low), float(high)


def _row(ax: "Axes", row: int, values: FloatArray, *, look: Look, axis: tuple[float, float]) -> None:
    left, right = axis
    if not values.size:
        ax.text(left, row, "nothing found", va="center", fontsize=6.5, color=MUTED)
        return
    if values.size <= _FEW:
        ax.plot(values, np.full(values.size, float(row)), "|", color=look.colour, markersize=7, markeredgewidth=0.7)
    else:
        counts, edges = np.histogram(values, bins=_N_BIN, range=(left, right if right > left else left + 1))
        heights = 0.42 * np.sqrt(counts / counts.max()) if counts.max() else counts * 0.0
        ax.stairs(row + heights, edges, baseline=row - heights, fill=True, color=look.colour, alpha=0.45, linewidth=0)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    ax.plot([low, high], [row, row], color=INK, linewidth=1.8, solid_capstyle="butt", zorder=3)
    ax.plot([middle], [row], "o", color=PAPER, markersize=2.6, markeredgecolor=INK, markeredgewidth=0.6, zorder=4)
    ax.plot([values.mean()], [row], "|", color=INK, markersize=8, markeredgewidth=1.1, zorder=5)
