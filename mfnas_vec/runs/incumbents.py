"""The architecture that a run would return if it were stopped after each evaluation.

Scores at different epochs are not comparable: after two hundred epochs, a good architecture may have a
lower score than it had in a lucky evaluation, or a higher one than all that were trained for four. A
search that trains in rungs therefore holds the best of the last rung that it has *completed*, and
before the first rung the best of the stage that chose the candidates. The published code of MF-NAS
compares all scores it has seen, on any rung.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.runs.following import follow_runs
from mfnas_vec.runs.result import RUN, STEP

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Rules that choose the incumbent of a search that trains in rungs.
COMPLETED_RUNG, BEST_SEEN = "completed-rung", "best-seen"
RULES = (COMPLETED_RUNG, BEST_SEEN)
#: Variable of a trace with the incumbents by ``COMPLETED_RUNG``; ``trace_incumbent`` has those by ``BEST_SEEN``.
ANSWER = "answer"


def check_rule(rule: str) -> None:
    """Check the rule that chooses incumbents.

    Raises
    ------
    ValueError
        If it is none of ``RULES``.
    """
    if rule not in RULES:
        raise ValueError(f"incumbent={rule!r} must be one of {', '.join(RULES)}")


def answers(result: xr.Dataset) -> tuple[IntArray, FloatArray]:
    """Incumbents by ``COMPLETED_RUNG``, and their scores where a run has several fidelities.

    A block is a sequence of evaluations at the same number of epochs. It is a rung if all its
    architectures were evaluated before it. The incumbent is the best by score at the highest number of
    epochs that counts: a rung counts from its last evaluation on, any other block (a search of its own,
    the first rung of a halving) from its first on, and so does a block at the epochs of the incumbent.
    At the last evaluation of a run, the incumbent is what the run returned. A run at one number of
    epochs has the same incumbents by both rules.

    Parameters
    ----------
    result
        Of ``run`` with ``trace=True``, not thinned; it may have more leading dimensions.

    Returns
    -------
    tuple
        Codes, -1 where there is none, and scores to be maximised, NaN in a zero-cost stage, for runs at
        one number of epochs, and where the score of the answer is not known; shape
        ``(..., n_run, n_step)``.

    Raises
    ------
    ValueError
        If runs have several fidelities, and the search score has no direction.
    """
    names = ("code", "incumbent", "fidelity", "score")
    raw = [result[f"trace_{name}"].transpose(..., RUN, STEP).values for name in names]
    shape = raw[0].shape
    code, incumbent, fidelity, score = (values.reshape(math.prod(shape[:-1]), shape[-1]) for values in raw)
    code, incumbent = (np.where(np.isnan(values), -1, values).astype(np.int64) for values in (code, incumbent))
    last = result["code"].transpose(..., RUN).values.reshape(-1)
    returned = np.where(np.isnan(last), -1, last).astype(np.int64)
    sign = {"maximize": 1.0, "minimize": -1.0}.get(str(result["search_score"].attrs.get("direction")))
    found, scores = follow(code, incumbent, np.nan_to_num(fidelity), score, returned, sign=sign)
    return found.reshape(shape), scores.reshape(shape)


def follow(
    code: npt.NDArray[Any],
    incumbent: npt.NDArray[Any],
    fidelity: npt.NDArray[Any],
    score: FloatArray,
    returned: IntArray,
    *,
    sign: float | None,
) -> tuple[IntArray, FloatArray]:
    """``answers`` of the arrays of a trace.

    Parameters
    ----------
    code, incumbent, fidelity, score
        Of a trace, shape ``(n_run, n_step)``; -1 and NaN in unused steps.
    returned
        Codes that the runs returned, -1 where there is none, shape ``(n_run,)``.
    sign
        The factor that makes scores ones to be maximised; ``None`` if it is not known.

    Returns
    -------
    tuple
        As of ``answers``.

    Raises
    ------
    ValueError
        If runs have several fidelities, and the sign is not known.
    """
    found, scores = incumbent.astype(np.int64), np.full(score.shape, np.nan)
    n_step = code.shape[1]
    runs = np.flatnonzero(((fidelity != fidelity[:, :1]) & (code >= 0)).any(axis=1)) if n_step else np.empty(0, int)
    if not runs.size:
        return found, scores
    if sign is None:
        raise ValueError("search_score: its attribute direction must be maximize or minimize")
    own = np.where(np.isnan(score), -np.inf, sign * score)
    size = 2 << n_step.bit_length()
    tables = tuple(np.zeros(size, kind) for kind in (np.int64, np.int64, np.int64, np.int64, np.float64))
    length = (code >= 0).sum(axis=1)
    follow_runs(runs, length, code.astype(np.int64), fidelity.astype(np.float64), own, found, scores, tables)
    ends = length[runs] - 1
    other = returned[runs] != found[runs, ends]
    found[runs[other], ends[other]], scores[runs[other], ends[other]] = returned[runs[other]], np.nan
    return found, scores
