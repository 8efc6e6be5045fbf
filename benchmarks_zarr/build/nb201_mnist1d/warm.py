"""Compile trainer and scores in a process of its own.

A process that compiles keeps code in memory that rounds sums of float32 otherwise than the same code
loaded from the cache does. So results are always those of loaded code.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks_zarr.build.nb201_mnist1d.data import mnist1d
from benchmarks_zarr.build.nb201_mnist1d.jobs import scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training


def compile_ahead() -> None:
    """Fill the cache of compiled code, if it is not."""
    subprocess.run([sys.executable, "-m", __name__], cwd=Path(__file__).parents[3], check=True)


def main() -> None:
    """Compile by one training and scoring."""
    for job in (training_job, scoring_job):
        job(mnist1d(), Training()).prepare()


if __name__ == "__main__":
    main()
