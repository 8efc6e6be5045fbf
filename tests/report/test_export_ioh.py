"""Results in IOHprofiler's format, read back by IOHinspector."""

import json

import numpy as np
import polars as pl
import pytest
from iohinspector import DataManager
from support.commands import mfnas, refused

from mfnas_vec import genotypes, open_table, run, sweep
from mfnas_vec.analysis.anytime import anytime
from mfnas_vec.report.export.frames import to_long
from mfnas_vec.report.export.ioh import MARK, export_ioh
from mfnas_vec.runs.store import write_result
from mfnas_vec.sweeps.contents import read_contents

GRID = {
    "problems": ["nb201-cifar10", "nbasr"],
    "n_run": 4,
    "optimizers": {"RS": {"max_eval": [0, 5, 20], "max_time": None}, "SH": {}},
}


@pytest.fixture(scope="module")
def nbasr():
    return open_table("nbasr", embedded=True).load()


@pytest.fixture(scope="module")
def stores(tmp_path_factory, cifar10):
    folder = tmp_path_factory.mktemp("stores")
    sweep(GRID, folder / "grid.zarr")
    result = run("RS", cifar10, n_run=3, max_eval=6, max_time=None, trace=True)
    write_result(result, folder / "rs.zarr")
    return folder


def read(path):
    manager = DataManager()
    manager.add_folder(str(path))
    return manager


def lines(manager, *, monotonic=False):
    """Lines with the run's index, which is one less than the reader's number."""
    columns = ["algorithm_name", "function_name", "run_id"]
    found = manager.load(monotonic=monotonic, include_meta_data=True, include_columns=columns)
    return found.with_columns(run=pl.col("run_id").cast(pl.Int64) - 1)


def files_of(path):
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def document(path):
    (found,) = path.rglob("IOHprofiler_*.json")

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    return json.loads(found.read_text(), parse_constant=refuse)


@pytest.mark.slow
def test_sweep_is_read_back_run_by_run(stores, tmp_path):
    results = {part.problem: part.dataset for part in read_contents(stores / "grid.zarr").parts}
    export_ioh(results, tmp_path / "out")
    manager = read(tmp_path / "out")
    assert manager.n_runs == 2 * 4 * 4
    overview = manager.overview
    stated = {(row["function_name"], row["algorithm_name"], row["run_id"]): row for row in overview.to_dicts()}
    found, best = lines(manager), lines(manager, monotonic=True)
    for problem, worst, n_gene in (("nb201-cifar10", -np.inf, 6), ("nbasr", np.inf, 9)):
        frame = to_long(results[problem])
        assert len(frame) == 16
        for row in frame.itertuples():
            of_run = (
                (pl.col("function_name") == problem)
                & (pl.col("algorithm_name") == row.search)
                & (pl.col("run") == row.run)
            )
            about = stated[problem, row.search, row.run + 1]
            assert about["evals"] == row.evaluations
            assert about["best_y"] == row.test_performance
            assert about["dimension"] == n_gene
            assert about["provenance"] == row.provenance
            assert about["seconds_provenance"] == row.seconds_provenance
            assert about["course"] == "end"
            end = [row.evaluations, row.test_performance]
            expected = [end] if row.evaluations == 1 else [[1, worst], end]
            for some in (found, best):
                assert [list(line) for line in some.filter(of_run)[["evaluations", "raw_y"]].rows()] == expected
            last = found.filter(of_run)[-1]
            assert last["epochs"].item() == row.cost_epochs
            if problem == "nbasr":
                assert np.isnan(last["seconds"].item())
            else:
                assert last["seconds"].item() == row.cost_seconds
    assert 1 in overview["evals"].to_list()
    assert {(d.function.name, d.function.maximization) for d in manager.data_sets} == {
        ("nb201-cifar10", True),
        ("nbasr", False),
    }
    assert json.loads(manager.algorithms[0].info)


@pytest.mark.parametrize(
    ("name", "optimizer", "settings"),
    [
        ("cifar10", "RS", {"max_eval": 30, "max_time": None}),
        ("cifar10", "MF-NAS", {"max_eval_stage1": 60}),
        ("nbasr", "SH", {}),
    ],
)
def test_trace_is_the_anytime_curve(name, optimizer, settings, tmp_path, request):
    table = request.getfixturevalue(name)
    result = run(optimizer, table, n_run=6, trace=True, **settings)
    problem = result.attrs["problem"]
    export_ioh({problem: result}, tmp_path / "out", tables={problem: table})
    manager = read(tmp_path / "out")
    found, best = lines(manager), lines(manager, monotonic=True)
    steps = np.arange(1, int(result["evaluations"].max()) + 1)
    curves = anytime(result, table, over="evaluations", at=steps, incumbent="best-seen")
    curves = curves["test_performance"].transpose("run", "cost").values
    improve = np.maximum if name == "cifar10" else np.minimum
    fell = False
    for i, curve in enumerate(curves):
        mine, monotonic = found.filter(pl.col("run") == i), best.filter(pl.col("run") == i)
        at = mine["evaluations"].to_numpy().astype(int)
        n = int(result["evaluations"][i])
        assert at[0] == 1
        assert at[-1] == n
        assert (np.diff(at) > 0).all()
        held = np.searchsorted(at, steps[:n], side="right") - 1
        np.testing.assert_array_equal(mine["raw_y"].to_numpy()[held], curve[:n])
        np.testing.assert_array_equal(mine["epochs"].to_numpy(), result["trace_epochs"].values[i, at - 1])
        if name == "cifar10":
            np.testing.assert_array_equal(mine["seconds"].to_numpy(), result["trace_seconds"].values[i, at - 1])
        assert set(at[1:-1] - 1) <= set(np.nonzero(np.diff(result["trace_incumbent"].values[i, :n]))[0] + 1)
        extreme = improve.accumulate(curve[:n])
        fell |= bool((extreme != curve[:n]).any())
        assert monotonic["raw_y"].to_list()[-1] == extreme[-1]
    assert fell
    runs = document(tmp_path / "out")["scenarios"][0]["runs"]
    for i, entry in enumerate(runs):
        since = entry["best"]["evals"]
        assert (result["trace_incumbent"].values[i, since - 1 : entry["evals"]] == space_code(result, i)).all()
        assert entry["best"]["y"] == float(result["test_performance"][i])
        assert entry["best"]["x"] == genotypes(result).values[i].tolist()
        assert entry["search_score"] == float(result["search_score"][i])


def space_code(result, i):
    """Code of the architecture that a run ended with, from its trace."""
    return result["trace_incumbent"].values[i, int(result["evaluations"][i]) - 1]


@pytest.mark.parametrize("trace", [False, True])
def test_runs_that_found_nothing_are_the_worst(cifar10, tmp_path, trace):
    result = run("MF-NAS", cifar10, n_run=3, max_time=300, trace=trace)
    assert result["arch"].isnull().all()
    export_ioh({"nb201-cifar10": result}, tmp_path / "out", tables={"nb201-cifar10": cifar10})
    manager = read(tmp_path / "out")
    found = lines(manager)
    assert found["raw_y"].is_nan().sum() == 0
    last = found.group_by("run", maintain_order=True).last()
    assert last["raw_y"].to_list() == [-np.inf] * 3
    assert last["evaluations"].to_list() == result["evaluations"].values.tolist()
    assert manager.overview["best_y"].to_list() == [None] * 3
    assert set(lines(manager, monotonic=True)["run"]) == {0, 1, 2}
    entries = document(tmp_path / "out")["scenarios"][0]["runs"]
    assert [(r["best"]["y"], r["best"]["x"], r["search_score"]) for r in entries] == [(None, [], None)] * 3


def test_indices_of_runs_are_kept(cifar10, tmp_path):
    result = run("RS", cifar10, n_run=4, max_eval=3, max_time=None).isel(run=[1, 3])
    result["evaluations"][0] = 0
    export_ioh({"nb201-cifar10": result}, tmp_path / "out")
    assert [r["run"] for r in document(tmp_path / "out")["scenarios"][0]["runs"]] == [1, 3]
    assert read(tmp_path / "out").load(monotonic=False)["run_id"].to_list() == [1, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("store", ["grid.zarr", "rs.zarr"])
def test_command_writes_the_same_bytes_each_time(stores, tmp_path, capsys, store):
    command = "export --format ioh", stores / store, "--out"
    for name in ("first", "second"):
        code, out, _ = mfnas(capsys, *command, tmp_path / name)
        assert (code, "written to" in out) == (0, True)
    first = files_of(tmp_path / "first")
    assert first == files_of(tmp_path / "second")
    assert MARK in first
    (tmp_path / "second" / MARK).with_name("stale.json").write_text("{}")
    assert "exists already" in refused(capsys, *command, tmp_path / "second")
    assert mfnas(capsys, *command, tmp_path / "second", "--overwrite")[0] == 0
    assert first == files_of(tmp_path / "second")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first", "second"]


@pytest.mark.slow
def test_other_folders_and_files_are_never_replaced(stores, tmp_path, capsys):
    command = "export --format ioh --overwrite", stores / "rs.zarr", "--out"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    write_result(run("RS", open_table("nb201-cifar10"), n_run=1, max_eval=2), tmp_path / "r.zarr")
    before = files_of(tmp_path)
    for path in (mine, tmp_path / "file", tmp_path / "r.zarr", tmp_path / "no" / "x"):
        refused(capsys, *command, path)
    assert files_of(tmp_path) == before


def test_trace_needs_its_own_table(stores, cifar10, tmp_path, capsys):
    result = run("RS", cifar10, n_run=2, max_eval=6, max_time=None, trace=True)
    better = cifar10.assign(test_acc=cifar10["test_acc"] + 1)
    with pytest.raises(ValueError, match="has other test results"):
        export_ioh({"nb201-cifar10": result}, tmp_path / "x", tables={"nb201-cifar10": better})
    unknown = result.assign_attrs(opened_from_digest="")
    with pytest.raises(ValueError, match="needs the table it was made on"):
        export_ioh({"nb201-cifar10": unknown}, tmp_path / "x")
    export_ioh({"nb201-cifar10": unknown}, tmp_path / "given", tables={"nb201-cifar10": cifar10})
    command = "export --format ioh", stores / "rs.zarr", "--out", tmp_path / "x", "--table"
    assert "differs from the one the result was made on" in refused(capsys, *command, "nb201-cifar100")
    assert not (tmp_path / "x").exists()
    assert mfnas(capsys, *command, "nb201-cifar10")[0] == 0


@pytest.mark.parametrize(
    "text",
    ["percent", "1", "sys.exit(1)", "max", "os", "[1, 2]", "{'a': 1}", "m/s", "dB (A)", " 3", "it's", "None", ""],
)
def test_texts_stay_texts(cifar10, tmp_path, text):
    result = run("RS", cifar10, n_run=2, max_eval=2, max_time=None)
    result["test_performance"].attrs["units"] = text
    export_ioh({"nb201-cifar10": result}, tmp_path / "out")
    assert read(tmp_path / "out").overview["test_units"].to_list() == [text] * 2


def test_names_that_are_no_file_names(cifar10, tmp_path):
    labels = ["a/b", "a b", "A_B", "../..", "größer", "x" * 300, ".hidden", "µ"]
    grid = {
        "problems": ["nb201-cifar10"],
        "n_run": 2,
        "optimizers": {label: {"optimizer": "RS", "max_eval": 3} for label in labels},
    }
    tree = sweep(grid)
    export_ioh({"my own: problem/1": tree["nb201-cifar10"].to_dataset()}, tmp_path / "out")
    found = lines(read(tmp_path / "out"))
    assert sorted(found["algorithm_name"].unique()) == sorted(labels)
    assert set(found["function_name"]) == {"my own: problem/1"}
    assert len(found) == len(labels) * 2 * 2
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--format ioh --wide arch", "--wide=arch is for csv and parquet"),
        ("--format csv --table nb201-cifar10", "--table=nb201-cifar10 is for ioh"),
        ("--format ioh --table no-table", "no-table"),
    ],
)
def test_command_refuses_in_one_line(stores, tmp_path, capsys, arguments, message):
    assert message in refused(capsys, f"export {arguments}", stores / "rs.zarr", "--out", tmp_path / "x")
    assert not list(tmp_path.iterdir())
