"""Train and score every NAS-Bench-201 cell on your own signals, and write the table.

    python -m benchmarks_zarr.build.nb201_mnist1d --data mine.npz --out table.zarr

mine.npz has arrays x, signals (n, length, channels), scaled to about unit variance, and y, labels from 0;
and maybe train, val and test, the rows of each part. Work is kept in chunks: the same command goes on where
it was stopped. For a second process, give the same --work to one with --backwards and without --out.
Without --data: MNIST-1D, as the embedded table nb201-mnist1d, skipping what is packed in raw/.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks_zarr.build.nb201_mnist1d import data as sources
from benchmarks_zarr.build.nb201_mnist1d.jobs import scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.raw import RAW, collect, packed_graphs
from benchmarks_zarr.build.nb201_mnist1d.runner import run
from benchmarks_zarr.build.nb201_mnist1d.table import encoding, merge
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training
from benchmarks_zarr.build.nb201_mnist1d.warm import compile_ahead
from mfnas_vec._files import check_target, write_zarr


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks_zarr.build.nb201_mnist1d",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--data", type=Path, help="your signals, an .npz file (default: MNIST-1D)")
    result.add_argument("--out", type=Path, help="the table to write, a zarr store")
    result.add_argument("--work", type=Path, help="folder of finished chunks (default: OUT with .chunks added)")
    result.add_argument("--backwards", action="store_true", help="start with the last chunk: for a second process")
    result.add_argument("--only", choices=("train", "score"), help="do one of both only; no table is written")
    result.add_argument(
        "--first", type=int, metavar="N", help="do N graphs only, in shuffled order; others are missing"
    )
    result.add_argument("--epochs", type=int, default=Training.epochs, help="epochs of training (default: %(default)s)")
    return result


def measure(options: argparse.Namespace) -> None:
    """Do what the options say.

    Raises
    ------
    ValueError
        If the data or a path are not as they must be.
    """
    work = options.work or (options.out and options.out.with_name(options.out.name + ".chunks"))
    if work is None or (options.only and options.out):
        raise ValueError("give --out, or --work; with --only give --work alone")
    for name in ("first", "epochs"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise ValueError(f"--{name} is {getattr(options, name)}; must be 1 or more")
    if options.out:
        check_target(options.out)
    data = sources.load(options.data) if options.data else sources.mnist1d()
    settings = Training(epochs=options.epochs)
    # Packed results are of the settings of the embedded table.
    own = options.data is None and settings == Training()
    jobs = {"train": training_job(data, settings), "score": scoring_job(data, settings)}
    compile_ahead()
    for kind, job in jobs.items():
        if options.only in (None, kind):
            packed = packed_graphs(job) if own else None
            for line in run(job, work, packed=packed, backwards=options.backwards, limit=options.first):
                print(time.strftime("%H:%M:%S"), line, flush=True)
    if options.out:
        training, scoring = (collect(job, work, RAW if own else None) for job in jobs.values())
        dataset = options.data.stem if options.data else "mnist1d"
        title = f"NAS-Bench-201 cells on {dataset}, {int(training.done.sum())} of {training.done.size} graphs measured"
        table, scales = merge(training, scoring, data, settings, name=f"nb201-{dataset}", dataset=dataset, title=title)
        write_zarr(table, options.out, encoding=encoding(table, scales))
        print(f"{options.out}: {title}")


def main() -> None:
    """Run the command."""
    try:
        measure(parser().parse_args())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
