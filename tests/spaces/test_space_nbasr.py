import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbasr_network import hash_of

from mfnas_vec.spaces import get_space

SPACE = get_space("nbasr")
CODES = st.integers(0, SPACE.n_code - 1)


@pytest.mark.slow
def test_sizes_and_rows():
    assert SPACE.n_code == 13_824
    assert SPACE.n_arch == 8_242
    keys = SPACE.arch_key()
    rows = SPACE.row(np.arange(SPACE.n_code))
    assert keys == sorted(set(keys))
    genotypes = itertools.product(*map(range, SPACE.cardinality))
    assert [keys[row] for row in rows] == [hash_of(g) for g in genotypes]
    np.testing.assert_array_equal(SPACE.row(SPACE.arch_code), np.arange(8_242))


@given(CODES)
def test_string_both_ways(code):
    genotype = SPACE.decode(code)
    assert SPACE.from_string(SPACE.to_string(genotype)).tolist() == genotype.tolist()
    assert int(SPACE.row(code)) == SPACE.row_of(code)


@pytest.mark.parametrize("text", ["", "linear:1", "linear:1|zero:01|conv9:100", "linear:1|zero:0|conv7:100", "a|b|c"])
def test_bad_string(text):
    with pytest.raises(ValueError, match="is no NAS-Bench-ASR architecture"):
        SPACE.from_string(text)
