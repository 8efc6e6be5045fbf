"""Comparisons of searches: tests and effects by hand and by scipy, words, and the command."""

import itertools

import numpy as np
import pytest
import scipy.stats
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.analysis.comparison import (
    a12,
    compare_runs,
    effect_name,
    holm,
    mann_whitney,
    scores_of,
)
from mfnas_vec.analysis.power import least_p
from mfnas_vec.analysis.ranks import compare_problems, critical_difference
from mfnas_vec.analysis.searches import Search
from mfnas_vec.report.comparison import comparison_text, verdicts_of
from mfnas_vec.report.text import cost_text

SCORES = st.lists(st.one_of(st.integers(-3, 3), st.floats(-10, 10), st.just(-np.inf)), min_size=1, max_size=25)


def made(test, label, *, direction="maximize", provenance="measured", seconds=1.0, **attrs):
    test = np.asarray(test, dtype=float)
    n = test.size
    runs = xr.Dataset(
        {
            "arch": ("run", np.where(np.isnan(test), np.nan, 0)),
            "cost_seconds": ("run", np.full(n, seconds)),
            "cost_epochs": ("run", np.ones(n, int)),
            "evaluations": ("run", np.ones(n, int)),
            "unique_evaluations": ("run", np.ones(n, int)),
        },
        coords={"run": np.arange(n)},
        attrs={"protocol": "gecco2024", "seed": 0} | attrs,
    )
    attrs = {"units": "percent", "direction": direction, "provenance": provenance, "long_name": "test accuracy"}
    runs["test_performance"] = "run", test, attrs
    return Search(label, runs, "{}", "", provenance, label)


def text_of(*searches, **options):
    return comparison_text({"problem": {s.label: s for s in searches}}, **options)


def by_counting(a, b):
    return np.mean([(x > y) + 0.5 * (x == y) for x, y in itertools.product(a, b)])


@pytest.mark.slow
@given(SCORES, SCORES)
def test_effect_size_counts_pairs(a, b):
    assert a12(a, b) == pytest.approx(by_counting(a, b))
    assert a12(a, b) + a12(b, a) == pytest.approx(1.0)
    assert mann_whitney(a, b)[1] == pytest.approx(mann_whitney(b, a)[1])
    assert least_p(len(a), len(b)) - 1e-12 <= mann_whitney(a, b)[1] <= 1.0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_few_runs_are_tested_by_enumeration(a, b):
    both = scipy.stats.rankdata([*a, *b])
    sums = [sum(both[list(chosen)]) for chosen in itertools.combinations(range(len(both)), len(a))]
    found = sum(both[: len(a)])
    tail = min(np.mean([s <= found + 1e-9 for s in sums]), np.mean([s >= found - 1e-9 for s in sums]))
    assert mann_whitney(a, b)[1] == pytest.approx(min(1.0, 2 * tail))


@pytest.mark.parametrize(("n", "m", "method"), [(4, 7, "exact"), (20, 25, "exact"), (80, 90, "asymptotic")])
def test_p_values_are_scipys(n, m, method):
    random = np.random.default_rng(n)
    a, b = random.normal(0.5, size=n), random.normal(size=m)
    expected = scipy.stats.mannwhitneyu(a, b, method=method)
    effect, p = mann_whitney(a, b)
    assert p == pytest.approx(expected.pvalue, rel=1e-9)
    assert effect == pytest.approx(expected.statistic / (n * m))
    tied = np.round(a), np.round(b)
    if method == "asymptotic":
        assert mann_whitney(*tied)[1] == pytest.approx(scipy.stats.mannwhitneyu(*tied, method=method).pvalue)


def test_ties_everywhere_and_single_runs():
    assert mann_whitney([1.0] * 100, [1.0] * 100) == (0.5, 1.0)
    assert mann_whitney([1.0], [2.0]) == (0.0, 1.0)
    assert mann_whitney([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])[1] == pytest.approx(0.1)
    assert np.isnan(mann_whitney([], [1.0])).all()
    assert mann_whitney([-np.inf, -np.inf], [-np.inf])[0] == 0.5
    with pytest.raises(ValueError, match="NaN"):
        mann_whitney([np.nan], [1.0])


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_monotone_and_no_smaller(p):
    found = holm(p)
    assert (found >= p).all()
    assert (found <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


def test_holm_by_hand():
    # Holm's steps: 4 x 0.005, 3 x 0.01, 2 x 0.03, 1 x 0.04 raised to the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


@pytest.mark.slow
def test_same_distribution_is_distinguished_no_more_often_than_stated():
    """Of three equal searches, a pair differs in at most 5 % of comparisons (Holm)."""
    wrong = 0
    n_seed = 400
    for seed in range(n_seed):
        random = np.random.default_rng(seed)
        samples = {label: np.round(random.normal(size=35), 1) for label in "abc"}
        wrong += bool((compare_runs(samples)["p_holm"] < 0.05).any())
    assert scipy.stats.binomtest(wrong, n_seed, 0.05, alternative="greater").pvalue > 1e-3


def test_effect_names():
    names = [effect_name(e) for e in (0.5, 0.55, 0.56, 0.64, 0.71, 1.0, 0.44, 0.36, 0.29, 0.0)]
    half = ["small", "medium", "large", "large"]
    assert names == ["negligible", "negligible", *half, *half]


def test_runs_that_found_nothing_are_the_worst_and_unknown_ones_left_out():
    search = made([22.0, np.nan, 21.0], "x", direction="minimize")
    assert scores_of(search.runs).tolist() == [-22.0, -np.inf, -21.0]
    search.runs["arch"][1] = 7
    assert scores_of(search.runs).tolist() == [-22.0, -21.0]
    assert "1 runs found an architecture without a test result in the table" in text_of(search, made([22.0], "y"))


def test_ranks_by_hand_and_friedman():
    """Demšar's setting: three searches, the same order on each of four problems."""
    samples = {p: {"a": np.arange(5) + 10.0, "b": np.arange(5) + 5.0, "c": np.arange(5.0)} for p in "wxyz"}
    found = compare_problems(samples)
    assert found["average_rank"].values.tolist() == [1.0, 2.0, 3.0]
    assert found["improvement"].values.tolist() == [[0.5, 1.0, 1.0], [0.0, 0.5, 1.0], [0.0, 0.0, 0.5]]
    expected = scipy.stats.friedmanchisquare([1] * 4, [2] * 4, [3] * 4)
    assert (found.attrs["chi2"], found.attrs["p_value"]) == pytest.approx((expected.statistic, expected.pvalue))


def test_critical_differences_are_the_published_ones():
    # Demšar (2006), table 5: q of 2, 4 and 10 classifiers at 0.05.
    for k, q in ((2, 1.960), (4, 2.569), (10, 3.164)):
        assert critical_difference(k, 14) == pytest.approx(q * np.sqrt(k * (k + 1) / (6 * 14)), rel=1e-3)


def test_ranks_of_equal_searches_and_of_two():
    same = {p: {"a": np.ones(4), "b": np.ones(3), "c": np.ones(5)} for p in "xy"}
    found = compare_problems(same)
    assert found["average_rank"].values.tolist() == [2.0, 2.0, 2.0]
    assert (found.attrs["chi2"], found.attrs["p_value"]) == (0.0, 1.0)
    two = compare_problems({p: {"a": np.ones(4), "b": np.zeros(3)} for p in "vwxyz"})
    assert (two.attrs["test"], two.attrs["p_value"]) == ("sign", pytest.approx(0.0625))
    with pytest.raises(ValueError, match="two of them"):
        compare_problems({"x": same["x"]})
    with pytest.raises(ValueError, match="fewer than two searches"):
        compare_problems({"x": {"a": np.ones(2)}, "y": {"b": np.ones(2)}})


def test_words_of_a_large_difference_when_lower_is_better():
    text = text_of(
        made(np.linspace(20, 21, 30), "low", direction="minimize"),
        made(np.linspace(22, 23, 30), "high", direction="minimize"),
    )
    assert "low is better than high (A12 1.00, large; p < 0.0001)" in text
    assert "lower is better; measured" in text
    assert "modelled" not in text


def test_words_where_nothing_can_be_said():
    text = text_of(made([1.0, 2.0, 3.0], "a"), made([4.0, 5.0, 6.0], "b"))
    assert "a and b: too few runs for a test (3 and 3); A12 0.00, large" in text
    assert "too few runs for a test (1 and 1)" in text_of(made([1.0], "a"), made([4.0], "b"))
    few = text_of(made([1.0, 2.0, 3.0, 4.0], "a"), made([5.0, 6.0, 7.0, 8.0], "b"))
    assert "b is better than a (A12 1.00, large; p 0.029; only 4 runs)" in few
    constant = text_of(made([1.0] * 20, "a"), made([1.0] * 20, "b"))
    assert "a and b: no significant difference (A12 0.50, negligible; p 1)" in constant
    nothing = made([np.nan] * 3, "b")
    nothing.runs["arch"][:] = 1
    assert "nothing to compare, one has no test results" in text_of(made([1.0], "a"), nothing)


def test_words_of_provenance_protocols_and_costs():
    a, b = made([1.0], "a", provenance="modelled"), made([1.0], "b", protocol="corrected", seconds=4.0)
    text = text_of(a, b)
    assert "are modelled: these are not published or measured results" in text
    assert "different protocols (gecco2024: a; corrected: b)" in text
    assert "up to 4 times as many seconds" in text
    assert "up to 1,200 times as many seconds" in text_of(made([1.0], "a"), made([1.0], "b", seconds=1200.0))


def test_small_costs_have_decimals():
    assert [cost_text(seconds) for seconds in (0.0104, 1.444, 12.3, 20_053.4)] == ["0.01", "1.44", "12", "20,053"]


def test_few_runs_beside_many_may_differ_under_holm():
    """Holm's factor of the largest p-value is 1: 4 runs against 4 others can differ beside 50 better ones."""
    found = compare_runs({"a": np.arange(50.0) + 9, "b": np.arange(4.0), "c": np.arange(4.0) + 4})
    assert found["p_least"].values[2] == pytest.approx(2 / 70)
    assert found["p_holm"].values[2] == pytest.approx(2 / 70)
    assert verdicts_of(found)[2].winner == "c"
    alike = compare_runs({name: np.arange(4.0) + 4 * i for i, name in enumerate("abc")})
    assert alike["p_least"].values == pytest.approx([6 / 70] * 3)


@pytest.mark.slow
def test_words_across_problems():
    random = np.random.default_rng(0)

    def problems(n, k):
        return {
            f"p{i}": {c: made(random.normal(j, 0.1, 12), c) for j, c in enumerate("abcdefghi"[:k])} for i in range(n)
        }

    five = comparison_text(problems(5, 9))
    assert "critical difference (Nemenyi) 5.37" in five
    assert "separates i from " in five
    assert "5 problems are few" in five
    two = comparison_text(problems(2, 3))
    assert "separates no pair; no ranks on 2 problems could differ so much, too few for a test" in two
    pair = comparison_text(problems(5, 2))
    assert "but is not used: the sign test is not significant" in pair
    assert "few" not in comparison_text(problems(12, 3))


def test_effects_near_a_threshold_are_given_to_three_places():
    from mfnas_vec.report.comparison import _size

    assert _size(0.7096) == "A12 0.710, medium"
    assert _size(0.7104) == "A12 0.71, large"
    assert _size(0.55) == "A12 0.55, negligible"
