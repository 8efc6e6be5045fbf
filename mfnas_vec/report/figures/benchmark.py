"""Distribution of a benchmark's test results, validation against test, and rank correlation by epoch."""

import numpy as np
import xarray as xr

from mfnas_vec.analysis.baselines import references
from mfnas_vec.analysis.landscape import METRIC, provenance_of_metric, score_of
from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.report.figures.axes import density, label_of
from mfnas_vec.report.figures.columns import page_panels
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.style import COLOURS, INK, MUTED, style
from mfnas_vec.tables import dense

_N_BIN = 60
#: Share of architectures outside the axes of the first two panels: networks that learnt nothing.
_CUT = 0.05


def draw_benchmark(table: xr.Dataset, metric: str, found: xr.Dataset) -> Drawing:
    """A panel each, for a page, of a table, its validation metric, and what ``correlations`` found."""
    name = dense.test_variable(table)
    test, unit = dense.test_results(table), unit_text(table[name].attrs)
    marks = references(table)
    rows = found.isel({METRIC: np.flatnonzero((found[METRIC].values == metric) & ~np.isnan(found["epoch"].values))})
    n = 3 if rows.sizes[METRIC] > 1 else 2
    label, chosen_by = (label_of(table[which].attrs, which) for which in (name, metric))
    with style():
        from matplotlib import colormaps

        figure, axes = page_panels(n, 2.3, 0.6)
        first, second = axes[:2]
        values = dense.sign(table, metric) * score_of(table, metric)
        both = ~np.isnan(values) & ~np.isnan(test)
        ends = [
            np.quantile(each[~np.isnan(each)], [0, 1 - _CUT] if dense.sign(table, which) < 0 else [_CUT, 1])
            for which, each in ((metric, values), (name, test))
        ]
        first.hist(test[~np.isnan(test)], bins=_N_BIN, range=tuple(ends[1]), color=COLOURS[1], linewidth=0)
        first.axvline(marks.median, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
        first.axvline(marks.optimum, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
        first.set(title="Distribution", xlabel=label, ylabel="architectures")
        first.yaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k" if value >= 1000 else f"{value:g}")
        spans = (end for low, high in ends for end in (low, high if high > low else low + 1))
        # Visible on light and on dark pages.
        density(second, values[both], test[both], tuple(spans), lambda n: colormaps["YlGnBu"](0.25 + 0.6 * n))
        second.grid(visible=False)
        second.tick_params(color=MUTED)
        second.set(title="Validation and test", xlabel=chosen_by, ylabel=label)
        if n == 3:
            epoch = rows["epoch"].values
            for key, colour, words in (("rho", 1, "all"), ("rho_top5", 6, "best 5 %"), ("rho_top1", 4, "best 1 %")):
                axes[2].plot(epoch, rows[key].values, color=COLOURS[colour], marker="o", markersize=2.5, label=words)
            axes[2].set_title(f"Rank correlation of {metric} with test", pad=15)
            axes[2].set(xlabel="epochs", ylabel="Spearman's ρ")
            # Between title and axes, where it hides no line.
            axes[2].legend(loc="lower center", bbox_to_anchor=(0.5, 0.97), ncols=3, handlelength=1.6, columnspacing=1)
    last = float(found["rho"].values[found[METRIC].values == metric][-1])
    texts = (
        ("Distribution", f"best {marks.optimum:.2f}, median {marks.median:.2f}, worst {marks.worst:.2f} {unit}"),
        ("Validation and test", f"rank correlation {last:.2f}"),
        ("Epochs", ", ".join(f"{e:g}: {r:.2f}" for e, r in zip(rows["epoch"].values, rows["rho"].values, strict=True))),
    )
    caption = (
        f"Test results (dotted: median, dashed: best), and the validation metric{' after the last epoch' * (n == 3)} "
        "against the test result, darker: more architectures; the axes are without the worst "
        f"{100 * _CUT:.0f} % of each"
        + ("; rank correlation of the metric with the test result after each number of epochs" * (n == 3))
        + f". Test results: {provenance_of_metric(table, name)}; {metric}: {provenance_of_metric(table, metric)}."
    )
    alt = "; ".join(f"{title}: {text}" for title, text in texts[:n])
    return Drawing(figure, "Test results, validation and epochs", alt, caption, texts[:n])
