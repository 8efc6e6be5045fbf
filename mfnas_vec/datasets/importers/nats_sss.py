"""NATS-Bench size records: the folder ``NATS-sss-v1_0-50262-simple``, or its tar archive."""

from pathlib import Path

import xarray as xr

from mfnas_vec.datasets.importers.draft import Options
from mfnas_vec.datasets.importers.nats import SIZE, read_benchmark


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import size records of one data set, cifar10 by default.

    Raises
    ------
    ValueError
        As of ``read_benchmark``.
    """
    return read_benchmark(SIZE, paths, options)
