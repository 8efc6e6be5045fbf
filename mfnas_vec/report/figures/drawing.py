"""One figure with its words, and what all figures share: type, colours, captions."""

import html
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Text, secondary text, lines of axes and the paper; inline figures replace them by the page's.
INK, MUTED, GRID, PAPER = "#222222", "#666666", "#dddddd", "#ffffff"
#: One colour per optimizer, told apart by colour-blind readers, too (Okabe and Ito, 2008).
COLOURS = ("#6f6f6f", "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8a6d00", "#332288")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_SLOTS = {name: i for i, name in enumerate(("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS"))}
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
#: Inches: one column, and two, of a paper.
COLUMN, PAGE = 3.5, 7.16
#: Most searches that are told apart by colour and marker.
MAX_SEARCHES = 9
#: Most searches whose left out runs a caption counts.
_MOST_TOLD = 6
#: Label of the place of a legend below all panels.
_BELOW = "legend"

_RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.dpi": 100,
    "svg.hashsalt": "mfnas_vec",
    "pdf.fonttype": 42,
    "image.interpolation": "nearest",
    "text.parse_math": False,
}


class Drawing(NamedTuple):
    """A figure and its words."""

    figure: "Figure"
    title: str
    #: What it shows, in words and numbers, for those who do not see it.
    alt: str
    #: Numbers of runs, seed, and where the numbers come from.
    caption: str

    def _repr_html_(self) -> str:
        """The figure in a notebook."""
        from mfnas_vec.report.figures.saving import inline_svg

        # Lines of axes and text in the page's own colour, as there may be a dark one.
        style = "--fig-ink: currentColor; --fig-muted: currentColor; --fig-grid: #8884; --fig-paper: transparent"
        name = f"figure-{zlib.crc32(self.alt.encode()):08x}"
        words = f"<figcaption>{html.escape(self.caption)}</figcaption>"
        return f'<figure style="{style}">{inline_svg(self, name)}{words}</figure>'


class Look(NamedTuple):
    """How a search is drawn, in every figure of a study."""

    colour: str
    marker: str
    dash: Any


@contextmanager
def style(**more: Any) -> Iterator[None]:
    """The settings that figures are made and written with.

    Raises
    ------
    ValueError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise ValueError(f"figures need matplotlib: {error} (pip install 'mfnas-vec[plot]')") from None
    with rc_context():
        from matplotlib import rcdefaults, rcParams

        rcdefaults()  # a user's own settings do not change the bytes
        settings: Any = _RC | more
        rcParams.update(settings)
        yield


def looks(study: Study) -> dict[str, Look]:
    """The look of each search.

    An optimizer has one colour and marker everywhere; its searches differ by line and marker. Where
    all searches are of one optimizer, colours tell those of ``selection`` apart.
    """
    optimizers = {k: s.optimizer for found in study.searches.values() for k, s in found.items()}
    found: dict[str, Look] = {}
    if len(set(optimizers.values())) == 1 and len(optimizers) > 1:
        for i, label in enumerate(selection(study)[0]):
            found[label] = Look(COLOURS[(i + 1) % len(COLOURS)], MARKERS[i % len(MARKERS)], "-")
        return {label: found.get(label, Look(COLOURS[0], MARKERS[0], "-")) for label in optimizers}
    seen: dict[str, int] = {}
    for label, optimizer in optimizers.items():
        slot = _SLOTS.get(optimizer, len(_SLOTS))
        nth = seen[optimizer] = seen.get(optimizer, -1) + 1
        marker = MARKERS[(slot + nth) % len(MARKERS)]
        found[label] = Look(COLOURS[slot], marker, _DASHES[nth % len(_DASHES)])
    return found


def panels(n: int, *, height: float = 2.0, per_row: int = 3, legend: Sequence[str] = ()) -> "tuple[Figure, list[Axes]]":
    """A figure of n panels, one column wide for a single one, two for more, with a place for the names of a legend."""
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
    """Settle where everything stands, whatever is drawn later, and at which resolution."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def test_label(study: Study, problem: str) -> str:
    """Name and unit of a problem's test result."""
    attrs = next(iter(study.searches[problem].values())).runs[TEST].attrs
    name = str(attrs.get("long_name", TEST)).removesuffix(" after the last epoch")
    return f"{name} ({unit_text(attrs)})"


def cost_axis(ax: "Axes", over: str, longest: float) -> None:
    """Label the axis of search cost; large numbers in thousands."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    unit = {"seconds": "s"}.get(over, over)
    if longest >= 10_000:
        unit = f"1,000 {unit}"
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1000:g}"))
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.set_xlabel(f"simulated search cost ({unit})")


def caption(study: Study, shown: Mapping[str, Sequence[str]], *more: str) -> str:
    """Runs, seeds, protocols and provenance of the searches shown, by problem."""
    searches = [study.searches[problem][label] for problem, labels in shown.items() for label in labels]
    runs = sorted({s.runs.sizes["run"] for s in searches})
    told = f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,}"
    text = [f"n = {told} {'run' if runs == [1] else 'runs'} of each search"]
    for key in ("seed", "protocol"):
        text.append(f"{key} {' and '.join(sorted({str(s.runs.attrs.get(key)) for s in searches}))}")
    kinds = {s.provenance for s in searches}
    tests = weakest(str(s.runs[TEST].attrs.get("provenance")) for s in searches)
    parts = [*(f"{m.rstrip('.')}." for m in more if m), ", ".join(text) + f". Test results: {tests}."]
    if kinds - {MEASURED, COMPUTED}:
        worst = weakest(kinds)
        parts.append(f"Searches read, or are judged by, {worst} values: no published or measured results.")
    return " ".join(parts)


def left_out(study: Study, shown: Mapping[str, Sequence[str]]) -> str:
    """What to say of runs that end without a test result, where those are left out; empty if there are none."""
    told = []
    for problem, labels in shown.items():
        for label in labels:
            test = study.searches[problem][label].runs[TEST]
            if n := int(test.isnull().sum()):
                told.append(f"{n:,} of {test.size:,} of {study.names[label]} on {problem}")
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"Runs without a test result are left out: {', '.join(told[:_MOST_TOLD])}{more}" if told else ""


def nothing(ax: "Axes") -> None:
    """Say in an empty panel that there is nothing to draw."""
    ax.text(0.5, 0.5, "nothing found", transform=ax.transAxes, ha="center", va="center", color=MUTED)


def selection(study: Study, most: int = MAX_SEARCHES) -> tuple[list[str], str]:
    """The searches to show, the best by their mean rank over problems if there are too many; what to say of that."""
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


def legend(figure: "Figure", axes: "Sequence[Axes]") -> None:
    """One legend, of what stands in any panel, in the place that ``panels`` kept for it."""
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    place = next(ax for ax in figure.axes if ax not in axes)
    wide = place.get_label() == _BELOW
    columns = _legend_columns(list(handles), figure.get_figwidth()) if wide else 1
    where: Any = "center" if wide else "center left"
    place.legend(list(handles.values()), list(handles), loc=where, ncols=columns, handlelength=2.8, borderpad=0)
