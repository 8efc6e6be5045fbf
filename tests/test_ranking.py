import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.kernels.ranking import code_at, insert, make_top, order_at
from mfnas_vec.reference.ledger import flipped_stable_argsort

SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, -np.inf, 0.5]), max_size=40)


@given(SCORES, st.integers(0, 12))
def test_insertion_is_flipped_stable_argsort(scores, k):
    top = make_top(k)
    n = 0
    for i, score in enumerate(scores):
        n = insert(top, n, k, score, i, 10 * i)
    expected = np.flip(np.argsort(np.array(scores), kind="stable"))[:k]
    assert n == min(k, len(scores))
    assert [order_at(top, i) for i in range(n)] == expected.tolist()
    assert [code_at(top, i) for i in range(n)] == (10 * expected).tolist()
    assert flipped_stable_argsort(scores)[:k] == expected.tolist()
