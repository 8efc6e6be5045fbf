"""The compiled trainer and the scores: against finite differences, torch, and themselves."""

import importlib.util
import json
import math

import numpy as np
import pytest
import torch_facts

from benchmarks_zarr.build.nb201_mnist1d import proxies, trainer
from benchmarks_zarr.build.nb201_mnist1d.compiled import network, steps
from benchmarks_zarr.build.nb201_mnist1d.data import Data, split
from mfnas_vec.spaces.nb201 import EDGES

pytestmark = pytest.mark.slow

RECORDED = json.loads(torch_facts.FILE.read_text())
SETTINGS = trainer.Training(epochs=torch_facts.EPOCHS)


@pytest.fixture(scope="module")
def scorer():
    return proxies.Scorer(torch_facts.small_data(), SETTINGS)


def test_edges_are_those_of_the_space():
    assert tuple(zip(network._SOURCE, network._TARGET, strict=True)) == EDGES


@pytest.mark.parametrize(("cell", "shape", "n"), [((3, 4, 2, 1, 3, 2), (40, 1), 5), ((2, 3, 4, 4, 1, 3), (7, 3), 4)])
def test_gradients_are_finite_differences(cell, shape, n):
    numbers = np.random.default_rng(0)
    data = Data(numbers.normal(size=(9, *shape)).astype(np.float32), np.arange(9) % 3, **split(9, (5, 2, 2)))
    session = trainer.Trainer(data, SETTINGS, np.float64)
    genes, index = np.array(cell, np.int8), np.arange(n)
    vector, slope, _, weights, gradient, *rest = session.state(genes, 1)
    vector += 0.05 * numbers.normal(size=vector.size) * (vector != 0)

    def loss():
        steps.forward(genes, session.x, index, weights, *rest, *session.norm, True)
        return steps.judge(rest[-1].logits, data.y, index, True)[0] / n

    loss()
    steps.backward(genes, n, weights, gradient, *rest[1:])
    known = slope.copy()
    used = np.flatnonzero(vector)
    assert not known[np.setdiff1d(np.arange(vector.size), np.append(used, np.flatnonzero(known)))].any()
    for i in numbers.choice(used, 60, replace=False):
        start = vector[i]
        vector[i] = start + 1e-6
        above = loss()
        vector[i] = start - 1e-6
        below = loss()
        vector[i] = start
        assert (above - below) / 2e-6 == pytest.approx(known[i], rel=1e-5, abs=1e-8)


def check_curves(facts):
    data = torch_facts.small_data()
    got = trainer.Trainer(data, SETTINGS, np.float64).train(np.array(facts["cell"], np.int8), facts["seed"])
    expected = np.array(facts["curves"])
    sizes = np.array([data.train.size, data.val.size, data.test.size])
    losses = np.array([got.train_loss, got.val_loss, got.test_loss]).T * sizes
    np.testing.assert_allclose(losses, expected[:, :, 0], rtol=1e-9)
    right = np.array([got.train_right, got.val_right, got.test_right]).T
    assert (right == expected[:, :, 1]).all()


def check_scores(facts, scorer):
    values, _ = scorer.score(np.array(facts["cell"], np.int8), facts["seed"])
    assert facts["scores"].keys() == proxies.SCORES.keys()
    for name, value in zip(proxies.SCORES, values, strict=True):
        expected = facts["scores"][name]
        if expected is None:
            assert math.isnan(value), name
        else:
            # The Hessian is a finite difference of gradients here.
            assert value == pytest.approx(expected, rel=1e-5 if name == "grasp" else 1e-9, abs=1e-12), name


@pytest.mark.parametrize("facts", RECORDED, ids=lambda f: "".join(map(str, f["cell"])))
def test_training_is_that_of_torch_as_recorded(facts):
    check_curves(facts)


@pytest.mark.parametrize("facts", RECORDED, ids=lambda f: "".join(map(str, f["cell"])))
def test_scores_are_those_of_torch_as_recorded(facts, scorer):
    check_scores(facts, scorer)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (extra build-tables)")
def test_training_and_scores_are_those_of_torch(scorer):
    for i, cell in enumerate([(1, 2, 3, 4, 0, 3), (0, 3, 0, 1, 0, 2)]):
        facts = json.loads(json.dumps(torch_facts.facts(cell, i)))
        check_curves(facts)
        check_scores(facts, scorer)


def test_results_depend_on_cell_and_seed_alone():
    data = torch_facts.small_data()
    one, other = (trainer.Trainer(data, SETTINGS, np.float64) for _ in range(2))
    cell, seed = np.array([2, 4, 3, 1, 3, 4], np.int8), 2
    first = one.train(cell, seed)
    for before in ((3, 3, 3, 3, 3, 3), (0, 0, 0, 0, 0, 0)):
        other.train(np.array(before, np.int8), 0)
    again = other.train(cell, seed)
    for name in ("train_right", "train_loss", "val_right", "val_loss", "test_right", "test_loss"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert one.train(cell, 1).val_loss.tobytes() != first.val_loss.tobytes()


def test_scores_do_not_depend_on_what_was_scored_before(scorer):
    cell = np.array([2, 4, 3, 1, 3, 4], np.int8)
    first, _ = scorer.score(cell, 0)
    scorer.score(np.array([3, 3, 3, 3, 3, 3], np.int8), 1)
    assert scorer.score(cell, 0)[0].tobytes() == first.tobytes()


def test_cells_of_one_graph_are_one_function(scorer):
    """Members of a graph, with the weights of their convolutions matched, give the same logits."""
    import itertools

    from benchmarks_zarr.build.nb201_mnist1d.graphs import canonical, distinct_graphs, prune, sums

    graphs, numbers = distinct_graphs(), np.random.default_rng(3)
    cells = {}
    for code, graph in enumerate(graphs.of_code.tolist()):
        cell = prune(int(d) for d in np.base_repr(code, 5).zfill(6))
        cells.setdefault(graph, set()).add(cell)
    several = [sorted(c) for c in cells.values() if len(c) > 1]
    session, n = scorer.trainer, 4
    index = np.arange(n)

    def logits(cell, order):
        """With weights of convolution i of the form drawn by stream i."""
        edges = [e for e in range(6) if cell[e] in (2, 3)]
        state = session.state(np.array(cell, np.int8), 0)
        weights = state[3]
        for e, name in zip(edges, order, strict=True):
            for part in (weights.first, weights.second):
                drawn = np.random.default_rng([name, part.shape[1]]).normal(size=part[e].shape)
                part[e] = np.where(part[e] != 0, drawn, 0)
        steps.forward(np.array(cell, np.int8), session.x, index, weights, *state[5:], *session.norm, True)
        return state[-1].logits[:, :n].copy()

    def order_of_form(cell):
        n_conv = sum(op in (2, 3) for op in cell)
        edges = [e for e in range(6) if cell[e] in (2, 3)]
        orders = itertools.permutations(range(n_conv))
        return min(orders, key=lambda order: sums(cell, dict(zip(edges, order, strict=True)), False))

    for i in numbers.choice(len(several), 25, replace=False):
        members = several[i]
        assert len({canonical(cell) for cell in members}) == 1
        expected = logits(members[0], order_of_form(members[0]))
        for cell in members[1:]:
            np.testing.assert_allclose(logits(cell, order_of_form(cell)), expected, rtol=1e-9, atol=1e-11)
