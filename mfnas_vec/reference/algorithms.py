"""The published algorithms, one run at a time, in plain Python: the executable specification.

Each function takes the arguments of the kernel of the same name, with the ``SearchSpace`` itself
in place of its arrays and a ``Stream`` in place of seed and run index. Scores are to be maximised.
"""

import collections
import itertools
from typing import Any

from mfnas_vec.reference.ledger import (
    STOP_COMPLETED,
    STOP_TIME,
    Ledger,
    Record,
    flipped_stable_argsort,
    genes_of,
    valid_variants,
)
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables.dense import CUMULATIVE, LAST_INCREMENT

STAGE1_RS = 0
STAGE1_FLS = 1
STAGE1_BLS = 2
MAX_TRIES = 101


def random_search(space: SearchSpace, objective: Any, budget: Any, stream: Stream) -> Record:
    """Random search."""
    ledger = Ledger(space, budget)
    _random_search(ledger, objective, stream)
    return ledger.record()


def _random_search(ledger: Ledger, objective: Any, stream: Stream) -> None:
    while ledger.within():
        code = stream.sample(ledger.space)
        if not ledger.affordable(objective, code):
            return
        ledger.evaluate(objective, code)


def local_search(space: SearchSpace, objective: Any, budget: Any, first_improvement: bool, stream: Stream) -> Record:
    """First-improvement (FLS) or best-improvement (BLS) local search."""
    ledger = Ledger(space, budget)
    _local_search(ledger, objective, first_improvement, stream)
    return ledger.record()


def _local_search(ledger: Ledger, objective: Any, first_improvement: bool, stream: Stream) -> None:
    space = ledger.space
    pairs = list(itertools.combinations(range(space.n_gene), 2))
    current = stream.sample(space)
    if not ledger.affordable(objective, current):
        return
    current_score = ledger.evaluate(objective, current)
    while ledger.within():
        moved = False
        for position in stream.positions(space.n_gene):
            for code in stream.shuffled(valid_variants(space, current, [position])):
                if not ledger.affordable(objective, code):
                    return
                score = ledger.evaluate(objective, code)
                if score >= current_score:
                    current, current_score, moved = code, score, True
                    if first_improvement:
                        break
            if moved and first_improvement:
                break
        if not moved:
            variants: list[int] = []
            while not variants:
                variants = valid_variants(space, current, pairs[stream.index(len(pairs))])
            code = next(stream.shuffled(variants))
            if not ledger.affordable(objective, code):
                return
            current, current_score = code, ledger.evaluate(objective, code)


def successive_halving(space: SearchSpace, rungs: Any, budget: Any, n_candidate: int, stream: Stream) -> Record:
    """Successive halving of random candidates."""
    ledger = Ledger(space, budget)
    candidates = [stream.sample(space) for _ in range(n_candidate)]
    return ledger.record(_halve(ledger, rungs, budget.max_seconds, candidates))


def _halve(ledger: Ledger, rungs: Any, max_seconds: float, candidates: list[int]) -> int:
    """Play candidates against each other on ``max_seconds`` of their own; why it stopped."""
    space = ledger.space
    before, own_seconds, trained = ledger.seconds, 0.0, 0
    charged = [0.0] * len(candidates)
    ledger.score, ledger.code, ledger.row = float("-inf"), NO_ARCH, NO_ARCH
    if not candidates:
        return STOP_TIME
    for rung, epochs in enumerate(rungs.epochs):
        scores = []
        for i, code in enumerate(candidates):
            row = space.row_of(code)
            until = rungs.seconds[rung][row * rungs.seconds_step]
            price = until - charged[i]
            if ledger.budget.corrected and own_seconds + price > max_seconds:
                return STOP_TIME
            score = float(rungs.score[rung][row])
            ledger.n_eval += 1
            if not ledger.budget.corrected and own_seconds + price >= max_seconds:
                ledger.note(code, row, epochs, score)
                return STOP_TIME
            own_seconds += price
            ledger.seconds = before + own_seconds
            ledger.epochs += epochs - trained
            charged[i] = {CUMULATIVE: until, LAST_INCREMENT: price}.get(rungs.accounting, 0.0)
            ledger.offer(code, row, score)
            ledger.note(code, row, epochs, score)
            scores.append(score)
        kept = flipped_stable_argsort(scores)[: (len(candidates) + 1) // 2]
        if len(kept) == 1:
            break
        candidates = [candidates[i] for i in kept]
        charged = [charged[i] for i in kept]
        trained = epochs
    return STOP_COMPLETED


def evolution(
    space: SearchSpace,
    objective: Any,
    budget: Any,
    settings: tuple[int, int, float],
    warm_objective: Any,
    n_warm: int,
    stream: Stream,
) -> Record:
    """Regularized evolution; ``settings`` are population and tournament size and mutation probability."""
    pop_size, tournament_size, probability = settings
    ledger = Ledger(space, budget)
    start = _warm_up(ledger, warm_objective, n_warm, stream)[:pop_size]
    size = len(start) or pop_size
    population: collections.deque[tuple[int, float]] = collections.deque(maxlen=size)
    while len(population) < size or ledger.within():
        if len(population) < size:
            code = start[len(population)] if start else stream.sample(space)
        else:
            members = stream.subset(size, min(tournament_size, size))
            # The last of the stable sort: among equal scores the youngest.
            parent = sorted((population[i] for i in members), key=lambda member: member[1])[-1][0]
            code = _mutate(space, parent, probability, stream)
        if not ledger.affordable(objective, code):
            break
        score = ledger.evaluate(objective, code)
        population.append((code, score))  # a full deque drops its oldest
    return ledger.record()


def _warm_up(ledger: Ledger, objective: Any, n_sample: int, stream: Stream) -> list[int]:
    """Score samples on a zero-cost metric, outside the budget of evaluations; best first."""
    codes: list[int] = []
    scores: list[float] = []
    leader, leader_score = NO_ARCH, float("-inf")
    for _ in range(n_sample):
        code = stream.sample(ledger.space)
        row = ledger.space.row_of(code)
        if ledger.budget.corrected:
            price = objective.seconds[row * objective.seconds_step]
            if ledger.seconds + price > ledger.budget.max_seconds:
                break
            ledger.seconds += price
        score = float(objective.score[row])
        if score >= leader_score:
            leader, leader_score = code, score
        codes.append(code)
        scores.append(score)
        ledger.n_before += 1
        ledger.note(code, row, 0, score, leader)
    return [codes[i] for i in flipped_stable_argsort(scores)]


def _mutate(space: SearchSpace, parent: int, probability: float, stream: Stream) -> int:
    """A valid mutant, or the parent after too many tries."""
    genes = genes_of(space, parent)
    for _ in range(MAX_TRIES):
        mutant = stream.mutant(genes, space.cardinality, probability / space.n_gene)
        code = sum(g * w for g, w in zip(mutant, space.weight, strict=True))
        if space.row_of(code) != NO_ARCH:
            return code
    return parent


def mf_nas(
    space: SearchSpace,
    objective: Any,
    stage1: int,
    budget1: Any,
    k: int,
    rungs: Any,
    budget: Any,
    stream: Stream,
) -> Record:
    """MF-NAS: a search on a cheap metric, then successive halving of its k best."""
    ledger = Ledger(space, budget1)
    if stage1 == STAGE1_RS:
        _random_search(ledger, objective, stream)
    else:
        _local_search(ledger, objective, stage1 == STAGE1_FLS, stream)
    first: dict[int, tuple[int, float]] = {}
    for step in ledger.steps[: budget1.max_eval]:
        first.setdefault(ledger.key(step.code, space.row_of(step.code)), (step.code, step.score))
    distinct = [first[key] for key in sorted(first)]
    best = flipped_stable_argsort(score for _, score in distinct)[:k]
    ledger.budget = budget
    if not budget.corrected:
        ledger.epochs = 0  # published: the epochs are those of the halving alone
    rest = budget.max_seconds - ledger.seconds
    return ledger.record(_halve(ledger, rungs, rest, [distinct[i][0] for i in best]))


TWINS: dict[str, Any] = {
    "RS": random_search,
    "FLS": local_search,
    "BLS": local_search,
    "SH": successive_halving,
    "REA": evolution,
    "REA+W": evolution,
    "MF-NAS": mf_nas,
}
