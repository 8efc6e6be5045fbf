"""The data that networks are trained on: MNIST-1D, or a user's own arrays."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).parent / "mnist1d.npz"
#: SHA-256 of the signals and labels of `FILE` (see `Data.digest`).
MNIST1D_SHA256 = "40682c8e54fb9874da8a749fca18a8b4519d98b1c9182a371689e2b4c356208a"
#: The published generator's own seed, and the sizes of the three parts.
SEED = 42
SPLIT = (2000, 1000, 2000)


@dataclasses.dataclass(frozen=True)
class Data:
    """Signals ``(n, length, channels)``, labels ``(n,)`` and the rows of each part."""

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    train: npt.NDArray[np.int64]
    val: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]

    @property
    def n_channel(self) -> int:
        """Channels of a signal."""
        return self.x.shape[2]

    @property
    def n_class(self) -> int:
        """Classes of the labels."""
        return int(self.y.max()) + 1

    def digest(self) -> str:
        """SHA-256 of everything: shapes, numbers in little-endian bytes, rows of the parts."""
        digest = hashlib.sha256(repr(self.x.shape).encode())
        digest.update(self.x.astype("<f4").tobytes())
        for part in (self.y, self.train, self.val, self.test):
            digest.update(repr(part.shape).encode() + part.astype("<i8").tobytes())
        return digest.hexdigest()


def split(n: int, sizes: tuple[int, int, int]) -> dict[str, npt.NDArray[np.int64]]:
    """Rows of the parts, one after the other."""
    a, b, c = sizes
    if min(sizes) < 1 or a + b + c != n:
        raise ValueError(f"sizes={sizes} must be positive and add up to {n} signals")
    rows = np.arange(n)
    return {"train": rows[:a], "val": rows[a : a + b], "test": rows[a + b :]}


def mnist1d() -> Data:
    """The frozen MNIST-1D signals: 5,000 of 40 values, 10 classes, in the order of the generator.

    The first 2,000 are for training, 1,000 for validation, 2,000 for testing. This is not the
    canonical split, which has 4,000 for training and 1,000 for testing.

    Raises
    ------
    ValueError
        If the file is not the one that was frozen.
    """
    with np.load(FILE, allow_pickle=False) as file:
        x, y = file["x"], file["y"].astype(np.int64)
    data = Data(x[:, :, None], y, **split(len(y), SPLIT))
    if data.digest() != MNIST1D_SHA256:
        raise ValueError(f"{FILE.name} is not the frozen data: SHA-256 {data.digest()}, expected {MNIST1D_SHA256}")
    return data


def generate() -> dict[str, npt.NDArray[Any]]:
    """Signals and labels as the package ``mnist1d`` makes them; needs that package, and downloads nothing."""
    from mnist1d.data import get_dataset_args, make_dataset

    made = make_dataset(get_dataset_args())
    return {
        "x": np.concatenate([made["x"], made["x_test"]]).astype(np.float32),
        "y": np.concatenate([made["y"], made["y_test"]]).astype(np.uint8),
    }
