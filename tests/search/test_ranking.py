import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.reference.ledger import flipped_stable_argsort
from mfnas_vec.search.ranking import code_at, high_of, insert, make_top, rank

SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, -np.inf, 0.5]), max_size=40)


@pytest.mark.slow
@given(SCORES, st.integers(0, 12))
def test_insertion_is_flipped_stable_argsort(scores, k):
    top = make_top(k)
    n = 0
    for i, score in enumerate(scores):
        n = insert(top, n, k, score, i, 10 * i)
    expected = np.flip(np.argsort(np.array(scores), kind="stable"))[:k]
    assert n == min(k, len(scores))
    assert [high_of(int(top.item[i])) for i in range(n)] == expected.tolist()
    assert [code_at(top, i) for i in range(n)] == (10 * expected).tolist()
    assert flipped_stable_argsort(scores)[:k] == expected.tolist()


@given(SCORES)
def test_rank_is_flipped_stable_argsort(scores):
    n = len(scores)
    top, places = make_top(n), np.full(n, -1)
    top.score[:] = scores
    rank(top, places, n)
    assert places.tolist() == np.flip(np.argsort(np.array(scores), kind="stable")).tolist()


def test_many_equal_numbers_are_ranked():
    scores = np.random.default_rng(3).integers(0, 40, 1500).astype(float)
    top, places = make_top(scores.size), np.zeros(scores.size, np.int64)
    top.score[:] = scores
    rank(top, places, scores.size)
    np.testing.assert_array_equal(places, np.flip(np.argsort(scores, kind="stable")))
