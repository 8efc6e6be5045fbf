"""Workers that train at once, on a simulated clock."""

import heapq
import itertools
import math

import numpy as np
import pytest
import xarray as xr
from support.hash_tables import hash_table
from support.simulated import Draws, asha, until_exhausted

from mfnas_vec import Simulator, run, simulate
from mfnas_vec.runs.accounts import BudgetExhausted
from mfnas_vec.runs.parallel import random_search, successive_halving
from mfnas_vec.search import CORRECTED, GECCO2024

#: Those of the simulator: head2025 is of compiled searches only.
PROTOCOLS = (GECCO2024, CORRECTED)

EPOCHS = (12, 25, 50, 100, 200)
#: What a search from outside is called, and its settings, are its own.
LABELS = ["optimizer", "settings"]


@pytest.fixture(scope="module")
def nb201():
    return hash_table("nb201")


def scheduled(prices, n_worker, start=0.0):
    """Times of finish where each job goes, in order, to the worker that is free first."""
    free = [start] * n_worker
    finish = []
    for price in prices:
        begin = heapq.heappop(free)
        heapq.heappush(free, begin + price)
        finish.append(begin + price)
    return finish


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_worker_makes_the_compiled_runs(nb201, protocol):
    for seed in range(3):
        for run_index in range(3):
            simulator = until_exhausted(
                random_search, Simulator(nb201, max_time=9000.0, protocol=protocol), Draws(seed, run_index), epoch=12
            )
            found = simulator.result(seed=seed, run=run_index)
            expected = run(
                "RS", nb201, n_run=1, first_run=run_index, seed=seed, max_time=9000.0, protocol=protocol, trace=True
            )
            xr.testing.assert_equal(found.drop_vars(LABELS), expected.drop_vars(LABELS))
            simulator = until_exhausted(
                successive_halving,
                Simulator(nb201, max_time=9000.0, protocol=protocol, training="continue"),
                Draws(seed, run_index),
                epochs=EPOCHS,
                n_candidate=20,
            )
            settings = {"n_candidate": 20, "max_time": 9000.0, "protocol": protocol, "trace": True}
            expected = run("SH", nb201, n_run=1, first_run=run_index, seed=seed, **settings)
            found = simulator.result(seed=seed, run=run_index)
            xr.testing.assert_equal(found.drop_vars(LABELS), expected.drop_vars(LABELS))


@pytest.mark.parametrize("n_worker", [2, 3, 8])
def test_random_search_keeps_all_workers_busy(nb201, n_worker):
    simulator = Simulator(nb201, max_eval=40, n_worker=n_worker, protocol="corrected")
    until_exhausted(random_search, simulator, Draws(1, 0), epoch=12)
    draws = Draws(1, 0)
    prices = [float(nb201["train_seconds"].sel(epoch=12)[simulator.sample(draws)]) for _ in range(40)]
    record = simulator.record()
    assert record.evaluations == 40
    assert [step[3] for step in simulator.steps] == pytest.approx(sorted(scheduled(prices, n_worker)))
    assert record.seconds == pytest.approx(max(scheduled(prices, n_worker)))
    assert record.epochs == 40 * 12
    assert len(simulator.steps) == 40


def test_halving_waits_for_the_slowest_of_each_rung(nb201):
    simulator = Simulator(nb201, max_time=math.inf, n_worker=4, training="continue")
    successive_halving(simulator, Draws(5, 2), epochs=EPOCHS, n_candidate=16)
    steps = simulator.steps
    seconds = nb201["train_seconds"].transpose("epoch", "arch").sel(epoch=list(EPOCHS)).values
    clock, done = 0.0, 0
    for rung, epoch in enumerate(EPOCHS[:4]):
        rung_steps = [step for step in steps if step[1] == epoch]
        assert len(rung_steps) == 16 >> rung
        assert steps[done : done + len(rung_steps)] == rung_steps
        done += len(rung_steps)
        prices = [seconds[rung, step[0]] - (seconds[rung - 1, step[0]] if rung else 0.0) for step in rung_steps]
        # A schedule is at least as long as the mean load and its longest job, at most their sum.
        length = rung_steps[-1][3] - clock
        assert max(max(prices), sum(prices) / 4) - 1e-6 <= length <= max(prices) + sum(prices) / 4
        clock = rung_steps[-1][3]
    alone = Simulator(nb201, max_time=math.inf, training="continue")
    successive_halving(alone, Draws(5, 2), epochs=EPOCHS, n_candidate=16)
    assert alone.best == simulator.best
    assert alone.epochs_trained == simulator.epochs_trained
    assert alone.seconds / 4 < simulator.seconds < alone.seconds


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_asha_is_judged_by_wall_clock(nb201, protocol):
    until = {0: 0.0 * nb201["train_seconds"].sel(epoch=12).values}
    until |= {epoch: nb201["train_seconds"].sel(epoch=epoch).values for epoch in EPOCHS}
    before = dict(zip(EPOCHS, (0, *EPOCHS), strict=False))
    for n_worker in (1, 4):
        simulator = Simulator(nb201, max_eval=60, n_worker=n_worker, training="continue", protocol=protocol)
        rng = np.random.default_rng(0)
        until_exhausted(asha, simulator, rng, epochs=EPOCHS, reduction=2)
        simulator.record()
        busy = sum(until[step[1]][step[0]] - until[before[step[1]]][step[0]] for step in simulator.steps)
        assert busy / n_worker * (1 - 1e-12) <= simulator.seconds <= busy / n_worker * 1.2
        clocks = [step[3] for step in simulator.steps]
        assert clocks == sorted(clocks)
        at = {epoch: {step[0] for step in simulator.steps if step[1] == epoch} for epoch in EPOCHS}
        for lower, upper in itertools.pairwise(EPOCHS):
            assert at[upper] <= at[lower]
            assert len(at[upper]) < len(at[lower])
        fidelities = [step[1] for step in simulator.steps]
        assert fidelities.index(50) < len(fidelities) - fidelities[::-1].index(12)  # no rung waits for another


def test_the_budget_of_seconds_is_wall_clock(nb201):
    for protocol in PROTOCOLS:
        n_eval = []
        for n_worker in (1, 4):
            simulator = Simulator(nb201, max_time=6000.0, n_worker=n_worker, protocol=protocol)
            until_exhausted(random_search, simulator, Draws(0, 0), epoch=25)
            record = simulator.record()
            n_eval.append(record.evaluations)
            longest = float(nb201["train_seconds"].sel(epoch=25).max())
            limit = 6000.0 + (longest if protocol == "gecco2024" else 0.0)
            assert record.seconds <= limit
            assert len(simulator.steps) == record.evaluations
            assert record.stop_reason == 0
        assert 3 * n_eval[0] < n_eval[1]


def test_submit_and_wait(nb201):
    simulator = Simulator(nb201, max_eval=9, n_worker=2)
    with pytest.raises(ValueError, match="nothing is running"):
        simulator.wait()
    seconds = nb201["train_seconds"].sel(epoch=12).values
    slow, quick = int(seconds.argmax()), int(seconds.argmin())
    first, second = simulator.submit(slow, 12), simulator.submit(quick, 12)
    with pytest.raises(ValueError, match="n_worker=2: all workers are busy"):
        simulator.submit(quick, 12)
    finished = simulator.wait()
    assert (finished.ticket, finished.code, finished.epoch, finished.seconds) == (second, quick, 12, seconds[quick])
    assert simulator.n_free == 1
    # Evaluating meanwhile leaves the other's result for wait().
    simulator.evaluate(slow, 25)
    assert simulator.wait().ticket == first
    assert simulator.n_running == 0


def test_evaluate_all_returns_scores_in_the_order_given(nb201):
    codes = [9, 4, 14_000, 77, 4, 0]
    expected = [float(nb201["val_acc"].sel(epoch=12)[code]) for code in codes]
    for n_worker in (1, 2, 4, 10):
        simulator = Simulator(nb201, max_eval=20, n_worker=n_worker)
        assert simulator.evaluate_all(codes, 12) == expected
    simulator = Simulator(nb201, max_eval=20, n_worker=3)
    ticket = simulator.submit(5, 12)
    assert simulator.evaluate_all(codes, 12) == expected
    assert simulator.wait().ticket == ticket
    with pytest.raises(BudgetExhausted):
        simulator.evaluate_all(codes * 5, 12)


def test_simulate_with_workers(nb201):
    one, four = (
        simulate(random_search, nb201, n_run=6, workers=1, max_eval=30, n_worker=n, epoch=12, protocol="corrected")
        for n in (1, 4)
    )
    assert (one["arch"] == four["arch"]).all()  # the same samples, sooner
    assert (four["cost_seconds"] < one["cost_seconds"] / 3).all()
    assert '"n_worker": 4' in four.attrs["settings"]
