"""Build the nine embedded NAS-Bench-Graph tables.

    python -m pip install '.[build-tables]'
    python benchmarks_zarr/build/nbgraph.py

Everything is measured: the values of the package nas-bench-graph 1.4.0 (Apache-2.0), whose pickles
are read without executing anything from them. Parameters are compared with the definition of the network.
"""

import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from manifest import write_manifest
from stores import write_table

from mfnas_vec.datasets.importers.nbgraph import LATENCY
from mfnas_vec.datasets.readers.pickles import loads
from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.spaces.nbgraph import N_NODE, reduced
from mfnas_vec.tables.build import empty_table, variable_attrs
from mfnas_vec.tables.schema import ARCH, MEASURED

PACKAGE, VERSION = "nas-bench-graph", "1.4.0"
SOURCE = f"{PACKAGE} {VERSION} (PyPI), Qin et al., NeurIPS 2022"


class DataSet(NamedTuple):
    """A data set: its file in the package, and the network that was trained on it."""

    title: str
    digest: str  # SHA-256 of the file
    n_before: int  # linear layers before the cell
    n_after: int  # and after it
    width: int
    n_feature: int
    n_class: int


DATASETS = {
    "cora": DataSet("Cora", "5e69b2f9bb08d8927d9ffd4921f8494a3cea349c9c3a461334cb9dc9e11701a8", 0, 1, 256, 1433, 7),
    "citeseer": DataSet(
        "CiteSeer", "99c7f79b73372636305bf73fb32a58b63c57bd1871a152dd62ec72d984c8c50f", 0, 1, 256, 3703, 6
    ),
    "pubmed": DataSet("PubMed", "10b4dcf6cfd3a24f6059f7d541a4a872960b4adac0b3dba26abed1bb9a3d904d", 0, 0, 128, 500, 3),
    "cs": DataSet(
        "Coauthor CS", "71ae8469930517160b024f52db6000a4897f1aff5d765beb27bb60952ed5bd31", 1, 0, 128, 6805, 15
    ),
    "physics": DataSet(
        "Coauthor Physics", "1e309bafee0b832c8b84fa3c039c36992bc0a910238b128f26b7e9190d7f2aea", 1, 0, 256, 8415, 5
    ),
    "photo": DataSet(
        "Amazon Photo", "5511b4dc3f63fa988792177227db7901290fb9b27fc6c02e3036b29e134ed6df", 0, 0, 128, 745, 8
    ),
    "computers": DataSet(
        "Amazon Computers", "fdb3dc0cf405d62322f0ab9614b2083c2a5e6576c2f43e4f2214be64bc62b1b3", 1, 1, 64, 767, 10
    ),
    "arxiv": DataSet(
        "ogbn-arxiv", "7ee21a7653297a806c0ed1be3efe6ecc06acc84e48e942da0bfde0e5d287debe", 0, 1, 128, 128, 40
    ),
    "proteins": DataSet(
        "ogbn-proteins", "b9e7fb0902bda44fec32c948e5fde822fb22d38d674c52e43ace5197378f2d21", 1, 1, 256, 8, 112
    ),
}
AS_PROXY = "Maximised as a proxy, like params"
#: Architectures whose published parameters are not those of the network: on physics only. Those of 1,478 of them are
#: the mean of two trainings of it and one of a network of width 128 without a layer before the cell.
N_OTHER_NETWORK = {"physics": 1_567}

#: Parameters of an operation, as multiples of inputs x outputs, outputs, and outputs x outputs.
WEIGHTS = {
    "gat": (1, 3, 0),  # two vectors of attention
    "gcn": (1, 1, 0),
    "gin": (1, 1, 0),
    "cheb": (2, 1, 0),
    "sage": (2, 1, 0),
    "arma": (2, 1, 1),
    "graph": (2, 1, 0),
    "fc": (1, 1, 0),
    "skip": (0, 0, 0),
}


def n_param(genotype: Sequence[int], operations: Sequence[str], known: DataSet) -> int:
    """Trainable parameters of the network of a cell, published form or not.

    Every node has a batch normalisation, ``skip`` or not; what nobody reads is concatenated and
    goes through a linear layer.
    """
    links, ops = (0, *genotype[: N_NODE - 1]), [operations[g] for g in genotype[N_NODE - 1 :]]
    width, total, fan_in = known.width, 0, known.n_feature
    if known.n_before:
        total, fan_in = (known.n_feature + 1) * width, width
    source = reduced(links, [op == "skip" for op in ops])
    for node, read in source.items():
        n_in = width if read else fan_in
        full, vector, square = WEIGHTS[ops[node - 1]]
        total += full * n_in * width + vector * width + square * width**2
    n_leaf = len(set(source) - set(source.values()))
    n_out = width if known.n_after else known.n_class
    total += N_NODE * 2 * width + (n_leaf * width + 1) * n_out
    return total + known.n_after * (width + 1) * known.n_class


def read_source(dataset: str) -> dict[int, dict[str, float]]:
    """The package's values of a data set: published name -> quantity -> value."""
    distribution = importlib.metadata.distribution(PACKAGE)
    if distribution.version != VERSION:
        raise SystemExit(f"{PACKAGE}=={VERSION} is needed; found {distribution.version}")
    data = Path(str(distribution.locate_file(f"nas_bench_graph/light/{dataset}.bench"))).read_bytes()
    if hashlib.sha256(data).hexdigest() != DATASETS[dataset].digest:
        raise SystemExit(f"{dataset}.bench of {PACKAGE} is not the known file")
    return dict(loads(data)[0])


def check_params(params: npt.NDArray[np.float64], space: SearchSpace, dataset: str) -> None:
    """Compare published parameters, in millions, with the definition of the network."""
    genotypes = space.decode(space.arch_code).tolist()
    expected = np.array([n_param(g, space.operations, DATASETS[dataset]) for g in genotypes])  # type: ignore[attr-defined]
    n_other = int((np.abs(params * 1e6 - expected) > 0.5).sum())
    if n_other != N_OTHER_NETWORK.get(dataset, 0):
        raise SystemExit(f"{dataset}: {n_other} architectures have other parameters than the network")


def build(dataset: str) -> xr.Dataset:
    """The table of a data set."""
    space = get_space("nbgraph-proteins" if dataset == "proteins" else "nbgraph")
    source = read_source(dataset)
    keys = [int(key) for key in space.arch_key()]
    if sorted(source) != keys:
        raise SystemExit(f"{dataset}.bench does not hold the architectures of {space.name}")
    values = {name: np.array([source[key][name] for key in keys]) for name in ("valid_perf", "perf", "para", "latency")}
    check_params(values["para"], space, dataset)

    table = empty_table(space, name=f"nbgraph-{dataset}", dataset=dataset)
    table.attrs["title"] = f"NAS-Bench-Graph, {DATASETS[dataset].title}"
    table.attrs["note"] = "one value per architecture, of networks trained to the end: no epochs, no training times"
    kind = "auc" if dataset == "proteins" else "acc"
    mean = "mean of three trainings"
    n_other = N_OTHER_NETWORK.get(dataset)
    of_network = "those of the network's definition" + (
        f", but for {n_other:,} architectures, whose three trainings were not of one network" if n_other else ""
    )
    columns: dict[str, tuple[str, float, dict[str, Any]]] = {
        f"val_{kind}": ("valid_perf", 100.0, {"comment": f"{mean}, each rounded to 0.1 points, as published"}),
        f"test_{kind}": (
            "perf",
            100.0,
            {
                "comment": f"{mean}, by the published training code each at its epoch of least validation loss",
                "long_name": "test ROC-AUC" if kind == "auc" else "test accuracy",
            },
        ),
        "params": ("para", 1.0, {"comment": of_network}),
        "latency": ("latency", 1.0, LATENCY | {"comment": f"{mean}; hardware not stated. {AS_PROXY}"}),
    }
    for name, (theirs, factor, more) in columns.items():
        attrs = variable_attrs(name, MEASURED, source=SOURCE, licence="Apache-2.0") | more
        table[name] = ((ARCH,), values[theirs] * factor, attrs)
    return table


def main() -> None:
    """Build the tables and the manifest."""
    for dataset in DATASETS:
        write_table(build(dataset), f"nbgraph-{dataset}", {})
    write_manifest()


if __name__ == "__main__":
    main()
