import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.spaces import get_space
from mfnas_vec.spaces.nbasr import CARDINALITY, graph_of, hash_of, network_cost

SPACE = get_space("nbasr")
CODES = st.integers(0, SPACE.n_code - 1)


def test_sizes_and_rows():
    assert SPACE.n_code == 13_824
    assert SPACE.n_arch == 8_242
    keys = SPACE.arch_key()
    rows = SPACE.row(np.arange(SPACE.n_code))
    assert keys == sorted(set(keys))
    genotypes = itertools.product(*map(range, CARDINALITY))
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


def test_zero_operations_and_dangling_vertices_are_removed():
    # Node 2 is zero: node 1 dangles, and only the skip from the input to the output is left.
    matrix, labels = graph_of([1, 0, 5, 0, 0, 3, 1, 0, 0])
    assert (matrix, labels) == ([[0, 1], [0, 0]], [-1, -2])
    assert graph_of([5, 0, 5, 0, 0, 5, 0, 0, 0]) == ([], [])


def test_costs_cover_the_published_range():
    """The least and the largest published counts, and nothing outside."""
    costs = np.array([network_cost(g) for g in SPACE.decode(SPACE.arch_code).tolist()])
    assert costs[:, 0].min() == 23_695_248
    assert costs[:, 1].min() == 1_982_027_266
    assert costs[:, 1].max() == 6_968_537_266


@pytest.mark.shared
def test_costs_are_the_published_ones(shared):
    fronts = json.loads((shared / "data/nbasr_fronts.json").read_text())
    costs = np.array([network_cost(g) for g in SPACE.decode(SPACE.arch_code).tolist()])
    params = {int(point[1]) for point in fronts["TestPER_Params"]["points"]}
    flops = {int(point[1]) for key in ("TestPER_FLOPs", "ValPER_FLOPs") for point in fronts[key]["points"]}
    assert len(params) == 11
    assert len(flops) >= 14
    assert params <= set(costs[:, 0].tolist())
    assert flops <= set(costs[:, 1].tolist())
