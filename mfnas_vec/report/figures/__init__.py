"""Figures of results and of tables (extra ``plot``)."""

from collections.abc import Callable, Sequence
from typing import Any

from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.anytime import draw_anytime
from mfnas_vec.report.figures.attainment import draw_attainment, draw_targets
from mfnas_vec.report.figures.cost import draw_cost
from mfnas_vec.report.figures.drawing import Drawing, check_file, inline_svg, panel_svgs, save
from mfnas_vec.report.figures.final import draw_final
from mfnas_vec.report.figures.heatmap import draw_heatmap
from mfnas_vec.report.figures.landscape import draw_landscape
from mfnas_vec.report.figures.leak import draw_leak
from mfnas_vec.report.figures.proxies import draw_proxies
from mfnas_vec.report.figures.ranks import draw_ranks
from mfnas_vec.report.figures.targets import draw_ecdf

__all__ = ["KINDS", "OF_TABLES", "Drawing", "check_file", "draw", "inline_svg", "panel_svgs", "save"]

_OF_RESULTS: dict[str, Callable[..., Drawing]] = {
    "anytime": draw_anytime,
    "final": draw_final,
    "cost": draw_cost,
    "heatmap": draw_heatmap,
    "ecdf": draw_ecdf,
    "targets": draw_targets,
    "attainment": draw_attainment,
    "ranks": draw_ranks,
    "leak": draw_leak,
}
#: Figures of tables; for results, of the tables of their problems.
OF_TABLES: dict[str, Callable[..., Drawing]] = {"proxy": draw_proxies, "landscape": draw_landscape}

#: Every kind of figure, with its description.
KINDS = {
    "anytime": "regret of the incumbent against search cost",
    "final": "distribution of the test results that searches end with",
    "cost": "mean test result against mean search cost",
    "heatmap": "mean test results over two varied settings",
    "ecdf": "success rate at a target, against search cost",
    "targets": "share of runs and targets reached, against search cost",
    "attainment": "test result that half of the runs have attained, against search cost",
    "ranks": "which search is best at which budget",
    "leak": "test result of the architecture chosen vs. the best one evaluated",
    "proxy": "zero-cost scores of a table against its test results, with rank correlations",
    "landscape": "rank correlation of neighbours in each metric of a table, and its local optima",
}
#: Options of each kind.
_OPTIONS = {
    "anytime": ("over", "incumbent"),
    "targets": ("over",),
    "attainment": ("over",),
    "ranks": ("over",),
    "cost": ("over",),
    "heatmap": ("rows", "columns"),
    "ecdf": ("over", "target"),
    "proxy": ("metrics",),
    "landscape": ("metrics",),
}


def draw(
    kind: str, study: Study, *, problems: Sequence[str] | None = None, page: bool = False, **options: Any
) -> Drawing:
    """Draw one of ``KINDS``.

    Parameters
    ----------
    kind
        The figure.
    study
        Results; for a kind in ``OF_TABLES``, the tables of their problems are drawn.
    problems
        Some of the study's problems; all by default.
    page
        Whether it is for a page (results only): panels in one column, without a legend.
    **options
        ``over`` (all against cost), ``incumbent`` (anytime), ``target`` (ecdf), ``rows`` and
        ``columns`` (heatmap: settings), ``metrics`` (proxy, landscape); ``None`` counts as not given.

    Raises
    ------
    ValueError
        If the kind or an option is unknown, matplotlib is missing, or there is nothing to draw.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if name not in _OPTIONS.get(kind, ()):
            raise ValueError(f"{name}={value!r} is not for {kind}")
    if problems is not None:
        study = study.on(problems)
    if kind in OF_TABLES:
        return OF_TABLES[kind]({problem: study.table(problem) for problem in study.problems}, **given)
    return _OF_RESULTS[kind](study, page=page, **given)
