"""The loop that every adapter shares: propose, evaluate on free workers, learn."""

from collections.abc import Callable
from typing import Any

from mfnas_vec.runs.accounts import Finished
from mfnas_vec.runs.simulator import Simulator
from mfnas_vec.spaces import NO_ARCH

#: Proposals in a row that may be no architecture of the space.
MAX_INVALID = 10_000


def drive(
    simulator: Simulator,
    ask: Callable[[], tuple[Any, int]],
    learn: Callable[[Any, Finished | None], int | None],
    first_epoch: int | None,
) -> None:
    """Keep all workers busy until the budget ends.

    Parameters
    ----------
    simulator
        Of the run.
    ask
        The next candidate and its code.
    learn
        Given a candidate and its finished evaluation, or ``None`` where it is no architecture; the
        epochs to which the candidate is trained on, or ``None`` if it has ended.
    first_epoch
        Epochs of training of a new candidate.

    Raises
    ------
    RuntimeError
        If the optimizer proposes nothing but invalid genotypes.
    """
    running: dict[int, tuple[int, int, Any]] = {}
    n_asked = n_invalid = 0
    while True:
        while simulator.n_free and not simulator.done:
            candidate, code = ask()
            n_asked += 1
            if simulator.space.row_of(code) == NO_ARCH:
                n_invalid += 1
                if n_invalid > MAX_INVALID:
                    raise RuntimeError(f"{MAX_INVALID} proposals in a row are no architectures of the space")
                learn(candidate, None)
                continue
            n_invalid = 0
            running[simulator.submit(code, first_epoch, trial=n_asked)] = n_asked, code, candidate
        if not running:
            return
        finished = simulator.wait()
        trial, code, candidate = running.pop(finished.ticket)
        epoch = learn(candidate, finished)
        if epoch is not None:
            running[simulator.submit(code, epoch, trial=trial)] = trial, code, candidate
