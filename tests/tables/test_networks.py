"""Graphs and costs of the networks of cells, which the embedded tables were built with."""

import itertools
import json

import nb101_network
import nb201_network
import nbasr_network
import numpy as np
import pytest

from mfnas_vec.spaces import get_space

NBASR = get_space("nbasr")


def test_nb101_channels_are_shared_and_kept():
    chain = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert nb101_network.vertex_channels(128, 256, chain) == [128, 256, 256, 256]
    fan = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
    assert nb101_network.vertex_channels(128, 128, fan) == [128, 43, 43, 42, 128]


def test_costs_of_the_smallest_nb101_cell():
    """Stem, nine projections, dense layer: counted by hand."""
    params, flops = nb101_network.network_cost([[0, 1], [0, 0]], [-1, -2])
    stem = 3 * 128 * 9 + 256
    pairs = [(128, 128)] * 3 + [(128, 256), (256, 256), (256, 256)] + [(256, 512), (512, 512), (512, 512)]
    assert params == stem + sum(a * b + 2 * b for a, b in pairs) + 512 * 10 + 10
    sizes = [32] * 3 + [16] * 3 + [8] * 3
    macs = sum(a * b * s * s for (a, b), s in zip(pairs, sizes, strict=True))
    assert flops == 3 * 128 * 9 * 1024 + macs + 5_130


def count_parameters(counts):
    """The network of Dong and Yang (2020) laid out layer by layer, for CIFAR-10."""
    conv1, conv3 = counts
    total = 3 * 16 * 9 + 2 * 16  # stem: 3x3 convolution and batch norm
    for stage, c in enumerate((16, 32, 64)):
        if stage:
            half = c // 2
            total += 9 * half * c + 2 * c  # residual block: first 3x3 convolution, batch norm
            total += 9 * c * c + 2 * c  # second
            total += half * c  # 1x1 convolution of the shortcut
        for _ in range(5):
            total += conv1 * (c * c + 2 * c) + conv3 * (9 * c * c + 2 * c)
    return total + 2 * 64 + 64 * 10 + 10  # last batch norm, classifier


@pytest.mark.parametrize("counts", list(itertools.product((0, 1, 4), (0, 2, 6))))
def test_nb201_costs_are_the_closed_formulas(counts):
    conv1, conv3 = counts
    params, flops = nb201_network.network_cost(counts, 10, 32)
    assert params == count_parameters(counts)
    assert params == 73_306 + 28_000 * conv1 + 243_040 * conv3
    assert flops == 7_783_050 + 3_932_160 * conv1 + 35_389_440 * conv3
    assert nb201_network.network_cost(counts, 100, 32)[0] == params + 5_850
    assert nb201_network.network_cost(counts, 120, 16)[0] == params + 7_150


def test_nb201_flops_of_small_images_are_a_quarter_but_for_the_classifier():
    (_, small), (_, large) = (nb201_network.network_cost((2, 3), *data) for data in ((120, 16), (10, 32)))
    assert 4 * (small - 65 * 120) == large - 650


def test_zero_operations_and_dangling_vertices_are_removed():
    # Node 2 is zero: node 1 dangles, and only the skip from the input to the output is left.
    matrix, labels = nbasr_network.graph_of([1, 0, 5, 0, 0, 3, 1, 0, 0])
    assert (matrix, labels) == ([[0, 1], [0, 0]], [-1, -2])
    assert nbasr_network.graph_of([5, 0, 5, 0, 0, 5, 0, 0, 0]) == ([], [])


def test_nbasr_costs_cover_the_published_range():
    """The least and the largest published counts, and nothing outside."""
    costs = np.array([nbasr_network.network_cost(g) for g in NBASR.decode(NBASR.arch_code).tolist()])
    assert costs[:, 0].min() == 23_695_248
    assert costs[:, 1].min() == 1_982_027_266
    assert costs[:, 1].max() == 6_968_537_266


@pytest.mark.shared
def test_nbasr_costs_are_the_published_ones(shared):
    fronts = json.loads((shared / "data/nbasr_fronts.json").read_text())
    costs = np.array([nbasr_network.network_cost(g) for g in NBASR.decode(NBASR.arch_code).tolist()])
    params = {int(point[1]) for point in fronts["TestPER_Params"]["points"]}
    flops = {int(point[1]) for key in ("TestPER_FLOPs", "ValPER_FLOPs") for point in fronts[key]["points"]}
    assert len(params) == 11
    assert len(flops) >= 14
    assert params <= set(costs[:, 0].tolist())
    assert flops <= set(costs[:, 1].tolist())
