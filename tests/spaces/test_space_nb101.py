import csv
import gzip
import itertools
import json

import numpy as np
import pytest
from cell_graphs import graph_hash
from hypothesis import given
from hypothesis import strategies as st
from nb101_enumeration import enumerate_cells
from nb101_network import hash_of, network_cost, prune

from mfnas_vec.spaces import get_space
from mfnas_vec.spaces.nb101 import EDGES, OPERATIONS

SPACE = get_space("nb101")
CODES = st.integers(0, SPACE.n_code - 1)


@pytest.fixture(scope="module")
def cells():
    return enumerate_cells()


def test_sizes():
    assert SPACE.n_code == 2**21 * 3**5 == 509_607_936
    assert SPACE.n_arch == 423_624


@pytest.mark.slow
def test_enumeration_finds_the_published_counts(cells):
    assert cells.class_code.size == 423_624
    assert dict(zip(*np.unique(cells.class_size, return_counts=True), strict=True)) == {
        7: 359_082,
        6: 62_010,
        5: 2_441,
        4: 84,
        3: 6,
        2: 1,
    }
    assert cells.cell_class.size == 1_293_208
    offsets = np.unique(cells.form_offset)
    sizes = np.diff([*offsets, cells.cell_class.size])
    labels, graphs = np.unique(sizes, return_counts=True)
    assert dict(zip(labels.tolist(), graphs.tolist(), strict=True)) == {
        1: 1,
        3: 2,
        9: 10,
        27: 121,
        81: 1_545,
        243: 4_793,
    }


def test_stored_row_map_is_the_enumerated_one(cells):
    arrays = SPACE.arrays
    np.testing.assert_array_equal(arrays.high_form, cells.high_form)
    np.testing.assert_array_equal(arrays.form // 32, cells.form_offset)
    np.testing.assert_array_equal(arrays.form % 32, cells.form_mask)
    # Rows are the classes in another order: that of the hash.
    order = np.argsort(SPACE.row(cells.class_code))
    np.testing.assert_array_equal(SPACE.arch_code, cells.class_code[order])
    np.testing.assert_array_equal(arrays.cell[np.argsort(arrays.cell, kind="stable")], np.sort(arrays.cell))
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    np.testing.assert_array_equal(arrays.cell, rank[cells.cell_class])


def test_hashes_are_sorted_and_distinct():
    keys = SPACE.arch_key()
    assert len(keys) == 423_624
    assert all(a < b for a, b in itertools.pairwise(keys))
    np.testing.assert_array_equal(SPACE.row(SPACE.arch_code), np.arange(SPACE.n_arch))


@pytest.mark.slow
@given(CODES)
def test_row_by_table_is_row_by_hash(code):
    genotype = SPACE.decode(code).tolist()
    digest = hash_of(genotype)
    row = int(SPACE.row(code))
    assert row == SPACE.row_of(code)
    assert (digest is None) == (row < 0) == (prune(genotype) is None)
    if digest is not None:
        assert SPACE.row_of_hash(digest) == row


@given(st.integers(0, SPACE.n_arch - 1))
def test_hash_of_an_architecture(row):
    genotype = SPACE.decode(SPACE.arch_code[row]).tolist()
    assert SPACE.row_of_hash(hash_of(genotype)) == row


@given(CODES)
def test_string_both_ways(code):
    genotype = SPACE.decode(code)
    assert SPACE.from_string(SPACE.to_string(genotype)).tolist() == genotype.tolist()


def test_small_cells_are_taken():
    text = json.dumps({"matrix": [[0, 1, 1], [0, 0, 1], [0, 0, 0]], "ops": ["input", OPERATIONS[2], "output"]})
    genes = SPACE.from_string(text)
    pruned = prune(genes.tolist())
    assert pruned == ([[0, 1, 1], [0, 0, 1], [0, 0, 0]], [-1, 2, -2])
    assert SPACE.row(SPACE.encode(genes)) >= 0


def test_the_smallest_cell_and_its_hash():
    genes = [0] * 26
    genes[EDGES.index((0, 6))] = 1
    assert prune(genes) == ([[0, 1], [0, 0]], [-1, -2])
    assert SPACE.row_of_hash(graph_hash([[0, 1], [0, 0]], [-1, -2])) == SPACE.row(SPACE.encode(genes))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 10_000,
        '{"matrix":[[0]],"ops":["input"]}',
        '{"matrix":[[0,2],[0,0]],"ops":["input","output"]}',
        '{"matrix":[[0,1],[1,0]],"ops":["input","output"]}',
        '{"matrix":[[0,1,0],[0,0,1],[0,0,0]],"ops":["input","conv9x9","output"]}',
        '{"matrix":[[0,1],[0,0]],"ops":["output","input"]}',
        '{"matrix":' + json.dumps([[0] * 8] * 8) + ',"ops":["input",' + '"maxpool3x3",' * 6 + '"output"]}',
    ],
)
def test_bad_string(text):
    with pytest.raises(ValueError, match="is no NAS-Bench-101 cell"):
        SPACE.from_string(text)


@pytest.mark.parametrize("digest", ["", "xyz", "0" * 32, "00" * 8])
def test_bad_hash(digest):
    with pytest.raises(ValueError, match="is the module hash of no"):
        SPACE.row_of_hash(digest)


@pytest.mark.slow
@pytest.mark.shared
def test_published_hashes_and_parameters(shared):
    """All 25,031 published cells: the hash, and the parameters of the cell that was trained."""
    with gzip.open(shared / "data/nb101_cells.csv.gz", "rt") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 25_031
    representatives = SPACE.decode(SPACE.arch_code)
    for published in rows:
        n, bits = int(published["n_vertices"]), iter(published["adjacency_upper_rowmajor"])
        matrix = [[int(next(bits)) if b > a else 0 for b in range(n)] for a in range(n)]
        ops = [int(g) for g in published["interior_ops"]]
        assert graph_hash(matrix, [-1, *ops, -2]) == published["hash"]
        row = SPACE.row_of_hash(published["hash"])
        text = json.dumps({"matrix": matrix, "ops": ["input", *(OPERATIONS[g] for g in ops), "output"]})
        assert SPACE.row(SPACE.encode(SPACE.from_string(text))) == row
        assert network_cost(*prune(representatives[row].tolist()))[0] == int(published["params"])
