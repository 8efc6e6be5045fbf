import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from support.commands import mfnas, refused

from mfnas_vec import cli
from mfnas_vec.cli import catalogue


def test_run_prints_what_was_found_and_spent(capsys):
    code, out, err = mfnas(capsys, "run --ss nb201 --dataset cifar10 --optimizer MF-NAS")
    assert code == 0
    assert "MF-NAS on nb201-cifar10: 500 runs, seed 0, protocol gecco2024" in out
    for word in ("metric_stage1=params", "±", "95 % interval", "epochs", "distinct", "in the kernel", "modelled"):
        assert word in out
    assert "not a published or measured result" in out
    assert err == "" or "compiling" in err


@pytest.mark.slow
def test_run_writes_a_store(capsys, tmp_path):
    words = "run --ss nb201 --optimizer RS --n_run 4 --trace --out", tmp_path / "r.zarr"
    assert mfnas(capsys, *words)[0] == 0
    result = xr.open_zarr(tmp_path / "r.zarr", chunks=None)
    assert dict(result.sizes) == {"run": 4, "step": int(result["evaluations"].max())}
    assert not any(key.startswith("timing_") for key in result.attrs)
    assert "exists already" in refused(capsys, *words)
    assert mfnas(capsys, *words, "--overwrite")[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.zarr"]


def test_a_failed_write_leaves_nothing(capsys, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    words = "run --ss nb201 --optimizer SH --n_run 2 --out", tmp_path / "r.zarr"
    assert "No space left on device" in refused(capsys, *words)
    assert list(tmp_path.iterdir()) == []


def test_overwrite_spares_what_is_no_store(capsys, tmp_path):
    (tmp_path / "precious").mkdir()
    words = "run --ss nb201 --optimizer SH --overwrite --out", tmp_path / "precious"
    assert "left unchanged" in refused(capsys, *words)


def test_settings_and_seed_reach_the_search(capsys, tmp_path):
    out = tmp_path / "r.zarr"
    words = (
        "run --ss nb201 --dataset ImageNet16-120 --optimizer MF-NAS --n_run 3 --seed 9 --set metric_stage1=synflow k=8"
    )
    words = f"{words} --set list_iepoch=12,200 max_time=none --out", out
    assert mfnas(capsys, *words)[0] == 0
    result = xr.open_zarr(out, chunks=None)
    assert result.attrs["seed"] == 9
    assert result.attrs["problem"] == "nb201-imagenet16"
    for text in ('"metric_stage1": "synflow"', '"n_candidate": 8', '"list_iepoch": [12, 200]', '"max_time": null'):
        assert text in result.attrs["settings"]
    assert (result["cost_epochs"] == 8 * 12 + 4 * 188).all()


def test_own_table(capsys, tmp_path):
    from mfnas_vec import build_table

    n = 15_625
    metrics = {"mine": np.arange(float(n)), "test_acc": np.arange(float(n))}
    table = build_table("nb201", metrics, provenance="measured")
    table.to_zarr(tmp_path / "own.zarr", consolidated=False)
    words = "run --optimizer FLS --n_run 2 --set metric=mine max_eval=300 --table", tmp_path / "own.zarr"
    code, out, _ = mfnas(capsys, *words)
    assert code == 0
    assert "FLS on custom: 2 runs" in out
    assert "not a published or measured result" not in out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("run --ss nb201 --optimizer MFNAS", "did you mean MF-NAS"),
        ("run --optimizer RS", "--ss or --table is needed"),
        ("run --ss nb201 --table x --optimizer RS", "give one or the other"),
        ("run --ss nb201 --dataset mnist --optimizer RS", "it has cifar10, cifar100, imagenet16"),
        ("run --table nb201-cifar --optimizer RS", "did you mean nb201-cifar10"),
        ("run --ss nb201 --optimizer RS --set iepoch", "must be SETTING=VALUE"),
        ("run --ss nb201 --optimizer RS --set iepoch=x", "iepoch='x' must be an integer >= 1"),
        ("run --ss nb201 --optimizer RS --set iepoch=12 iepoch=25", "given twice"),
        ("run --ss nb201 --optimizer RS --set iepok=12", "did you mean iepoch"),
        ("run --ss nb201 --optimizer RS --set using_zc_metric=maybe", "must be true or false"),
        ("run --ss nb201 --optimizer RS --n_run 0", "n_run=0"),
        ("run --ss nb201 --optimizer RS --seed -1", "seed=-1"),
        ("run --ss nb201 --optimizer RS --trace", "--trace needs --out"),
        ("run --ss nb201 --optimizer RS --out /no/such/folder/r", "does not exist"),
        ("tables info nope", "neither a table nor a folder"),
        ("tables verify nope", "is unknown"),
        ("optimizers nope", "is unknown"),
        ("run --table nb201 --optimizer RS", "did you mean nb201-cifar10"),
        ("run --ss nbasr --dataset x --optimizer RS", "nbasr takes no --dataset"),
    ],
)
def test_errors_are_one_line_and_exit_2(capsys, command, message):
    assert message in refused(capsys, command)


@pytest.mark.parametrize("words", [[], ["run"], ["run", "--ss", "nb999", "--optimizer", "RS"], ["run", "--n_run", "x"]])
def test_usage_errors_are_one_line_and_exit_2(capsys, words):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_listings(capsys):
    code, out, _ = mfnas(capsys, "tables list")
    assert code == 0
    for name in ("nb101", "nb201-cifar10", "nb201-cifar100", "nb201-imagenet16", "nbasr"):
        assert name in out
    code, out, _ = mfnas(capsys, "tables info nb201-cifar10")
    assert code == 0
    assert "modelled at epoch 1, 2, 4, 6, 8, 12, 16, 25, 35, 50, 75, 100, 150; measured at epoch 200" in out
    assert "validation half of the" in mfnas(capsys, "tables info nb201-cifar100")[1]
    code, out, _ = mfnas(capsys, "tables verify")
    assert code == 0
    assert "nb201-cifar10: checksums match the manifest" in out
    code, out, _ = mfnas(capsys, "optimizers")
    assert "REA+W" in out
    code, out, _ = mfnas(capsys, "optimizers MF-NAS")
    assert "n_candidate (or k)" in out
    assert "40000 (nb201-cifar100); 120000 (nb201-imagenet16)" in out
    assert max(map(len, out.splitlines())) < 240


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["tables", "--help"], ["--version"]])
def test_help(capsys, words):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 0
    assert "mfnas" in capsys.readouterr().out


def test_a_damaged_table_is_one_line(capsys, tmp_path):
    import shutil

    from mfnas_vec.tables.store import embedded_folder

    shutil.copytree(embedded_folder() / "nb201-cifar10.zarr", tmp_path / "t.zarr")
    chunk = tmp_path / "t.zarr/val_acc/c/0/0"
    data = bytearray(chunk.read_bytes())
    for at in range(0, len(data), 500):  # somewhere in the chunk of every epoch
        data[at] ^= 1
    chunk.write_bytes(bytes(data))
    assert "is damaged" in refused(capsys, "run --optimizer FLS --table", tmp_path / "t.zarr")


def test_a_table_is_never_replaced_by_a_result(capsys, tmp_path):
    from mfnas_vec import build_table

    n = 15_625
    table = build_table("nb201", {"mine": np.arange(float(n)), "test_acc": np.full(n, 90.0)}, provenance="measured")
    path = tmp_path / "own.zarr"
    table.to_zarr(path, consolidated=False)
    words = "run --optimizer FLS --n_run 2 --set metric=mine max_eval=30 --table", path
    assert "left unchanged" in refused(capsys, *words, "--out", path, "--overwrite")
    assert mfnas(capsys, *words)[0] == 0


def test_what_the_parser_knows_is_what_there_is():
    from mfnas_vec.search import OPTIMIZERS
    from mfnas_vec.search.registry import OPTIONAL
    from mfnas_vec.spaces import SPACES
    from mfnas_vec.tables.store import table_names

    assert tuple(name for name in OPTIMIZERS if name not in OPTIONAL) == catalogue.OPTIMIZERS
    # The data set proteins of nbgraph has a space of its own; the size space of NATS-Bench has no embedded table.
    assert set(catalogue.DATASETS) == set(SPACES) - {"nbgraph-proteins", "nats-sss"}
    names = {f"{s}-{d}" if d else s for s, ds in catalogue.DATASETS.items() for d in ds or [""]}
    assert set(table_names()) == names


@pytest.mark.slow
def test_a_terminal_without_plus_minus(tmp_path):
    import os

    command = [sys.executable, "-m", "mfnas_vec.cli", "run", "--ss", "nb201", "--optimizer", "SH", "--n_run", "3"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
