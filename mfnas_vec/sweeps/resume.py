"""Whether a sweep may create or resume the store at its path, and which blocks are left."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from mfnas_vec.runs import conventions
from mfnas_vec.runs.store import MARK, check_format
from mfnas_vec.search import get_optimizer
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.plan import ProblemPlan
from mfnas_vec.sweeps.skeleton import COMPLETE, CREATING, RUNS_PER_CHUNK, STATE, Skeleton
from mfnas_vec.sweeps.store import Block, GridStore, n_chunk

#: Attributes that must be equal for a sweep to resume a store, and their names in messages.
_IDENTITY = {
    "n_run": "number of runs",
    "seed": "seed",
    "protocol": "protocol",
    "missing": "treatment of missing architectures",
    "grid": "grid of problems, optimizers and settings",
    MARK: "version of mfnas_vec",
    "tables": "content of the tables",
    "plugins": "source of optimizers from outside",
}
VERSIONS = ("numpy", "numba", "zarr", "xarray")


def identity(grid: Grid, plans: Sequence[ProblemPlan]) -> dict[str, Any]:
    """Attributes of a sweep's root: everything that determines its numbers."""
    versions = {f"{name}_version": importlib.metadata.version(name) for name in VERSIONS}
    used = sorted({cell.optimizer for plan in plans for cell in plan.cells})
    outside = [f"{name}: {source}" for name in used if (source := get_optimizer(name).source)]
    return {
        MARK: plans[0].cells[0].description.attrs[MARK],
        conventions.FORMAT: conventions.FORMAT_NUMBER,
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
        **({"plugins": outside} if outside else {}),
        **versions,
    }


def existing(store: GridStore, attrs: Mapping[str, Any], resume: bool) -> str | None:
    """State of the existing store, which this sweep must be allowed to resume; ``None`` if nothing is there."""
    found = store.attributes()
    if STATE not in (found or {}) and store.has_anything():
        raise ValueError(f"{store.name} exists already and is not the store of a sweep, so it is left unchanged")
    if found is None:
        return None
    check_format(found, store.name)
    if not resume:
        state = "(complete)" if found[STATE] == COMPLETE else "(unfinished); --resume (resume=True) completes it"
        raise ValueError(f"{store.name} exists already, a sweep's store {state}")
    for key, what in _IDENTITY.items():
        if found.get(key) != attrs.get(key):
            raise ValueError(
                f"{store.name} holds another sweep, so it is not resumed: its {what} "
                f"{_difference(found.get(key), attrs.get(key))}"
            )
    return str(found[STATE])


def begin(
    store: GridStore, grid: Grid, plans: Sequence[ProblemPlan], skeleton: Skeleton, state: str | None
) -> dict[str, set[Block]] | None:
    """Create the store, or find the finished blocks of it; ``None`` if all are finished."""
    store.clean()
    if state is None:
        store.begin(skeleton)
    if state in (None, CREATING):
        store.create(skeleton)
        return {}
    store.repair(skeleton)
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
        return f"differs ({', '.join(others)})"
    return "differs"


def n_finished(finished: Mapping[str, set[Block]], grid: Grid) -> int:
    """Number of searches in finished blocks."""
    last = n_chunk(grid.n_run) - 1
    rest = grid.n_run - last * RUNS_PER_CHUNK
    return sum(rest if chunk == last else RUNS_PER_CHUNK for blocks in finished.values() for _, chunk in blocks)
