"""Distinct graphs: their number by another method, and that cells of one graph are one function."""

import itertools
import random

import numpy as np
import pytest

from benchmarks_zarr.build.nb201_mnist1d.graphs import canonical, distinct_graphs, prune
from mfnas_vec.spaces import get_space
from mfnas_vec.spaces.nb201 import EDGES

PRIME = (1 << 61) - 1
GENOTYPES = list(itertools.product(range(5), repeat=6))
CELLS = sorted({prune(cell) for cell in GENOTYPES})


def fingerprint(cell, linear):
    """The outputs of a cell in the integers modulo a prime, over all ways to give its convolutions their weights.

    A convolution of weight a is x -> a * (x * x + constant of its kind), a pooling is a multiplication, or
    x -> (x + s) ** 3 where it must not distribute over sums. Graphs that agree up to the names of their
    convolutions give the same outputs; others do so with negligible probability.
    """
    numbers = random.Random(1)
    weights, kind, t = [numbers.randrange(PRIME) for _ in range(6)], {2: numbers.randrange(PRIME), 3: 12345}, 987654321
    edges = [e for e in range(6) if cell[e] in (2, 3)]
    outputs = []
    for chosen in itertools.permutations(weights[: len(edges)]):
        weight, nodes = dict(zip(edges, chosen, strict=True)), [314159, 0, 0, 0]
        for e, (a, b) in enumerate(EDGES):
            x = nodes[a]
            if cell[e] == 1:
                nodes[b] += x
            elif cell[e] == 4:
                nodes[b] += t * x if linear else pow(x + t, 3, PRIME)
            elif cell[e]:
                nodes[b] += weight[e] * (x * x + kind[cell[e]])
            nodes[b] %= PRIME
        outputs.append(nodes[3])
    return tuple(sorted(outputs))


def published_string(cell):
    """The string by which NAS-Bench-201 recognises cells (Dong and Yang, ICLR 2020): "#" is zero."""
    nodes = ["0"]
    for v in (1, 2, 3):
        parts = []
        for e, (a, b) in enumerate(EDGES):
            if b == v:
                x = nodes[a]
                parts.append("#" if not cell[e] or x == "#" else x if cell[e] == 1 else f"({x})@{cell[e]}")
        nodes.append("+".join(sorted(parts)))
    return nodes[3]


def is_connected(cell):
    reached = [True, False, False, False]
    for e, (a, b) in enumerate(EDGES):
        reached[b] |= reached[a] and cell[e] > 0
    return reached[3]


def test_counts():
    graphs = distinct_graphs()
    assert graphs.of_code.shape == (15625,)
    assert len(CELLS) == 9445
    assert graphs.genes.shape == (5260, 6)
    # No way from input to output: the empty cell is their graph.
    empty = graphs.of_code[0]
    assert not graphs.genes[empty].any()
    assert (graphs.of_code == empty).sum() == 341
    assert ((graphs.of_code != empty) == [is_connected(cell) for cell in GENOTYPES]).all()


def test_the_published_string_takes_different_networks_for_one():
    graphs, networks, sizes = distinct_graphs().of_code.tolist(), {}, {}
    for cell, graph in zip(GENOTYPES, graphs, strict=True):
        text, used = published_string(cell), prune(cell)
        networks.setdefault(text, set()).add(graph)
        sizes.setdefault(text, set()).add((used.count(2), used.count(3)))
    assert len(networks) == 6466  # as published
    several = {text for text, found in networks.items() if len(found) > 1}
    assert len(several) == 436
    # A convolution of which several nodes read is written once for each; so they differ in their convolutions.
    assert several == {text for text, found in sizes.items() if len(found) > 1}


def test_representatives_are_pruned_members_of_their_graph_in_order():
    graphs = distinct_graphs()
    codes = get_space("nb201").encode(graphs.genes)
    assert (np.diff(codes) > 0).all()
    assert (graphs.of_code[codes] == np.arange(5260)).all()
    assert all(prune(g) == tuple(g) for g in graphs.genes.tolist())


@pytest.mark.slow
@pytest.mark.parametrize(("linear", "n"), [(False, 5260), (True, 5044)])
def test_another_method_finds_the_same_graphs(linear, n):
    by_form, by_print = {}, {}
    for cell in CELLS:
        by_form.setdefault(canonical(cell, linear), set()).add(cell)
        by_print.setdefault(fingerprint(cell, linear), set()).add(cell)
    assert len(by_form) == n
    assert {frozenset(c) for c in by_form.values()} == {frozenset(c) for c in by_print.values()}
