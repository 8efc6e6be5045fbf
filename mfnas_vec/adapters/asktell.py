"""Any optimizer with ``ask()`` and ``tell(x, y)`` as a search: Nevergrad, scikit-optimize, your own."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from mfnas_vec.adapters.driving import drive
from mfnas_vec.runs.accounts import Finished
from mfnas_vec.runs.simulator import Simulator
from mfnas_vec.spaces import SearchSpace


class AskTellOptimizer(Protocol):
    """What ``AskTell`` needs of an optimizer."""

    def ask(self) -> Any:
        """The next candidate."""

    def tell(self, x: Any, y: float) -> Any:
        """Learn the loss of a candidate, to be minimised."""


def value_of(x: Any) -> Sequence[int]:
    """The genotype of a candidate: its ``value`` (Nevergrad), or the candidate itself."""
    found: Sequence[int] = getattr(x, "value", x)
    return found


@dataclasses.dataclass(frozen=True)
class AskTell:
    """A search for ``simulate`` made of an optimizer with ``ask()`` and ``tell(x, y)``.

    The optimizer minimises: scores to be maximised are negated. A candidate that is no architecture
    of the space, or has no score, gets the worst loss so far and costs nothing but the proposal.

    Parameters
    ----------
    make
        Called as ``make(space, seed)`` for each run; returns the optimizer.
    genotype
        The genotype of a candidate, shape ``(n_gene,)``.
    epoch
        Epochs of training of each evaluation.
    """

    make: Callable[[SearchSpace, int], AskTellOptimizer]
    genotype: Callable[[Any], Sequence[int]] = value_of
    epoch: int | None = None

    @property
    def __name__(self) -> str:
        return getattr(self.make, "__name__", type(self.make).__name__)

    def __call__(self, simulator: Simulator, rng: np.random.Generator) -> None:
        """Make one run."""
        optimizer = self.make(simulator.space, int(rng.integers(2**31)))
        factor = -1.0 if simulator.direction == "maximize" else 1.0
        worst = -math.inf

        def ask() -> tuple[Any, int]:
            x = optimizer.ask()
            return x, int(simulator.space.encode([int(gene) for gene in self.genotype(x)]))

        def learn(x: Any, finished: Finished | None) -> None:
            nonlocal worst
            loss = math.nan if finished is None else factor * finished.score
            if not math.isnan(loss):
                worst = max(worst, loss)
            optimizer.tell(x, (0.0 if worst == -math.inf else worst) if math.isnan(loss) else loss)

        drive(simulator, ask, learn, self.epoch)
