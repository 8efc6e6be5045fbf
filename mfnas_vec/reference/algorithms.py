"""The published algorithms, one run at a time, in plain Python: the executable specification.

Each search takes the ``Ledger`` of its run, which has space and budget, a ``Stream`` in place of seed and
run index, and what ``reference_arguments`` makes of the job of the compiled function of the same name.
It returns why it stopped; ``None`` where a budget ended it. ``ledger.rules`` is the protocol. Scores are
to be maximised.
"""

import collections
import itertools
from typing import Any

from mfnas_vec.protocols import REFUSE
from mfnas_vec.reference.ledger import (
    MISSING,
    Ledger,
    code_of,
    flipped_stable_argsort,
    genes_of,
    price_of,
    valid_variants,
)
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import NO_ARCH, SearchSpace

MAX_TRIES = 101

#: Kinds of a trend's entries: a start or an escape, a move, the end of a climb.
START, MIDDLE, END = "s", "m", "e"

#: For each start and escape of a local search, the (code, kind) of every architecture moved to.
Trends = list[list[tuple[int, str]]]


def random_search(ledger: Ledger, stream: Stream, *, objective: Any) -> None:
    """Random search."""
    while ledger.within():
        code = stream.sample(ledger.space)
        if not ledger.affordable(objective, code):
            return
        ledger.evaluate(objective, code)


def local_search(ledger: Ledger, stream: Stream, *, objective: Any, first_improvement: bool) -> None:
    """First-improvement (FLS) or best-improvement (BLS) local search."""
    climb(ledger, stream, objective, first_improvement)


def climb(ledger: Ledger, stream: Stream, objective: Any, first_improvement: bool) -> Trends:
    """Local search; what it moved to."""
    space, rules = ledger.space, ledger.rules
    pairs = list(itertools.combinations(range(space.n_gene), 2))
    current = stream.sample(space)
    if not ledger.affordable(objective, current):
        return []
    current_score = ledger.evaluate(objective, current)
    trends = [[(current, START)]]
    # Under REFUSE every evaluation says whether it was the last; a move that overlooks it continues here.
    overlooks = rules.budget == REFUSE and rules.overlooks_end_on_move
    while ledger.within() or (overlooks and len(trends[-1]) > 1):
        moved = False
        for position in stream.positions(space.n_gene):
            for code in stream.shuffled(valid_variants(space, current, [position], rules.distinct_neighbours)):
                if not ledger.affordable(objective, code):
                    return trends
                score = ledger.evaluate(objective, code)
                if score > current_score or (score == current_score and not rules.strict_moves):
                    current, current_score, moved = code, score, True
                    trends[-1].append((code, MIDDLE))
                    if first_improvement and (rules.overlooks_end_on_move or not ledger.ended):
                        break
                if ledger.ended:
                    return trends
            if moved and first_improvement:
                break
        if not moved:
            if len(trends[-1]) > 1:
                trends[-1][-1] = (trends[-1][-1][0], END)
            variants: list[int] = []
            while not variants:
                pair = pairs[stream.index(len(pairs))]
                variants = valid_variants(space, current, pair, rules.distinct_neighbours)
            code = next(stream.shuffled(variants))
            if not ledger.affordable(objective, code):
                return trends
            current, current_score = code, ledger.evaluate(objective, code)
            trends.append([(code, START)])
    return trends


def evolution(
    ledger: Ledger,
    stream: Stream,
    *,
    objective: Any,
    settings: tuple[int, int, float],
    warm_objective: Any = None,
    n_warm: int = 0,
) -> None:
    """Regularized evolution; ``settings`` are population and tournament size and mutation probability."""
    pop_size, tournament_size, probability = settings
    space = ledger.space
    first = _warm_up(ledger, warm_objective, n_warm, stream)[:pop_size]
    if not first:
        samples = first_population(ledger, pop_size, ledger.rules.distinct_population, stream)
        first = [(code, MISSING) for code in samples]
    size = len(first)
    population: collections.deque[tuple[int, float]] = collections.deque(maxlen=size)
    while len(population) < size or ledger.within():
        previous = None
        if len(population) < size:
            code, previous = first[len(population)]
        else:
            members = stream.subset(size, min(tournament_size, size))
            # The last of the stable sort: among equal scores the youngest.
            parent = sorted((population[i] for i in members), key=lambda member: member[1])[-1][0]
            code = _mutate(space, parent, probability, stream)
        if not ledger.affordable(objective, code):
            return
        score = ledger.evaluate(objective, code, previous)
        population.append((code, score))  # a full deque drops its oldest
        if ledger.ended:
            return


def first_population(ledger: Ledger, size: int, distinct: bool, stream: Stream) -> list[int]:
    """Samples; with ``distinct``, of as many architectures."""
    samples: dict[int, int] = {}
    while len(samples) < size:
        code = stream.sample(ledger.space)
        samples.setdefault(ledger.key(code) if distinct else len(samples), code)
    return list(samples.values())


def _warm_up(ledger: Ledger, objective: Any, n_sample: int, stream: Stream) -> list[tuple[int, float]]:
    """Score samples on a zero-cost metric, outside the budget of evaluations; best first."""
    rules, max_seconds = ledger.rules, ledger.budget.max_seconds
    scored: list[tuple[int, float]] = []
    leader = NO_ARCH, MISSING
    while len(scored) < n_sample:
        code = stream.sample(ledger.space)
        if rules.distinct_warm_up and ledger.key(code) in ledger.seen:
            continue
        row = ledger.space.row_of(code)
        price = price_of(objective, row) if rules.charged_warm_up else 0.0
        score = float(objective.score[row])
        affordable = ledger.own + price <= max_seconds
        if affordable:
            ledger.own += price
        elif rules.persistent_warm_up:
            score = MISSING
        else:
            break
        if score >= leader[1]:
            leader = code, score
        scored.append((code, score))
        ledger.n_before += 1
        ledger.note(code, 0, score, leader[0])
    return [scored[i] for i in flipped_stable_argsort(score for _, score in scored)]


def _mutate(space: SearchSpace, parent: int, probability: float, stream: Stream) -> int:
    """A valid mutant, or the parent after too many tries."""
    genes = genes_of(space, parent)
    for _ in range(MAX_TRIES):
        code = code_of(space, stream.mutant(genes, space.cardinality, probability / space.n_gene))
        if space.row_of(code) != NO_ARCH:
            return code
    return parent
