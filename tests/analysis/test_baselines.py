"""Baselines of a table against enumeration, simulated runs and the definitions."""

import itertools

import numpy as np
import pytest

from mfnas_vec import open_table, run
from mfnas_vec.analysis.baselines import (
    expected_best,
    random_search,
    references,
    sampling_weights,
    top_after_one_epoch,
)
from mfnas_vec.analysis.selection import BEST_EVALUATED, best_evaluated, leak_of
from mfnas_vec.spaces import get_space


def enumerated(score, value, weight, n):
    """The expectation over all sequences of n draws."""
    total = chance = 0.0
    for drawn in itertools.product(range(len(score)), repeat=n):
        best = drawn[0]
        for one in drawn[1:]:
            best = one if score[one] > score[best] else best
        p = np.prod(weight[list(drawn)])
        if not np.isnan(value[best]):
            total, chance = total + p * value[best], chance + p
    return total / chance


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_expected_best_of_n_is_that_of_all_sequences(n):
    rng = np.random.default_rng(n)
    score = np.array([1.0, 3.0, 3.0, -np.inf, 2.0, 2.0])
    value = np.array([5.0, 1.0, 2.0, 9.0, np.nan, 4.0])
    weight = rng.dirichlet(np.ones(6))
    assert expected_best(score, value, weight, [n])[0] == pytest.approx(enumerated(score, value, weight, n), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nb201-cifar10", "nbasr", "nbgraph-cora"])
def test_random_search_in_closed_form_agrees_with_runs(name):
    table = open_table(f"{name}@embedded")
    result = run("RS", table, n_run=4000, max_eval=50, max_time=None, protocol="corrected", trace=True)
    exact = random_search(table, [50]).isel(evaluations=0)
    assert set(result["evaluations"].values) == {50}
    result = result.assign({BEST_EVALUATED: best_evaluated(result, table)})
    for variable in ("test_performance", BEST_EVALUATED, "cost_epochs"):
        values = result[variable].values
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - float(exact[variable])) <= 4 * error + 1e-9
    gap = leak_of(result)
    assert gap.low <= abs(float(exact[BEST_EVALUATED] - exact["test_performance"])) <= gap.high


def test_weights_are_those_of_the_samples_of_a_space():
    space = get_space("nbasr")
    codes = np.arange(np.prod(space.cardinality))
    rows = space.row(codes)
    counts = np.bincount(rows[rows >= 0], minlength=space.n_arch)
    np.testing.assert_allclose(sampling_weights(space), counts / counts.sum(), rtol=1e-12)
    assert np.ptp(sampling_weights(space.with_sampling("architectures"))) == 0
    nb101 = get_space("nb101")
    rng = np.random.default_rng(0)
    drawn = nb101.row(rng.integers(0, np.prod(np.array(nb101.cardinality, dtype=np.int64)), 400_000))
    drawn = drawn[drawn >= 0]
    weight = sampling_weights(nb101)
    top = np.argsort(-weight)[:20]
    share = np.bincount(drawn, minlength=nb101.n_arch)[top] / drawn.size
    error = np.sqrt(weight[top] * (1 - weight[top]) / drawn.size)
    assert (np.abs(share - weight[top]) < 4.5 * error).all()


def test_the_best_after_one_epoch_is_an_order_statistic(cifar10):
    found = top_after_one_epoch(cifar10, [1, 8, 64], k=1, n_replicate=4000)
    first = cifar10["val_acc"].isel(epoch=0).values
    test = cifar10["test_acc"].values
    exact = expected_best(first, test, np.full(first.size, 1 / first.size), [1, 8, 64])
    error = test.std() / np.sqrt(4000)
    np.testing.assert_array_less(np.abs(found["test_performance"].values - exact), 4 * error)
    # One epoch of each, and all epochs of the one that is kept.
    assert found["cost_epochs"].values.tolist() == [200.0, 207.0, 263.0]
    more = top_after_one_epoch(cifar10, [10], k=10, n_replicate=4000).isel(evaluations=0)
    all_ten = expected_best(cifar10["val_acc"].isel(epoch=-1).values, test, np.full(first.size, 1 / first.size), [10])
    assert abs(float(more["test_performance"]) - all_ten[0]) < 4 * test.std() / np.sqrt(4000)
    seconds = float(cifar10["train_seconds"].isel(epoch=-1).mean())
    assert float(more["cost_seconds"]) == pytest.approx(10 * seconds, rel=0.01)
    assert top_after_one_epoch(open_table("nbgraph-cora@embedded")) is None


def test_references(cifar10):
    found = references(cifar10)
    test = cifar10["test_acc"].values
    assert (found.optimum, found.median, found.worst) == (test.max(), np.median(test), test.min())
    asr = references(open_table("nbasr@embedded"))
    assert asr.optimum < asr.median < asr.worst
