"""Mean test results over two varied settings."""

from typing import Any

import numpy as np

from mfnas_vec.analysis.searches import Search, setting_text
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.drawing import (
    MUTED,
    Drawing,
    caption,
    finish,
    left_out,
    nothing,
    panels,
    style,
    test_label,
)

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
    searches = [(p, k, s) for p, found in study.searches.items() for k, s in found.items() if s.place]
    values = _values([s for _, _, s in searches])
    varied = [name for name, of in values.items() if len(of) > 1]
    if len(varied) != 2 or len({s.store for _, _, s in searches}) > 1:
        told = f"{', '.join(varied)}" if varied else "none"
        raise ValueError(f"a heat map needs one store in which two settings were varied; varied here: {told}")
    down, across = sorted(varied, key=lambda name: (not isinstance(values[name][0], str), -len(values[name])))
    grids = {p: np.full((len(values[down]), len(values[across])), np.nan) for p in study.problems}
    shown: dict[str, list[str]] = {problem: [] for problem in study.problems}
    for problem, label, s in searches:
        at = values[down].index(s.place[down]), values[across].index(s.place[across])
        if not np.isnan(grids[problem][at]):
            raise ValueError("a heat map needs one optimizer: several have the same values of the settings")
        grids[problem][at] = float(s.runs[TEST].mean())
        shown[problem].append(label)
    signs = {p: direction_sign(next(iter(study.searches[p].values())).runs[TEST].attrs) for p in study.problems}
    order = _order([signs[p] * grid for p, grid in grids.items()])
    names = [setting_text(values[down][i]) for i in order]
    with style(**{"axes.grid": False}):
        figure, axes = panels(len(grids), height=0.75 + 0.17 * len(names), per_row=3)
        said = []
        for place, (ax, (problem, grid)) in enumerate(zip(axes, grids.items(), strict=True)):
            grid = grid[order]
            if np.isnan(grid).all():
                nothing(ax)
            else:
                _panel(ax, grid, signs[problem])
                best = np.unravel_index(np.nanargmax(signs[problem] * grid), grid.shape)
                told = f"{names[best[0]]}, {setting_text(values[across][best[1]])}"
                said.append(f"{problem} {grid[best]:.2f} with {told}")
            ax.set_xticks(range(grid.shape[1]), [setting_text(v) for v in values[across]])
            ax.set_yticks(range(len(names)), names if place % 3 == 0 else [])
            ax.set(title=problem, xlabel=_words(across), ylabel=_words(down) if place % 3 == 0 else "")
        label = " or ".join(dict.fromkeys(test_label(study, problem) for problem in study.problems))
        finish(figure)
    told = caption(
        study,
        shown,
        f"Mean {label}; colours from the worst to the best of a panel, bold: the best",
        left_out(study, shown),
    )
    alt = f"Mean test results by {_words(down)} and {_words(across)}. Best: {'; '.join(said)}."
    return Drawing(figure, f"Mean test results by {_words(down)} and {_words(across)}", alt, told)


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
    # Squared: the few good rows are what readers tell apart.
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
