"""Published searches as a user of the simulator writes them, with the draws of the compiled ones."""

import contextlib
import itertools

from mfnas_vec.reference.ledger import flipped_stable_argsort, valid_variants
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.runs.accounts import BudgetExhausted


def sampled(simulator, rng, epoch=12):
    """Random search until the budget ends."""
    while not simulator.done:
        simulator.evaluate(simulator.sample(rng), epoch)


class Draws:
    """The draws of a run of the compiled searches, in place of a NumPy generator."""

    def __init__(self, seed, run):
        self._stream = KernelStream(seed, run)

    def integers(self, n):
        return self._stream.index(int(n))


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


def asha(simulator, rng, epochs, reduction):
    """Asynchronous successive halving: a free worker promotes whoever is in the best 1/reduction of a rung."""
    sign = _sign(simulator)
    finished = [{} for _ in epochs]  # scores by trial
    promoted = [set() for _ in epochs]
    code_of, running = [], {}

    def next_job():
        for rung in range(len(epochs) - 2, -1, -1):
            ranked = sorted(finished[rung], key=finished[rung].get, reverse=True)
            for trial in ranked[: len(ranked) // reduction]:
                if trial not in promoted[rung]:
                    promoted[rung].add(trial)
                    return trial, rung + 1
        code_of.append(simulator.sample(rng))
        return len(code_of) - 1, 0

    while not simulator.done or simulator.n_running:
        while simulator.n_free and not simulator.done:
            trial, rung = next_job()
            running[simulator.submit(code_of[trial], epochs[rung], trial=trial)] = trial, rung
        done = simulator.wait()
        trial, rung = running.pop(done.ticket)
        finished[rung][trial] = sign * done.score


def until_exhausted(search, simulator, *arguments, **settings):
    """The run of a search, ended by itself or by its budget."""
    with contextlib.suppress(BudgetExhausted):
        search(simulator, *arguments, **settings)
    return simulator
