"""Train all graphs, or compute their proxies, in chunks that survive an interruption.

A chunk is 20 graphs. It is written to a temporary file and renamed, and skipped when it is there.
Its folder is named by a digest of settings, data, graphs and code, so that a chunk made by
other code is never taken for a finished one. Results of graphs do not depend on chunks, processes or
order; seconds do vary.
"""

import ast
import hashlib
import inspect
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d.graphs import distinct_graphs
from benchmarks_zarr.build.nb201_mnist1d.trainer import uniform

CHUNK = 20

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Job:
    """What is done for each graph.

    Attributes
    ----------
    kind
        Its name.
    settings
        All that results depend on besides the code, and the digest of the data.
    modules
        The modules whose code results depend on.
    prepare
        Makes the function from genes, shape ``(6,)``, to named arrays.
    """

    kind: str
    settings: Mapping[str, Any]
    modules: tuple[ModuleType, ...]
    prepare: Callable[[], Callable[[npt.NDArray[np.int8]], Arrays]]

    def key(self) -> str:
        """Name of the folder of finished chunks."""
        graphs = distinct_graphs()
        digest = hashlib.sha256(json.dumps(dict(self.settings), sort_keys=True).encode())
        digest.update(code_digest(self.modules).encode())
        digest.update(graphs.genes.tobytes())
        return f"{self.kind}-{digest.hexdigest()[:16]}"


def code_digest(modules: tuple[ModuleType, ...]) -> str:
    """SHA-256 of the code of modules without comments, documentation, imports and layout."""
    digest = hashlib.sha256()
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                kept = [n for n in body if not _is_text(n) and not isinstance(n, ast.Import | ast.ImportFrom)]
                node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        digest.update(ast.unparse(tree).encode() + b"\0")
    return digest.hexdigest()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def graph_order(n: int) -> npt.NDArray[np.int64]:
    """Graphs in the order in which they are done: shuffled, so that any part is a fair sample."""
    return np.argsort(uniform([2, n], n), kind="stable")


def chunk_graphs(limit: int | None = None) -> list[npt.NDArray[np.int64]]:
    """The graphs of each chunk; of the first ``limit`` graphs only."""
    order = graph_order(len(distinct_graphs().genes))[:limit]
    return [order[i : i + CHUNK] for i in range(0, len(order), CHUNK)]


def machine() -> dict[str, str]:
    """The processor and the versions that results were made with."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = [
            line for line in cpuinfo.read_text().splitlines() if line.startswith(("model name", "model\t", "cpu f"))
        ]
        name = ", ".join(" ".join(line.split()) for line in found[:3]) or name
    versions = {"python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    return {"processor": name, "system": platform.system(), **versions}


def save(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays to a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path) -> Arrays:
    """Read arrays written by `save`."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def compute(
    job: Job, key: str, graphs: npt.NDArray[np.int64], function: Callable[[npt.NDArray[np.int8]], Arrays]
) -> Arrays:
    """The arrays of a chunk: those of its graphs, stacked."""
    genes = distinct_graphs().genes
    rows = [function(genes[g]) for g in graphs]
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    about = {"key": key, "machine": machine(), "settings": dict(job.settings)}
    text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
    return {"graph": graphs.astype(np.int32), "about": text, **stacked}


def run(
    job: Job, folder: Path, *, packed: set[int] | None = None, backwards: bool = False, limit: int | None = None
) -> Iterator[str]:
    """Do the chunks that are not done, and report each.

    Parameters
    ----------
    job
        What to do.
    folder
        Where the job's folder of chunks is.
    packed
        Graphs that are done elsewhere: chunks of these alone are skipped.
    backwards
        Start with the last chunk, for a second process beside one that starts with the first.
    limit
        Do the first ``limit`` graphs only, in the order of `graph_order`.
    """
    key = job.key()  # now: the code that runs is that of now
    target = folder / key
    whole, chunks = chunk_graphs(), list(enumerate(chunk_graphs(limit)))
    done = packed or set()
    function = None
    for i, graphs in reversed(chunks) if backwards else chunks:
        # A part of a chunk must not be taken for the whole one.
        part = "" if len(graphs) == len(whole[i]) else f"-{len(graphs)}"
        path = target / f"{i:04d}{part}.npz"
        if path.exists() or done.issuperset(graphs.tolist()):
            continue
        function = function or job.prepare()
        start, clock = time.perf_counter(), time.process_time()
        save(path, compute(job, key, graphs, function))
        used, passed = time.process_time() - clock, time.perf_counter() - start
        yield f"{job.kind} chunk {i} of {len(chunks)}: {used:.1f} s of processor time in {passed:.1f} s"
