"""Labels, scales and contents of axes that several figures share."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


def test_label(study: Study, problem: str) -> str:
    """Name and unit of a problem's test result."""
    return label_of(study.test_attrs(problem), TEST)


def label_of(attrs: Mapping[Any, Any], name: str) -> str:
    """Name and unit of a variable, by its attributes."""
    return f"{str(attrs.get('long_name', name)).removesuffix(' after the last epoch')} ({unit_text(attrs)})"


def plain_log(axis: "Axis", subs: Sequence[float] = (1.0,)) -> None:
    """Plain numbers on a logarithmic axis, no more than fit."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=subs, numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def density(ax: "Axes", x: FloatArray, y: FloatArray, ends: Sequence[float], colours: Callable[..., Any]) -> None:
    """Draw how many points lie in each cell between the ends (left, right, lower, upper) of the axes.

    ``colours`` maps the logarithm of their number, scaled to 0 to 1, to RGBA.
    """
    left, right, low, high = ends
    counts, _, _ = np.histogram2d(x, y, bins=48, range=[(left, right), (low, high)])
    image = colours(np.log1p(counts.T) / np.log1p(counts.max() or 1))
    image[counts.T == 0, 3] = 0.0
    ax.imshow(image, origin="lower", extent=(left, right, low, high), aspect="auto")


def nothing(ax: "Axes") -> None:
    """Write in an empty panel that there is nothing to draw."""
    ax.text(0.5, 0.5, "nothing found", transform=ax.transAxes, ha="center", va="center", color=MUTED)
