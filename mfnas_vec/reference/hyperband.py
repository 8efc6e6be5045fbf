"""Hyperband and ASHA in plain Python.

Both train on from rung to rung (``rungs``); an evaluation that would exceed ``max_epochs`` is not
made. Their budget of seconds is that of the protocol.

Sources: L. Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
JMLR 2018, algorithm 1; L. Li et al., "A System for Massively Parallel Hyperparameter Tuning",
MLSys 2020, algorithm 2.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from mfnas_vec.reference.ledger import (
    STOP_COMPLETED,
    STOP_EPOCHS,
    STOP_TIME,
    Candidate,
    Ledger,
    flipped_stable_argsort,
)
from mfnas_vec.reference.streams import Stream


def brackets(n_rung: int, eta: int) -> list[list[tuple[int, int]]]:
    """The (rung, number of candidates) of each stage of each bracket of Hyperband, in order."""
    found = []
    for s in range(n_rung - 1, -1, -1):
        n = -(-n_rung * eta**s // (s + 1))
        found.append([(n_rung - 1 - s + i, n // eta**i) for i in range(s + 1)])
    return found


def _train(ledger: Ledger, rungs: Any, rung: int, candidate: Candidate, max_epochs: float) -> int | None:
    """Train a candidate on; why that was impossible."""
    if ledger.epochs + rungs.epochs[rung] - candidate.trained > max_epochs:
        return STOP_EPOCHS
    return None if ledger.train(rungs, rung, candidate) else STOP_TIME


def hyperband(ledger: Ledger, stream: Stream, *, rungs: Any, eta: int, n_round: float, max_epochs: float) -> int:
    """Hyperband: ``n_round`` times all brackets, or until a budget ends it."""
    n_done = 0
    while n_done < n_round:
        for stages in brackets(len(rungs.epochs), eta):
            candidates = [ledger.candidate(stream.sample(ledger.space)) for _ in range(stages[0][1])]
            for rung, n in stages:
                best = flipped_stable_argsort(c.score for c in candidates)[:n]
                candidates = [candidates[i] for i in best] if n < len(candidates) else candidates
                for candidate in candidates:
                    stop = _train(ledger, rungs, rung, candidate, max_epochs)
                    if stop is not None:
                        return stop
        n_done += 1
    return STOP_COMPLETED


def next_promotion(rungs: Sequence[Sequence[Candidate]], promoted: Sequence[set[int]], eta: int) -> tuple[int, int]:
    """The (rung, position) of the candidate that ASHA promotes next; ``(-1, -1)`` if there is none.

    Highest rung first, then highest score; among equal scores the earliest.
    """
    for rung in range(len(rungs) - 2, -1, -1):
        order = sorted(range(len(rungs[rung])), key=lambda i: -rungs[rung][i].score)
        for i in order[: len(order) // eta]:
            if i not in promoted[rung]:
                return rung, i
    return -1, -1


def asha(ledger: Ledger, stream: Stream, *, rungs: Any, eta: int, n_candidate: int, max_epochs: float) -> int:
    """ASHA with one worker: promote where possible, else begin another of ``n_candidate`` candidates."""
    done: list[list[Candidate]] = [[] for _ in rungs.epochs]
    promoted: list[set[int]] = [set() for _ in rungs.epochs]
    while True:
        rung, i = next_promotion(done, promoted, eta)
        if rung < 0 and len(done[0]) == n_candidate:
            return STOP_COMPLETED
        if rung < 0:
            candidate = ledger.candidate(stream.sample(ledger.space))
        else:
            candidate = dataclasses.replace(done[rung][i])
            promoted[rung].add(i)
        stop = _train(ledger, rungs, rung + 1, candidate, max_epochs)
        if stop is not None:
            return stop
        done[rung + 1].append(candidate)
