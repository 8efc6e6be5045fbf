"""Tables of one's own: bounded before they are read, columns distinguished."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mfnas_vec import SPACES
from mfnas_vec.datasets.importers import frames, import_table

SPACE = SPACES["nb201"]


def read(path, **options):
    return import_table("csv", [path], space="nb201", provenance="measured", **options)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("genotype,val_acc_1,val_acc_01", r"'val_acc_1' and 'val_acc_01' are both 'val_acc' at epoch 1"),
        ("genotype,x,x", "two columns are called 'x'"),
        ("genotype,genotype,x", "two columns are called 'genotype'"),
        ('genotype,"x",x', "two columns are called 'x'"),
        ("\n\ngenotype,x,x", "two columns are called 'x'"),
        ("genotype,val_acc_0,x", "'val_acc_0' is of epoch 0"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_columns_of_one_meaning_are_refused(tmp_path, header, words, packed):
    text = f"{header}\n000000,1,2\n".encode()
    path = tmp_path / ("f.csv.gz" if packed else "f.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    with pytest.raises(ValueError, match=r"f\.csv.*" + words):
        read(path)


def test_epochs_of_requested_metrics_are_distinguished_too(tmp_path):
    (tmp_path / "f.csv").write_text("genotype,my_curve_1,my_curve_01\n000000,1,2\n")
    with pytest.raises(ValueError, match=r"are both 'my_curve' at epoch 1"):
        read(tmp_path / "f.csv", metrics=["my_curve"])


@pytest.mark.parametrize("head", [",genotype,x", "Unnamed: 0,genotype,x", "Unnamed: 0.1,genotype,x"])
def test_an_index_without_a_name_is_skipped(tmp_path, head):
    (tmp_path / "f.csv").write_text(f"{head}\n0,000000,1.5\n1,000001,2.5\n")
    table = read(tmp_path / "f.csv")
    assert set(table.data_vars) == {"x"}
    assert table["x"].values[:2].tolist() == [1.5, 2.5]


def test_rows_longer_than_the_header_are_refused(tmp_path):
    """Readers take the first cells of such rows for an index, and the names slip."""
    (tmp_path / "f.csv").write_text("genotype,x\n000000,1,2\n000001,3,4\n")
    with pytest.raises(ValueError, match="more cells than its header has names"):
        read(tmp_path / "f.csv")


def test_values_are_kept_as_they_are(tmp_path):
    (tmp_path / "f.csv").write_text("genotype,val_acc_1,params,test_acc\n000000,0.5,1500000,0.6\n")
    table = read(tmp_path / "f.csv", units="percent")
    assert table["val_acc"].values[0, 0] == 0.5
    assert table["params"].values[0] == 1_500_000
    assert table["test_acc"].values[0] == 0.6


def test_fractions_are_refused_or_converted(tmp_path):
    (tmp_path / "f.csv").write_text("genotype,val_acc_1,mine,test_acc\n000000,0.5,0.25,0.6\n")
    with pytest.raises(ValueError, match=r"'val_acc' is in percent, its maximum is 0\.5: .* \(--units fraction\)"):
        read(tmp_path / "f.csv")
    table = read(tmp_path / "f.csv", units="fraction")
    assert [table[name].values.ravel()[0] for name in ("val_acc", "test_acc", "mine")] == [50, 60, 0.25]
    assert table["test_acc"].attrs["units"] == "percent"
    with pytest.raises(ValueError, match="units='share' must be percent or fraction"):
        read(tmp_path / "f.csv", units="share")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "train_seconds_1,train_seconds_2\n000000,9,4",
            "'train_seconds' decreases from 9 s at epoch 1 to 4 s at epoch 2",
        ),
        ("mine,mine_seconds\n000000,1,-1", "'mine_seconds' has values that are missing or negative"),
        ("mine,nothing\n000000,1,", "'nothing' has no number"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, text, words):
    (tmp_path / "f.csv").write_text(f"genotype,{text}\n")
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "f.csv", metrics=text.partition("\n")[0].split(","))


def test_results_of_whole_trainings_need_no_epochs(tmp_path):
    (tmp_path / "f.csv").write_text("genotype,val_acc,test_acc\n000000,50,60\n")
    table = read(tmp_path / "f.csv")
    assert table["val_acc"].dims == ("arch",)
    assert table["val_acc"].values[0] == 50


@pytest.mark.slow
@pytest.mark.parametrize("column", ["arch", "key", "genotype"])
def test_published_numbers_are_no_gene_digits(tmp_path, column):
    space = SPACES["nbgraph"]
    rows = [100, 13_881]
    names = [space.digits(int(space.arch_code[r])) if column == "genotype" else space.arch_key()[r] for r in rows]
    (tmp_path / "f.csv").write_text(f"{column},mine\n{names[0]},1\n{names[1]},2\n")
    table = import_table("csv", [tmp_path / "f.csv"], space="nbgraph", provenance="measured")
    assert np.flatnonzero(table["mine"].notnull()).tolist() == rows


def no_reading(*_, **__):
    raise AssertionError("it was read before its size was known")


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_csv_is_refused_before_it_is_parsed(tmp_path, monkeypatch, packed):
    text = b"genotype,x\n" + b"000000,1\n" * 2_000
    (tmp_path / "f.csv").write_bytes(gzip.compress(text) if packed else text)
    monkeypatch.setattr(pd, "read_csv", no_reading)
    for name, limit, words in (
        ("MAX_DATA", 10_000, "holds more than 10,000 bytes"),
        ("MAX_CELL", 3_000, "3,000 cells"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(frames, name, limit)
            with pytest.raises(ValueError, match=words):
                read(tmp_path / "f.csv")
    (tmp_path / "f.csv").write_text("," * 6_000 + "\n")
    with pytest.raises(ValueError, match="6,001 columns; at most"):
        read(tmp_path / "f.csv")


def test_a_large_parquet_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet")
    frame = pd.DataFrame({"genotype": [SPACE.digits(i) for i in range(1_000)], "x": np.arange(1_000.0)})
    frame.to_parquet(tmp_path / "f.parquet")
    monkeypatch.setattr(pq.ParquetFile, "read", no_reading)
    for name, limit in (("MAX_ROW", 999), ("MAX_COLUMN", 1), ("MAX_CELL", 1_999), ("MAX_DATA", 5_000)):
        with monkeypatch.context() as patch:
            patch.setattr(frames, name, limit)
            with pytest.raises(ValueError, match=rf"f\.parquet: it (has|holds) [\d,]+ .*at most .*{limit:,}"):
                read(tmp_path / "f.parquet")


def test_parquet_files_are_read_flat(tmp_path):
    """Repeated words are kept once, columns of lists are left out, an index is a column if it has a name."""
    pytest.importorskip("pyarrow")
    word = "x" * 1_000
    frame = pd.DataFrame({"x": [1.0, 2.0], "note": [word, word], "lists": [[1], [2, 3]], "whole": [3, 4]})
    frame.index = pd.Index([SPACE.digits(i) for i in (5, 6)], name="genotype")
    frame.to_parquet(tmp_path / "f.parquet")
    found = frames.read_frame(tmp_path / "f.parquet")
    assert set(found.columns) == {"x", "note", "whole", "genotype"}
    assert found["note"].dtype == "category"
    table = read(tmp_path / "f.parquet")
    assert set(table.data_vars) == {"x", "whole"}
    assert table["whole"].values[5:7].tolist() == [3, 4]


def test_two_columns_of_parquet_of_one_name_are_refused(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = [pa.array(["000000"]), pa.array([1.0]), pa.array([2.0])]
    pq.write_table(pa.Table.from_arrays(columns, names=["genotype", "x", "x"]), tmp_path / "f.parquet")
    with pytest.raises(ValueError, match=r"f\.parquet: two columns are called 'x'"):
        read(tmp_path / "f.parquet")


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_large_stores_are_refused_before_they_are_read(tmp_path, monkeypatch, suffix):
    n = 1_000
    data = xr.Dataset({"x": ("arch", np.arange(float(n))), "val_acc": (("epoch", "arch"), np.ones((2, n)))})
    data = data.assign_coords(epoch=[1, 2], hash=("arch", [SPACE.digits(i) for i in range(n)]))
    path = tmp_path / f"f.{suffix}"
    if suffix == "zarr":
        data.to_zarr(path, consolidated=False, zarr_format=2)
    else:
        pytest.importorskip("h5netcdf")
        data.to_netcdf(path, engine="h5netcdf")
        # What the process that reads it does.
        monkeypatch.setattr(frames, "_read_netcdf", lambda p: frames._read_xarray(xr.open_dataset(p)))
    closed = []
    close = xr.Dataset.close
    monkeypatch.setattr(xr.Dataset, "close", lambda self: closed.append(close(self)))
    assert read(path, units="percent")["val_acc"].values[1, 999] == 1.0
    assert closed
    del closed[:]
    monkeypatch.setattr(frames, "_check_names", no_reading)  # what comes after the size is known
    for name, limit in (("MAX_ROW", 999), ("MAX_COLUMN", 3), ("MAX_CELL", 3_999), ("MAX_DATA", 5_000)):
        with monkeypatch.context() as patch:
            patch.setattr(frames, name, limit)
            with pytest.raises(ValueError, match=rf"f\.{suffix}: it (has|holds) [\d,]+ .*at most .*{limit:,}"):
                read(path)
    assert len(closed) == 4


@pytest.mark.slow
def test_a_netcdf_file_that_hangs_or_crashes_its_reader_is_refused(tmp_path, monkeypatch):
    """Whatever happens in the process that reads it."""
    path = tmp_path / "x.nc"
    path.write_bytes(b"CDF")
    monkeypatch.setattr(frames, "NETCDF_SECONDS", 1)
    python = sys.executable
    for code, message in (
        ("import time; time.sleep(60)", "not read within 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "reading it crashed"),
    ):
        reader = tmp_path / "reader"
        reader.write_text(f"#!{python}\n{code}\n")
        reader.chmod(0o755)
        monkeypatch.setattr(frames.sys, "executable", str(reader))
        with pytest.raises(ValueError, match=message):
            frames.read_frame(path)


@pytest.mark.slow
def test_a_damaged_netcdf_file_is_refused(tmp_path):
    path = tmp_path / "x.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    with pytest.raises(ValueError, match=r"cannot read .*x\.nc|x\.nc"):
        frames.read_frame(path)
