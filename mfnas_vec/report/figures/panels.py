"""What figures of searches share: a panel per problem, one look per search, and a legend."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from mfnas_vec.analysis.anytime import check_over
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST, direction_sign, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.captions import caption, left_out
from mfnas_vec.report.figures.columns import name_margin, page_panels
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.style import COLOURS, COLUMN, DASHES, MARKERS, PAGE, Look, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour and marker of each optimizer, by its place here.
_SLOTS = {name: i for i, name in enumerate(("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS"))}
#: Most searches that colours and markers can distinguish.
MAX_SEARCHES = 9
#: Panels of a row.
_PER_ROW = 3
#: Label of the axes reserved for a legend below all panels.
_BELOW = "legend"


@dataclasses.dataclass(frozen=True)
class Panel:
    """The panel of one problem."""

    study: Study
    ax: "Axes"
    problem: str
    #: The searches to draw, by label.
    searches: Mapping[str, Search]
    looks: Mapping[str, Look]
    #: Whether there is no panel left of it, and whether the one there has the same searches.
    is_first: bool
    is_same: bool

    @property
    def sign(self) -> float:
        """``+1.0`` where a higher test result is better, else ``-1.0``."""
        return direction_sign(self.study.test_attrs(self.problem))

    @property
    def unit(self) -> str:
        """The unit of the test result."""
        return unit_text(self.study.test_attrs(self.problem))

    def traces(self) -> dict[str, xr.Dataset]:
        """The searches with the changes of their incumbents, by label."""
        return {label: self.study.traced(self.problem, label) for label in self.searches}

    def cost(self, over: str | None) -> str:
        """The cost on the axis: ``over``, which is checked; by default seconds, or epochs where there are none."""
        if over is not None:
            check_over(over)
        return over or ("seconds" if self.study.timed(self.problem) else "epochs")

    def curve(self, label: str, at: FloatArray, values: FloatArray, *, markevery: tuple[int, int], **more: Any) -> None:
        """Draw a search as a line; lines with markers at different places are visible where they overlap."""
        look = self.looks[label]
        line: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "label": self.study.names[label], **more}
        self.ax.plot(at, values, marker=look.marker, markevery=markevery, markersize=3.2, **line)

    def band(self, label: str, at: FloatArray, low: FloatArray, high: FloatArray, alpha: float = 0.15) -> None:
        """Draw a band in the colour of a search."""
        self.ax.fill_between(at, low, high, color=self.looks[label].colour, alpha=alpha, linewidth=0)

    def name_rows(self) -> None:
        """Make a row for each search, named unless the panel to the left has the same."""
        names = [self.study.names[label] for label in self.searches]
        self.ax.set_yticks(range(len(names)), [] if self.is_same else names)
        self.ax.set_ylim(len(names) - 0.4, -0.6)
        self.ax.tick_params(axis="y", length=0)


def draw_panels(
    study: Study,
    draw: Callable[[Panel], str],
    *,
    title: str,
    alt: str,
    about: str,
    height: float = 2.0,
    most: int = MAX_SEARCHES,
    with_legend: bool = True,
    omits_failed: bool = True,
    rc: Mapping[str, Any] | None = None,
    references: Mapping[str, Look] | None = None,
    page: bool = False,
    left: float = 0.55,
) -> Drawing:
    """A figure with a panel for each problem of a study.

    Parameters
    ----------
    study
        The results.
    draw
        Draws a panel, and returns its part of the text alternative.
    title, alt, about
        Title of the figure, and the beginnings of its text alternative and of its caption.
    height
        Height of a panel in inches.
    most
        Most searches of a panel: the best are selected.
    with_legend
        Whether there is a legend of the searches.
    omits_failed
        Whether runs without a test result are not drawn, which the caption then says.
    rc
        Settings of matplotlib for this figure.
    references
        What else has a place in the legend of a page.
    page
        Whether it is for a page: panels in one column, and no legend in the figure.
    left
        Inches left of the axes of a page, for the labels there.
    """
    selected, note = selection(study, most)
    shown: dict[str, list[str]] = {}
    texts = []
    with style(**rc or {}):
        names = [*(study.names[label] for label in selected), *(references or {})] if with_legend else []
        n = len(study.problems)
        figure, axes = page_panels(n, height, left) if page else panels(n, height=height, legend=names)
        look = looks(study)
        for place, (ax, problem) in enumerate(zip(axes, study.problems, strict=True)):
            found = study.searches[problem]
            searches = {label: found[label] for label in selected if label in found}
            is_first = page or place % _PER_ROW == 0
            is_same = not is_first and shown[study.problems[place - 1]] == list(searches)
            shown[problem] = list(searches)
            ax.set_title(problem)
            texts.append(draw(Panel(study, ax, problem, searches, look, is_first, is_same)))
        if with_legend and not page:
            legend(figure, axes, list(references or {}))
        if not page:
            finish(figure)
    omitted = left_out(study, shown) if omits_failed else ""
    said = "; ".join(f"{problem}: {text}" for problem, text in zip(study.problems, texts, strict=True))
    parts = tuple(zip(study.problems, texts, strict=True)) if page else ()
    keys = tuple((study.names[label], look[label]) for label in selected) if with_legend and page else ()
    drawn = {line.get_label() for ax in axes for line in ax.get_lines()}
    keys += tuple(item for item in (references or {}).items() if item[0] in drawn) if page else ()
    return Drawing(figure, title, f"{alt}: {said}.", caption(study, shown, about, note, omitted), parts, keys)


def row_options(study: Study, most: int = MAX_SEARCHES) -> dict[str, Any]:
    """Options of ``draw_panels`` for panels with a row for each search."""
    n_row = max(len(selection(study, most)[0]), 5)
    options = {"height": 0.65 + 0.155 * n_row, "left": name_margin(list(study.names.values())), "most": most}
    return options | {"with_legend": False, "rc": {"axes.grid.axis": "x"}}


def looks(study: Study) -> dict[str, Look]:
    """The look of each search.

    The first search of an optimizer has the optimizer's colour and marker in every figure. Its others
    have colours that no search has, while there are some, and then its colour with other lines.
    Where all searches are of one optimizer, those of ``selection`` differ by colour.
    """
    optimizers = {k: s.optimizer for found in study.searches.values() for k, s in found.items()}
    found: dict[str, Look] = {}
    if len(set(optimizers.values())) == 1 and len(optimizers) > 1:
        for i, label in enumerate(selection(study)[0]):
            found[label] = Look(COLOURS[(i + 1) % len(COLOURS)], MARKERS[i % len(MARKERS)], "-")
        return {label: found.get(label, Look(COLOURS[0], MARKERS[0], "-")) for label in optimizers}
    # Optimizers that are not built in: the last colours first, then those of built-in ones that are not here.
    others = [optimizer for optimizer in dict.fromkeys(optimizers.values()) if optimizer not in _SLOTS]
    used = {_SLOTS[optimizer] for optimizer in optimizers.values() if optimizer in _SLOTS}
    order = [*range(len(_SLOTS), len(COLOURS)), *(slot for slot in range(len(_SLOTS)) if slot not in used)]
    slots = _SLOTS | {optimizer: order[i % len(order)] for i, optimizer in enumerate(others)}
    free = [slot for slot in order if slot not in [slots[optimizer] for optimizer in optimizers.values()]]
    shown = selection(study)[0]
    seen: dict[str, int] = {}
    for label in [*shown, *(label for label in optimizers if label not in shown)]:
        slot, nth = slots[optimizers[label]], seen.get(optimizers[label], 0)
        seen[optimizers[label]] = nth + 1
        if nth and free:
            own = free.pop(0)
            found[label] = Look(COLOURS[own], MARKERS[own % len(MARKERS)], "-")
        else:
            found[label] = Look(COLOURS[slot], MARKERS[(slot + nth) % len(MARKERS)], DASHES[nth % len(DASHES)])
    return {label: found[label] for label in optimizers}


def panels(
    n: int, *, height: float = 2.0, per_row: int = _PER_ROW, legend: Sequence[str] = ()
) -> "tuple[Figure, list[Axes]]":
    """A figure of n panels and axes for its legend: a column of a paper wide for one panel, two for more."""
    from matplotlib.figure import Figure

    n_column = min(n, per_row)
    n_row = -(-n // n_column)
    width = COLUMN if n == 1 else PAGE
    below = 0.0
    if legend and n == n_row * n_column:
        below = 0.15 * -(-len(legend) // _legend_columns(legend, width)) + 0.1
    heights = [height] * n_row + [below] * bool(below)
    figure = Figure(figsize=(width, sum(heights) + 0.1), layout="constrained")
    grid = figure.add_gridspec(len(heights), n_column, height_ratios=heights)
    axes = [figure.add_subplot(grid[i // n_column, i % n_column]) for i in range(n_row * n_column)]
    for spare in axes[n:]:
        spare.set_axis_off()
    if below:
        figure.add_subplot(grid[n_row, :], label=_BELOW).set_axis_off()
    return figure, axes[:n]


def _legend_columns(labels: Sequence[str], width: float) -> int:
    longest = max(len(label) for label in labels)
    return max(1, min(len(labels), int(width / (0.06 * longest + 0.5))))


def finish(figure: "Figure") -> None:
    """Fix the layout, so that neither later drawing nor the resolution changes it."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def cost_axis(panel: Panel, over: str, longest: float) -> None:
    """Label the axis of search cost; large numbers in thousands."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax, unit = panel.ax, panel.study.cost_unit(panel.problem, over)
    if longest >= 10_000:
        unit = f"1,000 {unit}"
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:g}"))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.set_xlabel(f"simulated search cost ({unit})")


def selection(study: Study, most: int = MAX_SEARCHES) -> tuple[list[str], str]:
    """Labels of the searches to show, and a note if they are only the best by mean rank over problems."""
    labels = study.labels
    if len(labels) <= most:
        return labels, ""
    places: dict[str, list[float]] = {label: [] for label in labels}
    for found in study.searches.values():
        scores = {label: _mean_score(search.runs) for label, search in found.items()}
        for label in labels:
            mine = scores.get(label, -float("inf"))
            places[label].append(sum(other > mine for other in scores.values()))
    best = sorted(labels, key=lambda label: sum(places[label]))[:most]
    note = f"The best {most} of {len(labels)} searches" + " by mean rank over problems" * (len(study.searches) > 1)
    return [label for label in labels if label in best], note


def _mean_score(runs: Any) -> float:
    sign = -1.0 if runs[TEST].attrs.get("direction") == "minimize" else 1.0
    value = float(sign * runs[TEST].mean())
    return value if value == value else -float("inf")


def legend(figure: "Figure", axes: "Sequence[Axes]", last: Sequence[str] = ()) -> None:
    """One legend for all panels, in the axes that ``panels`` reserved for it; some names stand last."""
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    handles = dict(sorted(handles.items(), key=lambda item: item[0] in last))
    if not handles:
        return
    place = next(ax for ax in figure.axes if ax not in axes)
    wide = place.get_label() == _BELOW
    columns = _legend_columns(list(handles), figure.get_figwidth()) if wide else 1
    where: Any = "center" if wide else "center left"
    place.legend(list(handles.values()), list(handles), loc=where, ncols=columns, handlelength=2.8, borderpad=0)
