"""Neighbours and local optima of tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.analysis.landscape import landscape
from mfnas_vec.report.figures.axes import plain_log
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import finish
from mfnas_vec.report.figures.style import COLOURS, MUTED, PAGE, style
from mfnas_vec.tables import dense
from mfnas_vec.tables.schema import MODELLED


def draw_landscape(tables: Mapping[str, xr.Dataset], metrics: Sequence[str] | None = None) -> Drawing:
    """Rank correlation of neighbours, and number of local optima, by metric; two panels a table."""
    found = {name: landscape(table, metrics) for name, table in tables.items()}
    most = max(each.sizes["metric"] for each in found.values())
    note: dict[str, Any] = {
        "xytext": (5, 0),
        "textcoords": "offset points",
        "va": "center",
        "fontsize": 6,
        "color": MUTED,
    }
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(PAGE, (0.75 + 0.135 * most) * len(found)), layout="constrained")
        grid = figure.subplots(len(found), 2, squeeze=False, sharey="row")
        said = []
        for (left, right), (name, each) in zip(grid, found.items(), strict=True):
            each = each.isel(metric=np.argsort(each["correlation"].values, kind="stable"))
            kinds = zip(each["metric"].values, each["provenance"].values, strict=True)
            labels = [f"{metric} (m)" if kind == MODELLED else str(metric) for metric, kind in kinds]
            y = np.arange(len(labels))
            correlation, optima = each["correlation"].values, each["n_optimum"].values
            left.hlines(y, 0, correlation, color=COLOURS[1], linewidth=0.9)
            left.plot(correlation, y, "o", color=COLOURS[1])
            left.set(title=f"{name}: neighbours", xlabel="rank correlation of neighbours")
            left.set_xlim(min(0, *correlation), 1.02)
            left.set_yticks(y, labels)
            left.grid(axis="y", visible=False)
            right.hlines(y, 1, optima, color=COLOURS[6], linewidth=0.9)
            right.plot(optima, y, "s", color=COLOURS[6])
            right.set_xscale("log")
            plain_log(right.xaxis)
            right.set_xlim(0.8, max(10, optima.max()) * 3)
            for place, n in zip(y, optima, strict=True):
                right.annotate(f"{n:,}", (n, place), **note)
            total = dense.table_space(tables[name]).n_arch
            right.set(title=f"{name}: local optima of {total:,}", xlabel="architectures without a better neighbour")
            right.grid(axis="y", visible=False)
            right.tick_params(axis="y", length=0)
            pairs = zip(each["metric"].values, correlation, optima, strict=True)
            said.append(f"{name}: {', '.join(f'{m} {c:.2f}, {n:,} optima' for m, c, n in pairs)}")
        finish(figure)
    caption = (
        "Neighbours are one changed gene apart; an architecture with several genotypes is represented by "
        "the smallest. Training-based metrics: last epoch. (m): modelled, a landscape of "
        "the model and not of the benchmark."
    )
    alt = f"Rank correlation of neighbours and number of local optima. {'; '.join(said)}."
    return Drawing(figure, "Neighbours and local optima", alt, caption)
