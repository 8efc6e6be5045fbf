"""The per-epoch files of NAS-Bench-Graph, on files of their layout that the tests write."""

import json
import pickle

import numpy as np
import pytest

from mfnas_vec import run
from mfnas_vec.datasets.importers import import_table, likely_name
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.store import open_table, write_imported
from mfnas_vec.tables.verification import checks

N_EPOCH = 6


def content(space, rows, seed, n_epoch=N_EPOCH, scalar=float):
    """A file's content, and the performances in it: shape ``(n_row, n_epoch, 7)``."""
    draw = np.random.default_rng(seed)
    values = draw.random((len(rows), n_epoch, 7)).round(3)
    keys = space.arch_key()
    records = {
        int(keys[row]): {
            "perf": float(draw.random()),
            "dur": [tuple(scalar(v) for v in epoch) for epoch in one],
            "para": float(draw.random() + 0.1),
            "latency": float(draw.random()),
        }
        for row, one in zip(rows, values, strict=True)
    }
    return records, values


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["cora", "proteins"])
def test_mean_of_seeds(tmp_path, dataset):
    space = get_space("nbgraph-proteins" if dataset == "proteins" else "nbgraph")
    kind = "auc" if dataset == "proteins" else "acc"
    rows = [0, 5, space.n_arch - 1]
    made = [content(space, rows, seed, scalar=np.float64 if seed == 1 else float) for seed in range(3)]
    for seed, (records, _) in enumerate(made):
        write(tmp_path / f"{dataset}{seed}.bench", records, protocol=2 + seed)
    table = import_table("nbgraph-full", [tmp_path])
    assert table.attrs["name"] == f"nbgraph-{dataset}"
    assert table.attrs["trials"] == "mean of 3 seeds"
    assert table["epoch"].values.tolist() == list(range(1, N_EPOCH + 1))
    mean = sum(values for _, values in made) / 3
    for name, column, factor in (
        (f"train_{kind}", 0, 100),
        (f"val_{kind}", 1, 100),
        ("train_loss", 3, 1),
        ("val_loss", 4, 1),
    ):
        np.testing.assert_allclose(table[name].values[:, rows], factor * mean[:, :, column].T, rtol=1e-14)
        assert table[name].attrs["n_arch_known"] == 3
        assert table[name].attrs["provenance"] == "measured"
    keys = [int(space.arch_key()[row]) for row in rows]
    for name, theirs, factor in ((f"test_{kind}", "perf", 100), ("params", "para", 1), ("latency", "latency", 1)):
        expected = [factor * sum(records[key][theirs] for records, _ in made) / 3 for key in keys]
        np.testing.assert_allclose(table[name].values[rows], expected, rtol=1e-14)
    assert np.isnan(table[f"val_{kind}"].values[:, 1]).all()
    assert "flops" not in table
    assert (table["latency"].attrs["units"], table["latency"].attrs["direction"]) == ("s", "maximize")
    assert [text.partition(" ")[0] for _, text in checks(table)] == ["params"]

    one = import_table("nbgraph-full", [tmp_path], trials="2")
    assert one.attrs["trials"] == "seed 2"
    np.testing.assert_allclose(one[f"val_{kind}"].values[:, rows], 100 * made[2][1][:, :, 1].T, rtol=1e-14)


@pytest.mark.slow
def test_all_architectures_make_a_table_to_search_on(tmp_path, user_tables):
    space = get_space("nbgraph-proteins")
    records, _ = content(space, range(space.n_arch), 0)
    table = import_table("nbgraph-full", [write(tmp_path / "proteins0.bench", records)])
    assert "n_arch_known" not in table["val_auc"].attrs
    write_imported(table, "nbgraph-proteins")
    opened = open_table("nbgraph-proteins")
    assert opened.attrs["imported_from"] == "nbgraph-full"
    result = run("SH", opened, n_run=5, n_candidate=16)  # rungs after an eighth, a quarter, a half and all epochs
    assert json.loads(result.attrs["settings"])["list_iepoch"] == [1, 2, 3, 6]
    assert (result["cost_epochs"] == 16 * 1 + 8 * 1 + 4 * 1 + 2 * 3).all()
    assert result["test_performance"].attrs["provenance"] == "measured"


@pytest.mark.slow
def test_a_shorter_training_is_missing_after_its_end(tmp_path):
    space = get_space("nbgraph")
    long, _ = content(space, [3], 0)
    short, values = content(space, [4], 0, n_epoch=2)
    del short[int(space.arch_key()[4])]["perf"]
    table = import_table("nbgraph-full", [write(tmp_path / "a.bench", long | short)], dataset="physics")
    found = table["val_acc"].values[:, 4]
    np.testing.assert_allclose(found[:2], 100 * values[0, :, 1], rtol=1e-14)
    assert np.isnan(found[2:]).all()
    assert float(table["test_acc"][4]) == pytest.approx(100 * values[0, -1, 6], rel=1e-14)
    assert table["val_acc"].attrs["n_arch_known"] == 1


@pytest.mark.slow
def test_an_infinite_loss_is_missing(tmp_path):
    space = get_space("nbgraph")
    records, _ = content(space, [3], 0)
    record = records[int(space.arch_key()[3])]
    record["dur"][2] = (*record["dur"][2][:4], float("inf"), *record["dur"][2][5:])
    table = import_table("nbgraph-full", [write(tmp_path / "cora0.bench", records)])
    assert np.isnan(table["val_loss"].values[:, 3]).tolist() == [i == 2 for i in range(N_EPOCH)]


class Evil:
    def __reduce__(self):
        return print, ("caught",)


def changed(key, **changes):
    return {key: {"dur": [[0.5] * 7]} | changes}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "options", "words"),
    [
        ("x0.bench", changed(0), {}, "dataset=None must be one of cora, .*, proteins"),
        ("cora0.bench", changed(0), {"dataset": "wiki"}, "dataset='wiki' must be one of"),
        ("cora0.bench", changed(0), {"dataset": "cs"}, "is not of the data set cs"),
        ("cora0.bench", changed(0), {"trials": "1"}, "trials='1' is the seed of none of the files"),
        ("cora0.bench", [1], {}, "holds no architectures by name"),
        ("cora0.bench", {}, {}, "holds no training"),
        ("cora0.bench", changed("0"), {}, "'0' is the name of no architecture of nbgraph"),
        ("cora0.bench", changed(True), {}, "True is the name of no architecture"),
        ("cora0.bench", changed(88888), {}, "88888 is the name of no architecture"),
        ("proteins0.bench", changed(0), {}, "0 is the name of no architecture of nbgraph-proteins"),
        ("cora0.bench", {0: {"perf": 0.5}}, {}, "architecture 0: it has no 'dur'"),
        ("cora0.bench", changed(0, dur=[]), {}, "'dur' is not of 1 to 10,000 epochs"),
        ("cora0.bench", changed(0, dur=[[0.5] * 6]), {}, "an epoch of 'dur' is not of 7 numbers"),
        ("cora0.bench", changed(0, dur=[["a"] * 7]), {}, "a str stands where a number should"),
        ("cora0.bench", changed(0, dur=[[80.0] * 7]), {}, "a share of 1 in this format"),
        ("cora0.bench", changed(0, para=2e6), {}, "in millions in this format"),
        ("cora0.bench", changed(0, perf=Evil()), {}, r"it names builtins\.print"),
    ],
)
def test_refused(tmp_path, capsys, name, value, options, words):
    with pytest.raises(ValueError, match=words):
        import_table("nbgraph-full", [write(tmp_path / name, value)], **options)
    assert "caught" not in capsys.readouterr().out


@pytest.mark.slow
def test_files_of_different_length_are_refused(tmp_path):
    space = get_space("nbgraph")
    for seed, n_epoch in ((0, 3), (1, 4)):
        write(tmp_path / f"cs{seed}.bench", content(space, [1], seed, n_epoch=n_epoch)[0])
    with pytest.raises(ValueError, match="up to 4 epochs, the files before it 3"):
        import_table("nbgraph-full", [tmp_path])


def test_name_of_the_table_is_known_before_the_files_are_read():
    assert likely_name("nbgraph-full", ["somewhere/physics2.bench"], None, None) == "nbgraph-physics"
    assert likely_name("nbgraph-full", ["x"], "cora", None) == "nbgraph-cora"
    assert likely_name("nbgraph-full", ["x"], None, None) is None
