"""Fit the models of NAS-Bench-201 numbers that no freely licensed package holds.

    python benchmarks_zarr/build/fit_nb201.py DATA_FOLDER

reads ``nb201_measured.csv.gz`` (values of all cells) and ``nb201_cifar10_curves.csv.gz`` (139
learning curves) and writes a few coefficients to ``nb201_model.json`` beside this file. Needs
pandas and scipy. The models, with ``logit(x) = log(x / (100 - x))`` of an accuracy in percent:

- accuracy at an earlier epoch: ``logit(acc_e) = a_e + b_e * logit(acc_200) + residual``, the
  residuals of the four epochs jointly normal with the covariance found;
- test accuracy: a cubic in ``logit(acc_200)`` plus a normal residual, both fitted in logits;
- synflow: ``c0 + c1 * log(gain)``, the gain being the sum over all paths of the product of the
  gains of their operations (1 for skip_connect, 0 for none, fitted for the others).
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import spearmanr

RUNGS = (12, 25, 50, 100)
DATASETS = ("cifar10", "cifar100", "imagenet16")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
CHANCE = {"cifar10": 12.0, "cifar100": 2.0, "imagenet16": 2.5}


def logit(percent):
    """Log odds of a percentage."""
    return np.log(percent / (100 - percent))


def fit_curves(data: Path) -> dict:
    """Earlier epochs from the last one, on the measured curves of cifar10."""
    frame = pd.read_csv(data / "nb201_cifar10_curves.csv.gz", dtype={"genotype": str})
    curves = frame[frame["split"] == "val"]
    final = curves["200"].to_numpy()
    learned = final > CHANCE["cifar10"]
    design = np.c_[np.ones(learned.sum()), logit(final[learned])]
    coefficients, residuals, ranks = [], [], []
    for epoch in RUNGS:
        target = logit(curves[str(epoch)].to_numpy()[learned])
        fit = np.linalg.lstsq(design, target, rcond=None)[0]
        coefficients.append(fit.round(4).tolist())
        residuals.append(target - design @ fit)
        ranks.append(round(float(spearmanr(curves[str(epoch)], final)[0]), 3))
    factor = np.linalg.cholesky(np.cov(residuals))
    return {
        "epochs": list(RUNGS),
        "coefficients": coefficients,
        "residual_cholesky": factor.round(4).tolist(),
        "n_curve": int(learned.sum()),
        "rank_correlation_with_200_in_data": ranks,
    }


def fit_test(cells: pd.DataFrame, dataset: str) -> dict:
    """Test accuracy from the accuracy after 200 epochs."""
    val, test = cells[f"{dataset}_val_acc_200"], cells[f"{dataset}_test_acc_200"]
    learned = val > CHANCE[dataset]
    x, y = logit(val[learned].to_numpy()), logit(test[learned].to_numpy())
    fit = np.polyfit(x, y, 3)
    residual = y - np.polyval(fit, x)
    sd = 1.4826 * np.median(np.abs(residual))
    error = test[learned] - 100 / (1 + np.exp(-np.polyval(fit, x)))
    return {
        "coefficients": fit.round(6).tolist(),
        "residual_sd": round(float(sd), 4),
        "rmse_percent": round(float(np.sqrt((error**2).mean())), 3),
    }


def path_gain(genes, gains):
    """Sum over paths of the product of their operations' gains, shape ``(n_arch,)``."""
    nodes = [np.ones(len(genes))]
    for target in (1, 2, 3):
        terms = [nodes[a] * gains[genes[:, i]] for i, (a, b) in enumerate(EDGES) if b == target]
        nodes.append(np.sum(terms, axis=0))
    return nodes[3]


def fit_synflow(cells: pd.DataFrame, genes, dataset: str) -> dict:
    """Synflow from the gains of paths."""
    score = cells[f"{dataset}_synflow"].to_numpy()
    alive = path_gain(genes, np.array([0, 1, 1, 1, 1.0])) > 0

    def solve(log_gains):
        gains = np.array([0, 1, *np.exp(log_gains)])
        design = np.c_[np.ones(alive.sum()), np.log(path_gain(genes, gains)[alive])]
        fit = np.linalg.lstsq(design, score[alive], rcond=None)[0]
        return gains, fit, float(((score[alive] - design @ fit) ** 2).mean())

    best = minimize(lambda p: solve(p)[2], [1.0, 2.0, 0.0], method="Nelder-Mead")
    gains, fit, error = solve(best.x)
    return {
        "gains": gains.round(4).tolist(),
        "coefficients": fit.round(4).tolist(),
        "rmse": round(error**0.5, 3),
        "spearman": round(float(spearmanr(path_gain(genes, gains), score)[0]), 4),
    }


def main() -> None:
    """Fit all models and write their coefficients."""
    data = Path(sys.argv[1])
    cells = pd.read_csv(data / "nb201_measured.csv.gz", dtype={"genotype": str}).sort_values("genotype")
    genes = np.array([[int(digit) for digit in g] for g in cells["genotype"]])
    synflow = {name: fit_synflow(cells, genes, name) for name in ("cifar10", "imagenet16")}
    synflow["cifar100"] = synflow["cifar10"]  # the score barely sees the data set; none is published for it here
    model = {
        "curves": fit_curves(data),
        "test": {name: fit_test(cells, name) for name in DATASETS},
        "synflow": synflow,
    }
    path = Path(__file__).with_name("nb201_model.json")
    path.write_text(json.dumps(model, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
