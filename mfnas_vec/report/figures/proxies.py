"""Zero-cost scores against test results."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from mfnas_vec.analysis.landscape import check_metrics, provenance_of_metric, score_of
from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.report.figures.axes import density
from mfnas_vec.report.figures.drawing import Drawing
from mfnas_vec.report.figures.panels import finish, panels
from mfnas_vec.report.figures.style import MUTED, style
from mfnas_vec.tables import dense

#: Share of architectures outside the axis: networks that learnt nothing would fill most of it.
_CUT = 0.1


def draw_proxies(tables: Mapping[str, xr.Dataset], metrics: Sequence[str] | None = None) -> Drawing:
    """A map of rank by score against test result, a panel per zero-cost metric of one table."""
    from scipy import stats

    if len(tables) != 1:
        raise ValueError(f"problems={', '.join(tables)}: choose one, this figure has a panel per metric")
    name, table = next(iter(tables.items()))
    zero_cost = [metric for metric, is_zero_cost in dense.metric_names(table).items() if is_zero_cost]
    names = check_metrics(table, metrics or sorted(zero_cost))
    test = dense.test_variable(table)
    sign, results = dense.sign(table, test), table[test].values.astype(np.float64)
    found = []
    for metric in names:
        score = score_of(table, metric)
        known = ~np.isnan(score) & ~np.isnan(results)
        rho = float(stats.spearmanr(score[known], sign * results[known]).statistic)
        tau = float(stats.kendalltau(score[known], sign * results[known]).statistic)
        found.append((rho, tau, metric, score, known))
    found.sort(key=lambda each: -each[0])
    attrs = table[test].attrs
    low, high = np.nanquantile(results, [_CUT, 1.0] if sign > 0 else [0.0, 1 - _CUT])
    with style(**{"axes.grid": False}):
        from matplotlib import colormaps

        figure, axes = panels(len(found), height=1.55, per_row=4)
        for place, (ax, (rho, tau, metric, score, known)) in enumerate(zip(axes, found, strict=True)):
            share = 100 * (stats.rankdata(score[known]) - 0.5) / known.sum()
            density(ax, share, results[known], (0, 100, low, high), lambda n: colormaps["cividis"](1 - n))
            kind = provenance_of_metric(table, metric)
            ax.set_title(f"{metric}, {kind}\nρ {rho:.2f}, τ {tau:.2f}", fontsize=7)
            if place % 4 == 0:
                ax.set_ylabel(f"{test} ({unit_text(attrs)})")
            else:
                ax.set_yticklabels([])
            if place + 4 >= len(found):
                ax.set_xlabel("rank by score (%)")
            else:
                ax.set_xticklabels([])
            ax.tick_params(length=2, color=MUTED)
        finish(figure)
    said = ", ".join(f"{metric} {rho:.2f}" for rho, _, metric, _, _ in found)
    kind = provenance_of_metric(table, test)
    caption = (
        f"{name}: {int(found[0][4].sum()):,} architectures by the rank of their score, 100 % is the best; darker: more "
        f"of them. ρ: Spearman's, τ: Kendall's rank correlation with the test result ({kind}). The {100 * _CUT:.0f} % "
        "with the worst test results are outside the axis, not outside the correlations."
    )
    alt = f"Maps of test results over the rank of zero-cost scores. Spearman's rank correlations: {said}."
    return Drawing(figure, f"Zero-cost scores and test results of {name}", alt, caption)
