"""How many runs have reached a test result, against cost."""

import numpy as np

from mfnas_vec.analysis.anytime import COSTS, check_over, hitting_costs
from mfnas_vec.analysis.statistics import TEST, FloatArray, direction_sign, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.drawing import (
    Drawing,
    caption,
    cost_axis,
    finish,
    legend,
    looks,
    panels,
    selection,
    style,
)


def draw_ecdf(study: Study, over: str | None = None, target: float | None = None) -> Drawing:
    """Share of runs whose incumbent has reached a target, a panel per problem.

    Parameters
    ----------
    study
        Its searches are made again, with every evaluation.
    over
        "seconds", "epochs" or "evaluations"; by default seconds, epochs where there are none.
    target
        A test result; by default the median of what all runs shown end with.

    Raises
    ------
    ValueError
        If searches cannot be made again, or a table has no such cost.
    """
    if over is not None:
        check_over(over)
    if target is not None and not np.isfinite(target):
        raise ValueError(f"target={target} must be a number")
    selected, note = selection(study)
    with style():
        figure, axes = panels(len(study.problems), height=2.0, legend=[study.names[label] for label in selected])
        look, shown, said = looks(study), {}, []
        for ax, problem in zip(axes, study.problems, strict=True):
            labels = [label for label in selected if label in study.searches[problem]]
            shown[problem] = labels
            axis = over or ("seconds" if study.timed(problem) else "epochs")
            found = study.searches[problem]
            ends = np.concatenate([found[label].runs[TEST].values for label in labels])
            if target is None and np.isnan(ends).all():
                raise ValueError(f"{problem}: no run ended with a test result to take as the target; give target=")
            wanted = float(np.nanmedian(ends)) if target is None else target
            sign = direction_sign(next(iter(found.values())).runs[TEST].attrs)
            costs = {}
            longest = 0.0
            for label in labels:
                traced = study.traced(problem, label)
                costs[label] = np.sort(hitting_costs(traced, wanted, over=axis, table=study.table(problem)))
                longest = max(longest, float(traced[COSTS[axis]].max()))
            shares = []
            for i, label in enumerate(labels):
                reached = costs[label][np.isfinite(costs[label])]
                share = np.arange(1, reached.size + 1) / costs[label].size
                x, y = np.r_[0.0, reached, longest], np.r_[0.0, share, share[-1:] if share.size else 0.0]
                own = look[label]
                line = {
                    "color": own.colour,
                    "linestyle": own.dash,
                    "drawstyle": "steps-post",
                    "label": study.names[label],
                }
                # At places of their own, so that lines on top of each other can be told apart.
                ax.plot(*_thin(x, y), marker=own.marker, markevery=(4 * i + 2, 45), markersize=3.2, **line)
                shares.append(f"{study.names[label]} {100 * y[-1]:.0f} %")
            unit = unit_text(next(iter(found.values())).runs[TEST].attrs)
            least = "at least" if sign > 0 else "at most"
            ax.set(title=f"{problem}\n{least} {wanted:.2f} {unit}", ylim=(-0.02, 1.03), xlim=(0, longest or 1))
            ax.set_ylabel("share of runs")
            cost_axis(ax, axis, longest)
            said.append(f"{problem}, {least} {wanted:.2f} {unit}: {', '.join(shares)}")
        legend(figure, axes)
        finish(figure)
    origin = "the median of what all runs shown end with" if target is None else "given"
    told = caption(
        study,
        shown,
        f"Share of runs whose incumbent has reached the test result in the title, {origin}; a run counts from the "
        "first time on, also if its incumbent changes later",
        note,
    )
    alt = f"Share of runs that reach a target, against search cost. In the end: {'; '.join(said)}."
    return Drawing(figure, "Share of runs that reach a target", alt, told)


def _thin(x: FloatArray, y: FloatArray, most: int = 150) -> tuple[FloatArray, FloatArray]:
    """Few enough points for a drawing, ends included."""
    if x.size <= most:
        return x, y
    kept = np.unique(np.linspace(0, x.size - 1, most).astype(np.int64))
    return x[kept], y[kept]
