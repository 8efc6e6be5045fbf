"""Figures of results and of tables (extra ``plot``)."""

import inspect
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

#: Function and description of each kind of figure.
_KINDS: dict[str, tuple[Callable[..., Drawing], str]] = {
    "anytime": (draw_anytime, "regret of the incumbent against search cost"),
    "final": (draw_final, "distribution of the test results that searches end with"),
    "cost": (draw_cost, "mean test result against mean search cost"),
    "heatmap": (draw_heatmap, "mean test results over two varied settings"),
    "ecdf": (draw_ecdf, "success rate at a target, against search cost"),
    "targets": (draw_targets, "share of runs and targets reached, against search cost"),
    "attainment": (draw_attainment, "test result that half of the runs have attained, against search cost"),
    "ranks": (draw_ranks, "which search is best at which budget"),
    "leak": (draw_leak, "test result of the architecture chosen vs. the best one evaluated"),
    "proxy": (draw_proxies, "zero-cost scores of a table against its test results, with rank correlations"),
    "landscape": (draw_landscape, "rank correlation of neighbours in each metric of a table, and its local optima"),
}
#: Every kind of figure, with its description.
KINDS = {kind: description for kind, (_, description) in _KINDS.items()}
#: Figures of tables; for results, of the tables of their problems.
OF_TABLES = ("proxy", "landscape")


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
        ``None`` counts as not given.

        - ``over`` (all figures against cost): "seconds", "epochs" or "evaluations"; by default seconds, or epochs
          where there are none; of ``cost`` epochs, which every table has.
        - ``incumbent`` (anytime): as of ``anytime``, "completed-rung", or "best-seen", the rule of the published code.
        - ``target`` (ecdf): a test result; by default the median of the final results of all runs shown.
        - ``rows, columns`` (heatmap): two varied settings ("optimizer" counts as one); by default those that were
          varied, if two were.
        - ``metrics`` (proxy, landscape): some of the table's metrics; all by default.

    Raises
    ------
    ValueError
        If the kind or an option is unknown, matplotlib is missing, searches cannot be re-run (figures against cost
        but ``cost``, and ``leak``), or there is nothing to draw.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    function = _KINDS[kind][0]
    _, *known = inspect.signature(function).parameters
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{name}={value!r} is not for {kind}")
    if problems is not None:
        study = study.on(problems)
    if kind in OF_TABLES:
        return function({problem: study.table(problem) for problem in study.problems}, **given)
    return function(study, page=page, **given)
