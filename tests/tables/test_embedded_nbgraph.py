"""The embedded NAS-Bench-Graph tables against the package that they were made from."""

import nbgraph
import numpy as np
import pandas as pd
import pytest

from mfnas_vec import open_table
from mfnas_vec.cli.catalogue import DATASETS
from mfnas_vec.spaces.nbgraph import OPERATIONS
from mfnas_vec.tables.dense import metric_names
from mfnas_vec.tables.store import read_manifest

NAMES = DATASETS["nbgraph"]
EACH = pytest.mark.parametrize("name", NAMES)
#: Best test performance, percent.
OPTIMUM = dict(zip(NAMES, (83.13, 71.57, 78.60, 91.26, 93.00, 92.79, 85.58, 72.39, 79.26), strict=True))


@pytest.fixture(scope="module")
def tables():
    return {name: open_table(f"nbgraph-{name}").load() for name in NAMES}


@pytest.mark.slow
@EACH
def test_values_are_the_published_ones_to_the_last_bit(tables, name):
    table = tables[name]
    kind = "auc" if name == "proteins" else "acc"
    source = nbgraph.read_source(name)
    assert len(source) == table.sizes["arch"] == (2_021 if name == "proteins" else 26_206)
    published = [source[int(key)] for key in table["arch_key"].values]
    for ours, theirs, factor in (
        (f"val_{kind}", "valid_perf", 100),
        (f"test_{kind}", "perf", 100),
        ("params", "para", 1),
        ("latency", "latency", 1),
    ):
        np.testing.assert_array_equal(table[ours].values, np.array([p[theirs] for p in published]) * factor)
        assert table[ours].dtype == np.float64
        assert table[ours].attrs["provenance"] == "measured"
    assert set(table.data_vars) == {f"val_{kind}", f"test_{kind}", "params", "latency"}


@pytest.mark.slow
@EACH
def test_rebuilt_as_it_is(tables, name):
    kept = tables[name].copy()
    del kept.attrs["digest"]
    assert nbgraph.build(name).identical(kept)  # compares the parameters with the network's, too


@pytest.mark.slow
@EACH
def test_optimum_and_ranges(tables, name):
    table = tables[name]
    kind = "auc" if name == "proteins" else "acc"
    assert float(table[f"test_{kind}"].max()) == pytest.approx(OPTIMUM[name], abs=0.005)
    assert all(np.isfinite(table[v].values).all() for v in table.data_vars)
    assert 0.0003 < float(table["latency"].min()) < float(table["latency"].max()) < 1  # seconds
    # Means of three accuracies of three digits.
    thirtieths = table[f"val_{kind}"].values * 30
    np.testing.assert_allclose(thirtieths, np.rint(thirtieths), atol=1e-6)


@EACH
def test_parameters_are_a_weak_proxy(tables, name):
    """What the README says of MF-NAS on these tables rests on it."""
    table = tables[name]
    test = pd.Series(table["test_auc" if name == "proteins" else "test_acc"].values).rank()
    correlation = pd.Series(table["params"].values).rank().corr(test)
    assert 0.05 < correlation < 0.28


def test_parameters_of_a_network_by_hand():
    """Four graph attention nodes of the input: weights, two attention vectors and a bias each."""
    cora = nbgraph.DATASETS["cora"]
    attention = 4 * (1433 * 256 + 3 * 256)
    norms, joined, last = 4 * 2 * 256, 4 * 256 * 256 + 256, 256 * 7 + 7
    assert nbgraph.n_param([0] * 7, OPERATIONS, cora) == attention + norms + joined + last == 1_736_711


def test_all_nine_together_are_small():
    assert sum(entry["n_byte"] for name, entry in read_manifest().items() if name.startswith("nbgraph")) < 2e6


def test_metrics(tables):
    assert set(metric_names(tables["cora"])) == {"val_acc", "params", "latency"}
    assert set(metric_names(tables["proteins"])) == {"val_auc", "params", "latency"}
