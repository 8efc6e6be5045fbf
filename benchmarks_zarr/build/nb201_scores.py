"""Models of NAS-Bench-201 zero-cost scores and test accuracies.

Scores are modelled as normal scores of their ranks, by boosted trees on features of the cell, with
residuals drawn from cells of similar prediction; the values are then given the published
distribution, of which only quantiles are kept. Test accuracy is modelled given the measured
validation accuracy and the cell.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from nb201_sources import DATASETS
from surrogate import (
    FloatArray,
    IntArray,
    LineAndTrees,
    cross_fit,
    drawn,
    hashed_uniforms,
    normal_scores,
    normal_scores_among,
    quality,
    rounded,
    similar,
    split,
    to_logit,
    to_percent,
    trees,
    unseen_quality,
)

N_SIMILAR = 50
N_QUANTILE = 201
N_BEST = 300
#: Fewer known cells than this are too few for trees alone.
SMALL = 2000
#: Points below the best trial of a cell from which a trial counts as failed.
FAILED_BELOW_BEST = 10


def _spread_like(order: FloatArray, published: FloatArray) -> FloatArray:
    """Values in the given order whose distribution is the published one's quantiles, interpolated."""
    n = min(N_QUANTILE, published.size)
    levels = np.linspace(0, 1, n)
    place = np.empty(order.size)
    place[np.argsort(order, kind="stable")] = np.linspace(0, 1, order.size)
    return np.interp(place, levels, np.quantile(published, levels))


def model_score(
    name: str,
    x: FloatArray,
    rows: IntArray,
    scores: FloatArray,
    connected: npt.NDArray[np.bool_],
    networks: IntArray,
    keys: list[str],
) -> tuple[Any, FloatArray, dict[str, Any]]:
    """A score known on ``rows``: values, prediction in normal scores, attributes.

    Cells whose input and output are not connected have the one value that such cells have, or none.
    """
    alive = connected[rows]
    dead = scores[~alive]
    known, published = rows[alive], scores[alive]
    fit, held = split(np.arange(known.size), 201)
    truth = normal_scores(published[fit])
    make = LineAndTrees if known.size < SMALL else lambda: trees(max_iter=300)
    predicted, left = cross_fit(x, truth, known[fit], make, networks)
    held_truth = normal_scores_among(published[held], published[fit])
    attrs = quality(predicted[known[held]], held_truth)
    attrs |= unseen_quality(predicted[known[held]], held_truth, networks[known[held]], networks[known[fit]])
    near = similar(predicted[None], known[fit], N_SIMILAR, networks)
    order = predicted + left[drawn(near, hashed_uniforms(keys, f"nb201/{name}"))]
    values = np.full(len(x), dead[0] if dead.size else np.nan)
    values[connected] = _spread_like(order[connected], published[fit])
    return rounded(values), predicted, attrs


def model_test_acc(
    dataset: str,
    x: FloatArray,
    val: FloatArray,
    trials: FloatArray,
    test: FloatArray,
    networks: IntArray,
    keys: list[str],
) -> tuple[FloatArray, dict[str, Any]]:
    """Test accuracy in percent, shape ``(n_arch,)``, given the measured validation accuracy and the cell."""
    known = DATASETS[dataset]
    # Failed trials say nothing of the test accuracy, whose trials are others.
    sound = np.nanmean(np.where(trials >= np.nanmax(trials, axis=0) - FAILED_BELOW_BEST, trials, np.nan), axis=0)
    learned = np.flatnonzero(val > known.learned_above)
    fit, held = (learned[part] for part in split(learned, 300))
    line = np.polyfit(to_logit(sound[fit]), to_logit(test[fit]), 3)
    base = to_percent(np.polyval(line, to_logit(sound)))
    inputs = np.column_stack([x, val, sound])
    predicted, left = cross_fit(
        inputs,
        (test - base)[fit],
        fit,
        lambda: trees(learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=15),
        networks,
    )
    predicted += base
    attrs = quality(predicted[held], test[held])
    attrs |= unseen_quality(predicted[held], test[held], networks[held], networks[fit])
    best = held[np.argsort(-val[held], kind="stable")[:N_BEST]]
    top = np.intersect1d(held, np.argsort(-val, kind="stable")[:N_BEST])
    attrs |= {
        "held_out_rmse_best_300": _rmse(predicted[best] - test[best]),
        "held_out_rmse_of_the_300_best_cells": _rmse(predicted[top] - test[top]),
    }
    near = similar(predicted[None], fit, N_SIMILAR, networks)
    value = np.clip(predicted + left[drawn(near, hashed_uniforms(keys, f"nb201/{dataset}/test_acc"))], 0, 100)
    return np.where(val > known.learned_above, value, 100 / known.n_class), attrs


def error_of_difference(val: FloatArray, both: FloatArray) -> float:
    """Standard error of a cell's validation minus test accuracy over its trials, root mean square over cells.

    ``both``, shape ``(n_trial, n_arch)``, are the means of a trial's two accuracies.
    """
    difference = 2 * (val - both)
    n_trial = (~np.isnan(difference)).sum(axis=0)
    variance = np.nanvar(difference, axis=0, ddof=1) / n_trial
    return round(float(np.sqrt(variance[both[0] > 5].mean())), 4)


def _rmse(error: FloatArray) -> float:
    return round(float(np.sqrt((error**2).mean())), 4)
