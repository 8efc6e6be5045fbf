"""Imported tables on disk: whole or not at all, whatever happens to the writer."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mfnas_vec import _files, open_table
from mfnas_vec.tables import store
from mfnas_vec.tables.store import verify_table, write_imported

NAME = "nb201-cifar10"


@pytest.fixture
def table():
    return open_table(NAME)[["params"]].assign_attrs(imported_from="test")


def hidden(folder):
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("."))


def scratch(folder, machine, process, *parts):
    path = folder / f".{NAME}.zarr.{machine}-{process}-abc_d12.partial"
    path.joinpath("store", *parts).mkdir(parents=True)
    return path


def ended():
    """Number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_table_has_its_digest_from_the_first_moment(table, user_tables, monkeypatch):
    """Whatever is done after the rename may be left undone: nothing is."""
    seen = []
    swap = _files._swap

    def look(folder, path):
        swap(folder, path)
        verify_table(NAME)
        seen.append(path)

    monkeypatch.setattr(_files, "_swap", look)
    write_imported(table, NAME)
    write_imported(table.assign_attrs(title="another"), NAME, overwrite=True)
    assert len(seen) == 2
    assert [p.name for p in user_tables.iterdir()] == [f"{NAME}.zarr"]


def test_an_import_that_fails_leaves_the_earlier_table(table, user_tables, monkeypatch):
    write_imported(table, NAME)

    def fail(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_files, "full_digest", fail)
        with pytest.raises(ValueError, match="No space left"):
            write_imported(table.assign_attrs(title="another"), NAME, overwrite=True)
    verify_table(NAME)
    assert [p.name for p in user_tables.iterdir()] == [f"{NAME}.zarr"]


def test_a_lost_digest_is_reported(table, user_tables):
    path = write_imported(table, NAME)
    (path / _files.DIGEST).unlink()
    with pytest.raises(ValueError, match=r"no digest to check against: .*import it again"):
        verify_table(NAME)


def test_leftovers_of_killed_writers_are_cleaned(table, user_tables):
    user_tables.mkdir()
    here, dead = _files._machine(), ended()
    scratch(user_tables, here, dead, "params")
    old = scratch(user_tables, "00000000", 1)
    os.utime(old, (time.time() - 100_000,) * 2)
    kept = [
        scratch(user_tables, here, os.getpid()),  # a writer at work
        scratch(user_tables, "11111111", dead),  # perhaps one on another machine
        user_tables / f".{NAME}.zarr.notes.partial",
        user_tables / f".other.zarr.{here}-{dead}-abc_d12.partial",
    ]
    for path in kept[2:]:
        path.mkdir()
    write_imported(table, NAME)
    assert hidden(user_tables) == sorted(p.name for p in kept)


def test_a_table_moved_away_by_a_killed_writer_comes_back(table, user_tables):
    path = write_imported(table, NAME)
    left = scratch(user_tables, _files._machine(), ended())
    path.rename(left / "previous")
    with pytest.raises(ValueError, match="exists already"):
        write_imported(table.assign_attrs(title="another"), NAME)
    verify_table(NAME)
    assert open_table(NAME).attrs.get("title") == table.attrs.get("title")
    assert hidden(user_tables) == []


KILLED = """
import os, signal, sys
from mfnas_vec import open_table
from mfnas_vec import _files
from mfnas_vec.tables import store
_files._swap = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
store.write_imported(open_table("nb201-cifar10", embedded=True)[["params"]], "nb201-cifar10")
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_writer_that_is_killed(table, user_tables):
    done = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(hidden(user_tables)) == 1
    assert store.imported_names() == []
    write_imported(table, NAME)
    verify_table(NAME)
    assert hidden(user_tables) == []


def test_of_two_writers_the_first_wins(table, user_tables):
    user_tables.mkdir()
    path = user_tables / f"{NAME}.zarr"

    def write_late():
        with _files.new_folder(path):
            write_imported(table, NAME)

    with pytest.raises(ValueError, match="exists already"):
        write_late()
    verify_table(NAME)
    assert hidden(user_tables) == []
