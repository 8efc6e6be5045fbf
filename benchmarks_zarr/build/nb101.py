"""Build the embedded NAS-Bench-101 table: computed costs, modelled training results and scores.

    python -m pip install '.[build-tables]'
    python benchmarks_zarr/build/nb101.py DATA_FOLDER

Fitted to 25,031 published cells (accuracy of one training at each of four budgets, seconds of the
longest), to scores of 292 cells in NAS-Bench-Suite-Zero, and to a retraining of 91 cells that
separates training from validation accuracy. A fifth of the cells of each is held out of its fits; the
quality found there is in the attributes. Takes some minutes.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from manifest import write_manifest
from nb101_features import cell_arrays, cell_features
from nb101_network import network_cost, prune
from nb101_sources import EPOCHS, SCORES, Cells, read_cells, read_retraining, read_scores
from stores import write_table
from surrogate import (
    FloatArray,
    IntArray,
    LineAndTrees,
    by_epoch,
    cross_fit,
    drawn,
    hashed_normals,
    hashed_uniforms,
    quality,
    rounded,
    similar,
    spearman,
    split,
    to_logit,
    to_percent,
)

from mfnas_vec.spaces import get_space
from mfnas_vec.tables.build import variable_attrs
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, GENE, MODELLED

#: Published: validation exceeds test accuracy by this much on average (percent).
VAL_MINUS_TEST = 0.56
#: Published: standard deviation over trainings after 108 epochs (percent, median over cells).
SEED_SD = 0.36
#: Trainings that the test accuracy is a mean of.
N_TEST_TRAINING = 3
#: Seconds of a score that the published code charges for every cell.
CODE_SECONDS = {
    "params": 0.30215823150349097,
    "flops": 0.30215823150349097,
    "synflow": 1.4356617034300945,
    "jacov": 2.5207841626097856,
    "snip": 2.028758352457235,
    "grasp": 5.570546795804546,
    "fisher": 2.610283957422675,
    "grad_norm": 2.035946015246093,
}
N_SIMILAR = 64
#: Accuracy of a guess among ten classes (percent).
GUESS = 10.0

FIT_CELLS = "fitted to NAS-Bench-101 (Apache-2.0), cells published in tiga1231/nasbench-vis"
FIT_RETRAINING = "fitted to a retraining of 91 NAS-Bench-101 cells in PedramBakh/EC-NAS-Bench (MIT)"
FIT_SCORES = "fitted to scores of NAS-Bench-Suite-Zero (automl/NASLib, Apache-2.0)"
OWN = "MIT"


def model_val_acc(x: Any, cells: Cells, keys: list[str]) -> tuple[FloatArray, FloatArray, dict[str, Any]]:
    """Logits of the validation accuracy, shape ``(n_epoch, n_arch)``: prediction, value; attributes.

    The residuals of the four budgets are drawn together, from a cell of similar prediction at the
    two longest; one that would take the cell past all cells of similar prediction is passed over.
    """
    fit, held = split(cells.row, 101)
    truth = to_logit(cells.val_acc)
    prediction, residual, parts = [], [], []
    for i in range(len(EPOCHS)):
        predicted, left = cross_fit(x, truth[i, fit], cells.row[fit])
        parts.append(quality(predicted[cells.row[held]], truth[i, held]))
        prediction.append(predicted)
        residual.append(left)
    predicted, left = np.array(prediction), np.array(residual)
    near = similar(predicted[2:], cells.row[fit], N_SIMILAR)
    known = truth[:, fit]
    low, high = known[:, near].min(axis=2), known[:, near].max(axis=2)
    first = (hashed_uniforms(keys, "nb101/val_acc") * near.shape[1]).astype(np.int64)
    value = np.clip(predicted, low, high)  # where no residual fits
    open_rows = np.arange(len(near))
    for step in range(near.shape[1]):
        pick = near[open_rows, (first[open_rows] + step) % near.shape[1]]
        tried = predicted[:, open_rows] + left[:, pick]
        fits = ((tried >= low[:, open_rows]) & (tried <= high[:, open_rows])).all(axis=0)
        value[:, open_rows[fits]] = tried[:, fits]
        open_rows = open_rows[~fits]
    attrs = by_epoch(parts) | {
        "table_rank_correlation_with_108": [spearman(v, value[-1]) for v in value],
        "published_rank_correlation_with_108": [spearman(v, cells.val_acc[-1]) for v in cells.val_acc],
        "held_out_rank_correlation_with_108": [spearman(v, cells.val_acc[-1, held]) for v in cells.val_acc[:, held]],
    }
    return predicted, value, attrs


def model_train_acc(value: FloatArray, folder: Path, keys: list[str]) -> tuple[FloatArray, dict[str, Any]]:
    """Training accuracy in percent, shape ``(n_epoch, n_arch)``: a line in logits for each budget."""
    result, parts = [], []
    for i, (epoch, (retrained, pairs)) in enumerate(read_retraining(folder).items()):
        train, val = to_logit(pairs).T
        fit, held = split(retrained, 1010)
        line = np.polyfit(val[fit], train[fit], 1)
        residual = train[fit] - np.polyval(line, val[fit])
        parts.append(quality(np.polyval(line, val[held]), train[held]))
        noise = residual.std() * hashed_normals(keys, f"nb101/train_acc/{epoch}")
        result.append(np.maximum(to_percent(np.polyval(line, value[i]) + noise), GUESS))
    return np.array(result), by_epoch(parts)


def model_test_acc(predicted: FloatArray, value: FloatArray, keys: list[str]) -> FloatArray:
    """Test accuracy in percent, shape ``(n_arch,)``: what of the residual is the cell's own, not chance.

    Of the residual's variance near a prediction, as much is chance as trainings of one cell
    differ by; the rest is the cell's own.
    """
    residual = value - predicted
    share = to_percent(predicted) / 100
    order = np.argsort(predicted, kind="stable")
    spread = np.empty_like(residual)
    for part in np.array_split(order, 200):
        spread[part] = residual[part].std()
    # The published deviation is a median over cells; it is taken to be the same part of the spread everywhere.
    middle = np.argsort(np.abs(predicted - np.median(predicted)))[:1000]
    seed_sd = SEED_SD / 100 / (share * (1 - share))[middle].mean()
    chance = min(1.0, (seed_sd / spread[middle].mean()) ** 2)
    own = np.sqrt(chance * (1 - chance)) * spread * hashed_normals(keys, "nb101/test_acc/cell")
    level = predicted + (1 - chance) * residual + own
    trainings = np.sqrt(chance / N_TEST_TRAINING) * spread * hashed_normals(keys, "nb101/test_acc/trainings")
    return np.clip(to_percent(level + trainings) - VAL_MINUS_TEST, 0, 100)


def model_seconds(x: Any, cells: Cells, keys: list[str]) -> tuple[FloatArray, dict[str, Any]]:
    """Seconds of 108 epochs, shape ``(n_arch,)``."""
    fit, held = split(cells.row, 101)
    truth = np.log(cells.seconds)
    predicted, left = cross_fit(x, truth[fit], cells.row[fit])
    attrs = quality(predicted[cells.row[held]], truth[held])
    near = similar(predicted[None], cells.row[fit], N_SIMILAR)
    value = predicted + left[drawn(near, hashed_uniforms(keys, "nb101/train_seconds"))]
    return np.exp(value), attrs


def _transform(name: str, scores: FloatArray) -> tuple[FloatArray, Any]:
    """A score on a scale where models are fitted, and the way back."""
    if name in ("synflow", "jacov"):
        return scores, lambda v: v
    if name == "grasp":
        return np.arcsinh(scores), np.sinh
    return np.log(np.maximum(scores, 1e-9)), np.exp


def model_score(name: str, x: Any, rows: IntArray, scores: FloatArray, keys: list[str]) -> Any:
    """A zero-cost score, shape ``(n_arch,)``, and its attributes."""
    fit, held = split(rows, 500)
    truth, back = _transform(name, scores)
    predicted, left = cross_fit(x, truth[fit], rows[fit], LineAndTrees)
    attrs = quality(predicted[rows[held]], truth[held])
    value = (
        predicted + left[drawn(similar(predicted[None], rows[fit], N_SIMILAR), hashed_uniforms(keys, f"nb101/{name}"))]
    )
    attrs["fit_n"] = int(fit.size)
    if name == "jacov":  # the published scores end there
        value = np.minimum(value, truth[fit].max())
    return rounded(back(value)), attrs


def seconds_attrs(name: str) -> dict[str, Any]:
    """Attributes of the seconds of a score."""
    source = "constants of the published MF-NAS code (ELO-Lab/MF-NAS)"
    return variable_attrs(f"{name}_seconds", MODELLED, source=source, licence=OWN) | {
        "long_name": f"seconds to score {name}",
        "units": "s",
        "direction": "none",
        "comment": "one number for all cells",
    }


def main() -> None:
    """Build the table and the manifest."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    space = get_space("nb101")
    keys = space.arch_key()
    genes = space.decode(space.arch_code)
    costs = np.array([network_cost(*prune(g)) for g in genes.tolist()])
    x = np.column_stack([*cell_features(*cell_arrays(space)).values(), np.log(costs)]).astype(np.float32)
    cells = read_cells(folder, space)

    table = xr.Dataset(
        coords={
            "genotype": ((ARCH, GENE), genes, {"long_name": "a genotype of the architecture"}),
            EPOCH: (EPOCH, np.array(EPOCHS), {"long_name": "epochs of training done, a training of its own for each"}),
        },
        attrs={
            "name": "nb101",
            "space": "nb101",
            "dataset": "cifar10",
            "title": "NAS-Bench-101, CIFAR-10",
            "comment": "rows are in the order of the MD5 module hashes, which the row map of the space holds",
        },
    )

    def add(name: str, values: npt.ArrayLike, kind: str, source: str, attrs: dict[str, Any]) -> None:
        dims = {0: (), 1: (ARCH,), 2: (EPOCH, ARCH)}[np.ndim(values)]
        table[name] = (dims, values, variable_attrs(name, kind, source=source, licence=OWN) | attrs)

    predicted, value, attrs = model_val_acc(x, cells, keys)
    note = (
        "one training per budget. Boosted trees on features of the cell predict the logit; the residual, of all "
        "budgets at once, is drawn by the cell's hash from published cells of similar prediction. held_out_* are of "
        "the prediction, in logits"
    )
    add("val_acc", to_percent(value), MODELLED, FIT_CELLS, attrs | {"comment": note})
    train, attrs = model_train_acc(value, folder, keys)
    note = "a line in logits of the validation accuracy for each budget, and a normal residual; held_out_* in logits"
    add("train_acc", train, MODELLED, FIT_RETRAINING, attrs | {"comment": note})
    note = (
        "the cell's modelled level after 108 epochs: the prediction of val_acc and that part of its residual that is "
        "not chance between trainings, less the published mean difference to the validation accuracy, "
        f"{VAL_MINUS_TEST} points, with the chance of a mean of {N_TEST_TRAINING} trainings. There is no test accuracy "
        "to fit to or to hold out"
    )
    add("test_acc", model_test_acc(predicted[-1], value[-1], keys), MODELLED, FIT_CELLS, {"comment": note})
    seconds, attrs = model_seconds(x, cells, keys)
    note = (
        "boosted trees on features of the cell predict the logarithm, the residual is drawn by the cell's hash; "
        "shorter budgets in proportion to their epochs. held_out_* are of the logarithm"
    )
    add(
        "train_seconds",
        seconds * (np.array(EPOCHS) / EPOCHS[-1])[:, None],
        MODELLED,
        FIT_CELLS,
        attrs | {"comment": note},
    )
    for i, name in enumerate(("params", "flops")):
        add(name, costs[:, i] / 1e6, COMPUTED, "definition of the network (Ying et al., ICML 2019)", {})
        table[f"{name}_seconds"] = ((), CODE_SECONDS[name], seconds_attrs(name))
    rows, scores = read_scores(folder, space)
    for name in SCORES:
        values, attrs = model_score(name, x, rows, scores[name], keys)
        note = (
            f"ridge regression and trees on features of the cell, fitted to {attrs['fit_n']} cells, and a residual "
            "drawn by the cell's hash from cells of similar prediction. held_out_* are of the prediction, on the "
            "scale of the fit"
        )
        add(name, values, MODELLED, FIT_SCORES, attrs | {"comment": note})
        table[f"{name}_seconds"] = ((), CODE_SECONDS[name], seconds_attrs(name))
    integers = {"val_acc": ("int16", 0.01), "train_acc": ("int16", 0.01), "test_acc": ("int16", 0.01)}
    write_table(table, "nb101", integers | {"train_seconds": ("uint16", 0.1)})
    write_manifest()


if __name__ == "__main__":
    main()
