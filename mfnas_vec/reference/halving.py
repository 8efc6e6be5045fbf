"""Successive halving, MF-NAS and R-MF-NAS in plain Python."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from mfnas_vec.protocols import REFUSE
from mfnas_vec.reference.algorithms import MIDDLE, START, Trends, climb, evolution, random_search
from mfnas_vec.reference.genetic import genetic_algorithm
from mfnas_vec.reference.ledger import (
    MISSING,
    STOP_COMPLETED,
    STOP_TIME,
    Candidate,
    Ledger,
    first_of_each,
    flipped_stable_argsort,
)
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import NO_ARCH

# First stages of MF-NAS: the indices of the choices of its setting.
STAGE1_FLS, STAGE1_BLS, STAGE1_RS, STAGE1_REA, STAGE1_GA = range(5)

#: Population and tournament size and mutation probability of regularized evolution as a first stage.
REA_SETTINGS = (10, 10, 1.0)
#: Population size and crossover probability of the genetic algorithm as a first stage.
GA_SETTINGS = (10, 0.9)

#: (code, score) of each architecture of a first stage, or of each that is chosen.
Scored = list[tuple[int, float]]


def successive_halving(ledger: Ledger, stream: Stream, *, rungs: Any, n_candidate: int) -> int:
    """Successive halving of random candidates."""
    return halve(ledger, rungs, [(stream.sample(ledger.space), MISSING) for _ in range(n_candidate)])


def halve(ledger: Ledger, rungs: Any, chosen: Scored) -> int:
    """Halve the chosen candidates; why it stopped."""
    rules = ledger.rules
    candidates = [ledger.candidate(code, score) for code, score in chosen]
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


def _first_of_ranking(ledger: Ledger, stream: Stream, ranking: Scored, trends: Trends, k: int) -> Scored:
    return ranking[:k]


def mf_nas(
    ledger: Ledger,
    stream: Stream,
    *,
    objective: Any,
    stage1: int,
    budget1: Any,
    k: int,
    rungs: Any,
    choose: Callable[[Ledger, Stream, Scored, Trends, int], Scored] = _first_of_ranking,
) -> int:
    """MF-NAS: a search on a cheap metric, then successive halving of its k best, or of what ``choose`` returns."""
    budget, ledger.budget = ledger.budget, budget1
    trends = _first_stage(ledger, stream, objective, stage1)
    chosen = choose(ledger, stream, _ranking(ledger), trends, k)
    ledger.next_stage(budget._replace(max_seconds=budget.max_seconds - ledger.seconds))
    if not ledger.rules.counted_stage1:
        ledger.epochs = 0
    return halve(ledger, rungs, chosen)


def _first_stage(ledger: Ledger, stream: Stream, objective: Any, stage1: int) -> Trends:
    if stage1 == STAGE1_RS:
        random_search(ledger, stream, objective=objective)
    elif stage1 == STAGE1_REA:
        evolution(ledger, stream, objective=objective, settings=REA_SETTINGS)
    elif stage1 == STAGE1_GA:
        genetic_algorithm(ledger, stream, objective=objective, settings=GA_SETTINGS)
    else:
        return climb(ledger, stream, objective, stage1 == STAGE1_FLS)
    return []


def _ranking(ledger: Ledger) -> Scored:
    """The architectures of the first stage with their scores, one each, best first."""
    steps = itertools.islice(ledger.steps, int(ledger.budget.max_eval))
    first = first_of_each(((step.code, step.score) for step in steps), lambda found: ledger.key(found[0]))
    distinct = [first[key] for key in sorted(first)]
    return [distinct[i] for i in flipped_stable_argsort(score for _, score in distinct)]


def r_mf_nas(ledger: Ledger, stream: Stream, **given: Any) -> int:
    """R-MF-NAS: of the candidates, a third each are the best, starts and middles of the local search."""
    return mf_nas(ledger, stream, **given, choose=_thirds)


def _thirds(ledger: Ledger, stream: Stream, ranking: Scored, trends: Trends, k: int) -> Scored:
    rules = ledger.rules
    n_top = -(-k // 3)
    chosen = {ledger.key(code): (code, score) for code, score in ranking[:n_top]}
    starts, middles = _pools(ledger, trends, set(chosen))
    n_start = min(k // 3, len(starts))
    shortfall = max(n_top - len(starts), 0) if rules.double_shortfall else 0
    n_middle = min(k - len(chosen) - n_start + shortfall, len(middles))
    if rules.fills_up:
        n_start = min(k - len(chosen) - n_middle, len(starts))
    for pool, number in ((middles, n_middle), (starts, n_start)):
        drawn = pool if len(pool) <= number else itertools.islice(stream.shuffled(pool), number)
        for code in drawn:
            chosen.setdefault(ledger.key(code), (code, MISSING))
    if rules.fills_up:
        for code, score in ranking:
            if len(chosen) < k:
                chosen.setdefault(ledger.key(code), (code, score))
    return list(chosen.values())


def _pools(ledger: Ledger, trends: Trends, taken: set[int]) -> tuple[list[int], list[int]]:
    """The starts and the middles of a local search that are not taken, one per architecture, by key."""
    rules = ledger.rules
    entries = list(itertools.chain(*trends))

    def free(kind: str, first: int) -> list[int]:
        return [code for code, found in entries[first:] if found == kind and ledger.key(code) not in taken]

    starts = first_of_each(free(START, 0)[1:] if rules.drops_first_listed else free(START, 1), ledger.key)
    middles = first_of_each(free(MIDDLE, 0), ledger.key)
    others = {key: code for key, code in middles.items() if key not in starts}
    if others or not rules.keeps_shared_middles:
        middles = others
    return [starts[key] for key in sorted(starts)], [middles[key] for key in sorted(middles)]
