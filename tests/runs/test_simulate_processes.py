"""Runs of searches in Python that fail, and their processes."""

import os

import numpy as np
import pytest
import xarray as xr
from support.hash_tables import hash_table

from mfnas_vec import simulate
from mfnas_vec.runs import pool
from mfnas_vec.runs.parallel import random_search as parallel_random_search
from mfnas_vec.runs.reports import FailedRunsWarning


@pytest.fixture(scope="module")
def nb201():
    return hash_table("nb201")


def test_a_failed_run_does_not_take_the_others_with_it(nb201):
    def fails(simulator, rng):
        simulator.evaluate(simulator.sample(rng), 12)
        if rng.random() < 0.4:
            raise KeyError("my mistake")

    for workers in (1, 2):
        with pytest.warns(FailedRunsWarning, match=r"(?s)of 20 runs .* run \d+ of seed 3:.*Traceback.*my mistake"):
            result = simulate(fails, nb201, n_run=20, seed=3, workers=workers, max_eval=50)
        failed = result["stop_reason"] == 3
        assert result["stop_reason"].attrs["flag_meanings"].split()[3] == "failed"
        assert 0 < int(failed.sum()) < 20
        assert (result["arch"].isnull() == failed).all()
        assert (np.isnan(result["search_score"]) == failed).all()
        assert (result["evaluations"] == 1).all()
        assert (result["stop_reason"][~failed] == 2).all()
        runs = [f"run {run}: KeyError: 'my mistake'" for run in result["run"].values[failed]]
        assert result.attrs["failures"] == runs


def test_where_all_runs_fail_there_is_no_result(nb201):
    def cheats(simulator, rng):
        simulator.evaluate(3, 12, metric="test_acc")

    with pytest.raises(RuntimeError, match=r"(?s)3 of 3 runs of cheats failed; .* is a test result"):
        simulate(cheats, nb201, n_run=3, workers=1, max_eval=9)


@pytest.mark.slow
def test_a_run_that_kills_its_process_is_found(nb201):
    def dies(simulator, rng):
        code = simulator.sample(rng)
        simulator.evaluate(code, 12)
        if code % 7 == 0:
            os._exit(1)

    with pytest.warns(FailedRunsWarning, match="the process of this run died"):
        result = simulate(dies, nb201, n_run=16, workers=2, max_eval=50)
    whole = simulate(
        lambda simulator, rng: simulator.evaluate(simulator.sample(rng), 12) and None,
        nb201,
        n_run=16,
        workers=1,
        max_eval=50,
    )
    dead = whole["arch"] % 7 == 0
    assert 0 < int(dead.sum()) < 16
    assert ((result["stop_reason"] == 3) == dead).all()
    assert (result["arch"] == whole["arch"])[~dead].all()


@pytest.mark.slow
def test_where_processes_cannot_be_forked_the_search_is_sent(nb201, monkeypatch):
    monkeypatch.setattr(pool, "FORKS", False)
    settings = {"n_run": 3, "max_eval": 5, "n_worker": 2}
    sent = simulate(parallel_random_search, nb201, workers=2, **settings)
    xr.testing.assert_equal(sent, simulate(parallel_random_search, nb201, workers=1, **settings))
    with pytest.raises(ValueError, match=r"(?s)cannot be sent to other processes .*: workers=1"):
        simulate(lambda simulator, rng: None, nb201, workers=2, **settings)
