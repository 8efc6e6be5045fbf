"""What a sweep finds at the place it writes to, and whether it may go on there."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from mfnas_vec.runs import conventions
from mfnas_vec.runs.store import MARK
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.plan import ProblemPlan
from mfnas_vec.sweeps.skeleton import COMPLETE, CREATING, RUNS_PER_CHUNK, STATE, Skeleton
from mfnas_vec.sweeps.store import Block, GridStore, n_chunk

#: What must agree between a store and a sweep that takes it up, and how messages call it.
_IDENTITY = {
    "n_run": "number of runs",
    "seed": "seed",
    "protocol": "protocol",
    "missing": "treatment of missing architectures",
    "grid": "grid of problems, optimizers and settings",
    MARK: "version of mfnas_vec",
    "tables": "content of the tables",
}
VERSIONS = ("numpy", "numba", "zarr", "xarray")


def identity(grid: Grid, plans: Sequence[ProblemPlan]) -> dict[str, Any]:
    """Attributes of a sweep's root: all that decides its numbers."""
    versions = {f"{name}_version": importlib.metadata.version(name) for name in VERSIONS}
    return {
        MARK: plans[0].cells[0].description.attrs[MARK],
        "title": grid.title or grid.name,
        conventions.DESCRIPTION: conventions.TREE,
        "grid_name": grid.name,
        "grid": grid.json_of_cells(),
        "n_run": grid.n_run,
        "seed": grid.seed,
        "protocol": grid.protocol,
        "missing": grid.missing,
        "problems": [plan.problem for plan in plans],
        "tables": [f"{plan.problem}: {plan.digest}" for plan in plans],
        **versions,
    }


def existing(store: GridStore, attrs: Mapping[str, Any], resume: bool) -> str | None:
    """State of the store that is there, ``None`` if there is none; refuses whatever is not to be taken up."""
    found = store.attributes()
    if STATE not in (found or {}) and store.has_anything():
        raise ValueError(f"{store.name} exists already and is no sweep's store, so it is left alone")
    if found is None:
        return None
    if not resume:
        told = "(complete)" if found[STATE] == COMPLETE else "(unfinished); --resume (resume=True) completes it"
        raise ValueError(f"{store.name} exists already, a sweep's store {told}")
    for key, what in _IDENTITY.items():
        if found.get(key) != attrs[key]:
            raise ValueError(
                f"{store.name} holds another sweep, so it is not taken up: its {what} "
                f"{_difference(found.get(key), attrs[key])}"
            )
    return str(found[STATE])


def begin(
    store: GridStore, grid: Grid, plans: Sequence[ProblemPlan], skeleton: Skeleton, state: str | None
) -> dict[str, set[Block]] | None:
    """Make the store, or look what is finished of it; ``None`` if all is."""
    store.clean()
    if state in (None, CREATING):
        store.create(skeleton)
        return {}
    store.mend(skeleton)
    finished = {plan.problem: store.finished(plan.problem) for plan in plans}
    for problem, blocks in finished.items():
        store.check(problem, blocks)
    if state == COMPLETE and n_finished(finished, grid) == sum(len(p.cells) for p in plans) * grid.n_run:
        return None
    return finished


def _difference(found: Any, wanted: Any) -> str:
    if isinstance(wanted, (int, str)) and len(str(wanted)) < 40:
        return f"is {found}, not {wanted}"
    if isinstance(wanted, list) and isinstance(found, list):
        others = [entry.split(":")[0] for entry in wanted if entry not in found]
        return f"is another ({', '.join(others)})"
    return "is another"


def n_finished(finished: Mapping[str, set[Block]], grid: Grid) -> int:
    """Searches in finished blocks."""
    last = n_chunk(grid.n_run) - 1
    rest = grid.n_run - last * RUNS_PER_CHUNK
    return sum(rest if chunk == last else RUNS_PER_CHUNK for blocks in finished.values() for _, chunk in blocks)
