"""Random search and successive halving on simulated workers that train at once.

With one worker they make the runs of the compiled searches, if they are given the same draws.
"""

import math
from collections.abc import Sequence
from typing import Any

from mfnas_vec.runs.simulator import Simulator


def random_search(simulator: Simulator, rng: Any, *, epoch: int | None = None) -> None:
    """Random search: a worker that is free begins the next sample.

    Parameters
    ----------
    simulator, rng
        As ``simulate`` gives them.
    epoch
        Epochs of training of each evaluation.
    """
    while True:
        while not simulator.n_free:
            simulator.wait()
        if simulator.done:
            return
        simulator.submit(simulator.sample(rng), epoch)


def successive_halving(simulator: Simulator, rng: Any, *, epochs: Sequence[int], n_candidate: int) -> None:
    """Synchronous successive halving: the next rung begins when all of the last have finished.

    Parameters
    ----------
    simulator, rng
        As ``simulate`` gives them; with ``training="continue"`` candidates train on from rung to rung.
    epochs
        Epochs of training done at each rung.
    n_candidate
        Candidates of the first rung.
    """
    sign = 1.0 if simulator.direction == "maximize" else -1.0
    alive = [(slot, simulator.sample(rng)) for slot in range(n_candidate)]
    for epoch in epochs:
        scores = simulator.evaluate_all((code for _, code in alive), epoch, trials=(slot for slot, _ in alive))
        ranked = [-math.inf if math.isnan(score) else sign * score for score in scores]
        # Highest score first; among equal scores the later candidate.
        order = sorted(range(len(alive)), key=ranked.__getitem__)[::-1]
        alive = [alive[i] for i in order[: (len(alive) + 1) // 2]]
        if len(alive) == 1:
            return
