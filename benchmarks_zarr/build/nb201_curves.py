"""Models of NAS-Bench-201 learning curves: accuracies and losses of earlier epochs.

Fitted to the CIFAR-10 curves of 139 cells (accuracy of training and validation, 200 epochs), and to
two cells whose trainings are published in full on every data set. With ``L`` the logit of the
measured validation accuracy after 200 epochs:

- CIFAR-10: the logit of an accuracy at an epoch is quadratic in ``L``. Its residuals at all epochs
  are drawn together, from one of the known curves of most similar final accuracy.
- The other data sets have the cell's CIFAR-10 curve, as differences of logits to ``L``: scaled, below
  the final accuracy, as final accuracies of all cells are; above it, and shifted by a quadratic in the
  logarithm of the epoch, as the two cells show.
- Losses: their logarithms are linear in the logits of accuracies, fitted to the two cells.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from nb201_sources import DATASETS, FullCurves, read_curves, read_full_curves
from surrogate import (
    FloatArray,
    IntArray,
    by_epoch,
    drawn,
    hashed_normals,
    hashed_uniforms,
    quality,
    similar,
    spearman,
    split,
    to_logit,
    to_percent,
)

from mfnas_vec.spaces import SearchSpace

EPOCHS = (1, 2, 4, 6, 8, 12, 16, 25, 35, 50, 75, 100, 150, 200)
N_SIMILAR = 20
#: Held out of the losses' fits: one seed of the two cells.
HELD_OUT_SEED = 999
ACCURACIES = ("val_acc", "train_acc")
LOSSES = ("val_loss", "train_loss")


class Curves(NamedTuple):
    """Modelled values by variable, shape ``(n_epoch, n_arch)``, and attributes by variable."""

    values: dict[str, FloatArray]
    attrs: dict[str, dict[str, Any]]


def _design(final: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(final), final, final**2])


def cifar10_logits(
    final: FloatArray, learned: npt.NDArray[np.bool_], keys: list[str], folder: Path
) -> tuple[dict[str, FloatArray], dict[str, dict[str, Any]]]:
    """Logits of accuracies at ``EPOCHS`` on CIFAR-10, by variable; quality on held-out curves."""
    rows, curves = read_curves(folder)
    at = np.array(EPOCHS) - 1
    truth = {f"{name}_acc": to_logit(curves[name][at]) for name in ("val", "train")}
    fit, held = split(rows, 139)
    fit, held = fit[learned[rows[fit]]], held[learned[rows[held]]]
    # Beyond the known curves a quadratic may turn: from there on all epochs follow the final accuracy.
    inside = np.clip(final, final[rows[fit]].min(), final[rows[fit]].max())
    design = _design(inside)
    known = design[rows[fit]]
    # Residuals as of a curve left out of the fit.
    leverage = np.einsum("ij,jk,ik->i", known, np.linalg.inv(known.T @ known), known)
    near = similar(final[None], rows[fit], N_SIMILAR)
    pick = drawn(near, hashed_uniforms(keys, "nb201/curves"))
    values, attrs = {}, {}
    for name, logits in truth.items():
        weights = np.linalg.lstsq(known, logits[:, fit].T, rcond=None)[0]
        predicted = design @ weights + (final - inside)[:, None]
        left = (logits[:, fit].T - predicted[rows[fit]]) / np.sqrt(1 - leverage)[:, None]
        values[name] = (predicted + left[pick]).T
        n = len(EPOCHS) - (name == "val_acc")  # the last epoch of val_acc is measured
        attrs[name] = by_epoch([quality(predicted[rows[held], i], logits[i, held]) for i in range(n)]) | {
            "held_out_epochs": list(EPOCHS[:n]),
            "published_rank_correlation_with_200": [spearman(v, curves[name[:-4]][-1]) for v in curves[name[:-4]][at]],
        }
    return values, attrs


def transfer(
    logits: FloatArray,
    own_final: FloatArray,
    final: FloatArray,
    learned: npt.NDArray[np.bool_],
    known: FloatArray,
    rows: IntArray,
) -> tuple[FloatArray, float]:
    """Logits on another data set, shape ``(n_epoch, n_arch)``, and the error on the cells fitted to.

    ``logits`` and ``own_final`` are of CIFAR-10; ``known``, shape ``(n_epoch, n_training)``, are
    the trainings of cells ``rows``.
    """
    slope = np.polyfit(own_final[learned], final[learned], 1)[0]
    below, above = (part(logits - own_final, 0) for part in (np.minimum, np.maximum))
    time = np.log(np.array(EPOCHS))[:, None] * np.ones(rows.size)
    terms = np.column_stack([above[:, rows].ravel(), np.ones(time.size), time.ravel(), time.ravel() ** 2])
    wanted = (known - final[rows] - slope * below[:, rows]).ravel()
    weights = np.linalg.lstsq(terms, wanted, rcond=None)[0]
    # Where the known trainings hardly come above their end, its slope would be anything.
    weights[0] = np.clip(weights[0], 0, slope)
    weights[1:] = np.linalg.lstsq(terms[:, 1:], wanted - weights[0] * terms[:, 0], rcond=None)[0]
    error = float(np.sqrt(((terms @ weights - wanted) ** 2).mean()))
    shift = np.polyval(weights[:0:-1], np.log(np.array(EPOCHS)))
    return final + slope * below + weights[0] * above + shift[:, None], error


def model_losses(accuracy: dict[str, FloatArray], full: FullCurves, keys: list[str], dataset: str) -> Curves:
    """Losses at ``EPOCHS`` from the accuracies there."""
    held = full.seed == HELD_OUT_SEED
    values, attrs = {}, {}
    for name in LOSSES:
        used = ACCURACIES if name == "val_loss" else ("train_acc",)

        def terms(percent: list[FloatArray]) -> FloatArray:
            logits = [to_logit(p.ravel()) for p in percent]
            return np.column_stack([np.ones_like(logits[0]), *logits, *(v**2 for v in logits[:1])])

        def known(part: npt.NDArray[np.bool_], used: tuple[str, ...] = used) -> FloatArray:
            return terms([getattr(full, acc)[part] for acc in used])

        truth = np.log(getattr(full, name))
        weights = np.linalg.lstsq(known(~held), truth[~held].ravel(), rcond=None)[0]
        residual = truth[~held].ravel() - known(~held) @ weights
        shape = accuracy["val_acc"].shape
        predicted = (terms([accuracy[acc] for acc in used]) @ weights).reshape(shape)
        noise = np.array([hashed_normals(keys, f"nb201/{dataset}/{name}/{e}") for e in EPOCHS])
        values[name] = np.exp(predicted + residual.std() * noise)
        attrs[name] = quality(known(held) @ weights, truth[held].ravel())
    return Curves(values, attrs)


def model_curves(
    finals: dict[str, FloatArray], connected: npt.NDArray[np.bool_], keys: list[str], folder: Path, space: SearchSpace
) -> dict[str, Curves]:
    """Accuracies (percent) and losses at ``EPOCHS`` by data set.

    ``finals`` are the measured validation accuracies after 200 epochs in percent. Cells that never
    learn keep their final accuracy, and the loss of a guess.
    """
    logits = {name: to_logit(final) for name, final in finals.items()}
    base, base_attrs = cifar10_logits(logits["cifar10"], finals["cifar10"] > 12, keys, folder)
    result = {}
    for dataset, final in finals.items():
        known = DATASETS[dataset]
        learned = connected & (final > known.learned_above)
        guess = 100 / known.n_class
        full = read_full_curves(folder, dataset, space)
        values, attrs = {}, {}
        for name in ACCURACIES:
            if dataset == "cifar10":
                curve, attrs[name] = base[name], dict(base_attrs[name])
            else:
                trainings = to_logit(getattr(full, name).T[np.array(EPOCHS) - 1])
                own = logits["cifar10"]
                curve, error = transfer(base[name], own, logits[dataset], learned, trainings, full.row)
                attrs[name] = {"fit_rmse": round(error, 4), "fit_n_cell": 2}
            values[name] = np.where(learned, np.maximum(to_percent(curve), guess), final)
        values["val_acc"][-1] = final
        values["train_acc"] = np.where(learned, values["train_acc"], guess)
        losses = model_losses(values, full, keys, dataset)
        for name, loss in losses.values.items():
            values[name] = np.where(learned, loss, np.log(known.n_class))
            attrs[name] = losses.attrs[name]
        for name in (*ACCURACIES, *LOSSES):
            attrs[name]["table_rank_correlation_with_200"] = [spearman(v, values[name][-1]) for v in values[name]]
        result[dataset] = Curves(values, attrs)
    return result
