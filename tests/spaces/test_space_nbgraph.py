import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.spaces import SPACES, get_space
from mfnas_vec.spaces.nbgraph import OPERATIONS, PROTEINS_OPERATIONS

SPACE, PROTEINS = get_space("nbgraph"), get_space("nbgraph-proteins")
BOTH = pytest.mark.parametrize("space", [SPACE, PROTEINS], ids=lambda space: space.name)
CODES = st.integers(0, SPACE.n_code - 1)


def tree(space, genotype):
    """What a cell computes, as nested sorted tuples of (operation, readers), ``skip`` resolved by the definition."""
    sources = [0, *genotype[:3]]
    ops = [space.operations[g] for g in genotype[3:]]
    children = {v: [i + 1 for i in range(4) if sources[i] == v] for v in range(5)}

    def readers(vertex):
        """The trees that read a vertex, a ``skip`` that nobody reads as an empty one."""
        found = []
        for node in children[vertex]:
            below = readers(node)
            if ops[node - 1] != "skip":
                found.append((ops[node - 1], below))
            else:
                found += below or (() if vertex_is_input(vertex) else [("skip", ())])
        # A skip alone adds nothing to its source: the source itself is then what nobody reads.
        return () if found == [("skip", ())] else tuple(sorted(found))

    def vertex_is_input(vertex):
        return vertex == 0 or (ops[vertex - 1] == "skip" and vertex_is_input(sources[vertex - 1]))

    return readers(0)


@pytest.mark.slow
@BOTH
def test_architectures_are_the_classes_of_equal_trees(space):
    row_of, n_invalid = {}, 0
    rows = space.row(np.arange(space.n_code))
    for genotype, row in zip(space.decode(np.arange(space.n_code)).tolist(), rows.tolist(), strict=True):
        found = tree(space, genotype)
        n_invalid += found == ()
        assert row_of.setdefault(found, row) == row
    assert n_invalid == 24  # skip at every node
    assert row_of[()] == -1
    assert len(set(row_of.values())) == len(row_of) == space.n_arch + 1


def test_sizes():
    assert (SPACE.n_arch, PROTEINS.n_arch) == (26_206, 2_021)
    rows = SPACE.row(np.arange(SPACE.n_code))
    multiplicity = np.bincount(rows[rows >= 0])
    assert multiplicity.sum() == 157_440 == 24 * (9**4 - 1)
    assert (multiplicity.min(), multiplicity.max()) == (1, 164)
    assert tuple(op for op in OPERATIONS if op in PROTEINS_OPERATIONS) == PROTEINS_OPERATIONS


@pytest.mark.slow
@BOTH
def test_names_are_in_row_order(space):
    keys = list(map(int, space.arch_key()))
    assert keys == sorted(set(keys))
    np.testing.assert_array_equal(space.row(space.arch_code), np.arange(space.n_arch))
    for row in (0, 7, space.n_arch - 1):
        assert space.row_of_key(space.arch_key()[row]) == space.row_of_key(space.digits(space.arch_code[row])) == row


@pytest.mark.slow
def test_every_encoding_has_the_name_that_the_published_code_gives_it():
    """All 157,440: the package's ``architecture.py`` is plain Python, and its ``__init__`` need not run."""
    folder = Path(importlib.util.find_spec("nas_bench_graph").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("published_architecture", folder / "architecture.py")
    published = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(published)
    keys = np.array([*map(int, SPACE.arch_key()), -1])
    rows = iter(SPACE.row(np.arange(SPACE.n_code)).tolist())
    n_checked = 0
    for links in itertools.product((0,), (0, 1), (0, 1, 2), (0, 1, 2, 3)):
        for ops in itertools.product(published.gnn_list, repeat=4):
            key = keys[next(rows)]
            if key >= 0:
                assert published.Arch(list(links), list(ops)).valid_hash() == key
                n_checked += 1
    assert n_checked == 157_440


def test_proteins_is_a_part_of_the_space():
    rows = [SPACE.row_of_key(key) for key in PROTEINS.arch_key()]
    texts = [PROTEINS.to_string(g) for g in PROTEINS.decode(PROTEINS.arch_code)]
    assert texts == [SPACE.to_string(g) for g in SPACE.decode(SPACE.arch_code[rows])]


@given(CODES)
def test_string_both_ways(code):
    genotype = SPACE.decode(code)
    assert SPACE.from_string(SPACE.to_string(genotype)).tolist() == genotype.tolist()
    assert int(SPACE.row(code)) == SPACE.row_of(code)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0121|gcn|gin|fc|cheb", "0112|gcn|gin|cheb|fc", True),  # nodes in any order
        ("0000|skip|gcn|skip|gin", "0122|skip|skip|gcn|gin", True),  # the input itself is no result
        ("0123|gcn|skip|gin|skip", "0123|skip|skip|gcn|gin", True),
        ("0111|gcn|skip|skip|gin", "0112|gcn|skip|gin|skip", False),  # two skips beside gin, or one
    ],
)
def test_same_architecture(one, other, same):
    assert (SPACE.row_of_key(one) == SPACE.row_of_key(other)) == same


@pytest.mark.parametrize(
    "text",
    ["", "0000", "0000|gat|gat|gat", "0200|gat|gat|gat|gat", "0000|gat|gat|gat|conv", "0000|gat|gat|gat|gat|gat"],
)
def test_bad_string(text):
    with pytest.raises(ValueError, match="is no NAS-Bench-Graph architecture; the form is 0abc"):
        SPACE.from_string(text)


def test_operations_of_the_other_data_sets_are_refused_on_proteins():
    with pytest.raises(ValueError, match="with op in"):
        PROTEINS.from_string("0000|gat|gat|gat|gat")


def test_all_skip_is_no_architecture():
    with pytest.raises(ValueError, match="is no valid architecture of nbgraph"):
        SPACE.row_of_key("0123|skip|skip|skip|skip")


def test_neighbours_change_one_operation_or_one_source():
    genotype = SPACE.from_string("0121|gcn|gin|fc|cheb").tolist()
    texts = set()
    for gene, n in enumerate(SPACE.cardinality):
        texts |= {SPACE.to_string([*genotype[:gene], value, *genotype[gene + 1 :]]) for value in range(n)}
    own = SPACE.to_string(genotype)
    links = {text for text in texts if text[4:] == own[4:]}
    assert links == {own, "0021|gcn|gin|fc|cheb", "0101|gcn|gin|fc|cheb", "0111|gcn|gin|fc|cheb"} | {
        f"012{v}|gcn|gin|fc|cheb" for v in (0, 2, 3)
    }
    assert len(texts - links) == 4 * 8
    for text in texts - links:
        assert text[:4] == "0121"
        assert sum(a != b for a, b in zip(text.split("|"), own.split("|"), strict=True)) == 1


def test_sampling_is_stated_and_changes_nothing_else():
    assert SPACE.sampling == "architectures"
    other = SPACE.with_sampling("encodings")
    assert other.with_sampling("architectures").arrays.start_code.tolist() == SPACE.arch_code.tolist()
    assert other.arrays.start_code.size == 0
    assert SPACE.with_sampling("architectures") is SPACE
    for name, space in SPACES.items():
        assert space.sampling == ("architectures" if name.startswith("nbgraph") else "encodings")
    with pytest.raises(ValueError, match="sampling='rows' must be one of encodings, architectures"):
        SPACE.with_sampling("rows")
