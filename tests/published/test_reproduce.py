import csv
import dataclasses
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.commands import mfnas, refused
from support.measured import measured_table, read_cells

from mfnas_vec import build_table, open_table, run, sweep
from mfnas_vec.analysis.summary import Summary
from mfnas_vec.published.numbers import MF_NAS, OPTIMUM, PublishedResult
from mfnas_vec.published.reproduce import check_tables, paper_grid
from mfnas_vec.published.verdicts import Comparison, compare
from mfnas_vec.report.reproduction import records, sheet
from mfnas_vec.report.sheet import csv_text

pytestmark = pytest.mark.slow

RESULTS = Path(__file__).parents[2] / "bench" / "results.json"
EPOCHS = (12, 25, 50, 100, 200)


@pytest.fixture(scope="module")
def whole_grid():
    tree = sweep(paper_grid(), embedded=True)
    return {problem: node.to_dataset() for problem, node in tree.children.items()}


def test_the_grid_is_the_published_one(whole_grid):
    assert list(whole_grid) == list(OPTIMUM) == list(MF_NAS)
    for result in whole_grid.values():
        assert int(result["exists"].sum()) == 9
        assert dict(result.sizes)["run"] == 500


def test_the_grid_is_what_the_readme_says(whole_grid):
    """The same numbers on every machine, not only where the README was made."""
    kept = json.loads(RESULTS.read_text())["embedded"]
    found = [record for result in whole_grid.values() for record in records(result)]
    assert len(found) == len(kept) == 45
    for ours, theirs in zip(found, kept, strict=True):
        for key, value in theirs.items():
            expected = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert ours[key] == expected, (ours["problem"], ours["optimizer"], key)


def test_entries_are_the_runs_of_run(whole_grid):
    alone = run("MF-NAS", open_table("nbasr"), n_run=7, metric_stage1="synflow", n_thread=1)
    stacked = whole_grid["nbasr"].sel(optimizer="MF-NAS", metric_stage1="synflow").isel(run=slice(7))
    for name in alone.data_vars:
        np.testing.assert_array_equal(alone[name], stacked[name])
    assert str(stacked["inputs_digest"].item()) == alone.attrs["inputs_digest"]


def test_optimum_is_the_best_of_the_table(whole_grid):
    for name, result in whole_grid.items():
        table = open_table(name)
        best = table["test_per"].min() if name == "nbasr" else table["test_acc"].max()
        assert result.attrs["optimum"] == float(best)


def test_nothing_on_modelled_values_is_called_reproduced(whole_grid):
    for result in whole_grid.values():
        assert {row.verdict for row in compare(result)} == {"on modelled values"}
        for text in (sheet(result).text(), sheet(result).markdown(), csv_text(records(result))):
            assert text.count("on modelled values") >= 9
            assert "reproduced" not in text.replace("never 'reproduced' on modelled values", "")


def summary(mean, sd=0.0, n=500):
    return Summary(n, n, n, mean, sd, mean, mean, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("published", "ours", "kinds", "verdict"),
    [
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.3649), ("measured", "measured", "computed"), "reproduced"),
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.30), ("measured", "measured", "computed"), "differs by -0.06"),
        (PublishedResult(94.36, 0.5, 1, 1), summary(94.32, 0.5), ("measured",) * 3, "reproduced"),
        (PublishedResult(94.36, 0.5, 1, 1), summary(94.46, 0.5), ("measured",) * 3, "differs by +0.10"),
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.36), ("measured", "modelled", "measured"), "on modelled values"),
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.36), ("modelled", "measured", "measured"), "on modelled values"),
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.36), ("measured", "measured", "modelled"), "on modelled values"),
        (PublishedResult(94.36, 0.0, 1, 1), summary(94.36), ("measured", "unstated", "measured"), "on unstated values"),
        (None, summary(94.36), ("measured",) * 3, "not published"),
        (None, summary(94.36), ("measured", "modelled", "measured"), "on modelled values"),
    ],
)
def test_verdicts(published, ours, kinds, verdict):
    assert Comparison("nb201-cifar10", "MF-NAS (params)", published, ours, *kinds).verdict == verdict


@pytest.mark.parametrize(
    ("ours", "protocol", "verdict"),
    [
        (summary(94.36, n=1), "gecco2024", "too few runs"),
        (summary(94.36, n=9), "gecco2024", "too few runs"),
        (summary(94.36, n=10), "gecco2024", "reproduced"),
        (summary(94.36), "corrected", "other protocol"),
        (dataclasses.replace(summary(94.36), n_tested=499), "gecco2024", "test results missing"),
        (dataclasses.replace(summary(float("nan")), n_tested=0), "gecco2024", "test results missing"),
    ],
)
def test_verdicts_need_enough_to_go_by(ours, protocol, verdict):
    published = PublishedResult(94.36, 0.0, 1, 1)
    comparison = Comparison("nb201-cifar10", "MF-NAS (params)", published, ours, *["measured"] * 3, protocol=protocol)
    assert comparison.verdict == verdict


def test_missing_test_results_are_reported():
    table = flat_table()
    table["test_acc"][1:] = np.nan
    grid = paper_grid(["nb201-cifar10"], ["MF-NAS (params)"])
    result = sweep(grid, tables=[table], n_run=20, missing="worst")["nb201-cifar10"].to_dataset()
    text = sheet(result).text()
    assert "20 runs found an architecture without a test result" in text
    assert "test results missing" in text
    assert "nan" not in text.replace("provenance", "")
    (record,) = records(result)
    assert (record["n_found"], record["n_tested"], record["mean"]) == (20, 0, "")


def test_a_table_without_seconds_is_not_timed(whole_grid):
    (first, *_) = records(whole_grid["nbasr"])
    assert (first["seconds"], first["seconds_provenance"]) == ("", "not timed")
    assert "calibrated to the published Pareto fronts" in sheet(whole_grid["nbasr"]).text()


def flat_table(name="nb201-cifar10", dataset="cifar10", test=94.36, provenance="measured"):
    """All architectures end at the same test accuracy."""
    n = 15_625
    ramp = np.arange(n) / n
    metrics = {"val_acc": np.tile(ramp, (5, 1)), "test_acc": np.full(n, test)}
    metrics |= dict.fromkeys(("params", "flops", "synflow"), ramp)
    return build_table(
        "nb201",
        metrics,
        epochs=EPOCHS,
        train_seconds=np.outer(EPOCHS, np.full(n, 5.0)),
        provenance=provenance,
        units="percent",
        name=name,
        dataset=dataset,
    )


def test_own_tables_take_the_place_of_embedded_ones(capsys, tmp_path):
    flat_table().to_zarr(tmp_path / "own.zarr", consolidated=False)
    words = "reproduce --problems nb201-cifar10 --n_run 12 --tables", tmp_path / "own.zarr"
    code, out, _ = mfnas(capsys, *words)
    assert code == 0
    assert out.count(" reproduced\n") == 3
    assert out.count("not published") == 6
    assert "modelled" not in out.replace("never 'reproduced' on modelled values", "")


def test_a_folder_of_results(capsys, tmp_path):
    words = "reproduce --problems nbasr,nb201-cifar10 --optimizers RS,MF-NAS --n_run 6"
    for name in ("a", "b"):
        code, out, _ = mfnas(capsys, f"{words} --seed 3 --threads {1 + (name == 'b')} --out", tmp_path / name)
        assert code == 0
        assert "48 searches" in out
        assert "on modelled values" in out
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert [p for p in files if len(p.parts) == 1] == [Path("table.csv"), Path("table.md")]
    sweep(paper_grid(["nbasr", "nb201-cifar10"], ["RS", "MF-NAS"]), tmp_path / "s", n_run=6, seed=3)
    for file in (p for p in (tmp_path / "s").rglob("*") if p.is_file()):
        assert file.read_bytes() == (tmp_path / "a" / "results.zarr" / file.relative_to(tmp_path / "s")).read_bytes()
    shutil.rmtree(tmp_path / "s")
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    tree = xr.open_datatree(tmp_path / "a" / "results.zarr", engine="zarr", chunks=None)
    assert set(tree.children) == {"nbasr", "nb201-cifar10"}
    node = tree["nb201-cifar10"].to_dataset()
    assert node.attrs["seed"] == 3
    assert node["test_performance"].attrs["provenance"] == "modelled"
    assert node["search_provenance"].values.tolist() == ["modelled"] * 4
    assert not [key for key in node.attrs if key.startswith("timing_")]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a" / "table.csv").read_text())))
    assert len(rows) == 8
    assert {row["verdict"] for row in rows} == {"on modelled values"}
    assert float(rows[1]["mean"]) == float(node["test_performance"].isel(optimizer=1).mean())
    assert (tmp_path / "a" / "table.md").read_text().count("| MF-NAS (params) |") == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]

    assert "exists already" in refused(capsys, f"{words} --seed 3 --out", tmp_path / "a")
    assert mfnas(capsys, f"{words} --seed 4 --overwrite --out", tmp_path / "a")[0] == 0
    assert (tmp_path / "a" / "table.csv").read_bytes() != (tmp_path / "b" / "table.csv").read_bytes()


def test_a_folder_without_results_is_left_alone(capsys, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    words = "reproduce --problems nbasr --optimizers RS --n_run 2 --overwrite --out", tmp_path / "mine"
    assert "left unchanged" in refused(capsys, *words)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_a_failed_write_leaves_nothing(capsys, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    words = "reproduce --problems nbasr --optimizers RS --n_run 2 --out", tmp_path / "r"
    assert "No space left on device" in refused(capsys, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--problems", "nb301"], "problem 'nb301' is not in the grid; did you mean"),
        (["--optimizers", "MFNAS"], "optimizer 'MFNAS' is unknown; did you mean MF-NAS"),
        (["--problems", ","], "--problems names nothing"),
        (["--optimizers", ""], "--optimizers names nothing"),
        (["--n_run", "0"], "n_run=0"),
        (["--out", "/no/such/folder/r"], "does not exist"),
        (["--tables", "nope"], "neither a table nor a folder"),
        (["--protocol", "x"], "protocol='x' must be one of"),
    ],
)
def test_errors_are_one_line(capsys, words, message):
    assert message in refused(capsys, "reproduce", *words)


def test_tables_of_other_names_are_refused():
    with pytest.raises(ValueError, match="a table has the name 'custom'"):
        check_tables(paper_grid(["nb201-cifar10"]), [flat_table(name="custom")])
    with pytest.raises(ValueError, match="two tables have the name"):
        sweep(paper_grid(["nb201-cifar10"]), n_run=1, tables=[flat_table(), flat_table()])
    with pytest.raises(ValueError, match="a table has the name 'nb201-cifar10'"):
        check_tables(paper_grid(["nbasr"]), [flat_table()])
    with pytest.raises(ValueError, match="named 'nb101' has space 'nb201'; that of the problem is 'nb101'"):
        check_tables(paper_grid(), [flat_table(name="nb101")])
    with pytest.raises(ValueError, match="has dataset 'cifar10'; that of the problem is 'cifar100'"):
        check_tables(paper_grid(), [flat_table(name="nb201-cifar100")])


def test_selections():
    assert list(paper_grid(["nbasr", "nb101"]).problems) == ["nb101", "nbasr"]
    mf_nas = [f"MF-NAS ({metric})" for metric in ("synflow", "params", "flops")]
    assert [e.label for e in paper_grid(None, ["MF-NAS", "rs"]).entries] == ["RS", *mf_nas]
    (entry,) = paper_grid(None, ["mf-nas (params)"]).entries
    assert (entry.label, entry.optimizer, entry.settings) == (mf_nas[1], "MF-NAS", {"metric_stage1": ["params"]})


def test_one_run_has_no_interval(capsys):
    code, out, _ = mfnas(capsys, "reproduce --problems nbasr --optimizers RS --n_run 1")
    assert code == 0
    assert "nan" not in out.replace("provenance", "")
    assert "(n = 1)" in out


@pytest.mark.shared
def test_measured_values_reproduce_the_published_cells(capsys, shared, tmp_path):
    """True values after 200 epochs; earlier rungs invented from them, in their order."""
    cells = read_cells(shared)
    paths = []
    for dataset in ("cifar10", "cifar100", "imagenet16"):
        paths.append(str(tmp_path / f"{dataset}.zarr"))
        measured_table(cells, dataset).to_zarr(paths[-1], consolidated=False)
    words = "reproduce --problems nb201-cifar10,nb201-cifar100,nb201-imagenet16 --optimizers"
    code, out, _ = mfnas(capsys, words, "MF-NAS (params),MF-NAS (flops)", "--tables", *paths)
    assert code == 0
    assert out.count(" reproduced\n") == 6
