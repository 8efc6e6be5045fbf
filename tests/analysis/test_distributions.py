"""Distributions over runs against counts by hand, and intervals against resampling of runs."""

import numpy as np
import pytest
import xarray as xr

from mfnas_vec import run
from mfnas_vec.analysis.bootstrap import bootstrap_ends, bootstrap_interval, resampled_means
from mfnas_vec.analysis.distributions import attainment, budget_ranks, spread_targets, success_curve
from mfnas_vec.tables import dense


def curves(values, direction="maximize"):
    """Curves by hand, shape (n_cost, n_run)."""
    values = np.asarray(values, dtype=float)
    found = xr.Dataset(coords={"cost": np.arange(1.0, len(values) + 1)})
    found["test_performance"] = ("cost", "run"), values, {"direction": direction}
    return found


def test_curves_have_the_intervals_of_their_points():
    values = np.random.default_rng(0).normal(size=(40, 3))
    for statistic in (np.mean, np.median):
        low, high = bootstrap_ends(values, statistic)
        for i in range(3):
            expected = bootstrap_interval(values[:, i], statistic)
            assert (low[i], high[i]) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(bootstrap_ends(values[:5], np.mean)[0]).all()
    means = resampled_means(values, seed=3)
    assert means.shape == (2000, 3)
    # Points of a run stay together: a sum of curves has the sum of the resampled means.
    np.testing.assert_allclose(resampled_means(values.sum(axis=1), seed=3), means.sum(axis=1))


def test_attainment_counts_runs():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(6, 20))
    values[0, :15] = np.nan
    for sign, direction in ((1, "maximize"), (-1, "minimize")):
        found = attainment(curves(sign * values, direction), [0.25, 0.5, 1.0])
        so_far = sign * np.maximum.accumulate(np.where(np.isnan(values), -np.inf, values), axis=0)
        for i, share in enumerate((0.25, 0.5, 1.0)):
            for t in range(6):
                level = float(found["attained"][i, t])
                if np.isnan(level):  # only some have an incumbent
                    assert np.isfinite(so_far[t]).sum() < share * 20
                    continue
                assert (sign * so_far[t] >= sign * level).sum() >= share * 20
                assert (sign * so_far[t] > sign * level).sum() < share * 20
        inside = found.isel(cost=-1, share=1)
        assert float(inside["low"]) <= float(inside["attained"]) <= float(inside["high"])
    with pytest.raises(ValueError, match="must be above 0"):
        attainment(curves(values), [0.0])


def test_ranks_depend_on_the_budget():
    rng = np.random.default_rng(2)
    early = np.stack([np.full(30, 5.0), np.full(30, 5.0)]) + rng.normal(0, 0.1, (2, 30))
    late = np.stack([np.full(30, 1.0), np.full(30, 9.0)]) + rng.normal(0, 0.1, (2, 30))
    slow = late.copy()
    slow[0, 3] = np.nan  # one run has no incumbent yet
    found = budget_ranks({"early": curves(early), "late": curves(late), "slow": curves(slow)})
    assert found["rank"].values[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert found["rank"].values[0, 1] == 3.0
    assert found["best"].sum("label").values == pytest.approx([1.0, 1.0])
    assert float(found["best"].sel(label="early")[0]) == 1.0
    # The last two have the same runs at the end: each is best about half of the time.
    assert found["best"].values[1:, 1] == pytest.approx([0.5, 0.5], abs=0.05)
    assert found["low"].values[1, 1] == 1.0
    assert found["high"].values[1, 1] == 2.0
    few = budget_ranks({"early": curves(early[:, :9]), "late": curves(late)})
    assert np.isnan(few["low"]).all()
    assert not np.isnan(few["mean_rank"]).any()
    with pytest.raises(ValueError, match="two searches"):
        budget_ranks({"early": curves(early)})


def test_the_probability_of_being_best_is_that_of_normal_means():
    from scipy.stats import norm

    rng = np.random.default_rng(3)
    a, b = rng.normal(0.0, 1.0, (1, 200)), rng.normal(0.1, 1.0, (1, 200))
    found = budget_ranks({"a": curves(a), "b": curves(b)})
    error = np.sqrt(a.var() / 200 + b.var() / 200)
    expected = norm.cdf((b.mean() - a.mean()) / error)
    assert float(found["best"].sel(label="b")[0]) == pytest.approx(expected, abs=0.04)


def test_targets_are_ranks_of_results():
    results = [np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, np.nan])]
    assert spread_targets(results, 1.0, n=3) == [3.0, 4.0, 5.0]
    assert spread_targets(results, -1.0, n=3) == [3.0, 2.0, 1.0]
    with pytest.raises(ValueError, match="no run"):
        spread_targets([np.array([np.nan])], 1.0)


def test_success_curves_count_pairs_of_run_and_target(cifar10):
    result = run("RS", cifar10, n_run=25, max_eval=30, max_time=None, trace=True)
    targets, points = [92.0, 93.0, 94.0], np.linspace(0.0, float(result["cost_seconds"].max()), 9)
    found = success_curve(result, targets, at=points, table=cifar10)
    tests = dense.test_results(cifar10)
    reached = np.zeros(9)
    for i in range(25):
        one = result.isel(run=i)
        best, score = -np.inf, -np.inf  # test result of the best incumbent so far, score of the incumbent
        costs = dict.fromkeys(targets, np.inf)
        for arch, own, seconds in zip(*(one[f"trace_{n}"].values for n in ("arch", "score", "seconds")), strict=True):
            if not np.isnan(arch) and own > score:
                score, best = own, max(best, tests[int(arch)])
                costs |= {t: min(costs[t], seconds) for t in targets if best >= t}
        for cost in costs.values():
            reached += cost <= points
    np.testing.assert_allclose(found["share"].values, reached / 75)
    assert ((found["low"] <= found["share"]) & (found["share"] <= found["high"])).all()
    with pytest.raises(ValueError, match="must be numbers"):
        success_curve(result, [], at=points, table=cifar10)
