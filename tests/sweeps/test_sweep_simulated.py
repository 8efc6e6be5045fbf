"""Searches in Python in sweeps: resumed, on a cluster, made again for their curves."""

import numpy as np
import pytest
import xarray as xr
from support.sweeps import contents, start, write_grid

from mfnas_vec import run, simulate, sweep
from mfnas_vec.adapters.optuna import optuna_search
from mfnas_vec.analysis.study import Study
from mfnas_vec.runs.parallel import random_search
from mfnas_vec.runs.reports import FailedRunsWarning
from mfnas_vec.runs.simulated import simulated
from mfnas_vec.runs.store import without_timings

GRID = """
title: from outside
problems: [nb201-cifar10, nbasr]
n_run: 5
seed: 4
optimizers:
  RS: {max_eval: 20}
  OPTUNA-TPE: {max_eval: 20, iepoch: 10, problems: nbasr}
  OPTUNA-RS: {max_eval: [10, 20], iepoch: 12, problems: nb201-cifar10}
"""
GRID = GRID.replace("RS: {max_eval: 20}\n", "RS: {max_eval: 20, iepoch: 10, problems: nbasr}\n", 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    sweep(write_grid(folder, GRID), folder / "r.zarr", n_thread=1)
    return contents(folder / "r.zarr")


@pytest.mark.slow
def test_run_and_sweep_make_the_runs_of_simulate(cifar10, whole, tmp_path):
    settings = {"n_run": 5, "seed": 4, "max_eval": 20}
    expected = simulate(
        optuna_search, cifar10, max_time=20_000, workers=1, trace=True, sampler="RandomSampler", **settings
    )
    found = run("OPTUNA-RS", cifar10, trace=True, n_thread=2, **settings)
    labels = ["optimizer", "settings"]  # what a search is called, and what it lets a user set, are its own
    xr.testing.assert_equal(found.drop_vars(labels), expected.drop_vars(labels))
    assert found.attrs["inputs"] == expected.attrs["inputs"]
    assert found.attrs["inputs_digest"] == expected.attrs["inputs_digest"]
    tree = sweep(write_grid(tmp_path, GRID), n_thread=2)
    cell = tree["nb201-cifar10"].to_dataset().sel(optimizer="OPTUNA-RS", max_eval=20)
    for name in ("arch", "code", "cost_seconds", "stop_reason", "search_score"):
        np.testing.assert_array_equal(cell[name], expected[name])
    assert contents_of(tmp_path, n_thread=2) == whole


def contents_of(folder, **how):
    sweep(write_grid(folder, GRID), folder / "again.zarr", **how)
    return contents(folder / "again.zarr")


@pytest.mark.slow
def test_a_stopped_sweep_is_resumed(tmp_path, whole):
    class Stop(Exception):
        pass

    def stop(done, total):
        if done >= 10:
            raise Stop

    out = tmp_path / "r.zarr"
    with pytest.raises(Stop):
        sweep(write_grid(tmp_path, GRID), out, n_thread=1, progress=stop)
    finished = []
    sweep(write_grid(tmp_path, GRID), out, n_thread=1, resume=True, progress=lambda done, total: finished.append(done))
    assert finished[0] == 10  # two searches were there already
    assert contents(out) == whole


@pytest.mark.cluster
def test_on_a_cluster(tmp_path, whole):
    pytest.importorskip("distributed", reason="Dask is in the extra 'cluster'")
    assert contents_of(tmp_path, workers=2) == whole


@pytest.mark.slow
def test_curves_are_made_again(tmp_path):
    sweep(write_grid(tmp_path, GRID), tmp_path / "r.zarr", n_thread=1)
    study = Study([str(tmp_path / "r.zarr")])
    made = {label: study.traced("nb201-cifar10", label) for label in study.searches["nb201-cifar10"]}
    n_eval = {int(course["trace_evaluations"].max()) for course in made.values()}
    assert n_eval == {11, 21}


@pytest.mark.slow
def test_curves_are_made_again_in_a_process_that_has_not_loaded_the_adapter(tmp_path):
    sweep(write_grid(tmp_path, GRID), tmp_path / "r.zarr", n_thread=1)
    process = start("plot", "anytime", tmp_path / "r.zarr", "--over", "evaluations", "--out", tmp_path / "a.svg")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "OPTUNA-RS" in (tmp_path / "a.svg").read_text()


def test_other_inputs_than_those_of_the_settings_are_refused(cifar10):
    def peeks(simulator, rng):
        simulator.evaluate(simulator.sample(rng), epoch=200)

    simulated("PEEKS", "reads what it does not declare", peeks)
    with pytest.raises(RuntimeError, match="reads val_acc after 200 epochs, but its settings say val_acc after 12"):
        run("PEEKS", cifar10, n_run=2, max_eval=5, n_thread=1)
    with pytest.raises(ValueError, match="optimizer 'PEEKS' exists already"):
        simulated("PEEKS", "again", peeks)


def test_failed_runs_are_reported_and_the_rest_is_kept(cifar10):
    def fails(simulator, rng):
        if rng.random() < 0.5:
            raise OSError("disk")
        random_search(simulator, rng)

    simulated("FAILS", "fails now and then", fails)
    with pytest.warns(FailedRunsWarning, match="OSError: disk"):
        result = run("FAILS", cifar10, n_run=12, max_eval=5, n_thread=2)
    failed = result["stop_reason"] == 3
    assert 0 < int(failed.sum()) < 12
    assert (result["arch"].isnull() == failed).all()


@pytest.mark.slow
def test_workers_are_a_setting(cifar10):
    simulated("RS-PARALLEL", "random search on workers", random_search)
    settings = {"n_run": 4, "max_eval": 30, "protocol": "corrected", "max_time": None}
    one, four = (run("RS-PARALLEL", cifar10, n_worker=n, **settings) for n in (1, 4))
    assert (one["arch"] == four["arch"]).all()
    assert (four["cost_seconds"] < one["cost_seconds"] / 3).all()
    with pytest.raises(ValueError, match="n_worker=0 must be an integer in 1"):
        run("RS-PARALLEL", cifar10, n_worker=0)
    again = run("RS-PARALLEL", cifar10, n_worker=4, **settings)
    xr.testing.assert_identical(without_timings(again), without_timings(four))


@pytest.mark.slow
def test_on_the_command_line(tmp_path):
    process = start(
        *("run", "--table", "nb201-cifar10", "--optimizer", "OPTUNA-RS", "--n_run", "2"),
        *("--set", "max_eval=9", "--out", tmp_path / "r.zarr"),
    )
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "OPTUNA-RS" in printed
