"""Traces of runs: every evaluation, or what matters of them."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.runs.incumbents import ANSWER, COMPLETED_RUNG, answers
from mfnas_vec.runs.result import RUN, STEP


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
    code, incumbent = step_codes(result, "code"), step_codes(result, "incumbent")
    taken = code >= 0
    answer, _ = answers(result)
    kept = (np.diff(incumbent, axis=1, prepend=-1) != 0) | (np.diff(answer, axis=1, prepend=-1) != 0)
    kept[:, :-1] |= taken[:, :-1] & ~taken[:, 1:]
    kept[:, -1:] = True
    kept &= taken
    runs, steps = np.nonzero(kept)
    place = (np.cumsum(kept, axis=1) - 1)[kept]
    n_step = int(kept.sum(axis=1).max(initial=0))
    names = [str(name) for name, values in result.data_vars.items() if STEP in values.dims]
    thinned = result.drop_vars(names)
    about = {"long_name": "code that the run would return if it were stopped here; NaN: none, unused steps"}
    result = result.assign({f"trace_{ANSWER}": ((RUN, STEP), np.where(answer < 0, np.nan, answer), about)})
    names.append(f"trace_{ANSWER}")
    for name in names:
        values = result[name].transpose(RUN, STEP)
        shorter = np.full((values.sizes[RUN], n_step), np.nan)
        shorter[runs, place] = values.values[runs, steps]
        thinned[name] = (RUN, STEP), shorter, values.attrs
    made = np.full((code.shape[0], n_step), np.nan)
    made[runs, place] = steps + 1
    thinned["trace_evaluations"] = (RUN, STEP), made, {"long_name": "evaluations made; NaN: unused steps", "units": "1"}
    return thinned
