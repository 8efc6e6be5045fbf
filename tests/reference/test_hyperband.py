"""Hyperband's brackets and ASHA's promotions are those of the papers."""

import itertools
import math

import numpy as np
import pytest

from mfnas_vec.protocols import CORRECTED
from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.hyperband import brackets, next_promotion
from mfnas_vec.reference.ledger import (
    MISSING,
    STOP_COMPLETED,
    STOP_EPOCHS,
    STOP_TIME,
    Candidate,
    ReferenceBudget,
)
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.dense import CUMULATIVE, Rungs

#: Hyperband, table 1: configurations and resource of each stage, R = 81, eta = 3, brackets s = 4 to 0.
TABLE_1 = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(34, 3), (11, 9), (3, 27), (1, 81)],
    [(15, 9), (5, 27), (1, 81)],
    [(8, 27), (2, 81)],
    [(5, 81)],
]


def schedule(largest, eta):
    """Algorithm 1 of the paper, with its logarithm and its real numbers."""
    s_max = math.floor(math.log(largest, eta) + 1e-12)
    budget = (s_max + 1) * largest
    found = []
    for s in range(s_max, -1, -1):
        n = math.ceil(budget / largest * eta**s / (s + 1) - 1e-12)
        found.append([(math.floor(n * eta**-i + 1e-9), round(largest * eta ** (i - s))) for i in range(s + 1)])
    return found


def resources(n_rung, eta):
    return [[(n, eta**rung) for rung, n in stages] for stages in brackets(n_rung, eta)]


def test_brackets_of_the_paper():
    assert resources(5, 3) == TABLE_1 == schedule(81, 3)


@pytest.mark.parametrize("eta", [2, 3, 4, 5])
@pytest.mark.parametrize("n_rung", range(1, 8))
def test_brackets_of_the_algorithm(n_rung, eta):
    assert resources(n_rung, eta) == schedule(eta ** (n_rung - 1), eta)
    assert all(stages[-1][1] >= 1 for stages in brackets(n_rung, eta))


def make_rungs(epochs, scores):
    """Rungs of nb201 on which row r scores ``scores(rung, r)``, one second an epoch."""
    n_arch = get_space("nb201").n_arch
    score = np.array([[scores(rung, row) for row in range(n_arch)] for rung in range(len(epochs))], float)
    seconds = np.array(epochs, float)[:, None]
    return Rungs(score, seconds, 0, np.array(epochs), CUMULATIVE)


def run(optimizer, seed, rungs, *, eta=3, max_epochs=math.inf, max_seconds=math.inf, **settings):
    """A run on nb201; ``settings`` are ``n_round`` of Hyperband or ``n_candidate`` of ASHA."""
    budget, stream = ReferenceBudget(math.inf, max_seconds, CORRECTED), KernelStream(seed, 0)
    settings |= {"rungs": rungs, "eta": eta, "max_epochs": max_epochs}
    return REFERENCE[optimizer](get_space("nb201"), stream, budget=budget, **settings)


def count(steps, epochs):
    return [sum(step.fidelity == e for step in steps) for e in epochs]


def test_hyperband_evaluates_its_brackets_and_trains_on():
    epochs = [1, 3, 9, 27, 81]
    rungs = make_rungs(epochs, lambda rung, row: row + rung)
    record = run("Hyperband", 0, rungs, n_round=1)
    assert record.stop_reason == STOP_COMPLETED
    assert count(record.steps, epochs) == [81, 27 + 34, 9 + 11 + 15, 3 + 3 + 5 + 8, 1 + 1 + 1 + 2 + 5]
    first, stage = record.steps[:121], {}
    for step in first:
        stage.setdefault(step.fidelity, []).append(step.code)
    for low, high in itertools.pairwise(epochs):
        assert stage[high] == sorted(stage[low], reverse=True)[: len(stage[high])]
    # What the first bracket trains is 81 at 1 epoch, then 2, 6, 18 and 54 more for those that stay.
    assert first[-1].epochs == first[-1].seconds == 81 + 27 * 2 + 9 * 6 + 3 * 18 + 54
    best = max((rungs.score[epochs.index(s.fidelity)][s.code], s.code) for s in record.steps)
    assert (record.score, record.code) == best


def test_hyperband_ends_with_its_budgets():
    rungs = make_rungs([1, 3, 9], lambda rung, row: row)
    whole = run("Hyperband", 1, rungs, n_round=1)
    twice = run("Hyperband", 1, rungs, n_round=2)
    assert (twice.evaluations, twice.epochs) == (2 * whole.evaluations, 2 * whole.epochs)
    cut = run("Hyperband", 1, rungs, n_round=math.inf, max_epochs=100)
    assert (cut.stop_reason, cut.steps) == (STOP_EPOCHS, twice.steps[: len(cut.steps)])
    assert 100 - 9 < cut.epochs <= 100
    timed = run("Hyperband", 1, rungs, n_round=math.inf, max_seconds=100)
    assert (timed.stop_reason, timed.steps) == (STOP_TIME, cut.steps)


def rung_of(*scores):
    return [Candidate(i, i, float(score)) for i, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("rungs", "promoted", "expected"),
    [
        ([rung_of(5, 7), [], []], [set(), set(), set()], (-1, -1)),  # 2 of 3 needed: none of 2 is in a third
        ([rung_of(5, 7, 6), [], []], [set(), set(), set()], (0, 1)),  # the best of three
        ([rung_of(5, 7, 6), rung_of(7), []], [{1}, set(), set()], (-1, -1)),
        ([rung_of(5, 7, 6, 9), rung_of(7), []], [{1}, set(), set()], (0, 3)),  # a newcomer is the best of four
        ([rung_of(5, 7, 6, 9, 1, 2), rung_of(7, 9), []], [{1, 3}, set(), set()], (-1, -1)),
        ([rung_of(5, 7, 6, 9, 1, 8), rung_of(7, 9), []], [{1, 3}, set(), set()], (0, 5)),
        ([rung_of(5, 7, 6, 9, 1, 8), rung_of(7, 9, 3), []], [{1, 3, 5}, set(), set()], (1, 1)),  # highest rung first
        ([rung_of(4, 4, 4), [], []], [set(), set(), set()], (0, 0)),  # the earliest of equals
        (
            [rung_of(4, MISSING, 4), rung_of(1, 2, 3), rung_of(1, 2, 3)],
            [{0}, {2}, set()],
            (-1, -1),
        ),  # none above the top
    ],
)
def test_promotions_of_asha(rungs, promoted, expected):
    assert next_promotion(rungs, promoted, 3) == expected


def test_asha_by_hand():
    """Codes in the order they begin; each scores its place in ``quality`` on every rung; eta = 2."""
    quality = [3, 1, 4, 2, 8, 9, 7, 6]
    epochs = [1, 2, 4]
    stream = KernelStream(5, 0)
    codes = [stream.sample(get_space("nb201")) for _ in quality]
    score = dict(zip(codes, quality, strict=True))
    rungs = make_rungs(epochs, lambda rung, row: score.get(row, 0))
    record = run("ASHA", 5, rungs, eta=2, n_candidate=len(quality))
    # (quality, epochs), worked out by hand. 3 is the better of two. 4 is the best of three, and then the
    # better of two after 2 epochs. 4 and 3, the better half of four, are promoted already, so 8 begins.
    # 7 and then 6 enter the better half of the first rung; with 6 trained, 7 is in that of the second.
    expected = [
        (3, 1), (1, 1), (3, 2), (4, 1), (4, 2), (4, 4), (2, 1), (8, 1), (8, 2), (8, 4), (9, 1), (9, 2), (9, 4),
        (7, 1), (7, 2), (6, 1), (6, 2), (7, 4),
    ]  # fmt: skip
    assert [(score[s.code], s.fidelity) for s in record.steps] == expected
    assert record.stop_reason == STOP_COMPLETED
    assert (record.code, record.score) == (codes[5], 9.0)
    assert record.epochs == record.seconds == 8 * 1 + 6 * 1 + 4 * 2


def test_asha_ends_with_its_budgets():
    rungs = make_rungs([1, 3, 9], lambda rung, row: row)
    cut = run("ASHA", 1, rungs, n_candidate=1000, max_epochs=50)
    timed = run("ASHA", 1, rungs, n_candidate=1000, max_seconds=50)
    assert (cut.stop_reason, timed.stop_reason) == (STOP_EPOCHS, STOP_TIME)
    assert cut.steps == timed.steps
    assert cut.epochs <= 50
