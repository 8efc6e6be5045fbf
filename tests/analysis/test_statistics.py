"""Statistics over runs, curves and targets, against hand-worked cases and scipy."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec import run, sweep
from mfnas_vec.analysis.anytime import anytime
from mfnas_vec.analysis.bootstrap import LEAST_RUNS, bootstrap_interval
from mfnas_vec.analysis.statistics import iqm, regret, statistics, unique_share
from mfnas_vec.analysis.targets import time_to_target

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


def made(test, *, direction="maximize", **others):
    """A result of hand-made test performances over run."""
    test = np.asarray(test, dtype=float)
    n = test.size
    columns = {
        "arch": np.where(np.isnan(test), -1, 0),
        "cost_seconds": np.ones(n),
        "cost_epochs": np.ones(n, int),
        "evaluations": np.full(n, 4),
        "unique_evaluations": np.full(n, 3),
    } | {k: np.asarray(v) for k, v in others.items()}
    found = xr.Dataset({k: ("run", v) for k, v in columns.items()}, coords={"run": np.arange(n)})
    found["test_performance"] = (
        "run",
        test,
        {"units": "percent", "direction": direction, "provenance": "modelled", "long_name": "test"},
    )
    return found


@pytest.fixture(scope="module")
def tree(cifar10):
    grid = {
        "problems": ["nb201-cifar10"],
        "n_run": 12,
        "optimizers": {"RS": {"max_eval": [5, 20], "max_time": None}, "SH": {}},
    }
    return sweep(grid, tables=[cifar10])["nb201-cifar10"].to_dataset()


@pytest.fixture(scope="module")
def traced(cifar10):
    return run("RS", cifar10, n_run=6, max_eval=15, max_time=None, trace=True)


def test_hand_worked():
    found = statistics(made([1.0, 2.0, 3.0, 10.0, np.nan]), n_resample=0)
    assert (int(found["n_run"]), int(found["n_known"])) == (5, 4)
    assert (float(found["mean"]), float(found["median"]), float(found["iqm"])) == (4.0, 2.5, 2.5)
    assert float(found["sd"]) == pytest.approx(np.std([1, 2, 3, 10]))
    assert "mean_low" not in found
    assert found["mean"].attrs == {
        "long_name": "mean of test",
        "units": "percent",
        "direction": "maximize",
        "provenance": "modelled",
    }


@pytest.mark.slow
@given(NUMBERS)
def test_interquartile_mean_is_scipys_trimmed_mean(values):
    assert iqm(values) == pytest.approx(scipy.stats.trim_mean(values, 0.25), abs=1e-9)


def test_interval_is_deterministic_and_covers_as_stated():
    hits = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(size=60)
        low, high = bootstrap_interval(values, np.mean, n_resample=300)
        assert low < high
        hits += low <= 0.0 <= high
    assert bootstrap_interval(values, np.mean, n_resample=300) == (low, high)
    assert bootstrap_interval(values, np.mean, n_resample=300, seed=1) != (low, high)
    assert scipy.stats.binomtest(hits, 200, 0.94).pvalue > 1e-3


@pytest.mark.parametrize("n", [LEAST_RUNS, 33, 500, 40_000])
def test_interval_is_that_of_scipys_percentile_bootstrap(n):
    """To rounding: the resamples are the same, whatever is resampled at once."""
    values = np.random.default_rng(n).normal(90, 2, n)
    n_resample = 50 if n > 1000 else 300
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=n_resample, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    found = bootstrap_interval(values, np.mean, n_resample=n_resample, seed=3)
    assert found == pytest.approx((expected.low, expected.high), rel=1e-13)


def test_few_runs_have_no_interval():
    values = np.random.default_rng(0).normal(size=LEAST_RUNS)
    assert np.isfinite(bootstrap_interval(values, np.mean)).all()
    assert np.isnan(bootstrap_interval(values[1:], np.mean)).all()
    few = statistics(made([*values[1:], np.nan]))
    assert np.isnan(few["mean_low"])
    assert int(few["n_known"]) == LEAST_RUNS - 1


def test_one_run_and_constant_runs():
    one = statistics(made([3.0]))
    assert float(one["mean"]) == 3.0
    assert float(one["sd"]) == 0.0
    assert np.isnan(one["mean_low"])
    same = statistics(made([3.0] * LEAST_RUNS))
    assert (float(same["iqm_low"]), float(same["median_high"])) == (3.0, 3.0)
    nothing = statistics(made([np.nan, np.nan]))
    assert np.isnan(nothing["mean"])
    assert int(nothing["n_known"]) == 0


def test_combinations_that_do_not_exist_are_masked(tree):
    found = statistics(tree)
    assert found["mean"].dims == ("optimizer", "max_eval")
    assert (np.isnan(found["mean"]) == ~tree["exists"]).all()
    assert (found["n_run"] == 12 * tree["exists"]).all()
    one = tree.sel(optimizer="RS", max_eval=20)
    alone = statistics(one)
    assert float(alone["mean_low"]) == float(found["mean_low"].sel(optimizer="RS", max_eval=20))
    assert float(alone["mean"]) == pytest.approx(float(one["test_performance"].mean()))
    spent = statistics(tree, "evaluations", n_resample=0)["mean"]
    assert (np.isnan(spent) == ~tree["exists"]).all()
    assert found.attrs["optimum_provenance"] == "modelled"
    assert set(found["search_provenance"].dims) == {"optimizer", "max_eval"}
    assert found["iqm_high"].attrs["provenance"] == "modelled"


def test_unknown_variable(tree):
    with pytest.raises(ValueError, match="variable='nothing' must be one of"):
        statistics(tree, "nothing")


def test_regret_has_the_sign_of_the_direction(tree):
    found = regret(tree)["regret"]
    assert (found.where(tree["exists"], 0) >= 0).all()
    assert np.isnan(found.where(~tree["exists"], drop=True)).all()
    assert found.attrs["optimum_provenance"] == "modelled"
    lower = regret(made([22.0, 21.4], direction="minimize"), 21.4)["regret"]
    assert lower.values == pytest.approx([0.6, 0.0])
    with pytest.raises(ValueError, match="does not record the optimum"):
        regret(made([1.0]))
    with pytest.raises(ValueError, match="direction="):
        regret(made([1.0], direction="up"), 1.0)


def test_unique_share(tree):
    assert unique_share(made([1.0, 1.0], evaluations=[4, 0]))["unique_share"].values == pytest.approx(
        [0.75, np.nan], nan_ok=True
    )
    assert np.isnan(unique_share(tree)["unique_share"].where(~tree["exists"], drop=True)).all()


@pytest.mark.parametrize("over", ["seconds", "epochs", "evaluations"])
def test_curves_follow_the_incumbent(traced, cifar10, over):
    curves = anytime(traced, cifar10, over=over, n_point=7)
    last = curves.isel(cost=-1)
    assert np.array_equal(last["test_performance"], traced["test_performance"])
    assert np.array_equal(last["search_score"], traced["search_score"])
    cost = {"evaluations": 1.0 + np.arange(traced.sizes["step"])}.get(over)
    for i in range(traced.sizes["run"]):
        steps = cost if cost is not None else traced[f"trace_{over}"].values[i]
        for point in curves["cost"].values:
            n = int((steps <= point).sum())
            one = curves.isel(run=i).sel(cost=point)
            if n == 0:
                assert np.isnan(one["test_performance"])
            else:
                best = int(np.argmax(traced["trace_score"].values[i, :n]))
                assert float(one["search_score"]) == traced["trace_score"].values[i, best]
                row = int(traced["trace_arch"].values[i, best])
                assert float(one["test_performance"]) == float(cifar10["test_acc"][row])
    averaged = statistics(curves, n_resample=20)
    assert averaged["mean"].dims == ("cost",)
    assert (regret(curves)["regret"].isel(cost=-1) >= 0).all()


def test_zero_cost_stage_shows_no_score_of_other_units(cifar10):
    result = run("MF-NAS", cifar10, n_run=3, max_eval_stage1=60, n_candidate=4, trace=True)
    curves = anytime(result, cifar10, over="evaluations", at=[1, 60, 1000])
    assert np.isnan(curves["search_score"].isel(cost=[0, 1])).all()
    assert not np.isnan(curves["test_performance"]).any()
    assert np.array_equal(curves["search_score"].isel(cost=2), result["search_score"])
    assert np.array_equal(curves["test_performance"].isel(cost=2), result["test_performance"])


def test_curves_of_a_loss_that_is_minimised(cifar10):
    result = run("RS", cifar10, n_run=3, max_eval=9, max_time=None, trace=True, metric="params")
    turned = cifar10.copy()
    turned["val_loss"] = -cifar10["val_acc"]
    turned["val_loss"].attrs = {"direction": "minimize"}
    turned.attrs.pop("digest", None)
    loss = run("RS", turned, n_run=3, max_eval=9, max_time=None, trace=True, metric="val_loss")
    curves = anytime(loss, turned)
    assert np.array_equal(curves["search_score"].isel(cost=-1), loss["search_score"])
    assert (curves["search_score"].isel(cost=-1) < 0).all()
    assert np.array_equal(anytime(result, cifar10, over="evaluations")["search_score"][-1], result["search_score"])


def test_time_to_target(traced, cifar10):
    target = float(traced["test_performance"].median())
    whole = time_to_target(traced, target, over="evaluations")
    n = int((traced["test_performance"] >= target).sum())
    assert int(whole["n_success"]) == n
    assert float(whole["expected_cost"]) == int(traced["evaluations"].sum()) / n
    exact = time_to_target(traced, target, over="evaluations", table=cifar10)
    tests = cifar10["test_acc"].values
    spent = hits = 0
    for i in range(traced.sizes["run"]):
        best, score = None, -np.inf
        for step in range(traced.sizes["step"]):
            if traced["trace_score"].values[i, step] > score:
                best, score = int(traced["trace_arch"].values[i, step]), traced["trace_score"].values[i, step]
            if tests[best] >= target:
                hits += 1
                break
        spent += step + 1
    assert (int(exact["n_success"]), float(exact["expected_cost"])) == (hits, spent / hits)
    assert float(exact["expected_cost"]) < float(whole["expected_cost"])


def test_targets_nobody_or_everybody_reaches():
    result = made([20.0, 22.0], direction="minimize", cost_seconds=[10.0, 30.0])
    none = time_to_target(result, 19.0)
    assert (float(none["success_rate"]), float(none["expected_cost"])) == (0.0, np.inf)
    assert 0.0 <= float(none["success_low"]) < float(none["success_high"]) < 1.0
    assert float(time_to_target(result, 21.0)["expected_cost"]) == 40.0
    assert float(time_to_target(result, 22.0)["expected_cost"]) == 20.0
    assert float(time_to_target(made([np.nan, 1.0]), 0.0)["success_rate"]) == 0.5


def test_targets_of_a_sweep(tree):
    found = time_to_target(tree, 90.0, over="epochs")
    assert (np.isnan(found["success_rate"]) == ~tree["exists"]).all()
    assert (np.isnan(found["expected_cost"]) == ~tree["exists"]).all()


def test_refusals(traced, cifar10, tree):
    with pytest.raises(ValueError, match="over='watts' must be one of seconds"):
        time_to_target(traced, 90.0, over="watts")
    with pytest.raises(ValueError, match="has no trace"):
        anytime(tree, cifar10)
    with pytest.raises(ValueError, match="differs from the one"):
        anytime(traced, cifar10.assign_attrs(digest="another"))
    with pytest.raises(ValueError, match="at must be increasing"):
        anytime(traced, cifar10, at=[2.0, 1.0])
    with pytest.raises(ValueError, match="must be a number"):
        time_to_target(traced, np.nan)
    with pytest.raises(ValueError, match="has no seconds"):
        time_to_target(made([1.0], cost_seconds=[0.0]), 1.0)


def test_curves_and_targets_over_more_dimensions(cifar10):
    parts = [run("RS", cifar10, n_run=3, seed=s, max_eval=8, max_time=None, trace=True) for s in (0, 1)]
    both = xr.concat(parts, dim="batch", combine_attrs="override")
    curves = anytime(both, cifar10, over="evaluations", at=[1, 4, 9])
    assert curves["test_performance"].dims == ("batch", "cost", "run")
    assert statistics(curves, n_resample=0)["mean"].dims == ("batch", "cost")
    for i, part in enumerate(parts):
        alone = anytime(part, cifar10, over="evaluations", at=[1, 4, 9])
        assert np.array_equal(curves["search_score"].isel(batch=i), alone["search_score"])
        found = time_to_target(both, 93.0, over="epochs", table=cifar10).isel(batch=i)
        expected = time_to_target(part, 93.0, over="epochs", table=cifar10)
        assert float(found["expected_cost"]) == float(expected["expected_cost"])
