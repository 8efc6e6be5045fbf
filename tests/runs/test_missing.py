"""Means, selections and joins of results are right without care."""

import json
import subprocess

import numpy as np
import pytest
import xarray as xr
import zarr

import mfnas_vec
from mfnas_vec import build_table, compare, genotypes, report, run, sweep
from mfnas_vec.analysis.bootstrap import LEAST_RUNS
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.report import Study
from mfnas_vec.report.text import interval_text
from mfnas_vec.runs.store import write_result
from mfnas_vec.spaces import SPACES
from mfnas_vec.sweeps.contents import read_contents

COUNTS = ("arch", "code", "cost_epochs", "evaluations", "unique_evaluations", "stop_reason", "cost_seconds")
OPTIMIZERS = {
    "RS": {"max_eval": [30, 5], "max_time": None},
    "SH": {"n_candidate": [8, 4]},
    "MF-NAS": {"metric_stage1": ["params", "synflow"], "max_eval_stage1": 20},
}


@pytest.fixture(scope="module")
def tree():
    return sweep({"problems": ["nb201-cifar10"], "n_run": 12, "optimizers": OPTIMIZERS})


@pytest.fixture(scope="module")
def grid(tree):
    return tree["nb201-cifar10"].to_dataset()


@pytest.mark.slow
@pytest.mark.parametrize("opened", [False, True])
def test_means_of_a_grid_are_those_of_what_was_run(grid, tmp_path, opened):
    """Whoever opens the store, with this package or without, and whatever did not exist."""
    if opened:
        sweep({"problems": ["nb201-cifar10"], "n_run": 12, "optimizers": OPTIMIZERS}, tmp_path / "g.zarr")
        grid = xr.open_datatree(tmp_path / "g.zarr", engine="zarr", chunks=None)["nb201-cifar10"].to_dataset()
    existing = np.argwhere(grid["exists"].values)
    assert 0 < len(existing) < grid["exists"].size
    for name in COUNTS:
        values = np.concatenate([grid[name].values[tuple(place)] for place in existing])
        assert not np.isnan(values).any()
        assert float(grid[name].mean()) == pytest.approx(values.mean())
        assert float(grid[name].min()) == values.min()
        assert int(grid[name].count()) == values.size
    frame = grid[list(COUNTS)].to_dataframe()
    assert frame["evaluations"].mean() == pytest.approx(float(grid["evaluations"].mean()))
    assert (frame["evaluations"].dropna() > 0).all()
    by_optimizer = grid["cost_epochs"].mean(["max_eval", "n_candidate", "metric_stage1", "run"])
    assert float(by_optimizer.sel(optimizer="RS")) == pytest.approx(np.mean([6, 31]) * 12)


def test_settings_are_sorted_and_what_is_no_setting_is_missing(grid):
    np.testing.assert_array_equal(grid["max_eval"], [5, 30, np.nan])
    np.testing.assert_array_equal(grid["n_candidate"], [4, 8, 32, np.nan])
    assert grid["metric_stage1"].values.tolist() == ["n/a", "params", "synflow"]
    assert set(grid["settings"].values[~grid["exists"].values].tolist()) == {"n/a"}
    one = grid.sel(optimizer="SH", max_eval=np.nan, n_candidate=4, metric_stage1="n/a")
    assert bool(one["exists"])


def test_no_architecture_is_missing_and_no_index_of_the_last_one(cifar10):
    result = run("RS", cifar10, n_run=4, max_eval=3, max_time=None, trace=True)
    assert result["arch"].dtype.kind == "i"
    assert cifar10["params"].isel(arch=result["arch"]).shape == (4,)
    nothing = run("SH", cifar10, n_run=3, max_time=0, trace=True)
    assert nothing["arch"].isnull().all()
    with pytest.raises((TypeError, IndexError, ValueError)):
        cifar10["params"].isel(arch=nothing["arch"])
    mixed = run("MF-NAS", cifar10, n_run=4, max_eval_stage1=20, trace=True)
    steps = np.arange(mixed.sizes["step"])[None] >= mixed["evaluations"].values[:, None]
    assert steps.any()
    for name, values in mixed.data_vars.items():
        if name.startswith("trace_"):
            assert np.isnan(values.values[steps]).all(), name
            assert not (values == -1).any(), name
    with pytest.raises((TypeError, IndexError, ValueError)):
        cifar10["params"].isel(arch=mixed["trace_arch"])
    assert float(mixed["trace_fidelity"].mean()) == pytest.approx(
        np.mean(np.concatenate([f[~s] for f, s in zip(mixed["trace_fidelity"].values, steps, strict=True)]))
    )


@pytest.mark.parametrize("name", SPACES)
def test_genotypes_are_an_accessor(name):
    space = SPACES[name]
    codes = space.arch_code[[0, 5, 9]].astype(float)
    codes[1] = np.nan
    result = xr.Dataset({"code": ("run", codes)}, attrs={"space": name})
    found = genotypes(result)
    assert found.dims == ("run", "gene")
    np.testing.assert_array_equal(found[::2], space.decode(codes[::2].astype(int)))
    assert np.isnan(found[1]).all()
    assert genotypes(result.isel(run=[0])).dtype == np.int8


def test_a_frame_of_a_result_has_a_row_per_run(cifar10):
    frame = run("RS", cifar10, n_run=7, max_eval=3, max_time=None).to_dataframe()
    assert len(frame) == 7
    assert frame["optimizer"].tolist() == ["RS"] * 7


def test_joined_results_are_labelled(cifar10):
    results = [
        run("RS", cifar10, n_run=3, max_eval=5, max_time=None),
        run("SH", cifar10, n_run=3),
        run("SH", cifar10, n_run=3, n_candidate=4),
    ]
    options = {"coords": "different", "compat": "equals", "join": "exact"}
    joined = xr.concat(results, dim="search", **options)
    assert joined["optimizer"].values.tolist() == ["RS", "SH", "SH"]
    assert joined["problem"].item() == "nb201-cifar10"
    settings = [json.loads(text) for text in joined["settings"].values.tolist()]
    assert [s.get("n_candidate") for s in settings] == [None, 32, 4]
    assert "RS" not in joined.attrs["title"]
    by_optimizer = xr.concat(results[:2], dim="optimizer", **options)
    np.testing.assert_array_equal(by_optimizer["arch"].sel(optimizer="SH"), results[1]["arch"])


def test_scores_of_a_trace_have_the_sign_of_their_metric():
    n = SPACES["nb201"].n_arch
    numbers = np.random.default_rng(0).permutation(n) + 1.0
    metrics = {
        "val_loss": np.array([2 * numbers, numbers]),
        "latency": 3 * numbers,
        "synflow": numbers,
        "test_acc": 90 + numbers / n,
    }
    table = build_table("nb201", metrics, epochs=[1, 2], provenance="computed")
    settings = {
        "n_run": 5,
        "metric_stage2": "val_loss",
        "list_iepoch": [1, 2],
        "max_eval_stage1": 40,
        "n_candidate": 4,
        "max_time": None,
        "trace": True,
    }
    for metric in ("latency", "synflow"):
        result = run("MF-NAS", table, metric_stage1=metric, **settings)
        rows, epochs = (result[f"trace_{name}"].values for name in ("arch", "fidelity"))
        known = ~np.isnan(rows)
        rows = rows[known].astype(int)
        expected = np.where(
            epochs[known] == 0,
            table[metric].values[rows],
            table["val_loss"].values[np.maximum(epochs[known] - 1, 0).astype(int), rows],
        )
        np.testing.assert_array_equal(result["trace_score"].values[known], expected)
        last = result["trace_score"].values[np.arange(5), result["evaluations"].values - 1]
        assert (result["search_score"] <= last).all()


def old_store(path, cifar10):
    """A store as the version before wrote it: -1 for missing, no number of its form."""
    result = run("RS", cifar10, n_run=3, max_eval=4, max_time=None)
    write_result(result, path)
    group = zarr.open_group(path, mode="r+")
    attrs = dict(group.attrs)
    attrs.pop("result_format")
    group.attrs.clear()
    group.attrs.update(attrs)
    zarr.consolidate_metadata(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Consolidated metadata")
def test_stores_of_the_version_before_are_refused_with_what_to_do(cifar10, tmp_path):
    old_store(tmp_path / "old.zarr", cifar10)
    with pytest.raises(ValueError, match=r"another form: make them again with the same command .* another --out"):
        read_contents(tmp_path / "old.zarr")


def test_studies_comparisons_and_pages_take_what_run_and_sweep_return(tree, cifar10):
    labels = ["RS (max_eval=5)", "RS (max_eval=30)", "SH (k=4)", "SH (k=8)", "MF-NAS (params)", "MF-NAS (synflow)"]
    assert Study.of(tree).labels == labels
    assert Study.of(tree["nb201-cifar10"]).labels == labels
    rs = run("RS", cifar10, n_run=12, max_eval=7, max_time=None)
    sh = run("SH", cifar10, n_run=12, n_candidate=16)
    assert Study.of([rs, sh]).labels == ["RS", "SH"]
    assert Study.of({"mine": rs, "grid": tree}).labels[:2] == ["mine", "grid: RS (max_eval=5)"]
    assert "2" in compare([rs, sh])
    assert "mine and grid: SH (k=4)" in compare({"mine": rs, "grid": tree}) or "grid: SH (k=4)" in compare(
        {"mine": rs, "grid": tree}
    )
    for wrong, words in (
        ([rs, rs], "both have 'RS'"),
        ({"a": 3}, r"results\['a'\] is no result of run or sweep, but a int"),
        (cifar10, "is no result of run or sweep"),
        ([], "results is empty"),
        (xr.concat([rs, sh], dim="optimizer", coords="different", compat="equals"), "give joined results one by one"),
    ):
        with pytest.raises(ValueError, match=words):
            compare(wrong)


@pytest.mark.slow
def test_the_page_is_written_from_memory(tree, cifar10, tmp_path):
    pytest.importorskip("jinja2")
    text = report(tree, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    assert "MF-NAS (synflow)" in text
    one = run("RS", cifar10, n_run=12, max_eval=7, max_time=None)
    assert "<html" in mfnas_vec.report({"mine": one})
    code = "from mfnas_vec import report\nimport mfnas_vec.report.comparison\nfrom mfnas_vec import report as again\n"
    code += "assert callable(report) and report is again"
    subprocess.run([__import__("sys").executable, "-c", code], check=True)


def test_swapped_arguments(cifar10):
    with pytest.raises(ValueError, match=r"the optimizer comes first, then the table: run\('RS', table\)"):
        run(cifar10, "RS")


def test_an_interval_needs_runs_and_stays_where_accuracies_are(cifar10):
    n = SPACES["nb201"].n_arch
    known = np.where(np.arange(n) < n // 25, 99.9, np.nan)
    known[0] = 0.1
    table = build_table("nb201", {"mine": -np.arange(float(n)), "test_acc": known}, provenance="computed")
    few = run("RS", table, n_run=50, metric="mine", max_eval=1, missing="worst", seed=3)
    summary = summarize(few)
    assert 0 < summary.n_tested < LEAST_RUNS
    assert not summary.has_interval
    assert interval_text(summary) == f"- (n = {summary.n_tested})"
    values = xr.Dataset({"test_performance": ("run", [100.0] * 11 + [3.0])})
    for name in ("cost_seconds", "cost_epochs", "evaluations", "unique_evaluations", "arch"):
        values[name] = ("run", np.ones(12))
    many = summarize(values)
    assert 0 <= many.low <= many.mean <= many.high <= 100
