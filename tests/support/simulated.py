"""Published searches as a user of the simulator writes them, with the draws of the compiled ones."""

import contextlib
import itertools

from mfnas_vec.reference.ledger import flipped_stable_argsort, valid_variants
from mfnas_vec.runs.accounts import BudgetExhausted


def _sign(simulator):
    return 1 if simulator.direction == "maximize" else -1


def random_search(simulator, stream, epoch=None):
    while not simulator.done:
        simulator.evaluate(stream.sample(simulator.space), epoch)


def local_search(simulator, stream, epoch=None, first_improvement=True):
    space, sign = simulator.space, _sign(simulator)

    def score_of(code):
        score = simulator.evaluate(code, epoch)
        return sign * score if score == score else float("-inf")

    pairs = list(itertools.combinations(range(space.n_gene), 2))
    current = stream.sample(space)
    best = score_of(current)
    while not simulator.done:
        with simulator.step():
            moved = False
            for position in stream.positions(space.n_gene):
                for code in stream.shuffled(valid_variants(space, current, [position])):
                    score = score_of(code)
                    if score >= best:
                        current, best, moved = code, score, True
                        if first_improvement:
                            break
                if moved and first_improvement:
                    break
            if not moved:
                variants = []
                while not variants:
                    variants = valid_variants(space, current, pairs[stream.index(len(pairs))])
                current = next(stream.shuffled(variants))
                best = score_of(current)


def successive_halving(simulator, stream, epochs, n_candidate):
    sign = _sign(simulator)
    alive = [(slot, stream.sample(simulator.space)) for slot in range(n_candidate)]
    for epoch in epochs:
        scores = [sign * simulator.evaluate(code, epoch, trial=slot) for slot, code in alive]
        scores = [score if score == score else float("-inf") for score in scores]
        kept = flipped_stable_argsort(scores)[: (len(alive) + 1) // 2]
        if len(kept) == 1:
            return
        alive = [alive[i] for i in kept]


def until_exhausted(search, simulator, *arguments, **settings):
    """The run of a search, ended by itself or by its budget."""
    with contextlib.suppress(BudgetExhausted):
        search(simulator, *arguments, **settings)
    return simulator
