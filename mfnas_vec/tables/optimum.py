"""Facts of a table that results on it record."""

from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance
from mfnas_vec.tables.schema import TRAIN_SECONDS


def best_of(table: xr.Dataset) -> dict[str, Any]:
    """Attributes with the best test result of a table."""
    test = dense.test_variable(table)
    better = np.fmax if dense.sign(table, test) > 0 else np.fmin  # of a number and NaN, the number
    return {"optimum": float(better.reduce(table[test].values)), "optimum_provenance": provenance(table, test)}


def problem_attrs(problem: str, table: xr.Dataset) -> dict[str, Any]:
    """Attributes of the results on a table: its title, note and best test result."""
    return {
        "problem": problem,
        "title": str(table.attrs.get("title", problem)),
        "timed": int(TRAIN_SECONDS in table),
        "table_note": str(table.attrs.get("note", "")),
        **best_of(table),
    }
