"""The simulator charges as compiled searches do: equal to the reference run by run, step by step."""

import math

import numpy as np
import pytest
from support.equality import make_job, run_reference
from support.hash_tables import SPACES, hash_table
from support.simulated import local_search, random_search, successive_halving, until_exhausted

from mfnas_vec import Simulator
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.search import CORRECTED, GECCO2024
from mfnas_vec.search.defaults import list_iepoch, published
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.build import build_table

#: Those of the simulator: head2025 is of compiled searches only.
PROTOCOLS = (GECCO2024, CORRECTED)

BUDGETS = [
    {"max_eval": 0, "max_time": None},
    {"max_eval": 1, "max_time": None},
    {"max_eval": 70, "max_time": None},
    {"max_eval": None, "max_time": 20_000.0},
    {"max_eval": 60, "max_time": 9_000.0},
    {"max_eval": 9, "max_time": 0.0},
]


def assert_equal_to_reference(optimizer, table, protocol, settings, make, seed=3, n_run=3):
    job = make_job(optimizer, table, protocol, **settings)
    for run in range(n_run):
        expected = run_reference(optimizer, table, reference_arguments(optimizer, job), KernelStream(seed, run))
        simulator = make(KernelStream(seed, run))
        found = simulator.record()
        for field in found._fields:
            assert getattr(found, field) == getattr(expected, field), (field, run)
        assert simulator.steps == [tuple(step) for step in expected.steps]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize(("optimizer", "search"), [("RS", random_search), ("FLS", local_search)])
def test_single_fidelity_searches(optimizer, search, budget, space, protocol):
    table = hash_table(space)
    metric = published(table).metric
    if "train_seconds" not in table and budget["max_eval"] is None:
        with pytest.raises(ValueError, match="cost no seconds"):
            Simulator(table, metric, protocol=protocol, **budget)
        return

    def make(stream):
        return until_exhausted(search, Simulator(table, metric, protocol=protocol, **budget), stream, 12)

    iepoch = {"iepoch": 12}
    assert_equal_to_reference(optimizer, table, protocol, {**budget, **iepoch, "metric": metric}, make)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("search", ["RS", "FLS"])
def test_zero_cost_metrics_at_their_price(search, space, protocol):
    table, budget = hash_table(space), {"max_eval": 300, "max_time": 200.0}
    body = {"RS": random_search, "FLS": local_search}[search]

    def make(stream):
        return until_exhausted(body, Simulator(table, "synflow", protocol=protocol, **budget), stream)

    assert_equal_to_reference(search, table, protocol, {"metric": "synflow", **budget}, make)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("max_time", [None, 0.0, 9000.0, 30_000.0])
@pytest.mark.parametrize("n_candidate", [1, 2, 29])
def test_successive_halving(n_candidate, max_time, space, protocol):
    table = hash_table(space)
    setup = published(table)

    def make(stream):
        budget = {"max_time": math.inf if max_time is None else max_time}
        if "train_seconds" not in table:
            budget["max_eval"] = 10_000  # its evaluations are free
        simulator = Simulator(table, setup.metric, protocol=protocol, training="continue", **budget)
        return until_exhausted(
            successive_halving, simulator, stream, epochs=list_iepoch(table), n_candidate=n_candidate
        )

    settings = {"n_candidate": n_candidate, "max_time": max_time}
    assert_equal_to_reference("SH", table, protocol, settings, make)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_losses_ties_and_missing_scores(protocol):
    n, draw = get_space("nb201").n_arch, np.random.default_rng(5)
    score = np.where(draw.random(n) < 0.4, np.nan, draw.integers(0, 50, n))
    table = build_table(
        "nb201",
        {"val_loss": np.array([np.roll(score, shift) for shift in range(3)]), "test_acc": np.arange(n) % 97.0},
        epochs=[3, 9, 27],
        train_seconds=draw.integers(1, 9, n) * np.array([[3.0], [9.0], [27.0]]),
        provenance="computed",
    )
    settings = {"metric": "val_loss", "iepoch": 3, "max_eval": 120, "max_time": None}

    def make_simulator(**settings):
        return Simulator(table, "val_loss", protocol=protocol, missing="worst", **settings)

    def flat(stream):
        return until_exhausted(local_search, make_simulator(max_eval=120), stream, 3)

    assert_equal_to_reference("FLS", table, protocol, settings, flat)

    def halved(stream):
        simulator = make_simulator(max_time=700, training="continue")
        return until_exhausted(successive_halving, simulator, stream, epochs=(3, 9, 27), n_candidate=13)

    settings = {"metric": "val_loss", "list_iepoch": [3, 9, 27], "n_candidate": 13, "max_time": 700}
    assert_equal_to_reference("SH", table, protocol, settings, halved)
