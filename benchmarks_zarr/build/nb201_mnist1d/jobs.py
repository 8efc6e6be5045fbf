"""The jobs of the runner: training and scoring every graph."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d import proxies, trainer
from benchmarks_zarr.build.nb201_mnist1d.compiled import convolutions, kernels, network, steps
from benchmarks_zarr.build.nb201_mnist1d.data import Data
from benchmarks_zarr.build.nb201_mnist1d.runner import Arrays, Job

#: Losses are kept in steps of this many nats, seconds in steps of this many seconds.
STEP = 1e-5
#: Seconds of scores are kept in steps of this many seconds.
SCORE_STEP = 1e-6


def training_job(data: Data, settings: trainer.Training) -> Job:
    """Training of all seeds; arrays of shape ``(n_seed, n_epoch)``."""

    def prepare() -> Callable[[npt.NDArray[np.int8]], Arrays]:
        session = trainer.Trainer(data, settings)

        def train(genes: npt.NDArray[np.int8]) -> Arrays:
            curves = [session.train(genes, seed) for seed in settings.seeds]
            counts = {
                name: np.array(
                    [getattr(curve, name) for curve in curves], np.uint16 if data.y.size < 2**16 else np.uint32
                )
                for name in ("train_right", "val_right", "test_right")
            }
            steps_of = {
                name: np.rint(np.array([getattr(curve, name) for curve in curves]) / STEP).astype(np.int32)
                for name in ("train_loss", "val_loss", "train_seconds")
            }
            # One number a seed: the seconds of all validations.
            validation = np.array([curve.val_seconds.sum() for curve in curves])
            return counts | steps_of | {"val_seconds": np.rint(validation / STEP).astype(np.int32)}

        # Compile before anything is timed.
        session.train(np.array([2, 3, 4, 1, 0, 3], np.int8), settings.seeds[0])
        return train

    settings_of = dataclasses.asdict(settings) | {"data": data.digest(), "step": STEP}
    return Job("train", settings_of, (convolutions, kernels, network, steps, trainer), prepare)


def scoring_job(data: Data, settings: trainer.Training) -> Job:
    """All scores of `proxies` for the initial network of each seed; arrays of shape ``(n_seed, n_score)``."""

    def prepare() -> Callable[[npt.NDArray[np.int8]], Arrays]:
        scorer = proxies.Scorer(data, settings)

        def score(genes: npt.NDArray[np.int8]) -> Arrays:
            both = [scorer.score(genes, seed) for seed in settings.seeds]
            seconds = np.array([part for _, part in both])
            return {
                "score": np.array([values for values, _ in both], np.float32),
                "seconds": np.rint(seconds / SCORE_STEP).astype(np.int32),
            }

        # Compile before anything is timed.
        for _ in range(2):
            score(np.array([2, 3, 4, 1, 0, 3], np.int8))
        return score

    settings_of = {"seeds": settings.seeds, "batch": settings.batch, "data": data.digest(), "step": SCORE_STEP}
    modules = (convolutions, kernels, network, steps, trainer, proxies)
    return Job("score", settings_of, modules, prepare)
