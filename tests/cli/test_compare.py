"""The command that compares searches."""

import pytest

from mfnas_vec import run, sweep
from mfnas_vec.analysis.searches import read_searches
from mfnas_vec.cli import main
from mfnas_vec.runs.store import write_result


@pytest.fixture(scope="module")
def stores(tmp_path_factory, cifar10):
    """Stores of two runs, of the first with another protocol, and of a sweep."""
    folder = tmp_path_factory.mktemp("stores")
    short = {"max_eval": 20, "max_time": None, "n_run": 12}
    for name, optimizer, more in (
        ("rs", "RS", {}),
        ("fls", "FLS", {}),
        ("corrected", "RS", {"protocol": "corrected"}),
        ("fresh", "RS", {"seed": 1}),
    ):
        write_result(run(optimizer, cifar10, **short, **more), folder / f"{name}.zarr")
    grid = {
        "problems": ["nb201-cifar10", "nb201-cifar100"],
        "n_run": 12,
        "optimizers": {"RS": {"max_eval": [5, 30], "max_time": None}, "SH": {}},
    }
    sweep(grid, folder / "grid.zarr")
    return folder


def compared(capsys, *arguments):
    status = main(["compare", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert (status == 0) == (err == "")
    return status, out or err


@pytest.mark.slow
def test_command_compares_runs(stores, capsys):
    status, text = compared(capsys, stores / "rs.zarr", stores / "fls.zarr")
    assert status == 0
    assert "RS and FLS: " in text or " is better than " in text
    found = read_searches([str(stores / "rs.zarr"), f"other={stores}/corrected.zarr"])
    assert list(found["nb201-cifar10"]) == ["RS", "other"]
    assert found["nb201-cifar10"]["RS"].provenance == "modelled"


@pytest.mark.slow
def test_command_compares_sweeps(stores, capsys):
    status, text = compared(capsys, stores / "grid.zarr")
    assert status == 0
    for words in ("RS (max_eval=5)", "RS (max_eval=30)", "across 2 problems", "SH "):
        assert words in text
    assert "max_eval=-1" not in text
    status, text = compared(
        capsys, stores / "grid.zarr", stores / "fls.zarr", "--problems", "nb201-cifar10", "--against", "FLS"
    )
    assert status == 0
    assert "across" not in text
    assert text.count("A12 0") + text.count("A12 1") == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rs.zarr"], "a comparison needs two searches; there is RS"),
        (["rs.zarr", "fresh.zarr"], "both have 'RS'; NAME=PATH gives"),
        (["rs.zarr", "again={}/rs.zarr"], "are the same runs"),
        (["rs.zarr", "none.zarr"], "no result store"),
        (["grid.zarr", "--problems", "nb101"], "not every store has results on 'nb101'"),
        (["grid.zarr", "--against", "REA"], "against='REA' must be one of RS (max_eval=5)"),
        (["rs.zarr", "={}/fls.zarr"], "must be PATH or NAME=PATH"),
    ],
)
def test_command_refuses_in_one_line(stores, capsys, arguments, message):
    words = [w.format(stores) if "=" in w else str(stores / w) if w.endswith(".zarr") else w for w in arguments]
    status, text = compared(capsys, *words)
    assert status == 2
    assert message in text
    assert text.count("\n") == 1


def changed(stores, path, change):
    from mfnas_vec import _files

    result = _files.read_zarr(stores / "fls.zarr").load()
    change(result)
    write_result(result, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: r["test_performance"].attrs.update(direction="minimize"),
            "not comparable: RS is judged by test_acc",
        ),
        (lambda r: r["test_performance"].attrs.update(units="1"), "FLS is judged by test_acc 1 maximize"),
        (lambda r: r["test_performance"].attrs.update(provenance="measured"), "maximize measured"),
        (lambda r: r.attrs.update(opened_from_digest="other"), "run on different tables"),
        (lambda r: r.attrs.update(problem="another"), "no problem in common"),
    ],
)
def test_what_is_no_comparison_is_refused(stores, tmp_path, capsys, change, message):
    status, text = compared(capsys, stores / "rs.zarr", changed(stores, tmp_path / "x.zarr", change))
    assert status == 2
    assert message in text


@pytest.mark.slow
def test_unfinished_sweeps_are_refused(stores, tmp_path, capsys):
    import shutil

    shutil.copytree(stores / "grid.zarr", tmp_path / "part.zarr")
    shutil.rmtree(tmp_path / "part.zarr/nb201-cifar10/arch/c")
    status, text = compared(capsys, tmp_path / "part.zarr")
    assert status == 2
    assert "is unfinished" in text
