"""Difficulty and bias of benchmarks against searches step by step, scipy and known variances."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

from mfnas_vec.analysis.benchmark import basins, best_rows, correlations, fitness_distance, seed_share, spearman
from mfnas_vec.spaces import get_space


@pytest.mark.slow
def test_basins_are_where_steepest_ascent_ends():
    space = get_space("nb201")
    rng = np.random.default_rng(0)
    test = np.round(rng.normal(size=space.n_arch), 1)  # with ties
    test[rng.integers(0, space.n_arch, 500)] = np.nan
    found = basins(space, test)
    cards = space.cardinality

    def ascend(code):
        while True:
            genes = space.decode(np.array([code]))[0]
            best, place = test[code], code
            for gene in range(len(cards)):
                for value in range(cards[gene]):
                    other = genes.copy()
                    other[gene] = value
                    row = int(space.encode(other))
                    if row != code and (test[row] > best or (place != code and test[row] == best and row < place)):
                        best, place = test[row], row
            if place == code:
                return code
            code = place

    starts = np.flatnonzero(~np.isnan(test))[::40]
    ends = {int(start): ascend(int(start)) for start in starts}
    assert set(ends.values()) <= set(found.row.tolist())
    assert found.size.sum() == found.n_known == (~np.isnan(test)).sum()
    assert (np.diff(test[found.row]) <= 0).all()
    shares = dict(zip(found.row.tolist(), (found.size / found.n_known).tolist(), strict=True))
    top = found.row[np.argmax(found.size)]
    share = sum(end == top for end in ends.values()) / len(ends)
    assert abs(share - shares[int(top)]) < 4 * np.sqrt(shares[int(top)] / len(ends)) + 0.01


def test_of_one_peak_all_architectures_are_its_basin():
    space = get_space("nb201")
    genes = space.decode(space.arch_code)
    test = -(genes != genes[777]).sum(axis=1).astype(float)
    found = basins(space, test)
    assert found.row.tolist() == [777]
    assert found.share_of_best == 1.0
    assert fitness_distance(space, test) == pytest.approx(-1.0)
    shuffled = np.random.default_rng(1).permutation(test)
    assert abs(fitness_distance(space, shuffled)) < 0.05


@pytest.mark.slow
def test_rank_correlations(cifar10):
    found = correlations(cifar10)
    test = cifar10["test_acc"].values
    rows = best_rows(test, 0.01)
    assert rows.size == 156
    assert test[rows].min() > np.delete(test, rows).max()
    for i, name in enumerate(found["metric"].values.tolist()):
        epoch = float(found["epoch"][i])
        values = cifar10[name] if np.isnan(epoch) else cifar10[name].sel(epoch=int(epoch))
        sign = -1 if name.endswith("loss") else 1
        score = sign * values.values.astype(float)
        for rho, part in ((found["rho"], slice(None)), (found["rho_top1"], rows)):
            expected = scipy.stats.spearmanr(score[part], test[part], nan_policy="omit").statistic
            assert float(rho[i]) == pytest.approx(expected, abs=1e-9)
        if name != "params":
            size = scipy.stats.spearmanr(score, cifar10["params"].values, nan_policy="omit").statistic
            assert float(found["size"][i]) == pytest.approx(size, abs=1e-9)
    assert np.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_share_of_variance_by_seed():
    rng = np.random.default_rng(0)
    own = rng.normal(0, 3, 20_000)
    trials = own + rng.normal(0, 1, (3, 20_000))
    trials[0, 5] = np.nan
    table = xr.Dataset({"val_acc_trial": (("trial", "arch"), trials)})
    name, share = seed_share(table)
    assert name == "val_acc_trial"
    assert share == pytest.approx(0.1, abs=0.005)
    assert seed_share(table.isel(trial=[0])) is None
