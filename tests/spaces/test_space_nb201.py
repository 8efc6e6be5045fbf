import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.spaces import SPACES, get_space
from mfnas_vec.spaces.nb201 import OPERATIONS

SPACE = get_space("nb201")
GENES = st.lists(st.integers(0, 4), min_size=6, max_size=6)


def test_size():
    assert SPACE.n_code == SPACE.n_arch == 15_625
    assert len(set(SPACE.arch_key())) == 15_625
    np.testing.assert_array_equal(SPACE.arch_code, np.arange(15_625))


@pytest.mark.slow
@given(GENES)
def test_code_and_string_both_ways(genes):
    code = int(SPACE.encode(genes))
    assert SPACE.decode(code).tolist() == genes
    assert SPACE.digits(code) == "".join(map(str, genes))
    text = SPACE.to_string(genes)
    assert SPACE.from_string(text).tolist() == genes
    assert SPACE.arch_key()[code] == text
    assert SPACE.row(code) == SPACE.row_of(code) == code
    assert SPACE.is_valid(code)


def test_string_is_the_published_one():
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    assert SPACE.from_string(text).tolist() == [4, 2, 1, 2, 1, 1]


@pytest.mark.parametrize("text", ["", "|none~0|", "|nope~0|+|none~0|none~1|+|none~0|none~1|none~2|"])
def test_bad_string(text):
    with pytest.raises(ValueError, match="no NAS-Bench-201 architecture"):
        SPACE.from_string(text)


@pytest.mark.parametrize(
    ("genes", "words"),
    [([0] * 5, "last axis"), ([5, 0, 0, 0, 0, 0], "out of range"), ([0.5] * 6, "must be integer")],
)
def test_bad_genotype(genes, words):
    with pytest.raises(ValueError, match=words):
        SPACE.encode(genes)


@pytest.mark.parametrize("code", [-1, 15_625])
def test_bad_code(code):
    with pytest.raises(ValueError, match=r"must be in \[0, 15625\)"):
        SPACE.decode(code)


def test_unknown_space():
    with pytest.raises(ValueError, match="known spaces: " + ", ".join(SPACES)):
        get_space("nb999")


def test_operations_in_published_order():
    assert OPERATIONS == ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
