"""The commands that import and export tables."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from mfnas_bench.processes import measure_process
from support import upstream
from support.commands import mfnas

from mfnas_vec import SPACES, open_table, run
from mfnas_vec.cli import catalogue
from mfnas_vec.datasets.importers import IMPORTERS, import_table, likely_name
from mfnas_vec.tables.store import verify_table, write_imported

N = 15_625


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else pickle.dumps(data))
    return path


def test_the_command_line_knows_the_formats():
    assert tuple(IMPORTERS) == catalogue.IMPORT_FORMATS


@pytest.mark.slow
def test_imported_tables_take_precedence(capsys, tmp_path, user_tables):
    lines = "\n".join(f"{SPACES['nb201'].digits(r)},{r}" for r in range(N))
    (tmp_path / "mine.csv").write_text("genotype,my_proxy\n" + lines + "\n")
    words = [
        "tables",
        "import",
        "csv",
        str(tmp_path / "mine.csv"),
        "--into",
        "nb201-cifar10",
        "--provenance",
        "computed",
    ]
    code, out, _ = mfnas(capsys, *words)
    assert code == 0
    assert "my_proxy" in out
    assert sorted(p.name for p in user_tables.iterdir()) == ["nb201-cifar10.zarr"]
    assert "my_proxy" in open_table("nb201-cifar10")
    assert "my_proxy" not in open_table("nb201-cifar10", embedded=True)
    search = ["run", "--ss", "nb201", "--optimizer", "MF-NAS", "--set", "metric_stage1=my_proxy", "--n_run", "2"]
    assert mfnas(capsys, *search)[0] == 0
    code, _, err = mfnas(capsys, *search, "--table", "embedded")
    assert code == 2
    assert "is not a metric of nb201-cifar10" in err
    listed = mfnas(capsys, "tables", "list")[1]
    assert "embedded, not used" in listed
    assert "imported" in listed
    assert "checksums match those of the import" in mfnas(capsys, "tables", "verify", "nb201-cifar10")[1]
    code, _, err = mfnas(capsys, *words)
    assert code == 2
    assert "there is an imported table 'nb201-cifar10' already" in err
    assert mfnas(capsys, *words, "--overwrite")[0] == 0
    chunk = next(p for p in (user_tables / "nb201-cifar10.zarr/my_proxy/c").rglob("*") if p.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ValueError, match="is damaged"):
        verify_table("nb201-cifar10")


@pytest.mark.parametrize(
    ("format_name", "paths", "dataset", "into", "name"),
    [
        ("mf-nas", ["[NB201][cifar100]_data.p", "zc.json"], None, None, "nb201-cifar100"),
        ("mf-nas", ["[ImageNet16-120]_data.p"], None, None, "nb201-imagenet16"),
        ("mf-nas", ["[NB101]_data.p"], None, None, "nb101"),
        ("mf-nas", ["data.p"], None, None, None),
        ("nats-tss", ["x"], None, None, "nb201-cifar10"),
        ("nats-tss", ["x"], "ImageNet16-120", None, "nb201-imagenet16"),
        ("nats-sss", ["x"], None, None, "nats-sss-cifar10"),
        ("nasbench101", ["x"], None, None, "nb101"),
        ("csv", ["x.csv"], None, "nbasr", "nbasr"),
        ("csv", ["x.csv"], None, None, None),
    ],
)
def test_an_existing_table_is_noticed_before_the_work(format_name, paths, dataset, into, name):
    assert likely_name(format_name, paths, dataset, into) == name


@pytest.mark.slow
def test_partial_tables_are_refused_unless_asked_for(tmp_path, user_tables):
    rows = list(range(0, N, 3))
    path = write(tmp_path / "[cifar10]_data.p", upstream.nb201_data(rows[:50], np.random.default_rng(6)))
    table = import_table("mf-nas", [path])
    write_imported(table, "nb201-cifar10")
    assert float(open_table("nb201-cifar10")["test_acc"].count()) == N
    table = open_table("nb201-cifar10@imported")
    with pytest.raises(ValueError, match=r"known for 50 of 15,625 architectures.*--missing worst"):
        run("RS", table, n_run=2)
    result = run("RS", table, n_run=200, missing="worst", max_time=None, max_eval=2_000)
    found = np.isin(result["arch"].values, rows[:50])
    assert found.mean() > 0.9  # whoever met a known cell returns one
    with pytest.raises(ValueError, match="missing='best' must be one of refuse, worst"):
        run("RS", table, n_run=2, missing="best")
    dry = run("FLS", table, n_run=2, metric="params", max_eval=50, missing="worst")
    assert np.isfinite(dry["cost_seconds"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["csv", "parquet", "netcdf"])
def test_exports_can_be_read_again(capsys, tmp_path, format_name):
    pytest.importorskip({"csv": "csv", "parquet": "pyarrow", "netcdf": "h5netcdf"}[format_name])
    out = tmp_path / f"t.{format_name}"
    words = ["tables", "export", "nb201-cifar10", "--format", format_name, "--out", str(out)]
    assert mfnas(capsys, *words)[0] == 0
    assert mfnas(capsys, *words)[0] == 2
    table = open_table("nb201-cifar10")
    if format_name == "netcdf":
        with xr.open_dataset(out, engine="h5netcdf") as again:
            np.testing.assert_array_equal(again["val_acc"], table["val_acc"])
            assert again["val_acc"].attrs["provenance"] == "modelled"
    else:
        read = pd.read_csv if format_name == "csv" else pd.read_parquet
        frame = read(out) if format_name == "csv" else read(out).reset_index()
        np.testing.assert_allclose(frame["val_acc_200"], table["val_acc"].sel(epoch=200))
        back = import_table(
            "csv", [out.rename(tmp_path / f"b.{format_name}")], space="nb201", metrics=["zen"], provenance="modelled"
        )
        np.testing.assert_allclose(back["zen"], table["zen"])
    assert [p for p in tmp_path.iterdir() if ".partial" in p.name] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["import", "nope", "f"], "format 'nope' is unknown"),
        (["import", "csv"], "no file is given"),
        (["import", "csv", "/no/such/file"], "does not exist"),
        (["import", "mf-nas", "README.md", "--name", "../x"], "must be letters"),
        (["export", "nb201-cifar10", "--format", "xls"], "must be one of csv, parquet, netcdf"),
        (["fetch", "nope"], "source 'nope' is unknown"),
    ],
)
def test_errors_are_one_line(capsys, words, message):
    code, out, err = mfnas(capsys, "tables", *words)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


def test_listings(capsys):
    assert "nats-tss" in mfnas(capsys, "tables", "import")[1]
    out = mfnas(capsys, "tables", "fetch")[1]
    for word in ("nasbench101-full", "Apache-2.0", "cite:"):
        assert word in out


FULL = """
import pickle, sys, numpy as np
sys.path.insert(0, {tests!r})
from support import upstream
from support.commands import mfnas
from pathlib import Path
draw = np.random.default_rng(0)
make = {{"nb201": lambda: upstream.nb201_data(range(15_625), draw)}}
make["nb101"] = lambda: upstream.nb101_data(range(423_624), draw)
with open({path!r}, "wb") as stream:
    pickle.dump(make[{kind!r}](), stream, protocol=4)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [("nb201", "[cifar10]_data.p"), ("nb101", "[NB101]_data.p")])
def test_files_of_full_size(tmp_path, kind, name, user_tables):
    """All architectures, in a process of its own whose memory is measured."""
    from pathlib import Path

    path = tmp_path / name
    script = FULL.format(tests=str(Path(__file__).parents[1]), path=str(path), kind=kind)
    subprocess.run([sys.executable, "-c", script], check=True)
    done = measure_process([sys.executable, "-m", "mfnas_vec.cli", "tables", "import", "mf-nas", str(path)])
    assert done["peak_memory_mb"] < 2_000
    assert "refused" not in done["printed"]
    table = open_table("nb201-cifar10" if kind == "nb201" else "nb101")
    assert table["val_acc"].shape == ((200, N) if kind == "nb201" else (4, 423_624))
    result = run("SH", table, n_run=3)
    assert result["test_performance"].attrs["provenance"] == "measured"
