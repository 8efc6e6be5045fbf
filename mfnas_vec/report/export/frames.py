"""Results as data frames of pandas."""

from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.analysis.searches import provenance_of
from mfnas_vec.analysis.statistics import TEST, leading_dims, over_runs
from mfnas_vec.report.export.cells import Results, cells_of, stated
from mfnas_vec.runs.genotypes import genotypes
from mfnas_vec.runs.result import RUN, RUN_VARIABLES, cell_attrs
from mfnas_vec.tables.provenance import UNSTATED
from mfnas_vec.tables.schema import GENE


def to_long(result: xr.Dataset) -> Any:
    """A row per run of each combination that exists.

    Parameters
    ----------
    result
        Of ``run``, or of a problem of a sweep or of ``reproduce``. A trace is left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``problem, optimizer``, each varied setting (NaN or n/a: not a setting of this optimizer),
        ``search`` (a label that is unique), ``run``, the variables of ``run`` (genes with spaces
        between, ``stop_reason`` in words), and what the numbers are: ``test_variable, test_units, test_direction,
        test_provenance, search_provenance, seconds_provenance, provenance`` (the weakest of all
        that was read), ``protocol, seed``; ``selected_on`` where test results chose the answers of runs.
    """
    import pandas as pd

    frames = []
    attrs = result.attrs
    for label, cell in cells_of(result):
        columns: dict[str, Any] = {"problem": str(attrs.get("problem", ""))}
        columns["optimizer"] = str(cell["optimizer"].item()) if "optimizer" in cell.coords else attrs["optimizer"]
        for dim in leading_dims(result):
            if dim != "optimizer":
                value = cell[dim].item()
                columns[dim] = value if isinstance(value, (int, float)) else str(value)
        columns |= {"search": label, RUN: cell[RUN].values}
        for name in RUN_VARIABLES:
            if name == "code":
                genes = genotypes(cell).transpose(RUN, GENE).values
                columns["genotype"] = [" ".join(str(int(gene)) for gene in row if gene >= 0) for row in genes]
            elif name == "stop_reason":
                words = str(cell[name].attrs.get("flag_meanings", "")).split()
                columns[name] = [words[int(i)] if 0 <= i < len(words) else "" for i in cell[name].values.tolist()]
            else:
                columns[name] = whole(cell[name].values, RUN_VARIABLES[name][1])
        test = cell[TEST].attrs
        columns |= {f"test_{key}": str(test.get(key, UNSTATED)) for key in ("variable", "units", "direction")}
        columns["test_provenance"] = str(test.get("provenance", UNSTATED))
        columns["search_provenance"] = stated(cell, "search_provenance", "search_score", "provenance")
        columns["seconds_provenance"] = stated(cell, "seconds_provenance", "cost_seconds", "provenance")
        columns["provenance"] = provenance_of(cell)
        columns |= cell_attrs(cell) | {key: attrs[key] for key in ("seed",) if key in attrs}
        frames.append(pd.DataFrame(columns, index=pd.RangeIndex(cell.sizes[RUN])))
    return pd.concat(frames, ignore_index=True)


def whole(values: Any, dtype: str) -> Any:
    """Values as integers, or as they are if one is missing."""
    return values if np.isnan(values).any() else values.astype(dtype)


def to_wide(result: xr.Dataset, variable: str = TEST) -> Any:
    """One variable: a row per run, a column per combination that exists.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``run``; columns are the labels of ``to_long``'s ``search``.

    Raises
    ------
    ValueError
        If there is no such variable, or it has more dimensions.
    """
    import pandas as pd

    values = over_runs(result, variable)
    if set(values.dims) != {*leading_dims(result), RUN}:
        raise ValueError(f"variable={variable!r} has more dimensions than runs")
    dtype = RUN_VARIABLES[variable][1] if variable in RUN_VARIABLES else "float64"
    columns = {label: whole(cell[variable].values, dtype) for label, cell in cells_of(result)}
    return pd.DataFrame(columns, index=pd.Index(result[RUN].values, name=RUN))


def frame_of(results: Results, wide: str | None = None) -> Any:
    """The frames of several problems as one: below each other, or (``wide``, a variable) side by side."""
    import pandas as pd

    if wide is None:
        return pd.concat([to_long(result) for result in results.values()], ignore_index=True)
    frames = {problem: to_wide(result, wide) for problem, result in results.items()}
    if len(frames) == 1:
        return next(iter(frames.values()))
    return pd.concat([frame.add_prefix(f"{problem}: ") for problem, frame in frames.items()], axis=1)
