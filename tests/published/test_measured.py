"""On the measured values of NAS-Bench-201, the published results come out."""

import numpy as np
import pytest
from support.measured import measured_table, read_cells

from mfnas_vec import run

pytestmark = pytest.mark.shared

PUBLISHED = {"cifar10": 94.36, "cifar100": 73.51, "imagenet16": 46.34}


@pytest.fixture(scope="module")
def cells(shared):
    return read_cells(shared)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["params", "flops"])
@pytest.mark.parametrize("dataset", PUBLISHED)
def test_mf_nas_gives_the_published_numbers(cells, dataset, metric):
    result = run("MF-NAS", measured_table(cells, dataset), n_run=500, metric_stage1=metric)
    test = result["test_performance"].values
    assert round(float(test.mean()), 2) == PUBLISHED[dataset]
    assert round(float(test.std()), 2) == 0.00


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_embedded_measurements_are_the_published_ones(cells, dataset):
    from mfnas_vec import open_table

    table = open_table(f"nb201-{dataset}").load()
    np.testing.assert_allclose(
        table["val_acc"].sel(epoch=200), cells[f"{dataset}_val_acc_200"].astype(float), atol=1e-4
    )
    seconds = 200 * cells[f"{dataset}_train_s_per_epoch"].astype(float)
    np.testing.assert_allclose(table["train_seconds"].sel(epoch=200), seconds, rtol=1e-7)
    if dataset == "cifar10":
        np.testing.assert_allclose(table["flops"], cells["flops_million"].astype(float), rtol=1e-6)
        np.testing.assert_allclose(table["params"], cells["params_million"].astype(float), rtol=1e-6)


@pytest.mark.parametrize("dataset", PUBLISHED)
def test_modelled_values_are_near_the_measured_ones(cells, dataset):
    from mfnas_vec import open_table

    table = open_table(f"nb201-{dataset}").load()
    real = cells[f"{dataset}_test_acc_200"].astype(float)
    error = table["test_acc"].values - real
    assert np.sqrt((error**2).mean()) < 0.8
    assert np.corrcoef(table["test_acc"], real)[0, 1] > 0.99
