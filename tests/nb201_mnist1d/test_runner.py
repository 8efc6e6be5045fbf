"""Chunks, packed results, the merged table and the command on a user's own data."""

import json
import math
import types

import numpy as np
import pytest

from benchmarks_zarr.build.nb201_mnist1d import __main__ as command
from benchmarks_zarr.build.nb201_mnist1d import data as sources
from benchmarks_zarr.build.nb201_mnist1d import proxies, raw, runner, table
from benchmarks_zarr.build.nb201_mnist1d.graphs import distinct_graphs
from benchmarks_zarr.build.nb201_mnist1d.jobs import scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training
from mfnas_vec import Simulator, open_table, run
from mfnas_vec.search.defaults import published_values

GENES = distinct_graphs().genes


def job(settings=None, calls=None):
    """Counts operations, without training."""

    def function(genes):
        if calls is not None:
            calls.append(tuple(genes.tolist()))
        count = np.bincount(genes, minlength=5)
        return {"count": count.astype(np.uint16), "mean": np.float32([count.mean(), np.nan]), "seconds": np.int32(7)}

    return runner.Job("count", settings or {"a": 1}, (), lambda: function)


def test_chunks_survive_an_interruption(tmp_path):
    calls = []
    lines = list(runner.run(job(calls=calls), tmp_path, limit=45))
    assert len(lines) == 3
    assert len(calls) == 45
    folder = tmp_path / job().key()
    # The third is a part of a chunk: it has a name of its own, and the whole one is still to be done.
    assert sorted(p.name for p in folder.iterdir()) == ["0000.npz", "0001.npz", "0002-5.npz"]
    (folder / "0001.npz").unlink()
    assert len(list(runner.run(job(calls=calls), tmp_path, limit=45))) == 1
    assert len(calls) == 65
    assert len(list(runner.run(job(calls=calls), tmp_path, limit=60, backwards=True))) == 1
    assert len(list(runner.run(job({"a": 2}), tmp_path, limit=20))) == 1
    packed = set(runner.chunk_graphs()[3].tolist())
    assert not list(runner.run(job(), tmp_path, limit=80, packed=packed))


def test_a_failed_chunk_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(runner.np, "savez_compressed", lambda file, **_: file.write(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(runner.run(job(), tmp_path, limit=20))
    assert not list((tmp_path / job().key()).iterdir())


def test_code_digest_is_of_code_alone(monkeypatch):
    texts = {}
    monkeypatch.setattr(runner.inspect, "getsource", lambda module: texts[module.__name__])

    def digest(text):
        texts["m"] = text
        return runner.code_digest((types.ModuleType("m"),))

    first = digest('"""A."""\nimport os\n\ndef f(x):\n    """B."""\n    return x + 1\n')
    assert digest("import sys\ndef f(x):\n    # note\n    return (x +\n        1)\n") == first
    assert digest("def f(x):\n    return x + 2\n") != first


def test_packed_results_are_the_chunks(tmp_path):
    work, packed = tmp_path / "work", tmp_path / "raw"
    list(runner.run(job(), work, limit=60))
    assert raw.pack(job(), work, packed) == 60
    bytes_of = {p.name: p.read_bytes() for p in packed.iterdir()}
    assert raw.pack(job(), work, packed) == 60
    assert {p.name: p.read_bytes() for p in packed.iterdir()} == bytes_of
    list(runner.run(job(), work, limit=600))
    (work / job().key() / "0000.npz").unlink()  # packed already
    assert raw.pack(job(), work, packed) == 600
    results = raw.collect(job(), None, packed)
    assert results.done.sum() == 600
    expected = np.array([np.bincount(g, minlength=5) for g in GENES])
    assert (results.arrays["count"][results.done] == expected[results.done]).all()
    assert not results.arrays["count"][~results.done].any()
    assert results.arrays["mean"].dtype == np.float32
    assert np.isnan(results.arrays["mean"][results.done, 1]).all()
    assert set(runner.graph_order(len(GENES))[:600].tolist()) == raw.packed_graphs(job(), packed)
    with pytest.raises(ValueError, match="code, settings and data now give"):
        raw.packed_graphs(job({"a": 2}), packed)


@pytest.mark.slow
def test_packed_results_of_the_repository_are_of_this_code():
    """Packed results of other code, settings or data raise an error."""
    data, settings = sources.mnist1d(), Training()
    for made in (training_job(data, settings), scoring_job(data, settings)):
        assert raw.packed_graphs(made) <= set(range(len(GENES)))


def made_up_results(settings, n_done):
    numbers = np.random.default_rng(0)
    shape = (len(GENES), len(settings.seeds), settings.epochs)
    done = np.zeros(len(GENES), bool)
    done[:n_done] = True
    names = ("train_right", "val_right", "test_right", "train_loss", "val_loss", "train_seconds")
    arrays = {name: numbers.integers(0, 1000, shape).astype(np.int32) for name in names}
    arrays["val_seconds"] = numbers.integers(0, 100, shape[:2]).astype(np.int32)
    scores = (*shape[:2], len(proxies.SCORES))
    score = {"score": numbers.normal(size=scores).astype(np.float32), "seconds": numbers.integers(0, 900, scores)}
    return raw.Results(done, arrays, ["{}"]), raw.Results(done, score, ["{}"])


@pytest.mark.slow
def test_merged_table(tmp_path):
    data, settings = sources.mnist1d(), Training()
    training, scoring = made_up_results(settings, 5000)
    names = {"name": "nb201-mine", "dataset": "mine", "title": "Made up"}
    made, scales = table.merge(training, scoring, data, settings, **names)
    path = tmp_path / "made.zarr"
    table.write_zarr(made, path, encoding=table.encoding(made, scales))
    read = open_table(str(path)).load()
    for name in made.data_vars:
        np.testing.assert_array_equal(read[name].values, made[name].values, err_msg=str(name))
    graph = read["graph"].values
    known = graph < 5000
    assert (np.isnan(read["val_acc"].values) == ~known).all()
    right = training.arrays["val_right"][graph[known]]
    np.testing.assert_allclose(read["val_acc_trial"].values[:, :, known], right.transpose(1, 2, 0) / 10)
    np.testing.assert_allclose(read["val_acc"].values[:, known], right.mean(axis=1).T / 10)
    last = training.arrays["test_right"][graph[known], :, -1].mean(axis=1)
    np.testing.assert_allclose(read["test_acc"].values[known], last / 20)
    seconds = training.arrays["train_seconds"][graph[known]].cumsum(axis=2).mean(axis=1).T * 1e-5
    np.testing.assert_allclose(read["train_seconds"].values[:, known], seconds)
    assert {v.attrs["provenance"] for v in read.data_vars.values()} == {"measured", "computed"}
    assert [n for n, v in read.data_vars.items() if v.attrs["provenance"] == "computed"] == ["flops", "params"]
    # Genotypes of one graph share all results.
    rows = np.flatnonzero(graph == graph[0])
    assert len(rows) == 341
    assert np.unique(read["snip"].values[rows]).size == 1


@pytest.mark.slow
def test_searches_run_on_a_whole_table():
    data, settings = sources.mnist1d(), Training()
    results = made_up_results(settings, len(GENES))
    made, _ = table.merge(*results, data, settings, name=table.NAME, dataset="mnist1d", title="Made up")
    proposed = published_values(made)
    assert proposed["list_iepoch"] == [1, 3, 9, 27]
    assert (proposed["iepoch"], proposed["n_candidate"], proposed["max_time"]) == (1, 32, 1.6)
    result = run("RS", made, n_run=3)
    assert np.isfinite(result["test_performance"]).all()
    kinds = {str(v.attrs["provenance"]) for v in result.variables.values() if "provenance" in v.attrs}
    assert kinds
    assert kinds <= {"measured", "computed"}


def own_data(path, **changes):
    numbers = np.random.default_rng(0)
    y = np.arange(90) % 3
    x = numbers.normal(size=(90, 13, 2))
    x[:, 4, 1] += 2 * y
    arrays = {"x": x, "y": y} | changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    return path


@pytest.mark.slow
def test_command_on_own_data(tmp_path, monkeypatch, capsys):
    out = tmp_path / "mine.zarr"
    options = ["--data", str(own_data(tmp_path / "mine.npz")), "--out", str(out), "--first", "3", "--epochs", "2"]
    monkeypatch.setattr("sys.argv", ["measure", *options])
    command.main()
    assert "3 of 5260 graphs measured" in capsys.readouterr().out
    read = open_table(str(out)).load()
    known = np.isin(read["graph"].values, runner.graph_order(len(GENES))[:3])
    for name in ("val_acc", "train_loss", "train_seconds"):
        assert (np.isfinite(read[name].values) == known).all()
        assert read[name].shape == (2, 15625)
    assert read["params"].values[known].min() > 0
    assert json.loads(read.attrs["training"])["epochs"] == 2
    with pytest.raises(ValueError, match=f"known for {known.sum()} of 15,625 architectures"):
        Simulator(read, max_eval=9)
    unknown = Simulator(read, max_eval=9, missing="worst")
    assert math.isnan(unknown.evaluate(row=int(np.flatnonzero(~known)[0]), epoch=2))
    assert unknown.seconds == read["train_seconds"].sel(epoch=2).max()
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "has no array 'y'"),
        ({"x": np.zeros((90, 1))}, "length >= 2"),
        ({"x": np.full((90, 8), np.nan)}, "not finite"),
        ({"x": np.array([["a"] * 8] * 90)}, "must be numbers"),
        ({"y": np.zeros(90, int)}, "two at least"),
        ({"y": np.arange(90) % 3 * 2}, "without gaps"),
        ({"y": np.arange(90) % 3 + 0.5}, "must be integers"),
        ({"train": np.arange(9)}, "give all of"),
        ({"train": np.arange(9), "val": np.arange(9), "test": np.arange(20, 30)}, "must not share rows"),
        ({"train": np.arange(9), "val": np.arange(9, 12), "test": np.arange(80, 91)}, "test must be rows of x"),
    ],
)
def test_wrong_data_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        sources.load(own_data(tmp_path / "mine.npz", **changes))


def test_given_parts_are_taken(tmp_path):
    parts = {"train": np.arange(9), "val": np.arange(9, 12), "test": np.arange(80, 90)}
    data = sources.load(own_data(tmp_path / "mine.npz", **parts))
    assert (data.test == parts["test"]).all()
    assert (data.n_channel, data.n_class) == (2, 3)


def test_frozen_data_is_what_the_generator_makes():
    pytest.importorskip("mnist1d", reason="the generator is not installed (extra build-tables)")
    with np.load(sources.FILE) as file:
        for name, made in sources.generate().items():
            assert np.array_equal(file[name], made)


def test_changed_data_is_refused(tmp_path, monkeypatch):
    with np.load(sources.FILE) as file:
        x, y = file["x"].copy(), file["y"]
    x[0, 0] += 1
    np.savez(tmp_path / "changed.npz", x=x, y=y)
    monkeypatch.setattr(sources, "FILE", tmp_path / "changed.npz")
    with pytest.raises(ValueError, match="not the frozen data"):
        sources.mnist1d()
