import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.kernels.ranking import insert, make_top
from mfnas_vec.reference.ledger import flipped_stable_argsort

SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, -np.inf, 0.5]), max_size=40)


@given(SCORES, st.integers(0, 12))
def test_insertion_is_flipped_stable_argsort(scores, k):
    top = make_top(k)
    n = 0
    for i, score in enumerate(scores):
        n = insert(top, n, k, score, i, 10 * i, 100 * i)
    expected = np.flip(np.argsort(np.array(scores), kind="stable"))[:k]
    assert n == min(k, len(scores))
    np.testing.assert_array_equal(top.order[:n], expected)
    np.testing.assert_array_equal(top.code[:n], 10 * expected)
    np.testing.assert_array_equal(top.row[:n], 100 * expected)
    assert flipped_stable_argsort(scores)[:k] == expected.tolist()
