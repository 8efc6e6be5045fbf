"""What the measurement is like: spread, noise between seeds, what early epochs and scores say of the end.

``python -m benchmarks_zarr.build.nb201_mnist1d.figures`` reads the packed results; each distinct graph counts once.
Rank correlations are Spearman's, with the test accuracy after the last epoch, mean over seeds.
"""

import itertools

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from benchmarks_zarr.build.nb201_mnist1d.data import mnist1d
from benchmarks_zarr.build.nb201_mnist1d.jobs import STEP, scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.proxies import SCORES
from benchmarks_zarr.build.nb201_mnist1d.raw import RAW, collect
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training

EPOCHS = (1, 3, 9, 27)


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation where both are defined."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    known = np.isfinite(x) & np.isfinite(y)
    return float(spearmanr(x[known], y[known]).statistic)


def main() -> None:
    """Print the figures."""
    data, settings = mnist1d(), Training()
    training, scoring = (collect(job(data, settings), None, RAW) for job in (training_job, scoring_job))
    done = training.done & scoring.done
    test = training.arrays["test_right"][done] * (100.0 / data.test.size)
    val = training.arrays["val_right"][done] * (100.0 / data.val.size)
    last = test[:, :, -1]
    mean = last.mean(axis=1)
    print(f"graphs: {done.sum()} of {done.size}, {last.shape[1]} seeds")
    quartiles = np.percentile(mean, [0, 25, 50, 75, 100])
    print("test accuracy, min, quartiles, max:", " / ".join(f"{q:.1f}" for q in quartiles))
    print(f"sd between seeds {np.sqrt(last.var(axis=1, ddof=1).mean()):.2f}, between graphs {mean.std(ddof=1):.2f}")
    for name, part in (("all graphs", np.ones(len(mean), bool)), ("upper half", mean >= np.median(mean))):
        pairs = itertools.combinations(last[part].T, 2)
        print(f"between seeds, {name}:", ", ".join(f"{rank_correlation(a, b):.2f}" for a, b in pairs))
    of_one = [np.mean([rank_correlation(seed, mean) for seed in val[:, :, e - 1].T]) for e in EPOCHS]
    of_all = [rank_correlation(val[:, :, e - 1].mean(axis=1), mean) for e in EPOCHS]
    print(f"validation at epochs {EPOCHS}, one seed:", ", ".join(f"{r:.2f}" for r in of_one))
    print(f"validation at epochs {EPOCHS}, mean of seeds:", ", ".join(f"{r:.2f}" for r in of_all))
    score = scoring.arrays["score"][done].astype(float).mean(axis=1)
    seconds = scoring.arrays["seconds"][done].mean(axis=(0, 1)) * 1e-3
    found = {name: rank_correlation(score[:, i], mean) for i, name in enumerate(SCORES)}
    for i, name in enumerate(SCORES):
        missing = int(np.isnan(score[:, i]).sum())
        print(f"{name}: {found[name]:.2f}, {seconds[i]:.2f} ms, missing for {missing}")
    epoch = training.arrays["train_seconds"][done] * STEP
    validation = training.arrays["val_seconds"][done] * STEP
    quartiles = np.percentile(epoch.mean(axis=(1, 2)) * 1e3, [0, 25, 50, 75, 100])
    print(
        "ms of an epoch, min, quartiles, max:",
        " / ".join(f"{q:.1f}" for q in quartiles),
        f"mean {epoch.mean() * 1e3:.2f}",
    )
    hours = (epoch.sum() + validation.sum() * (1 + data.test.size / data.val.size)) / 3600
    print(f"core-hours of training, validation and (in proportion) testing: {hours:.2f}")
    print(f"core-hours of scoring: {scoring.arrays['seconds'].sum() * 1e-6 / 3600:.2f}")
    for machine in sorted({*training.machines, *scoring.machines}):
        print("made with", machine)


if __name__ == "__main__":
    main()
