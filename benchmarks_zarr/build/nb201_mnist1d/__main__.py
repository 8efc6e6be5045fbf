"""Run the measurement."""

import argparse
import time
from pathlib import Path

from benchmarks_zarr.build.nb201_mnist1d.data import mnist1d
from benchmarks_zarr.build.nb201_mnist1d.jobs import training_job
from benchmarks_zarr.build.nb201_mnist1d.runner import run
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backwards", action="store_true")
    options = parser.parse_args()
    for line in run(training_job(mnist1d(), Training()), options.folder, backwards=options.backwards):
        print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    main()
