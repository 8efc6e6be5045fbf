"""Sweeps: the same numbers as single runs, one store, resumed where it stopped, never mixed."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr
from support.sweeps import contents, write_grid

from mfnas_vec.cli import main
from mfnas_vec.runs.result import RUN_VARIABLES
from mfnas_vec.runs.run import run
from mfnas_vec.sweeps import plan
from mfnas_vec.sweeps.store import GridStore
from mfnas_vec.sweeps.sweep import open_results, sweep
from mfnas_vec.tables.store import open_table

pytestmark = pytest.mark.slow

SMALL = {"problems": ["nb201-cifar10"], "n_run": 7, "optimizers": {"RS": {}, "SH": {"k": [2, 8]}}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store made in one go."""
    folder = tmp_path_factory.mktemp("sweep")
    out = folder / "whole.zarr"
    sweep(write_grid(folder), out)
    return out


@pytest.fixture
def grid(tmp_path):
    return write_grid(tmp_path)


def test_every_cell_has_the_numbers_of_a_run_of_its_own(whole):
    tree = open_results(whole)
    assert list(tree.children) == ["nb201-cifar10", "nbasr"]
    for problem, node in tree.children.items():
        found = node.to_dataset().load()
        assert found["arch"].dims[-1] == "run"
        table = open_table(problem)
        assert int(found["exists"].sum()) == 4
        for place in np.argwhere(found["exists"].values):
            cell = found[dict(zip(found["exists"].dims, place, strict=True))]
            own = {"RS": {"max_time": 500, "max_eval": 20}, "MF-NAS": {"max_eval_stage1": 20, "n_candidate": 4}}
            name = str(cell["optimizer"].item())
            settings = own.get(name) or {"n_candidate": int(cell["n_candidate"])}
            alone = run(name, table, n_run=9000, **settings)
            for variable in RUN_VARIABLES:
                np.testing.assert_array_equal(cell[variable], alone[variable])
            assert json.loads(cell["settings"].item()) == json.loads(alone.attrs["settings"])
            assert cell["inputs_digest"].item() == alone.attrs["inputs_digest"]
            assert cell["search_provenance"].item() == alone["search_score"].attrs["provenance"]
        missing = found.where(~found["exists"], drop=True)
        assert np.isnan(missing["test_performance"]).all()


def test_threads_and_blocks_change_no_byte(whole, grid, tmp_path):
    sweep(grid, tmp_path / "b.zarr", n_thread=1, block_size=1 << 20)
    assert contents(tmp_path / "b.zarr") == contents(whole)


@pytest.mark.parametrize("most_ready", [0, 1, 16])
def test_a_sweep_in_memory_is_the_same(whole, grid, most_ready, monkeypatch):
    monkeypatch.setattr(plan, "MOST_READY", most_ready)
    tree = sweep(grid)
    for name, node in open_results(whole).children.items():
        xr.testing.assert_identical(tree[name].to_dataset(), node.to_dataset().load())
        for variable in RUN_VARIABLES:
            assert tree[name][variable].encoding.get("dtype", float) == node[variable].encoding["dtype"]


def test_the_tree_survives_netcdf(whole, tmp_path):
    tree = open_results(whole).load()
    tree.to_netcdf(tmp_path / "r.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "r.nc", engine="h5netcdf") as again:
        assert again.attrs["seed"] == tree.attrs["seed"]
        assert list(again.attrs["tables"]) == tree.attrs["tables"]
        for name, node in tree.children.items():
            found = again[name].to_dataset()
            for variable in RUN_VARIABLES:
                np.testing.assert_array_equal(found[variable], node[variable])
            assert found["settings"].values.tolist() == node["settings"].values.tolist()
            assert found.attrs["optimum"] == node.attrs["optimum"]


def test_it_opens_without_this_package(whole):
    tree = xr.open_datatree(whole, engine="zarr", chunks=None)
    assert tree.attrs["state"] == "complete"
    assert float(tree["nbasr/test_performance"].sel(optimizer="RS", n_candidate=np.nan).mean()) > 20


def blocks_of(store):
    return [p for p in store.rglob("*") if p.is_file() and "/c/" in p.as_posix() and p.parts[-3] != "c"]


def test_resume_gives_the_same_bytes(whole, grid, tmp_path):
    """Whatever part of the blocks is there."""
    out, random = tmp_path / "cut.zarr", np.random.default_rng(0)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(whole, out)
        for name in ("nb201-cifar10", "nbasr"):
            for file in (out / name).rglob("c/*/*/*"):
                if file.is_file() and random.random() < share:
                    file.unlink()
        for name in ("exists", "settings", "run"):
            next(p for p in (out / "nbasr" / name / "c").rglob("0") if p.is_file()).unlink()
        (out / "nbasr" / "arch" / f"zarr.{16 * '0f'}.partial").write_bytes(b"left by a killed writer")
        calls = []
        sweep(grid, out, resume=True, progress=lambda done, total, calls=calls: calls.append((done, total)))
        assert contents(out) == contents(whole)
        assert calls == sorted(calls)
        assert not calls or calls[-1] == (72_000, 72_000)


def test_a_stop_while_the_store_is_made_is_repaired(whole, grid, tmp_path, monkeypatch):
    write = GridStore._set
    for stop_at in (0, 1, 2, 30, 60):
        out, made = tmp_path / f"{stop_at}.zarr", []

        def stopping(self, key, data, made=made, stop_at=stop_at):
            if len(made) == stop_at:
                raise KeyboardInterrupt
            made.append(key)
            write(self, key, data)

        monkeypatch.setattr(GridStore, "_set", stopping)
        with pytest.raises(KeyboardInterrupt):
            sweep(grid, out)
        monkeypatch.setattr(GridStore, "_set", write)
        if stop_at:
            assert main(["info", str(out)]) == 0
        else:
            out.mkdir(exist_ok=True)
            (out / f"zarr.{32 * 'a'}.partial").write_bytes(b"of a killed writer")
        sweep(grid, out, resume=True)
        assert contents(out) == contents(whole)


def test_a_metric_of_two_words(cifar10):
    table = cifar10.assign({"my metric": cifar10["synflow"]})
    grid = {"problems": ["nb201-cifar10"], "n_run": 2, "optimizers": {"RS": {"metric": "my metric", "max_eval": 5}}}
    tree = sweep(grid, tables=[table])
    assert tree["nb201-cifar10"]["search_metric"].values.tolist() == ["my metric"]


def test_two_writers_without_a_lock(whole, grid):
    """In object stores: a second writer of the same sweep writes the same bytes, another sweep is refused."""
    import fsspec

    memory, seen = fsspec.filesystem("memory"), []

    def second(done, total):
        seen.append(done)
        if len(seen) == 2:
            sweep(grid, "memory://both/r.zarr", resume=True)
        if len(seen) == 3:
            with pytest.raises(ValueError, match="holds another sweep"):
                sweep(grid, "memory://both/r.zarr", seed=1, resume=True)

    sweep(grid, "memory://both/r.zarr", progress=second)
    assert len(seen) > 3
    found = {key.removeprefix("/both/r.zarr/"): memory.cat(key) for key in memory.find("/both/r.zarr")}
    assert found == contents(whole)


def test_another_sweep_that_begins_at_the_same_moment_is_refused(grid, monkeypatch):
    from mfnas_vec.sweeps import resume

    begin = resume.GridStore.begin

    def late(store, skeleton):
        monkeypatch.setattr(resume.GridStore, "begin", begin)
        sweep(grid, "memory://late/r.zarr", seed=1)  # after the check that nothing is there
        begin(store, skeleton)

    monkeypatch.setattr(resume.GridStore, "begin", late)
    with pytest.raises(ValueError, match="is being written by another sweep"):
        sweep(grid, "memory://late/r.zarr")
    assert open_results("memory://late/r.zarr")["nbasr"].attrs["seed"] == 1


def test_a_store_of_fsspec(whole, grid):
    """memory:// is fsspec's own; the same keys and bytes as on disk."""
    import fsspec

    sweep(grid, "memory://test/r.zarr", resume=True)
    sweep(grid, "memory://test/r.zarr", resume=True)
    files = fsspec.filesystem("memory").find("/test/r.zarr")
    found = {name.removeprefix("/test/r.zarr/"): fsspec.filesystem("memory").cat(name) for name in files}
    assert found == contents(whole)


def test_the_command_line(tmp_path, capsys, grid):
    out = tmp_path / "r.zarr"
    assert main(["sweep"]) == 0
    assert "paper/ablation-zc " in capsys.readouterr().out
    assert main(["sweep", str(grid), "--dry-run", "--n_run", "50"]) == 0
    output = capsys.readouterr().out
    assert "searches      400 (50 runs each" in output
    assert "disk          at most " in output
    assert not out.exists()
    for more in (["--block-size", "0"], ["--workers", "-3"], ["--out", str(tmp_path)], ["--threads", "0"]):
        assert main(["sweep", str(grid), "--dry-run", *more]) == 2
    capsys.readouterr()
    assert main(["sweep", str(grid), "--n_run", "50"]) == 2
    assert "--out is needed" in capsys.readouterr().err
    assert main(["sweep", str(grid), "--n_run", "50", "--out", str(out), "--problems", "nbasr"]) == 0
    assert "4 combinations x 50 runs" in capsys.readouterr().out
    assert main(["info", str(out)]) == 0
    output = capsys.readouterr().out
    assert "complete, made by mfnas sweep" in output
    assert "n_candidate (2, 4, 8, -)" in output
    assert main(["sweep", str(grid), "--n_run", "50", "--out", str(out), "--problems", "nbasr"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_info_of_other_results(tmp_path, capsys):
    assert main(["run", "--ss", "nb201", "--optimizer", "SH", "--n_run", "3", "--out", str(tmp_path / "run.zarr")]) == 0
    assert main(["reproduce", "--n_run", "2", "--problems", "nbasr", "--out", str(tmp_path / "rep")]) == 0
    capsys.readouterr()
    assert main(["info", str(tmp_path / "run.zarr")]) == 0
    assert "complete, made by mfnas run" in capsys.readouterr().out
    assert main(["info", str(tmp_path / "rep")]) == 0
    assert "complete, made by mfnas sweep" in capsys.readouterr().out
    assert main(["info", str(tmp_path / "nothing")]) == 2
    attributes = {"mfnas_vec_version": "0", "result_format": 2}
    zarr.create_group(tmp_path / "old.zarr", attributes=attributes).create_group("nbasr")
    capsys.readouterr()
    assert main(["info", str(tmp_path / "old.zarr")]) == 2
    err = capsys.readouterr().err
    assert "re-run mfnas reproduce" in err
    assert err.count("\n") == 1
