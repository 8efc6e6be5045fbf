"""Panels of a page, one below the other: the page arranges them to fit the window."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mfnas_vec.report.figures.style import PANEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def page_panels(n: int, height: float, left: float) -> "tuple[Figure, list[Axes]]":
    """A figure of n panels of equal height below each other, with margins for titles and labels of known size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PANEL, n * height))
    right, below, above = 0.12, 0.42, 0.36
    size = (PANEL - left - right) / PANEL, (height - below - above) / (n * height)
    axes = [figure.add_axes((left / PANEL, ((n - 1 - i) * height + below) / (n * height), *size)) for i in range(n)]
    return figure, axes


def name_margin(names: Sequence[str]) -> float:
    """Inches that names left of the axes of a page take."""
    return 0.15 + 0.053 * max((len(name) for name in names), default=0)
