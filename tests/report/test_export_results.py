"""Results as frames and files: every number, every text, the same bytes each time."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.commands import mfnas, refused

from mfnas_vec import genotypes, run, sweep
from mfnas_vec.report.export.formats import FORMATS, export_results
from mfnas_vec.report.export.frames import to_long, to_wide
from mfnas_vec.report.export.latex import latex
from mfnas_vec.report.export.markdown import markdown
from mfnas_vec.runs.store import write_result
from mfnas_vec.sweeps.contents import read_contents

pytestmark = pytest.mark.slow

GRID = {
    "problems": ["nb201-cifar10", "nb201-cifar100"],
    "n_run": 4,
    "optimizers": {"RS": {"max_eval": [5, 30], "max_time": None}, "SH": {}},
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory, cifar10):
    folder = tmp_path_factory.mktemp("stores")
    sweep(GRID, folder / "grid.zarr")
    result = run("RS", cifar10, n_run=3, max_eval=6, max_time=None, trace=True)
    write_result(result, folder / "rs.zarr")
    return folder


def opened(path):
    return {part.problem: part.dataset for part in read_contents(path).parts}


def test_long_frame_has_every_run_that_exists(stores):
    results = opened(stores / "grid.zarr")
    frame = to_long(results["nb201-cifar10"])
    assert len(frame) == 3 * 4
    assert sorted(frame["search"].unique()) == ["RS (max_eval=30)", "RS (max_eval=5)", "SH"]
    for row in frame.itertuples():
        one = results["nb201-cifar10"].sel(optimizer=row.optimizer, max_eval=row.max_eval, run=row.run)
        assert bool(one["exists"])
        for name in ("arch", "test_performance", "search_score", "cost_seconds", "evaluations"):
            assert getattr(row, name) == one[name].item()
        assert row.stop_reason == ("time", "evaluations", "completed")[int(one["stop_reason"])]
        assert row.genotype == " ".join(map(str, genotypes(one).values.tolist()))
    assert set(frame["provenance"]) == {"modelled"}
    assert set(frame["test_units"]) == {"percent"}


def test_wide_frame_has_a_column_per_search(stores):
    result = opened(stores / "grid.zarr")["nb201-cifar10"]
    frame = to_wide(result, "cost_epochs")
    assert list(frame.columns) == ["RS (max_eval=5)", "RS (max_eval=30)", "SH"]
    assert frame.index.name == "run"
    assert frame["SH"].tolist() == result["cost_epochs"].sel(optimizer="SH", max_eval=np.nan).values.tolist()
    with pytest.raises(ValueError, match="more dimensions than runs"):
        to_wide(result.assign(x=result["arch"].expand_dims(step=2)), "x")


def test_frames_of_a_run(stores):
    result = opened(stores / "rs.zarr")["nb201-cifar10"]
    frame = to_long(result)
    assert frame["optimizer"].tolist() == frame["search"].tolist() == ["RS"] * 3
    assert to_wide(result)["RS"].tolist() == result["test_performance"].values.tolist()


def test_runs_that_found_nothing(cifar10):
    result = run("RS", cifar10, n_run=2, max_eval=3, max_time=None)
    names = ["arch", "code", "test_performance"]
    result[names] = result[names].where(result["run"] > 0)
    frame = to_long(result)
    assert frame["genotype"][0] == ""
    assert np.isnan(frame["test_performance"][0])
    for text in (markdown({"p": result}), latex({"p": result})):
        assert "Runs without a test result are left out: 1 of RS on p." in text


@pytest.mark.parametrize("store", ["grid.zarr", "rs.zarr"])
@pytest.mark.parametrize("format_name", FORMATS)
def test_command_writes_the_same_bytes_each_time(stores, tmp_path, capsys, store, format_name):
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        code, out, _ = mfnas(capsys, f"export --format {format_name}", stores / store, "--out", path)
        assert (code, "written to" in out) == (0, True)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert len(first) > 100
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first", "second"]


def test_csv_and_parquet_hold_the_frame(stores, tmp_path):
    results = opened(stores / "grid.zarr")
    expected = pd.concat([to_long(r) for r in results.values()], ignore_index=True)
    export_results(results, tmp_path / "x.csv", "csv")
    export_results(results, tmp_path / "x.parquet", "parquet")
    read = pd.read_csv(tmp_path / "x.csv", dtype={"genotype": str})
    pd.testing.assert_frame_equal(read, expected, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x.parquet"), expected)
    export_results(results, tmp_path / "w.csv", "csv", wide="test_performance")
    wide = pd.read_csv(tmp_path / "w.csv", index_col="run")
    assert next(iter(wide.columns)) == "nb201-cifar10: RS (max_eval=5)"
    assert wide.shape == (4, 6)


def test_netcdf_keeps_everything(stores, tmp_path):
    results = opened(stores / "grid.zarr")
    export_results(results, tmp_path / "x.nc", "netcdf", attrs={"title": "a grid"})
    with xr.open_datatree(tmp_path / "x.nc", engine="h5netcdf") as tree:
        assert tree.attrs == {"title": "a grid"}
        assert list(tree.children) == list(results)
        for problem, result in results.items():
            found = tree[problem].to_dataset().load()
            assert set(found.variables) == set(result.variables)
            for name, values in result.variables.items():
                assert found[name].dims == values.dims
                np.testing.assert_array_equal(np.array(found[name].values.tolist()), np.array(values.values.tolist()))
                assert {k: np.asarray(v).tolist() for k, v in found[name].attrs.items()} == {
                    k: np.asarray(v).tolist() for k, v in values.attrs.items()
                }
            assert found["settings"].values[0, 0].startswith('{"')
            assert found["optimizer"].values.tolist() == ["RS", "SH"]
            assert found.attrs == result.attrs
    export_results(opened(stores / "rs.zarr"), tmp_path / "run.nc", "netcdf")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as found:
        assert "trace_score" in found


def test_tables_for_papers(stores):
    results = opened(stores / "grid.zarr")
    text = markdown(results)
    lines = text.splitlines()
    assert lines[0] == "| search | nb201-cifar10 (%) | nb201-cifar100 (%) |"
    one = to_wide(results["nb201-cifar10"])["SH"]
    assert f"| SH | {one.mean():.2f} ± {one.std(ddof=0):.2f} |" in text
    assert "of 4 runs; on modelled values" in text
    tex = latex(results)
    assert "RS (max\\_eval=5) & " in tex
    assert "$\\pm$" in tex
    assert "modelled" in tex
    assert tex.count("&") == 4 * 2
    names = {"a|b": results["nb201-cifar10"].assign_coords(optimizer=["R|S", "a_b^c&d"])}
    assert "R\\|S" in markdown(names)
    assert "a\\_b\\textasciicircum{}c\\&d" in latex(names)
    tags = {"p": results["nb201-cifar10"].assign_coords(optimizer=["<b>", "*a*"])}
    assert "\\<b>" in markdown(tags)
    assert "\\*a\\*" in markdown(tags)
    assert "\\textless{}b\\textgreater{}" in latex(tags)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--format xlsx", "--format=xlsx must be one of csv"),
        ("--format latex --wide arch", "is for csv and parquet"),
        ("--format csv --wide speed", "variable='speed' must be one of"),
    ],
)
def test_command_refuses_in_one_line(stores, tmp_path, capsys, arguments, message):
    assert message in refused(capsys, f"export {arguments}", stores / "grid.zarr", "--out", tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_files_are_not_replaced_unasked(stores, tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    command = "export --format csv", stores / "rs.zarr", "--out"
    refused(capsys, *command, path)
    assert path.read_text() == "mine"
    assert mfnas(capsys, *command, path, "--overwrite")[0] == 0
    assert len(pd.read_csv(path)) == 3
    refused(capsys, *command, tmp_path / "no/x.csv")
    refused(capsys, *command, tmp_path, "--overwrite")
