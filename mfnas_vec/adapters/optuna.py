"""Optuna's samplers and pruners as a search (extra ``optuna``).

Source: T. Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
"""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mfnas_vec.adapters.driving import drive
from mfnas_vec.runs.accounts import Finished
from mfnas_vec.runs.simulated import simulated
from mfnas_vec.runs.simulator import Simulator
from mfnas_vec.spaces import SearchSpace

try:
    import optuna
except ImportError as error:
    raise ImportError(f"Optuna is needed: pip install 'mfnas-vec[optuna]' ({error})") from None


def suggest(trial: optuna.trial.BaseTrial, space: SearchSpace) -> tuple[int, ...]:
    """A genotype, each gene a categorical parameter of the trial: "gene0", "gene1" and so on."""
    return tuple(trial.suggest_categorical(f"gene{i}", range(n)) for i, n in enumerate(space.cardinality))


def optuna_search(
    simulator: Simulator,
    rng: np.random.Generator,
    *,
    sampler: str | Callable[..., optuna.samplers.BaseSampler] = "TPESampler",
    sampler_options: Mapping[str, Any] | None = None,
    pruner: str | Callable[..., optuna.pruners.BasePruner] | None = None,
    pruner_options: Mapping[str, Any] | None = None,
    epochs: int | Sequence[int] | None = None,
) -> None:
    """A search for ``simulate`` that an Optuna study makes.

    Parameters
    ----------
    simulator, rng
        As ``simulate`` gives them.
    sampler
        A sampler of ``optuna.samplers`` by name, or what makes one; called with ``seed`` and
        ``sampler_options``.
    pruner
        A pruner of ``optuna.pruners`` by name, or what makes one; called with ``pruner_options``.
    epochs
        Epochs of training of a trial; several are those at which it reports its score and may be
        pruned (use ``training="continue"``).

    Raises
    ------
    ValueError
        If Optuna has no such sampler or pruner, or there is a pruner but one number of epochs.
    """
    rungs = list(epochs) if isinstance(epochs, Sequence) else [epochs]
    if pruner is not None and len(rungs) < 2:
        raise ValueError(f"pruner={pruner!r} has no effect with epochs={epochs!r}: give several")
    with _quiet():
        study = optuna.create_study(
            direction=optuna.study.StudyDirection[simulator.direction.upper()],
            sampler=_made(
                optuna.samplers, sampler, "sampler", {**(sampler_options or {}), "seed": int(rng.integers(2**31))}
            ),
            pruner=None if pruner is None else _made(optuna.pruners, pruner, "pruner", pruner_options or {}),
        )
        fail = optuna.trial.TrialState.FAIL

        def ask() -> tuple[optuna.Trial, int]:
            trial = study.ask()
            genotype = suggest(trial, simulator.space)
            return trial, sum(g * w for g, w in zip(genotype, simulator.space.weight, strict=True))

        def learn(trial: optuna.Trial, finished: Finished | None) -> int | None:
            if finished is None or math.isnan(finished.score):
                study.tell(trial, state=fail)
                return None
            place = rungs.index(finished.epoch) if len(rungs) > 1 else 0
            if place == len(rungs) - 1:
                study.tell(trial, finished.score)
                return None
            trial.report(finished.score, finished.epoch)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                return None
            return rungs[place + 1]

        drive(simulator, ask, learn, rungs[0])


def _made(home: Any, what: Any, kind: str, options: Mapping[str, Any]) -> Any:
    if isinstance(what, str):
        known = [name for name in dir(home) if name.lower().endswith(kind) and not name.startswith("Base")]
        if what not in known:
            raise ValueError(f"{kind}={what!r} must be one of {', '.join(known)}")
        what = getattr(home, what)
    return what(**options)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without a line of log for each study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


TPE = simulated("OPTUNA-TPE", "Optuna's tree-structured Parzen estimator", optuna_search)
RANDOM = simulated("OPTUNA-RS", "Optuna's random search", functools.partial(optuna_search, sampler="RandomSampler"))
