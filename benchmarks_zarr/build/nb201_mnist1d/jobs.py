"""The jobs of the runner: training."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d import trainer
from benchmarks_zarr.build.nb201_mnist1d.compiled import convolutions, kernels, network, steps
from benchmarks_zarr.build.nb201_mnist1d.data import Data
from benchmarks_zarr.build.nb201_mnist1d.runner import Arrays, Job

#: Losses are kept in steps of this many nats, seconds in steps of this many seconds.
STEP = 1e-5


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
