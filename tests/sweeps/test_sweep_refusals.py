"""Sweeps that are refused: other stores, other writers, damage, impossible arguments."""

import fcntl
import os

import pytest
from support.sweeps import contents

from mfnas_vec.cli import main
from mfnas_vec.runs.result import RUN_VARIABLES
from mfnas_vec.sweeps.store import GridStore
from mfnas_vec.sweeps.sweep import sweep

pytestmark = pytest.mark.slow

SMALL = {"problems": ["nb201-cifar10"], "n_run": 7, "optimizers": {"RS": {}, "SH": {"k": [2, 8]}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "its seed is 0, not 1"),
        ({"n_run": 8}, "its number of runs is 7, not 8"),
        ({"protocol": "corrected"}, "its protocol is gecco2024, not corrected"),
        ({"grid": SMALL | {"optimizers": {"RS": {}, "SH": {"k": [2, 9]}}}}, "its grid of problems, .* differs"),
        ({"grid": SMALL | {"problems": ["nb201-cifar100"]}}, "its grid of problems, .* differs"),
        ({"resume": False}, r"exists already, a sweep's store \(complete\)"),
    ],
)
def test_another_sweep_is_not_mixed_in(tmp_path, change, message):
    out = tmp_path / "r.zarr"
    sweep(SMALL, out)
    before = contents(out)
    given = {"grid": SMALL, "resume": True} | change
    with pytest.raises(ValueError, match=message):
        sweep(given.pop("grid"), out, **given)
    assert contents(out) == before


def test_another_table_or_version_is_not_mixed_in(tmp_path, cifar10, monkeypatch):
    out = tmp_path / "r.zarr"
    sweep(SMALL, out)
    other = cifar10.copy()
    other["test_acc"] = other["test_acc"].copy(data=other["test_acc"].values[::-1])
    with pytest.raises(ValueError, match=r"its content of the tables differs \(nb201-cifar10\)"):
        sweep(SMALL, out, tables=[other], resume=True)
    monkeypatch.setattr("mfnas_vec.runs.result.__version__", "9.9")
    with pytest.raises(ValueError, match=r"its version of mfnas_vec is 0\.1\.0, not 9\.9"):
        sweep(SMALL, out, resume=True)


def test_a_second_writer_is_refused(tmp_path):
    out = tmp_path / "r.zarr"
    out.mkdir()
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="being written by another process"):
            sweep(SMALL, out)
    finally:
        os.close(handle)
    assert not any(out.iterdir())
    sweep(SMALL, out)


def test_the_lock_outlives_the_making_of_the_store(tmp_path, monkeypatch):
    out, seen = tmp_path / "r.zarr", []
    write = GridStore.write

    def look(self, *args):
        if not seen:
            seen.append(1)
            with pytest.raises(ValueError, match="being written by another process"):
                sweep(SMALL, out, resume=True)
        write(self, *args)

    monkeypatch.setattr(GridStore, "write", look)
    sweep(SMALL, out)
    assert seen


def test_foreign_things_are_left_alone(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.partial").write_text("years of work")
    for resume in (False, True):
        with pytest.raises(ValueError, match="not the store of a sweep, so it is left unchanged"):
            sweep(SMALL, folder, resume=resume)
    assert (folder / "thesis.partial").read_text() == "years of work"
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ValueError, match="cannot write"):
        sweep(SMALL, file)
    with pytest.raises(ValueError, match="cannot write"):
        sweep(SMALL, tmp_path / "no" / "folder" / "r.zarr")
    assert main(["info", str(folder)]) == 2
    assert "no result store" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["test_performance", "arch"])
def test_a_damaged_block_is_reported(tmp_path, capsys, name):
    out = tmp_path / "r.zarr"
    sweep(SMALL, out)
    block = next(p for p in (out / "nb201-cifar10" / name).rglob("c/0/*/0"))
    block.write_bytes(block.read_bytes()[:-5])
    before = contents(out)
    assert main(["info", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"nb201-cifar10/{name}, chunk 0" in error
    with pytest.raises(ValueError, match=f"is damaged: nb201-cifar10/{name}, chunk 0"):
        sweep(SMALL, out, resume=True)
    assert contents(out) == before
    block.unlink()
    sweep(SMALL, out, resume=True)
    assert main(["info", str(out)]) == 0


def test_a_damaged_root_is_reported(tmp_path, capsys):
    out = tmp_path / "r.zarr"
    sweep(SMALL, out)
    for text in ('{"zarr_format": 3, "node', "", "[]"):
        (out / "zarr.json").write_text(text)
        before = contents(out)
        with pytest.raises(ValueError, match=r"r\.zarr is damaged: its zarr\.json cannot be read"):
            sweep(SMALL, out, resume=True)
        assert main(["info", str(out)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert contents(out) == before


def test_other_damage_is_reported_and_repaired(tmp_path, capsys):
    """Whatever file that holds no runs is cut, emptied or gone."""
    out = tmp_path / "r.zarr"
    sweep(SMALL, out)
    before = contents(out)
    others = [n for n in before if n != "zarr.json" and ("/c/" not in n or n.split("/")[1] not in RUN_VARIABLES)]
    assert len(others) > 20
    for i, name in enumerate(others):
        (out / name).write_bytes(before[name][: len(before[name]) // 2 * (i % 2)])
        if i % 3 == 0:
            (out / name).unlink()
        assert main(["info", str(out)]) == 2, name
        assert "--resume repairs them" in capsys.readouterr().err
        sweep(SMALL, out, resume=True)
        assert contents(out) == before


def test_a_full_disk_keeps_what_is_finished(tmp_path, monkeypatch):
    """The write of some chunk fails; what was there before is complete and is kept."""
    from zarr.storage import _local

    put, left = _local._put, [40]

    def full(path, value, **options):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return put(path, value, **options)

    out = tmp_path / "r.zarr"
    monkeypatch.setattr(_local, "_put", full)
    with pytest.raises(ValueError, match=r"cannot write .*No space left on device"):
        sweep(SMALL, out)
    monkeypatch.setattr(_local, "_put", put)
    kept = {name: data for name, data in contents(out).items() if "/c/" in name}
    sweep(SMALL, out, resume=True)
    sweep(SMALL, tmp_path / "whole.zarr")
    assert contents(out) == contents(tmp_path / "whole.zarr")
    assert kept.items() <= contents(out).items()


def test_arguments_are_checked(tmp_path, cifar10):
    with pytest.raises(ValueError, match="workers=0 must be"):
        sweep(SMALL, tmp_path / "r", workers=0)
    with pytest.raises(ValueError, match="give one or the other"):
        sweep(SMALL, tmp_path / "r", workers=1, scheduler="tcp://x:1")
    with pytest.raises(ValueError, match="workers need a store"):
        sweep(SMALL, workers=1)
    with pytest.raises(ValueError, match="workers need its path"):
        sweep(SMALL, tmp_path / "r", tables=[cifar10], workers=1)
    with pytest.raises(ValueError, match="block_size=0 must be"):
        sweep(SMALL, tmp_path / "r", block_size=0)
    with pytest.raises(ValueError, match="problem 'nbasr' is not in the grid"):
        sweep(SMALL, tmp_path / "r", problems=["nbasr"])
    with pytest.raises(ValueError, match="no problem's of the grid"):
        sweep(SMALL, tmp_path / "r", tables=[cifar10.assign_attrs(name="x")])
    with pytest.raises(ValueError, match="cannot open nosuch://x"):
        sweep(SMALL, "nosuch://x")
    assert not (tmp_path / "r").exists()


def test_a_folder_is_no_problem_by_its_name(tmp_path, monkeypatch, cifar10):
    """Tables by path are given apart; what lies in the working folder has no say."""
    (tmp_path / "foo").mkdir()
    monkeypatch.chdir(tmp_path)
    grid = {"problems": ["foo"], "optimizers": {"RS": None}, "n_run": 2}
    with pytest.raises(ValueError, match="problem 'foo' is no table"):
        sweep(grid)
    tree = sweep(grid, tables=[cifar10.assign_attrs(name="foo")])
    assert list(tree.children) == ["foo"]
