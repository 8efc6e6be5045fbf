"""What the measurement is like: spread, noise between seeds, what early epochs and scores say of the end.

``python -m benchmarks_zarr.build.nb201_mnist1d.figures`` reads the packed results; each distinct graph counts once.
Rank correlations are Spearman's, with the test accuracy after the last epoch, mean over seeds. Beside each figure is
the range of 95 % of random samples of 60 graphs, the size of the feasibility study.
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

FloatArray = npt.NDArray[np.float64]

EPOCHS = (1, 3, 9, 27)
#: Graphs of the feasibility study, and random samples of as many.
N_STUDY, N_SAMPLE = 60, 1000


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation where both are defined."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    known = np.isfinite(x) & np.isfinite(y)
    return float(spearmanr(x[known], y[known]).statistic)


def figures(test: FloatArray, val: FloatArray, score: FloatArray) -> dict[str, float]:
    """What some graphs are like.

    Parameters
    ----------
    test
        Accuracies after the last epoch, shape ``(n_graph, n_seed)``.
    val
        Accuracies at `EPOCHS`, shape ``(n_graph, n_seed, n_epoch)``.
    score
        Mean scores, shape ``(n_graph, n_score)``.
    """
    mean = test.mean(axis=1)
    quartiles = zip(
        ("minimum", "lower quartile", "median", "upper quartile", "maximum"), (0, 25, 50, 75, 100), strict=True
    )
    found = {f"test accuracy, {name}": float(np.percentile(mean, q)) for name, q in quartiles}
    found["sd between seeds"] = float(np.sqrt(test.var(axis=1, ddof=1).mean()))
    found["sd between graphs"] = float(mean.std(ddof=1))
    for name, part in (("all graphs", test), ("upper half", test[mean >= np.median(mean)])):
        for a, b in itertools.combinations(range(test.shape[1]), 2):
            found[f"seeds {a} and {b}, {name}"] = rank_correlation(part[:, a], part[:, b])
    for i, e in enumerate(EPOCHS):
        found[f"validation of one seed at epoch {e}"] = float(
            np.mean([rank_correlation(v, mean) for v in val[..., i].T])
        )
        found[f"validation, mean of seeds, at epoch {e}"] = rank_correlation(val[..., i].mean(axis=1), mean)
    return found | {name: rank_correlation(score[:, i], mean) for i, name in enumerate(SCORES)}


def main() -> None:
    """Print the figures."""
    data, settings = mnist1d(), Training()
    training, scoring = (collect(job(data, settings), None, RAW) for job in (training_job, scoring_job))
    done = training.done & scoring.done
    test = training.arrays["test_right"][done, :, -1] * (100.0 / data.test.size)
    val = training.arrays["val_right"][done][:, :, np.array(EPOCHS) - 1] * (100.0 / data.val.size)
    score = scoring.arrays["score"][done].astype(float).mean(axis=1)
    print(f"graphs: {done.sum()} of {done.size}, {test.shape[1]} seeds")
    draw = np.random.default_rng(0)
    samples = [draw.choice(len(test), N_STUDY, replace=False) for _ in range(N_SAMPLE)]
    sampled = [figures(test[rows], val[rows], score[rows]) for rows in samples]
    for name, value in figures(test, val, score).items():
        low, high = np.nanpercentile([sample[name] for sample in sampled], [2.5, 97.5])
        print(f"{name}: {value:.2f} ({low:.2f} to {high:.2f})")
    seconds = scoring.arrays["seconds"][done].mean(axis=(0, 1)) * 1e-3
    for i, name in enumerate(SCORES):
        missing = int(np.isnan(score[:, i]).sum())
        print(f"{name}: {seconds[i]:.2f} ms, missing for {missing}")
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
