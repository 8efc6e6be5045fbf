"""On the measured values of NAS-Bench-201, the published results come out."""

import csv
import gzip

import numpy as np
import pytest

from mfnas_vec import build_table, run
from mfnas_vec.spaces import get_space

pytestmark = pytest.mark.shared

EPOCHS = (12, 25, 50, 100, 200)
PUBLISHED = {"cifar10": 94.36, "cifar100": 73.51, "imagenet16": 46.34}


@pytest.fixture(scope="module")
def cells(shared):
    with gzip.open(shared / "data" / "nb201_measured.csv.gz", "rt") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["genotype"])
    assert [row["genotype"] for row in rows] == [get_space("nb201").digits(c) for c in range(15_625)]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def measured_table(cells, dataset):
    """True accuracies and seconds at 200 epochs; the same order, a little lower, at earlier rungs."""

    def column(name):
        return cells[f"{dataset}_{name}"].astype(float)

    share = np.array([0.6, 0.7, 0.8, 0.9, 1.0])[:, None]
    rate = column("train_s_per_epoch")
    return build_table(
        "nb201",
        {
            "val_acc": share * column("val_acc_200"),
            "test_acc": column("test_acc_200"),
            "params": cells["params_million"].astype(float),
            "flops": cells["flops_million"].astype(float),
        },
        epochs=EPOCHS,
        train_seconds=rate * np.array(EPOCHS)[:, None],
        seconds={"params": 0.4, "flops": 0.4},
        provenance={
            "val_acc": "modelled",
            "test_acc": "measured",
            "params": "computed",
            "flops": "computed",
            "train_seconds": "computed",
        },
        name=f"measured-{dataset}",
        dataset=dataset,
    )


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
    error = table["test_acc"].values - cells[f"{dataset}_test_acc_200"].astype(float)
    assert np.sqrt((error**2).mean()) < 1.5
    assert np.corrcoef(table["test_acc"], cells[f"{dataset}_test_acc_200"].astype(float))[0, 1] > 0.99
