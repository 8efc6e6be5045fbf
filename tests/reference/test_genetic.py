"""The genetic algorithm: crossover, mutation, budgets, and what the published code throws away."""

import numpy as np
import pytest
from support.replay import Replay

from mfnas_vec.protocols import CORRECTED, HEAD2025
from mfnas_vec.reference import genetic
from mfnas_vec.reference.ledger import Ledger, ReferenceBudget, code_of, genes_of
from mfnas_vec.reference.streams import KernelStream, PublishedStream
from mfnas_vec.spaces import NO_ARCH, get_space

STREAMS = [lambda: KernelStream(2, 0), lambda: PublishedStream(2)]


def ledger_of(space):
    return Ledger(space, ReferenceBudget(100, np.inf, CORRECTED))


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", ["nb101", "nb201", "nbasr"])
def test_children_are_segments_of_two_parents(name, stream):
    space, draw = get_space(name), stream()
    parents = [draw.sample(space) for _ in range(10)]
    genes = [genes_of(space, code) for code in parents]
    crossed = {
        code_of(space, x[:low] + y[low:up] + x[up:])
        for x in genes
        for y in genes
        for low in range(1, space.n_gene - 1)
        for up in range(low + 1, space.n_gene - 1)
    }
    children = genetic._cross(ledger_of(space), parents, 1.0, draw)
    assert len(children) == 10
    assert set(children) <= crossed
    assert all(space.row_of(code) != NO_ARCH for code in children)
    assert set(genetic._cross(ledger_of(space), parents, 0.0, draw)) == set(parents)


def test_equal_parents_still_have_children():
    """Rounds of distinct children end, so that a population of one architecture goes on."""
    space, draw = get_space("nb201"), KernelStream(1, 0)
    assert genetic._cross(ledger_of(space), [77] * 4, 1.0, draw) == [77] * 4


@pytest.mark.slow
@pytest.mark.parametrize("stream", STREAMS)
def test_mutants_are_new_and_near(stream):
    space, draw = get_space("nb101"), stream()
    ledger = ledger_of(space)
    origins = [draw.sample(space) for _ in range(10)]
    taken = {ledger.key(code) for code in origins}
    changed = []
    for _ in range(200):
        mutants = genetic._mutants(ledger, origins, taken, draw)
        assert len(mutants) == 10
        assert not taken & {ledger.key(code) for code in mutants}
        changed += [
            min(sum(a != b for a, b in zip(genes_of(space, code), genes_of(space, o), strict=True)) for o in origins)
            for code in mutants
        ]
    # One gene in expectation, given that the architecture is another and valid.
    assert 1.2 < np.mean(changed) < 2.2


@pytest.mark.parametrize("protocol", ["head2025", "corrected"])
def test_what_is_mutated(protocol, monkeypatch):
    """Published: the population, whatever crossover made; corrected: the children of crossover."""
    crossed, mutated = [], []
    cross, mutants = genetic._cross, genetic._mutants

    def spy_cross(ledger, parents, probability, stream):
        crossed.append(cross(ledger, parents, probability, stream))
        return crossed[-1]

    def spy_mutants(ledger, origins, taken, stream):
        mutated.append(list(origins))
        assert {ledger.key(code) for code in origins} == taken or protocol == "corrected"
        return mutants(ledger, origins, taken, stream)

    monkeypatch.setattr(genetic, "_cross", spy_cross)
    monkeypatch.setattr(genetic, "_mutants", spy_mutants)
    Replay("nb201/GA", protocol).run(1)
    assert len(mutated) == len(crossed) > 5
    assert (mutated == crossed) is (protocol == "corrected")


@pytest.mark.parametrize("max_eval", [0, 1, 10, 11, 37])
def test_budgets(max_eval):
    for rules, expected in ((CORRECTED, max_eval), (HEAD2025, max(max_eval, 1) + (max_eval <= 10))):
        replay = Replay("nb201/GA")
        replay.arguments["budget"] = ReferenceBudget(max_eval, np.inf, rules)
        assert replay.run(3).evaluations == expected
