"""Colours, sizes and type that all figures share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

#: Text, secondary text, lines of axes and the paper; in a page, its own colours replace them.
INK, MUTED, GRID, PAPER = "#222222", "#666666", "#dddddd", "#ffffff"
#: One colour per optimizer, distinguishable for colour-blind readers (Okabe and Ito, 2008).
COLOURS = ("#6f6f6f", "#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8a6d00", "#332288")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
#: Inches: one column, and two, of a paper.
COLUMN, PAGE = 3.5, 7.16

#: Inches: a panel of a page, which the page places side by side or below each other.
PANEL = 2.75


class Look(NamedTuple):
    """How a search or a reference is drawn, in every figure of a study."""

    colour: str
    marker: str
    dash: Any


_RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # else each drawing checks what the title might overlap
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

        rcdefaults()  # a user's own settings must not change the bytes
        settings: Any = _RC | more
        rcParams.update(settings)
        yield
