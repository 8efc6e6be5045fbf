"""The genetic algorithm in plain Python: binary tournaments, two-point crossover, mutation."""

from collections.abc import Iterator, Sequence
from typing import Any

from mfnas_vec.protocols import REFUSE
from mfnas_vec.reference.algorithms import first_population
from mfnas_vec.reference.ledger import MISSING, Ledger, code_of, genes_of
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import NO_ARCH

#: Rounds of crossover or mutation whose children must be distinct; those of later rounds need not.
DISTINCT_ROUNDS = 51

Member = tuple[int, float]


def genetic_algorithm(ledger: Ledger, stream: Stream, *, objective: Any, settings: tuple[int, float]) -> None:
    """Genetic algorithm; ``settings`` are population size and crossover probability."""
    size, probability = settings
    rules = ledger.rules
    codes = first_population(ledger, size, True, stream)
    members: list[Member] = []
    for code in codes:
        if not ledger.affordable(objective, code):
            return
        members.append((code, ledger.evaluate(objective, code)))
        if ledger.ended:
            if not rules.overlooks_end_at_start:
                return
            break
    members += [(code, MISSING) for code in codes[len(members) :]]
    while ledger.within() or rules.budget == REFUSE:
        parents = _parents(members, stream)
        crossed = _cross(ledger, parents, probability, stream)
        origins = [code for code, _ in members] if rules.discards_crossover else crossed
        children: list[Member] = []
        for code in _mutants(ledger, origins, {ledger.key(code) for code, _ in members}, stream):
            if not ledger.affordable(objective, code):
                return
            children.append((code, ledger.evaluate(objective, code)))
            if ledger.ended:
                return
        pool = members + children
        members = [pool[a if pool[a][1] >= pool[b][1] else b] for a, b in _pairs(len(pool), stream)]


def _pairs(n: int, stream: Stream) -> Iterator[tuple[int, int]]:
    """``range(n)`` in random pairs."""
    order = list(stream.shuffled(range(n)))
    return zip(order[::2], order[1::2], strict=True)


def _parents(members: Sequence[Member], stream: Stream) -> list[int]:
    """Winners of two rounds of binary tournaments; a coin decides between equals."""
    winners = []
    for _ in range(2):
        for a, b in _pairs(len(members), stream):
            a_score, b_score = members[a][1], members[b][1]
            b_wins = stream.index(2) == 1 if a_score == b_score else b_score > a_score
            winners.append(members[b if b_wins else a][0])
    return winners


def _cross(ledger: Ledger, parents: Sequence[int], probability: float, stream: Stream) -> list[int]:
    """As many children of two-point crossover, distinct and valid ones; or parents as they are."""
    space = ledger.space
    children: list[int] = []
    keys: set[int] = set()
    for n_round in range(2**63):
        for a, b in _pairs(len(parents), stream):
            pair, crossed = [parents[a], parents[b]], stream.chance(probability)
            if crossed:
                low, up = stream.segment(space.n_gene)
                x, y = (genes_of(space, code) for code in pair)
                x[low:up], y[low:up] = y[low:up], x[low:up]
                pair = [code_of(space, x), code_of(space, y)]
            for code in pair:
                valid = space.row_of(code) != NO_ARCH
                if not crossed or (valid and (ledger.key(code) not in keys or n_round >= DISTINCT_ROUNDS)):
                    children.append(code)
                    keys.add(ledger.key(code))
                    if len(children) == len(parents):
                        return children
    raise AssertionError


def _mutants(ledger: Ledger, origins: Sequence[int], taken: set[int], stream: Stream) -> list[int]:
    """As many valid mutants, of architectures that are not taken."""
    space = ledger.space
    mutants: list[int] = []
    for n_round in range(2**63):
        for origin in origins:
            code = code_of(space, stream.bred(genes_of(space, origin), space.cardinality, 1 / space.n_gene))
            new = space.row_of(code) != NO_ARCH and ledger.key(code) not in taken
            if new or (space.row_of(code) != NO_ARCH and n_round >= DISTINCT_ROUNDS):
                mutants.append(code)
                if len(mutants) == len(origins):
                    return mutants
    raise AssertionError
