"""Raw results, packed: the finished chunks of the runner, 25 to a file, from which the table is merged.

``python -m benchmarks_zarr.build.nb201_mnist1d.raw FOLDER`` packs what the runner has finished in FOLDER.
The runner skips packed chunks, so that the measurement can go on where there is nothing else.

Numbers are kept byte by byte, all first bytes together, then all second ones, which packs better. The same
chunks give the same file.
"""

import argparse
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d.data import mnist1d
from benchmarks_zarr.build.nb201_mnist1d.graphs import distinct_graphs
from benchmarks_zarr.build.nb201_mnist1d.jobs import scoring_job, training_job
from benchmarks_zarr.build.nb201_mnist1d.runner import Arrays, Job, chunk_graphs, load
from benchmarks_zarr.build.nb201_mnist1d.trainer import Training

RAW = Path(__file__).parent / "raw"
CHUNKS_PER_FILE = 25


class Results(NamedTuple):
    """Results of a job.

    Attributes
    ----------
    done
        Whether a graph has results, shape ``(n_graph,)``.
    arrays
        Arrays by name, first dimension ``n_graph``; zero where nothing is done.
    machines
        The processors and versions they were made with, in JSON.
    """

    done: npt.NDArray[np.bool_]
    arrays: Arrays
    machines: list[str]


def _planes(array: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    return np.moveaxis(little.view(np.uint8).reshape(*array.shape, array.itemsize), -1, 0)


def _whole(planes: npt.NDArray[np.uint8], dtype: str) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(np.moveaxis(planes, 0, -1)).view(np.dtype(dtype).newbyteorder("<"))[..., 0]


def _write(path: Path, arrays: Arrays) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_LZMA) as archive:
            for name, array in arrays.items():
                # A date of its own would make the same numbers another file.
                info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_LZMA
                with archive.open(info, "w") as file:
                    np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _chunk(job: Job, folder: Path, number: int) -> Arrays | None:
    path = folder / job.key() / f"{number:04d}.npz"
    return load(path) if path.exists() else None


def unpack(job: Job, raw: Path = RAW) -> Iterator[Arrays]:
    """The packed results of a job, a file at a time.

    Raises
    ------
    ValueError
        If a file was made by other code, with other settings or of other data.
    """
    for path in sorted(raw.glob(f"{job.kind}-*.npz")):
        packed = load(path)
        about = json.loads(packed.pop("about").tobytes())
        if about["key"] != job.key():
            raise ValueError(
                f"{path.name} holds results of {about['key']}; code, settings and data now give {job.key()}"
            )
        dtypes = about["dtypes"]
        whole = {name: _whole(planes, dtypes[name]) for name, planes in packed.items()}
        yield whole | {"machines": np.array(about["machines"])}


def packed_graphs(job: Job, raw: Path = RAW) -> set[int]:
    """Graphs that have packed results."""
    return {int(g) for part in unpack(job, raw) for g in part["graph"]}


def pack(job: Job, folder: Path, raw: Path = RAW) -> int:
    """Pack finished chunks of a folder, with those packed before; return the number of graphs packed."""
    raw.mkdir(exist_ok=True)
    known: dict[int, Arrays] = {}
    machines: dict[int, set[str]] = {}
    for part in unpack(job, raw):
        names = [name for name in part if name != "machines"]
        for i, g in enumerate(part["graph"].tolist()):
            known[g] = {name: part[name][i] for name in names}
            machines[g] = set(part["machines"].tolist())
    groups: dict[int, list[int]] = {}
    for number, graphs in enumerate(chunk_graphs()):
        if not set(graphs.tolist()) <= known.keys() and (chunk := _chunk(job, folder, number)):
            about = json.loads(chunk.pop("about").tobytes())
            for i, g in enumerate(chunk["graph"].tolist()):
                known[g] = {name: array[i] for name, array in chunk.items()}
                machines[g] = {json.dumps(about["machine"], sort_keys=True)}
        groups.setdefault(number // CHUNKS_PER_FILE, []).extend(g for g in graphs.tolist() if g in known)
    for group, graphs in groups.items():
        if graphs:
            stacked = {name: np.stack([known[g][name] for g in graphs]) for name in known[graphs[0]]}
            made = sorted(set().union(*(machines[g] for g in graphs)))
            dtypes = {name: array.dtype.str for name, array in stacked.items()}
            about = {"key": job.key(), "settings": dict(job.settings), "machines": made, "dtypes": dtypes}
            text = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
            planes = {name: _planes(array) for name, array in stacked.items()}
            _write(raw / f"{job.kind}-{group:02d}.npz", {"about": text, **planes})
    return len(known)


def collect(job: Job, folder: Path | None, raw: Path | None) -> Results:
    """All results of a job: packed ones, and finished chunks of a folder."""
    n_graph = len(distinct_graphs().genes)
    done, arrays, machines = np.zeros(n_graph, bool), Arrays(), set[str]()
    parts = list(unpack(job, raw)) if raw else []
    for path in sorted((folder / job.key()).glob("*.npz")) if folder else ():
        chunk = load(path)
        about = json.loads(chunk.pop("about").tobytes())
        parts.append(chunk | {"machines": np.array([json.dumps(about["machine"], sort_keys=True)])})
    for part in parts:
        rows = part.pop("graph")
        machines.update(part.pop("machines").tolist())
        for name, array in part.items():
            arrays.setdefault(name, np.zeros((n_graph, *array.shape[1:]), array.dtype))[rows] = array
        done[rows] = True
    return Results(done, arrays, sorted(machines))


def main() -> None:
    """Pack the finished chunks of the embedded table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the runner keeps its chunks")
    folder = parser.parse_args().folder
    data, settings = mnist1d(), Training()
    for job in (training_job(data, settings), scoring_job(data, settings)):
        print(f"{job.kind}: {pack(job, folder)} of {len(distinct_graphs().genes)} graphs packed")


if __name__ == "__main__":
    main()
