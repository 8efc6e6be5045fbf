"""The data that networks are trained on: MNIST-1D, or a user's own arrays."""

import dataclasses
import hashlib
import zipfile
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


def load(path: Path) -> Data:
    """A user's own data: an ``.npz`` file of arrays ``x`` and ``y``, and maybe ``train``, ``val`` and ``test``.

    ``x`` are signals, shape ``(n, length, channels)`` or ``(n, length)``, taken as they are: scale them to about
    unit variance. ``y`` are labels from 0, shape ``(n,)``. The others are rows of each part; without them
    the first 40 % are for training, the next 20 % for validation, the rest for testing.

    Raises
    ------
    ValueError
        If the file cannot be read, or an array is not as described.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            given = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"data={str(path)!r} cannot be read as an .npz file of numbers: {error}") from error
    if missing := {"x", "y"} - given.keys():
        raise ValueError(f"data={str(path)!r} has no array {min(missing)!r}; it must have x and y")
    x, y = given["x"], given["y"]
    if x.ndim == 2:
        x = x[:, :, None]
    if x.ndim != 3 or x.dtype.kind not in "fiu" or min(x.shape) < 1 or x.shape[1] < 2:
        raise ValueError(f"x has shape {x.shape} and dtype {x.dtype}; must be numbers (n, length >= 2, channels)")
    if not np.isfinite(x).all():
        raise ValueError("x has numbers that are not finite")
    if y.shape != x.shape[:1] or y.dtype.kind not in "iu":
        raise ValueError(f"y has shape {y.shape} and dtype {y.dtype}; must be integers {x.shape[:1]}")
    if (y < 0).any() or np.unique(y).size != int(y.max()) + 1 or y.max() < 1:
        raise ValueError("y must have labels 0, 1, ... without gaps, two at least")
    n, names = len(y), ("train", "val", "test")
    if named := given.keys() & set(names):
        if missing := set(names) - named:
            raise ValueError(
                f"data={str(path)!r} has {min(named)!r} but no {min(missing)!r}; give all of {names} or none"
            )
        rows = {name: given[name] for name in names}
    elif n < 5:
        raise ValueError(f"x has {n} signals; 5 at least, or give train, val and test")
    else:
        rows = split(n, (2 * n // 5, n // 5, n - 2 * n // 5 - n // 5))
    for name, part in rows.items():
        if part.ndim != 1 or part.dtype.kind not in "iu" or not part.size or part.min() < 0 or part.max() >= n:
            raise ValueError(f"{name} must be rows of x, integers from 0 to {n - 1}, one at least")
    every = np.concatenate(list(rows.values()))
    if np.unique(every).size != every.size:
        raise ValueError("train, val and test must not share rows")
    parts = {name: part.astype(np.int64) for name, part in rows.items()}
    return Data(np.ascontiguousarray(x, np.float32), y.astype(np.int64), **parts)


def generate() -> dict[str, npt.NDArray[Any]]:
    """Signals and labels as the package ``mnist1d`` makes them; needs that package, and downloads nothing."""
    from mnist1d.data import get_dataset_args, make_dataset

    made = make_dataset(get_dataset_args())
    return {
        "x": np.concatenate([made["x"], made["x_test"]]).astype(np.float32),
        "y": np.concatenate([made["y"], made["y_test"]]).astype(np.uint8),
    }
