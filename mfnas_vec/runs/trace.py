"""Traces of runs: every evaluation, or what matters of them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.runs.incumbents import ANSWER, COMPLETED_RUNG, answers
from mfnas_vec.runs.result import RUN, STEP
from mfnas_vec.search.memory import Trace


def check_trace(result: xr.Dataset) -> None:
    """Refuse a result without a trace.

    Raises
    ------
    ValueError
        If it has none.
    """
    if "trace_code" not in result.variables:
        raise ValueError("the result has no trace: run with trace=True (--trace)")


def step_codes(result: xr.Dataset, name: str) -> npt.NDArray[np.int64]:
    """Codes of a trace, "code", "incumbent" or "answer", shape ``(..., n_run, n_step)``: -1 where there is none."""
    codes = result[f"trace_{name}"].transpose(..., RUN, STEP).values
    return np.where(np.isnan(codes), -1, codes).astype(np.int64)


def incumbent_codes(result: xr.Dataset, rule: str) -> npt.NDArray[np.int64]:
    """Codes of the incumbents by a rule of ``RULES``, shape ``(..., n_run, n_step)``: -1 where there is none."""
    if rule != COMPLETED_RUNG:
        return step_codes(result, "incumbent")
    return step_codes(result, ANSWER) if f"trace_{ANSWER}" in result else answers(result)[0]


def thin(result: xr.Dataset) -> xr.Dataset:
    """Leave only those steps of a trace at which the incumbent changes by any rule, and the last of each run.

    Parameters
    ----------
    result
        Of ``run`` with ``trace=True``.

    Returns
    -------
    xarray.Dataset
        The same with ``trace_evaluations``, the evaluations made until a step, ``trace_answer``, the
        incumbent by ``COMPLETED_RUNG``, and fewer steps: curves of the test result, and costs of
        reaching one, are as before by either rule; those of the score are not.
    """
    check_trace(result)
    answer, _ = answers(result)
    steps = Kept.of(step_codes(result, "code"), step_codes(result, "incumbent"), answer)
    names = [str(name) for name, values in result.data_vars.items() if STEP in values.dims]
    thinned = result.drop_vars(names)
    for name in names:
        values = result[name].transpose(RUN, STEP)
        thinned[name] = (RUN, STEP), steps.move(values.values.astype(np.float64), np.nan), values.attrs
    return thinned.assign(steps.variables(answer))


def thin_steps(trace: Trace, answer: npt.NDArray[np.int64]) -> tuple[Trace, dict[str, Any]]:
    """What ``thin`` leaves of the arrays of a trace with its incumbents by ``COMPLETED_RUNG``, and adds to them."""
    steps = Kept.of(trace.code, trace.incumbent, answer)
    left = Trace._make(steps.move(values, np.nan if values.dtype.kind == "f" else -1) for values in trace)
    return left, steps.variables(answer)


class Kept(NamedTuple):
    """The steps of a trace that are left."""

    n_run: int
    runs: npt.NDArray[np.int64]
    #: Before, and after.
    steps: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]

    @classmethod
    def of(cls, code: npt.NDArray[Any], incumbent: npt.NDArray[Any], answer: npt.NDArray[Any]) -> "Kept":
        """Those of a trace, whose codes are -1 in unused steps."""
        taken = code >= 0
        kept = np.zeros(code.shape, bool)
        for codes in (incumbent, answer):
            kept[:, :1] |= codes[:, :1] != -1
            kept[:, 1:] |= codes[:, 1:] != codes[:, :-1]
        kept[:, :-1] |= taken[:, :-1] & ~taken[:, 1:]
        kept[:, -1:] = True
        kept &= taken
        runs, steps = np.nonzero(kept)
        first = np.searchsorted(runs, np.arange(code.shape[0]))
        return cls(code.shape[0], runs, steps, np.arange(runs.size) - first[runs])

    def move(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """Values of these steps, ``missing`` where a run has fewer of them."""
        shorter = np.full((self.n_run, int(self.places.max(initial=-1)) + 1), missing, values.dtype)
        shorter[self.runs, self.places] = values[self.runs, self.steps]
        return shorter

    def variables(self, answer: npt.NDArray[np.int64]) -> dict[str, Any]:
        """The variables that a thinned trace has, too."""
        left = self.move(answer, -1)
        made = self.move(np.broadcast_to(np.arange(1.0, answer.shape[1] + 1), answer.shape), np.nan)
        about = {"long_name": "code that the run would return if it were stopped here; NaN: none, unused steps"}
        count = {"long_name": "evaluations made; NaN: unused steps", "units": "1"}
        return {
            f"trace_{ANSWER}": ((RUN, STEP), np.where(left < 0, np.nan, left), about),
            "trace_evaluations": ((RUN, STEP), made, count),
        }
