"""What is known of a table after its import: coverage, ranges, and agreement with known facts."""

import dataclasses

import numpy as np
import xarray as xr

from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import n_known
from mfnas_vec.tables.facts import OPTIMUM
from mfnas_vec.tables.schema import ARCH, EPOCH, TEST_VARIABLES
from mfnas_vec.tables.store import open_table

#: Attribute of an imported table: the variables that the files gave, not the table they were merged into.
IMPORTED_VARIABLES = "imported_variables"
#: Published optima are printed with two decimals; a mean over trials may round the other way.
OPTIMUM_TOLERANCE = 0.011
#: Largest relative difference between a stated cost and the computed one.
COST_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class VariableFacts:
    """Coverage and range of one variable."""

    name: str
    n_known: int
    n_arch: int
    n_nan: int
    low: float
    high: float


def variable_facts(table: xr.Dataset) -> list[VariableFacts]:
    """Coverage and range of every variable over architectures."""
    found = []
    for name in sorted(map(str, table.data_vars)):
        variable = table[name]
        if ARCH not in variable.dims or not np.issubdtype(variable.dtype, np.floating):
            continue
        values = np.atleast_2d(variable.transpose(..., ARCH).values)
        missing = np.isnan(values)
        known = values[~missing]
        low, high = (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)
        n_known = int((~missing).all(axis=0).sum())
        found.append(VariableFacts(name, n_known, values.shape[1], int(missing.sum()), low, high))
    return found


def checks(table: xr.Dataset) -> list[tuple[bool, str]]:
    """Comparisons with known facts: whether each agrees, and a sentence about it."""
    found = []
    name = str(table.attrs.get("name", ""))
    # Variables that a table had before scores were merged into it are not checked again.
    imported = set(np.atleast_1d(table.attrs.get(IMPORTED_VARIABLES, list(table.data_vars))).tolist())
    test = next((t for t in TEST_VARIABLES if t in table and t in imported), None)
    if test is not None and name in OPTIMUM and n_known(table, test) == table.sizes[ARCH]:
        sign = dense.sign(table, test)
        values = dense.test_results(table)
        best = sign * float(np.nanmax(sign * values))
        reached = abs(best - OPTIMUM[name]) <= OPTIMUM_TOLERANCE
        found.append((reached, f"best {test} {best:.2f}, published optimum {OPTIMUM[name]:.2f}"))
    found += _cost_checks(table, name, imported)
    if test is not None and EPOCH in table.dims:
        last = next((v for v in ("val_acc", "val_per", "val_auc") if v in table), None)
        if last is not None:
            final = table[last].isel({EPOCH: -1}).values
            both = ~np.isnan(final) & ~np.isnan(table[test].values)
            if both.sum() > 10:
                r = float(np.corrcoef(final[both], table[test].values[both])[0, 1])
                found.append((r > 0.5, f"{last} after the last epoch and {test} correlate at {r:.3f}"))
    return found


def _cost_checks(table: xr.Dataset, name: str, imported: set[str]) -> list[tuple[bool, str]]:
    try:
        known = open_table(name, embedded=True)
    except ValueError:
        return []
    found = []
    for cost in ("params", "flops"):
        if cost in table and cost in imported and table[cost].attrs.get("provenance") != "computed":
            ours, theirs = known[cost].values, table[cost].values
            both = ~np.isnan(theirs)
            if both.any():
                worst = float(np.max(np.abs(theirs[both] / ours[both] - 1)))
                kind = known[cost].attrs["provenance"]
                text = f"{cost} differ from the {kind} ones of the embedded table by at most {100 * worst:.2g} %"
                found.append((worst <= COST_TOLERANCE, text))
    return found
