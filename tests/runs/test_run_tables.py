"""Runs on tables of other forms."""

import numpy as np
import pytest
import xarray as xr

from mfnas_vec import run
from mfnas_vec.analysis.summary import summarize


def with_variable(table, name, dims, values, **attrs):
    return table.assign({name: (dims, values, attrs)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.isel(arch=np.arange(15_625)[::-1]), "row 0 of the table is another architecture's"),
        (lambda t: t.sortby("params"), "is another architecture's"),
        (lambda t: t.isel(arch=slice(10)), "table has 10 rows; nb201 has 15625"),
        (lambda t: t.drop_vars("test_acc"), "no test result"),
        (lambda t: with_variable(t, "params_seconds", "x", [1.0, 2.0]), r"'params_seconds' has dims \(x\); must be"),
        (lambda t: with_variable(t, "train_seconds", "epoch", np.ones(14)), "'train_seconds' has dims"),
        (lambda t: with_variable(t, "test_acc", ("epoch", "arch"), np.ones((14, 15_625))), "'test_acc' has dims"),
        (lambda t: with_variable(t, "params", "arch", np.ones(15_625, complex)), "'params' has dtype complex128"),
        (lambda t: with_variable(t, "params", "arch", np.ones(15_625), direction="up"), "direction='up' of 'params'"),
    ],
)
def test_strange_tables_are_refused(cifar10, change, words):
    with pytest.raises(ValueError, match=words):
        run("MF-NAS", change(cifar10), n_run=2)


def test_dims_in_another_order_and_float32_change_nothing(cifar10):
    first = run("MF-NAS", cifar10, n_run=5)
    xr.testing.assert_equal(run("MF-NAS", cifar10.transpose("arch", "epoch", "gene", "trial"), n_run=5), first)
    narrow = cifar10.assign(val_acc=cifar10["val_acc"].astype("float32"))
    xr.testing.assert_equal(run("MF-NAS", narrow, n_run=5)["arch"], first["arch"])


@pytest.mark.parametrize("name", ["train_loss", "my_loss", "error_rate", "top1_err", "val_per"])
def test_assigned_losses_are_minimised(cifar10, name):
    loss = np.tile(np.arange(15_625.0), (14, 1))
    result = run("RS", cifar10.assign({name: (("epoch", "arch"), loss)}), n_run=3, metric=name)
    assert (result["search_score"] < 1_000).all()
    assert result["search_score"].attrs["direction"] == "minimize"


def test_missing_test_results_are_distinguished_from_missing_architectures(cifar10):
    table = cifar10.assign(test_acc=cifar10["test_acc"].where(cifar10["arch_key"] == ""))
    summary = summarize(run("RS", table, n_run=4))
    assert (summary.n_found, summary.n_tested) == (4, 0)
