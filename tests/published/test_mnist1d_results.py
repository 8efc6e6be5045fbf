"""What the documentation says of MNIST-1D follows from the results and the table beside it."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from mfnas_vec import open_table

REPORT = json.loads((Path(__file__).parents[2] / "bench/results.json").read_text(encoding="utf-8"))
RECORDS = {r["search"]: r for r in REPORT["mnist1d"]}
WITH_PROXY = ("REA+W", "MF-NAS (synflow)", "MF-NAS (params)", "R-MF-NAS", "largest of 190 networks", "largest network")


def test_all_is_measured_and_bounded_by_what_there_is():
    table = open_table("nb201-mnist1d")
    assert "modelled" not in {variable.attrs["provenance"] for variable in table.data_vars.values()}
    for r in REPORT["mnist1d"] + REPORT["mnist1d_proxies"]:
        assert r["test_provenance"] == "measured"
        assert r["mean"] < r["optimum"] == float(table["test_acc"].max())
        assert r["seconds"] < 1.7 + 0.1 * (r["search"] in ("BLS", "FLS"))


def test_the_largest_network_is_hard_to_beat():
    largest = RECORDS["largest network"]
    assert (largest["sd"], largest["epochs"]) == pytest.approx((0, 0), abs=1e-9)
    table = open_table("nb201-mnist1d")
    assert largest["mean"] == pytest.approx(float(table["test_acc"][int(np.argmax(table["params"].values))]))
    assert all(r["mean"] < largest["mean"] for name, r in RECORDS.items() if name not in WITH_PROXY)
    for name in ("MF-NAS (synflow)", "MF-NAS (params)", "R-MF-NAS"):
        assert RECORDS[name]["sd"] == pytest.approx(0, abs=1e-9)
        assert 0 < RECORDS[name]["mean"] - largest["mean"] < 0.5


def test_parameters_predict_almost_as_well_as_one_training():
    table = open_table("nb201-mnist1d").load()
    _, rows = np.unique(table["graph"].values, return_index=True)  # each graph counts once
    test, seeds = table["test_acc"].values[rows], table["val_acc_trial"].isel(epoch=-1).values[:, rows]
    assert len(rows) == 5_260
    assert round(float(spearmanr(table["params"].values[rows], test).statistic), 2) == 0.84
    assert round(float(np.mean([spearmanr(one, test).statistic for one in seeds])), 2) == 0.89
    trials = table["test_acc_trial"].isel(epoch=-1).values[:, rows]
    assert round(float(np.sqrt(trials.var(axis=0, ddof=1).mean())), 2) == 1.06


def test_more_candidates_help_weak_proxies_only():
    means = {r["search"]: r["mean"] for r in REPORT["mnist1d_proxies"]}
    for proxy in ("synflow", "params", "flops", "zen"):
        assert max(means[f"MF-NAS ({proxy}, k={k})"] for k in (64, 96)) < means[f"MF-NAS ({proxy}, k=32)"]
    for proxy in ("jacov", "plain"):
        by_size = [means[f"MF-NAS ({proxy}, k={k})"] for k in (16, 32, 64, 96)]
        assert by_size == sorted(by_size)
