"""Merge results into a table, genotypes of the same graph with the same results.

``python -m benchmarks_zarr.build.nb201_mnist1d.table`` writes the embedded table from the packed results.
"""

import hashlib
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from benchmarks_zarr.build.manifest import write_manifest
from benchmarks_zarr.build.nb201_mnist1d.data import Data, mnist1d
from benchmarks_zarr.build.nb201_mnist1d.graphs import distinct_graphs
from benchmarks_zarr.build.nb201_mnist1d.jobs import SCORE_STEP, STEP, scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.proxies import SCORES
from benchmarks_zarr.build.nb201_mnist1d.raw import RAW, Results, collect
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training
from benchmarks_zarr.build.stores import FOLDER, Scales, packed_encoding
from mfnas_vec._files import write_zarr
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.build import empty_table, variable_attrs
from mfnas_vec.tables.coverage import mark_coverage
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, MEASURED, TRIAL

NAME = "nb201-mnist1d"
SOURCE = "trained and scored by the scripts of build/nb201_mnist1d"
LICENCE = "MIT"
_PARTS = {"train": "training", "val": "validation", "test": "test"}


class Merge:
    """A table in the making: values of graphs become values of genotypes."""

    def __init__(self, table: xr.Dataset, done: npt.NDArray[np.bool_]) -> None:
        self.table, self.done, self.scales = table, done, Scales()
        self.of_code = distinct_graphs().of_code

    def add(
        self, name: str, dims: tuple[str, ...], counts: npt.NDArray[Any], step: float, provenance: str, **attrs: str
    ) -> None:
        """Add integers in steps; the last dimension of ``counts`` is the graph."""
        values = np.where(self.done, counts * step, np.nan)
        declared = variable_attrs(name, provenance, source=SOURCE, licence=LICENCE)
        self.table[name] = (dims, values[..., self.of_code], declared | attrs)
        largest = int(counts[..., self.done].max(initial=0))
        self.scales[name] = ("int16" if largest < 2**15 else "int32", step)

    def add_trials(self, name: str, counts: npt.NDArray[Any], step: float, attrs: dict[str, str], mean: bool) -> None:
        """Add the results of trials, shape ``(n_graph, n_trial, n_epoch)``, and their mean by epoch if ``mean``."""
        trials = counts.astype(np.int64).transpose(1, 2, 0)
        own = attrs | {"long_name": f"{attrs['long_name']} of each trial"}
        self.add(f"{name}_trial", (TRIAL, EPOCH, ARCH), trials, step, MEASURED, **own)
        if mean:
            more = attrs | {"comment": f"mean of {len(trials)} trials. " + attrs.get("comment", "")}
            self.add(name, (EPOCH, ARCH), trials.sum(axis=0), step / len(trials), MEASURED, **more)


def add_training(merge: Merge, results: Results, data: Data) -> None:
    """Add accuracies, losses and seconds."""
    arrays = results.arrays
    sizes = {"train": data.train.size, "val": data.val.size, "test": data.test.size}
    during = "of the batches as they were trained on, during the epoch"
    after = "of the network after the epoch, with running statistics of batch norm"
    for part, size in sizes.items():
        attrs = {"long_name": f"{_PARTS[part]} accuracy", "units": "percent", "direction": "maximize"}
        attrs["comment"] = f"{size:,} signals; {during if part == 'train' else after}"
        merge.add_trials(f"{part}_acc", arrays[f"{part}_right"], 100 / size, attrs, mean=part != "test")
    last = arrays["test_right"][:, :, -1].astype(np.int64).T
    note = f"mean of {len(last)} trials; by epoch and trial: test_acc_trial"
    merge.add("test_acc", (ARCH,), last.sum(axis=0), 100 / (sizes["test"] * len(last)), MEASURED, comment=note)
    for part in ("train", "val"):
        attrs = {"long_name": f"{_PARTS[part]} loss", "units": "nat", "direction": "minimize"}
        attrs["comment"] = f"mean cross entropy {during if part == 'train' else after}"
        merge.add_trials(f"{part}_loss", arrays[f"{part}_loss"], STEP, attrs, mean=True)
    seconds = arrays["train_seconds"].astype(np.int64).cumsum(axis=2)
    attrs = {"long_name": "cumulative training time", "units": "s", "direction": "none"}
    attrs["comment"] = "seconds of processor time of one thread, without validation; other jobs shared the machine"
    merge.add_trials("train_seconds", seconds, STEP, attrs, mean=True)
    trials, epochs = arrays["train_seconds"].shape[1:]
    of_one = np.rint(arrays["val_seconds"].sum(axis=1) / (trials * epochs)).astype(np.int64)
    attrs = {"long_name": "time of one validation", "units": "s", "direction": "none"}
    attrs["comment"] = "seconds of processor time, mean over epochs and trials; train_seconds leaves it out"
    merge.add("val_seconds", (ARCH,), of_one, STEP, MEASURED, **attrs)


def add_scores(merge: Merge, results: Results) -> None:
    """Add the scores, means over initialisations, and what they cost."""
    scores = results.arrays["score"].astype(np.float64).transpose(2, 1, 0)
    seconds = results.arrays["seconds"].astype(np.int64).transpose(2, 1, 0)
    n = scores.shape[1]
    for i, name in enumerate(SCORES):
        values = np.where(merge.done, scores[i].mean(axis=0), np.nan)[merge.of_code]
        exact = name in ("params", "flops")
        # Three initialisations do not give seven digits.
        values = values / 1e6 if exact else values.astype(np.float32)
        attrs = variable_attrs(name, COMPUTED if exact else MEASURED, source=SOURCE, licence=LICENCE)
        if not exact:
            attrs["comment"] = f"mean of {n} initialisations; missing where it is not defined"
        merge.table[name] = ((ARCH,), values, attrs)
        cost = {"long_name": f"seconds to score {name}", "units": "s", "direction": "none"}
        cost["comment"] = f"seconds of processor time, mean of {n} initialisations"
        merge.add(f"{name}_seconds", (ARCH,), seconds[i].sum(axis=0), SCORE_STEP / n, MEASURED, **cost)


def merge(
    training: Results, scoring: Results, data: Data, settings: Training, *, name: str, dataset: str, title: str
) -> tuple[xr.Dataset, Scales]:
    """The table of all results, and the integer steps that its variables are kept in.

    Graphs without results are missing (NaN), and variables say how many genotypes they know.
    """
    graphs = distinct_graphs()
    table = empty_table(get_space("nb201"), name=name, dataset=dataset)
    epochs = np.arange(1, settings.epochs + 1)
    table = table.assign_coords(
        {
            EPOCH: (EPOCH, epochs, {"long_name": "epochs of training done"}),
            TRIAL: (TRIAL, np.array(settings.seeds), {"long_name": "seed of initial weights and order of signals"}),
            "graph": (
                ARCH,
                graphs.of_code.astype(np.int16),
                {"long_name": "distinct graph", "comment": "genotypes of the same graph share one graph's results"},
            ),
        }
    )
    merging = Merge(table, training.done)
    add_training(merging, training, data)
    merging.done = scoring.done
    add_scores(merging, scoring)
    job = training_job(data, settings)
    table.attrs |= {
        "title": title,
        "source": SOURCE,
        "licence": LICENCE,
        "data_sha256": data.digest(),
        "measurements": [job.key(), scoring_job(data, settings).key()],
        "machines": sorted({*training.machines, *scoring.machines}),
        "n_graph": len(graphs.genes),
        "n_graph_trained": int(training.done.sum()),
        "training": json.dumps({k: v for k, v in job.settings.items() if k not in ("data", "step")}, sort_keys=True),
    }
    if not (training.done & scoring.done).all():
        mark_coverage(table)
    return table, merging.scales


def encoding(table: xr.Dataset, scales: Scales) -> dict[str, Any]:
    """How the table is stored: all numbers of an architecture together, so that a repeated graph costs nothing."""
    from zarr.codecs import TransposeCodec

    result = packed_encoding(table, scales)
    for name, options in result.items():
        dims = table[name].dims
        if len(dims) > 1 and ARCH in dims and name != "genotype":
            options.pop("shards", None)
            options["chunks"] = table[name].shape
            first = dims.index(ARCH)
            options["filters"] = [TransposeCodec(order=(first, *(i for i in range(len(dims)) if i != first)))]
    return result


def content_digest(table: xr.Dataset) -> str:
    """SHA-256 of all results but seconds: what a rebuild must give again."""
    digest = hashlib.sha256()
    for name in sorted(map(str, table.data_vars)):
        if "seconds" not in name:
            digest.update(name.encode() + np.ascontiguousarray(table[name].values).astype("<f8").tobytes())
    return digest.hexdigest()


def main() -> None:
    """Write the embedded table and the manifest."""
    data, settings = mnist1d(), Training()
    training, scoring = (
        collect(training_job(data, settings), None, RAW),
        collect(scoring_job(data, settings), None, RAW),
    )
    missing = int((~(training.done & scoring.done)).sum())
    if missing:
        raise SystemExit(
            f"{missing} graphs have no packed results yet: the embedded table is written when none is missing"
        )
    title = "NAS-Bench-201 cells on MNIST-1D, measured in full"
    table, scales = merge(training, scoring, data, settings, name=NAME, dataset="mnist1d", title=title)
    path = FOLDER / f"{NAME}.zarr"
    write_zarr(table, path, encoding=encoding(table, scales), replace="title")
    print(f"content digest {content_digest(table)}")
    write_manifest()


if __name__ == "__main__":
    main()
