"""The planner against simulated experiments, which are compared as all others are."""

import math

import numpy as np
import pytest

from mfnas_vec.analysis.comparison import compare_runs, holm, mann_whitney
from mfnas_vec.analysis.power import detectable_difference, least_p, pilot_sd, power_of, runs_needed

N_EXPERIMENT = 2000


def rejected(n, difference, sd, n_pair, seed=0):
    """Share of experiments in which a pair with a difference is significant after Holm's correction.

    The other pairs do not differ.
    """
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(N_EXPERIMENT):
        found = mann_whitney(rng.normal(difference, sd, n), rng.normal(0, sd, n))[1]
        others = rng.uniform(size=n_pair - 1)  # p-values of pairs without a difference
        hits += holm(np.r_[found, others])[0] < 0.05
    return hits / N_EXPERIMENT


@pytest.mark.slow
@pytest.mark.parametrize(("n", "n_pair"), [(10, 1), (25, 1), (30, 6), (100, 10)])
def test_the_stated_power_is_reached(n, n_pair):
    sd = 0.7
    difference = detectable_difference(sd, n, n_pair=n_pair)
    share = rejected(n, difference, sd, n_pair)
    error = math.sqrt(0.8 * 0.2 / N_EXPERIMENT)
    # Holm's later steps only add to the power of the first one.
    assert 0.8 - 3 * error < share < 0.8 + 3 * error + 0.03
    assert power_of(difference, sd, n, n_pair=n_pair) == pytest.approx(0.8, abs=1e-6)
    needed = runs_needed(difference * (1 + 1e-6), sd, n_pair=n_pair)
    assert needed == n


@pytest.mark.slow
@pytest.mark.parametrize("difference", [0.3, 0.6])
def test_the_runs_needed_are_enough_and_few(difference):
    n = runs_needed(difference, 0.8, n_pair=3)
    error = math.sqrt(0.8 * 0.2 / N_EXPERIMENT)
    assert 0.8 - 3 * error < rejected(n, difference, 0.8, 3, seed=1) < 0.86
    assert power_of(difference, 0.8, n - 1, n_pair=3) < 0.8 <= power_of(difference, 0.8, n, n_pair=3)


def test_without_a_difference_the_power_is_the_level():
    assert power_of(0.0, 1.0, 50) == pytest.approx(0.05, abs=0.003)
    assert power_of(0.0, 1.0, 50, 80, n_pair=10) == pytest.approx(0.005, abs=0.0005)
    assert power_of(-0.5, 1.0, 50) == power_of(0.5, 1.0, 50)


def test_too_few_runs_find_nothing():
    assert least_p(3, 3) > 0.05
    assert math.isinf(detectable_difference(1.0, 3))
    assert power_of(100.0, 1.0, 3) == 0.0
    assert power_of(100.0, 1.0, 4) == 1.0
    assert runs_needed(1e6, 1.0) == 4


def test_pilot():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([5.0, 9.0, -np.inf])
    assert pilot_sd(a, b) == pytest.approx(math.sqrt((2 * 1.0 + 1 * 8.0) / 3))
    assert math.isnan(pilot_sd(np.array([1.0])))
    assert pilot_sd(np.full(100, 94.12)) == 0.0
    assert np.isnan(compare_runs({"a": np.full(100, 94.12), "b": np.full(100, 94.12)})["detectable"]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power_of(1.0, 0.0, 5), "sd=0.0 must be a positive number"),
        (lambda: power_of(math.nan, 1.0, 5), "difference=nan must be a number"),
        (lambda: detectable_difference(1.0, 0), "runs=0 must be >= 1"),
        (lambda: detectable_difference(1.0, 9, power=1.0), "power=1.0 must be between 0 and 1"),
        (lambda: runs_needed(1.0, 1.0, n_pair=0), "pairs=0 must be >= 1"),
        (lambda: runs_needed(0.0, 1.0), "difference=0 cannot be found"),
        (lambda: runs_needed(1e-6, 1.0), "needs more than 10,000,000 runs"),
    ],
)
def test_wrong_plans_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_comparisons_say_what_they_could_have_found():
    rng = np.random.default_rng(0)
    samples = {"a": rng.normal(0, 2, 40), "b": rng.normal(0, 2, 40), "c": rng.normal(9, 2, 40)}
    found = compare_runs(samples)
    sd = pilot_sd(samples["a"], samples["b"])
    assert found["detectable"].values[0] == pytest.approx(detectable_difference(sd, 40, n_pair=3))
    assert np.isnan(found["detectable"].values[1:]).all()
