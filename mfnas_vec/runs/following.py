"""The incumbents of runs at several fidelities, evaluation by evaluation (compiled); see ``incumbents``."""

import numpy as np

from mfnas_vec._jit import njit, njit_inline


@njit_inline
def _slot(codes, stamps, stamp, code):
    """The place of a code in a hash table of this stamp, where it is entered; and whether it was there."""
    mask = codes.size - 1
    place = (code * 0x9E3779B1) & mask
    while stamps[place] == stamp and codes[place] != code:
        place = (place + 1) & mask
    known = stamps[place] == stamp
    codes[place], stamps[place] = code, stamp
    return place, known


@njit_inline
def _end_of_block(start, n, block, stamp, code, fidelity, score, tables):
    """The end of the block that begins at a step, whether all of it was seen before, and whether a metric ends it.

    An architecture with another score than before at the same number of epochs shows another metric.
    """
    codes, stamps, first_block, score_block, latest = tables
    seen = True
    for step in range(start, n):
        if fidelity[step] != fidelity[start]:
            return step, seen, False
        place, known = _slot(codes, stamps, stamp, code[step])
        if known and score_block[place] == block and fidelity[start] > 0 and latest[place] != score[step]:
            return step, seen, True
        if not known:
            first_block[place] = block
        seen &= first_block[place] < block
        if not known or score_block[place] != block:
            score_block[place], latest[place] = block, score[step]
    return n, seen, False


@njit
def follow_runs(runs, length, code, fidelity, score, found, scores, tables):
    """Incumbents and their scores after each evaluation of some runs; ``found`` has those of the trace."""
    for i in range(runs.size):
        run = runs[i]
        n = length[run]
        codes, epochs_of, own, held, best_of = code[run], fidelity[run], score[run], found[run], scores[run]
        reached, best, holder = -1.0, -np.inf, -1
        start = block = 0
        other = False
        while start < n:
            stop, seen, ends = _end_of_block(start, n, block, i + 1, codes, epochs_of, own, tables)
            epochs = epochs_of[start]
            higher = epochs > reached or other
            latest, running = -1, (-np.inf if higher else best)
            for step in range(start, stop):
                if start == 0:
                    # The first stage may minimise its metric; the trace has its incumbents.
                    if codes[step] == held[step]:
                        latest = step
                    best_of[step] = np.nan if epochs == 0 else (own[latest] if latest >= 0 else -np.inf)
                    continue
                if (higher or epochs == reached) and own[step] > running:
                    latest, running = step, own[step]
                counts = latest >= 0 and (step == stop - 1 or not (higher and seen))
                held[step] = codes[latest] if counts else holder
                best_of[step] = running if counts else best
            if start > 0 and higher and seen and latest < 0:  # a rung without a score
                held[stop - 1], best_of[stop - 1] = codes[start], own[start]
            reached, best, holder = max(reached, epochs), best_of[stop - 1], held[stop - 1]
            start, block, other = stop, block + 1, ends
