"""Successive halving, MF-NAS and R-MF-NAS in plain Python."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from mfnas_vec.protocols import REFUSE
from mfnas_vec.reference.algorithms import MIDDLE, START, Trends, climb, evolve, search_randomly
from mfnas_vec.reference.genetic import breed
from mfnas_vec.reference.ledger import (
    MISSING,
    STOP_COMPLETED,
    STOP_TIME,
    Candidate,
    Ledger,
    RunRecord,
    flipped_stable_argsort,
)
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import NO_ARCH, SearchSpace

# First stages of MF-NAS: the indices of the choices of its setting.
STAGE1_FLS, STAGE1_BLS, STAGE1_RS, STAGE1_REA, STAGE1_GA = range(5)

#: Population and tournament size and mutation probability of regularized evolution as a first stage.
REA_SETTINGS = (10, 10, 1.0)
#: Population size and crossover probability of the genetic algorithm as a first stage.
GA_SETTINGS = (10, 0.9)


def successive_halving(space: SearchSpace, stream: Stream, *, rungs: Any, budget: Any, n_candidate: int) -> RunRecord:
    """Successive halving of random candidates."""
    ledger = Ledger(space, budget)
    candidates = [(stream.sample(space), MISSING) for _ in range(n_candidate)]
    return ledger.record(halve(ledger, rungs, candidates))


def halve(ledger: Ledger, rungs: Any, chosen: Iterable[tuple[int, float]]) -> int:
    """Halve (code, score) candidates; why it stopped."""
    rules = ledger.rules
    candidates = [Candidate(code, ledger.space.row_of(code), score) for code, score in chosen]
    if not candidates:
        return STOP_TIME
    for rung in range(len(rungs.epochs)):
        for i, candidate in enumerate(candidates):
            if not ledger.train(rungs, rung, candidate):
                _cut(ledger, rungs, candidates[i:])
                return STOP_TIME
        n_keep = (len(candidates) + 1) // 2
        if len(candidates) == 1 or (n_keep == 1 and not rules.trains_last) or rung == len(rungs.epochs) - 1:
            break
        candidates = [candidates[i] for i in flipped_stable_argsort(c.score for c in candidates)[:n_keep]]
    if rules.test_winner:
        best = max(candidates, key=lambda c: rungs.test[c.row])  # the first of equals
        _answer(ledger, best.code, best.row, best.score)
    return STOP_COMPLETED


def _cut(ledger: Ledger, rungs: Any, rest: Sequence[Candidate]) -> None:
    """Choose the answer of a halving that the budget cuts before the ``rest``."""
    if ledger.rules.budget != REFUSE:
        return
    if ledger.rules.stale_scores:
        for c in rest:
            if c.score > ledger.score:
                _answer(ledger, c.code, c.row, c.score)
    if ledger.rules.empty_if_cut and rungs.minimized:
        _answer(ledger, NO_ARCH, NO_ARCH, MISSING)


def _answer(ledger: Ledger, code: int, row: int, score: float) -> None:
    """Make an architecture the answer, also of the last step."""
    ledger.code, ledger.row, ledger.score = code, row, score
    ledger.steps[-1] = ledger.steps[-1]._replace(incumbent=code)


def mf_nas(
    space: SearchSpace,
    stream: Stream,
    *,
    objective: Any,
    stage1: int,
    budget1: Any,
    k: int,
    rungs: Any,
    budget: Any,
) -> RunRecord:
    """MF-NAS: a search on a cheap metric, then successive halving of its k best."""
    ledger = Ledger(space, budget1)
    _first_stage(ledger, objective, stage1, stream)
    return _second_stage(ledger, rungs, budget, _ranking(ledger)[:k])


def _first_stage(ledger: Ledger, objective: Any, stage1: int, stream: Stream) -> Trends:
    if stage1 == STAGE1_RS:
        search_randomly(ledger, objective, stream)
    elif stage1 == STAGE1_REA:
        evolve(ledger, objective, REA_SETTINGS, [], stream)
    elif stage1 == STAGE1_GA:
        breed(ledger, objective, GA_SETTINGS, stream)
    else:
        return climb(ledger, objective, stage1 == STAGE1_FLS, stream)
    return []


def _ranking(ledger: Ledger) -> list[tuple[int, float]]:
    """The architectures of the first stage with their scores, one each, best first."""
    first: dict[int, tuple[int, float]] = {}
    for step in itertools.islice(ledger.steps, int(ledger.budget.max_eval)):
        first.setdefault(ledger.key(step.code), (step.code, step.score))
    distinct = [first[key] for key in sorted(first)]
    return [distinct[i] for i in flipped_stable_argsort(score for _, score in distinct)]


def _second_stage(ledger: Ledger, rungs: Any, budget: Any, candidates: Iterable[tuple[int, float]]) -> RunRecord:
    ledger.next_stage(budget._replace(max_seconds=budget.max_seconds - ledger.seconds))
    if not ledger.rules.counted_stage1:
        ledger.epochs = 0
    return ledger.record(halve(ledger, rungs, candidates))


def r_mf_nas(
    space: SearchSpace,
    stream: Stream,
    *,
    objective: Any,
    stage1: int,
    budget1: Any,
    k: int,
    rungs: Any,
    budget: Any,
) -> RunRecord:
    """R-MF-NAS: of the candidates, a third each are the best, starts and middles of the local search."""
    ledger = Ledger(space, budget1)
    trends = _first_stage(ledger, objective, stage1, stream)
    ranking = _ranking(ledger)
    n_top = -(-k // 3)
    chosen = {ledger.key(code): (code, score) for code, score in ranking[:n_top]}
    starts, middles = _pools(ledger, trends, set(chosen))
    n_start = min(k // 3, len(starts))
    if ledger.rules.double_shortfall:
        n_middle = k - len(chosen) - n_start + max(n_top - len(starts), 0)
    else:
        n_middle = k - len(chosen) - n_start
    n_middle = min(n_middle, len(middles))
    if ledger.rules.fills_up:
        n_start = min(k - len(chosen) - n_middle, len(starts))
    for pool, number in ((middles, n_middle), (starts, n_start)):
        drawn = pool if len(pool) <= number else list(itertools.islice(stream.shuffled(pool), number))
        for code in drawn if number else []:
            chosen.setdefault(ledger.key(code), (code, MISSING))
    if ledger.rules.fills_up:
        for code, score in ranking:
            if len(chosen) < k:
                chosen.setdefault(ledger.key(code), (code, score))
    return _second_stage(ledger, rungs, budget, chosen.values())


def _pools(ledger: Ledger, trends: Trends, taken: set[int]) -> tuple[list[int], list[int]]:
    """The starts and the middles of a local search that are not taken, one per architecture, by key."""
    rules = ledger.rules
    entries = list(itertools.chain(*trends))

    def free(kind: str, first: int) -> list[int]:
        return [code for code, found in entries[first:] if found == kind and ledger.key(code) not in taken]

    listed = free(START, 0)[1:] if rules.drops_first_listed else free(START, 1)
    starts: dict[int, int] = {}
    for code in listed:
        starts.setdefault(ledger.key(code), code)
    middles: dict[int, int] = {}
    for code in free(MIDDLE, 0):
        middles.setdefault(ledger.key(code), code)
    others = {key: code for key, code in middles.items() if key not in starts}
    if others or not rules.keeps_shared_middles:
        middles = others
    return [starts[key] for key in sorted(starts)], [middles[key] for key in sorted(middles)]
