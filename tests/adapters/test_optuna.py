"""Optuna's samplers and pruners as searches."""

import json
import math

import numpy as np
import optuna
import pytest
import xarray as xr
from support.hash_tables import hash_table
from support.simulated import until_exhausted

from mfnas_vec import Simulator, simulate
from mfnas_vec.adapters.optuna import optuna_search, suggest
from mfnas_vec.runs.store import without_timings

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(scope="module")
def nb201():
    return hash_table("nb201")


def plain_optuna(simulator, sampler, n_trials):
    """What an Optuna user writes: a study, an objective, a loop of Optuna's own."""
    study = optuna.create_study(direction=simulator.direction, sampler=sampler)
    study.optimize(lambda trial: simulator.evaluate(suggest(trial, simulator.space), 12), n_trials=n_trials)
    return study


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["TPESampler", "RandomSampler"])
def test_the_adapter_evaluates_what_optuna_itself_does(nb201, sampler):
    rng = np.random.default_rng(3)
    ours = Simulator(nb201, max_eval=40, protocol="corrected")
    optuna_search(ours, rng, sampler=sampler, epochs=12)
    seed = int(np.random.default_rng(3).integers(2**31))
    theirs = Simulator(nb201, max_eval=40, protocol="corrected")
    study = plain_optuna(theirs, getattr(optuna.samplers, sampler)(seed=seed), 40)
    assert ours.steps == theirs.steps
    assert ours.best[1] == study.best_value
    assert ours.n_eval == 40


@pytest.mark.slow
def test_losses_are_minimised():
    table = hash_table("nbasr")
    simulator = Simulator(table, "val_per", max_eval=80, protocol="corrected")
    optuna_search(simulator, np.random.default_rng(0), epochs=40)
    lowest = float(table["val_per"].sel(epoch=40).min())
    scores = [-step[2] for step in simulator.steps]
    assert simulator.best[1] == min(scores)
    # TPE has learnt: its last 20 are better than its first 20, which are random for the most part.
    assert lowest <= np.mean(scores[-20:]) < np.mean(scores[:20])


def test_pruned_trials_train_no_further(nb201):
    epochs = [12, 25, 50, 100, 200]
    simulator = Simulator(nb201, max_eval=100, training="continue", protocol="corrected")
    options = {"min_resource": 12, "reduction_factor": 2}
    until_exhausted(
        optuna_search,
        simulator,
        np.random.default_rng(1),
        sampler="RandomSampler",
        pruner="SuccessiveHalvingPruner",
        pruner_options=options,
        epochs=epochs,
    )
    counts = [sum(step[1] == epoch for step in simulator.steps) for epoch in epochs]
    assert sum(counts) == 100
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 * counts[2] > 0
    trained = sum(c * (b - a) for c, a, b in zip(counts, [0, *epochs], epochs, strict=False))
    assert simulator.epochs_trained == trained


@pytest.mark.slow
def test_workers_share_a_study(nb201):
    settings = {"n_run": 4, "workers": 1, "max_eval": 30, "protocol": "corrected", "epochs": 12}
    one = simulate(optuna_search, nb201, n_worker=1, **settings)
    four = simulate(optuna_search, nb201, n_worker=4, **settings)
    assert (four["evaluations"] == 30).all()
    assert (four["cost_seconds"] < one["cost_seconds"] / 2.5).all()


@pytest.mark.slow
def test_runs_repeat_and_record_their_settings(nb201):
    settings = {"n_run": 4, "max_eval": 25, "sampler_options": {"n_startup_trials": 5}}
    first = simulate(optuna_search, nb201, workers=1, sampler=optuna.samplers.TPESampler, **settings)
    again = simulate(optuna_search, nb201, workers=2, sampler=optuna.samplers.TPESampler, **settings)
    xr.testing.assert_identical(without_timings(first), without_timings(again))
    stored = json.loads(first.attrs["settings"])
    assert stored["sampler"].endswith("TPESampler")
    assert stored["sampler_options"] == {"n_startup_trials": 5}
    assert len(set(first["arch"].values.tolist())) > 1


def test_invalid_genotypes_cost_nothing():
    table = hash_table("nb101")
    simulator = Simulator(table, max_eval=30, protocol="corrected")
    optuna_search(simulator, np.random.default_rng(0), sampler="RandomSampler", epochs=12)
    assert simulator.n_eval == 30
    price = table["train_seconds"].sel(epoch=12).values
    rows = simulator.space.row(np.array([step[0] for step in simulator.steps]))
    assert simulator.seconds == pytest.approx(math.fsum(price[rows]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "TPE"}, "sampler='TPE' must be one of .*TPESampler"),
        ({"pruner": "MedianPruner", "epochs": 12}, "has no effect with epochs=12"),
        ({"pruner": "Median", "epochs": [12, 25]}, "pruner='Median' must be one of .*MedianPruner"),
    ],
)
def test_wrong_settings(nb201, settings, message):
    with pytest.raises(ValueError, match=message):
        optuna_search(Simulator(nb201, max_eval=9), np.random.default_rng(0), **settings)
