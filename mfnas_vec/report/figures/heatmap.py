"""Mean test results over two varied settings."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mfnas_vec.analysis.searches import Search, setting_text
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.axes import nothing, test_label
from mfnas_vec.report.figures.columns import name_margin
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import Panel, draw_panels
from mfnas_vec.report.figures.style import MUTED

#: Pages replace other colours, but not these.
_DARK, _LIGHT = "#101010", "#fafafa"


def draw_heatmap(study: Study, rows: str | None = None, columns: str | None = None, page: bool = False) -> Drawing:
    """Two varied settings against each other, a panel per problem.

    Rows are in the order of their mean rank over columns and problems, the best on top. If more settings
    were varied, cells are means over the others.
    """
    searches = [(p, s) for p, found in study.searches.items() for s in found.values() if s.place]
    values = values_of(s for _, s in searches)
    varied = [name for name, of in values.items() if len(of) > 1]
    chosen = [name for name in (rows, columns) if name is not None]
    names = ", ".join(varied) or "none"
    for name in chosen:
        if name not in varied:
            raise ValueError(f"{name!r} was not varied; varied here: {names}")
    left = [name for name in varied if name not in chosen]
    if rows == columns is not None or len({s.store for _, s in searches}) > 1 or len(chosen) + len(left) < 2:
        raise ValueError(f"a heat map needs one store in which two settings were varied; varied here: {names}")
    if len(chosen) < 2 and len(chosen) + len(left) > 2:
        raise ValueError(f"a heat map is of two settings; choose rows and columns among {names}")
    if not chosen:
        down, across = sorted(left, key=lambda name: (not isinstance(values[name][0], str), -len(values[name])))
    else:
        down, across = rows or left[0], columns or left[0]
    others = [name for name in varied if name not in (down, across)]
    cells: dict[tuple[str, int, int], list[float]] = {}
    grids = {p: np.full((len(values[down]), len(values[across])), np.nan) for p in study.problems}
    for problem, s in searches:
        if down not in s.place or across not in s.place:
            continue
        at = values[down].index(s.place[down]), values[across].index(s.place[across])
        cell = cells.setdefault((problem, *at), [])
        if cell and not others:
            raise ValueError("a heat map needs one optimizer: several have the same values of the settings")
        cell.append(float(s.runs[TEST].mean()))
    if not cells:
        raise ValueError(f"no search has both {down} and {across}: there is nothing to map")
    for (problem, i, j), found in cells.items():
        grids[problem][i, j] = np.mean(found)
    signs = {p: direction_sign(study.test_attrs(p)) for p in study.problems}
    order = _order([signs[p] * grid for p, grid in grids.items()])
    names_down = [setting_text(values[down][i]) for i in order]

    def draw(panel: Panel) -> str:
        ax, grid = panel.ax, grids[panel.problem][order]
        ax.set_xticks(range(grid.shape[1]), [setting_text(v) for v in values[across]])
        ax.set_yticks(range(len(names_down)), names_down if panel.is_first else [])
        ax.set(xlabel=_words(across), ylabel=_words(down) if panel.is_first else "")
        if np.isnan(grid).all():
            nothing(ax)
            return "none"
        _panel(ax, grid, panel.sign)
        row, column = np.unravel_index(np.nanargmax(panel.sign * grid), grid.shape)
        return f"{grid[row, column]:.2f} with {names_down[row]}, {setting_text(values[across][column])}"

    averaged = f", and over {', '.join(map(_words, others))}" if others else ""
    label = " or ".join(dict.fromkeys(test_label(study, problem) for problem in study.problems))
    return draw_panels(
        study,
        draw,
        title=f"Mean test results by {_words(down)} and {_words(across)}",
        alt=f"Mean test results by {_words(down)} and {_words(across)}. Best",
        about=f"Mean {label}{averaged}; colours from the worst to the best of a panel, bold: the best",
        height=0.75 + 0.17 * len(names_down),
        most=len(study.labels),
        with_legend=False,
        rc={"axes.grid": False},
        page=page,
        left=0.2 + name_margin(names_down),
    )


def _words(setting: str) -> str:
    return {"n_candidate": "number of candidates k", "metric_stage1": "metric of stage 1"}.get(setting, setting)


def values_of(searches: Iterable[Search]) -> dict[str, list[Any]]:
    """The values of each setting that stores vary, in their order."""
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
