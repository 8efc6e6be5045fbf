"""Mean test results over two varied settings."""

from typing import Any

import numpy as np

from mfnas_vec.analysis.searches import Search, setting_text
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, draw_panels, nothing, test_label
from mfnas_vec.report.figures.style import MUTED

#: Not one of the colours that pages replace by their own.
_DARK, _LIGHT = "#101010", "#fafafa"


def draw_heatmap(study: Study) -> Drawing:
    """The two settings with the most values against each other, a panel per problem.

    Rows are in the order of their mean rank over columns and problems, the best on top.

    Raises
    ------
    ValueError
        If no two settings were varied, or more than two were.
    """
    searches = [(p, s) for p, found in study.searches.items() for s in found.values() if s.place]
    values = _values([s for _, s in searches])
    varied = [name for name, of in values.items() if len(of) > 1]
    if len(varied) != 2 or len({s.store for _, s in searches}) > 1:
        names = ", ".join(varied) or "none"
        raise ValueError(f"a heat map needs one store in which two settings were varied; varied here: {names}")
    down, across = sorted(varied, key=lambda name: (not isinstance(values[name][0], str), -len(values[name])))
    grids = {p: np.full((len(values[down]), len(values[across])), np.nan) for p in study.problems}
    for problem, s in searches:
        at = values[down].index(s.place[down]), values[across].index(s.place[across])
        if not np.isnan(grids[problem][at]):
            raise ValueError("a heat map needs one optimizer: several have the same values of the settings")
        grids[problem][at] = float(s.runs[TEST].mean())
    signs = {p: direction_sign(study.test_attrs(p)) for p in study.problems}
    order = _order([signs[p] * grid for p, grid in grids.items()])
    rows = [setting_text(values[down][i]) for i in order]

    def draw(panel: Panel) -> str:
        ax, grid = panel.ax, grids[panel.problem][order]
        is_left = panel.place % 3 == 0
        ax.set_xticks(range(grid.shape[1]), [setting_text(v) for v in values[across]])
        ax.set_yticks(range(len(rows)), rows if is_left else [])
        ax.set(xlabel=_words(across), ylabel=_words(down) if is_left else "")
        if np.isnan(grid).all():
            nothing(ax)
            return "none"
        _panel(ax, grid, panel.sign)
        row, column = np.unravel_index(np.nanargmax(panel.sign * grid), grid.shape)
        return f"{grid[row, column]:.2f} with {rows[row]}, {setting_text(values[across][column])}"

    label = " or ".join(dict.fromkeys(test_label(study, problem) for problem in study.problems))
    return draw_panels(
        study,
        draw,
        title=f"Mean test results by {_words(down)} and {_words(across)}",
        alt=f"Mean test results by {_words(down)} and {_words(across)}. Best",
        about=f"Mean {label}; colours from the worst to the best of a panel, bold: the best",
        height=0.75 + 0.17 * len(rows),
        most=len(study.labels),
        with_legend=False,
        rc={"axes.grid": False},
    )


def _words(setting: str) -> str:
    return {"n_candidate": "number of candidates k", "metric_stage1": "metric of stage 1"}.get(setting, setting)


def _values(searches: list[Search]) -> dict[str, list[Any]]:
    """The values of each varied setting, in the order of the store."""
    found: dict[str, dict[Any, None]] = {}
    for search in searches:
        for name, value in search.place.items():
            found.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in found.items()}


def _order(scores: list[Any]) -> list[int]:
    """Rows by their mean rank over all columns, best first."""
    ranks = [
        np.argsort(np.argsort(-np.nan_to_num(grid, nan=-np.inf), axis=0, kind="stable"), axis=0) for grid in scores
    ]
    mean = np.mean([rank.mean(axis=1) for rank in ranks], axis=0)
    return [int(i) for i in np.argsort(mean, kind="stable")]


def _panel(ax: Any, grid: Any, sign: float) -> None:
    from matplotlib import colormaps

    low, high = np.nanmin(sign * grid), np.nanmax(sign * grid)
    share = (sign * grid - low) / (high - low or 1.0)
    # Squared: the few good rows are those that readers compare.
    image = colormaps["cividis"](np.nan_to_num(share) ** 2)
    image[np.isnan(share)] = 1.0
    ax.imshow(image, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        if np.isnan(value):
            ax.text(column, row, "-", ha="center", va="center", color=MUTED)
            continue
        colour = _DARK if share[row, column] ** 2 > 0.5 else _LIGHT
        weight = "bold" if share[row, column] == 1.0 else "normal"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6.2, color=colour, weight=weight)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
