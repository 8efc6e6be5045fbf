"""Train some graphs again and compare them with the packed results.

``python -m benchmarks_zarr.build.nb201_mnist1d.rebuild --n 20``

The same kind of processor with the same versions of numpy and numba gives the same bytes. Elsewhere sums
of float32 are rounded otherwise and trainings drift apart; then the difference of final test accuracies,
means over trials, must be 1.5 points at most on average, twice what two sets of three seeds differ by.
"""

import argparse
import json
import sys

import numpy as np

from benchmarks_zarr.build.nb201_mnist1d.data import mnist1d
from benchmarks_zarr.build.nb201_mnist1d.graphs import distinct_graphs
from benchmarks_zarr.build.nb201_mnist1d.jobs import training_job
from benchmarks_zarr.build.nb201_mnist1d.raw import RAW, collect
from benchmarks_zarr.build.nb201_mnist1d.runner import machine
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training
from benchmarks_zarr.build.nb201_mnist1d.warm import compile_ahead

#: Largest mean difference of final test accuracies, in points, on another kind of machine.
TOLERANCE = 1.5


def rebuild(n: int, seed: int) -> tuple[int, float]:
    """Train ``n`` random graphs again.

    Returns
    -------
    tuple
        How many differ in any byte (seconds aside), and the mean difference of final test accuracies in points.
    """
    data = mnist1d()
    job = training_job(data, Training())
    known = collect(job, None, RAW)
    here = json.dumps(machine(), sort_keys=True)
    if here not in known.machines:
        print(f"other bytes are expected on this machine, {here}; the packed results were made with", *known.machines)
    done = np.flatnonzero(known.done)
    if not 1 <= n <= done.size:
        raise SystemExit(f"--n is {n}; must be from 1 to {done.size}, the graphs that are packed")
    chosen = np.random.default_rng(seed).choice(done, n, replace=False)
    train, genes = job.prepare(), distinct_graphs().genes
    n_differ, differences = 0, []
    for g in chosen.tolist():
        again = train(genes[g])
        names = [name for name in again if not name.endswith("seconds")]
        n_differ += any((again[name] != known.arrays[name][g]).any() for name in names)
        right = again["test_right"][:, -1].mean() - known.arrays["test_right"][g][:, -1].mean()
        differences.append(100 * abs(right) / data.test.size)
    return n_differ, float(np.mean(differences))


def main() -> None:
    """Print what the comparison gives; exit code 1 beyond the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20, help="graphs to train (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (default: %(default)s)")
    options = parser.parse_args()
    compile_ahead()
    n_differ, difference = rebuild(options.n, options.seed)
    print(f"{options.n - n_differ} of {options.n} graphs have the same bytes; test accuracy: {difference:.2f} points")
    sys.exit(difference > TOLERANCE)


if __name__ == "__main__":
    main()
