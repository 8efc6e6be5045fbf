"""Build the stores of the row maps: NAS-Bench-101's 423,624 cells and NAS-Bench-ASR's 8,242 graphs.

    python benchmarks_zarr/build/spaces.py

Everything is computed from the definitions of the spaces; the MD5 hashes take a minute.
"""

import itertools
import shutil
from pathlib import Path
from typing import Any

import nb101_network
import nbasr_network
import numpy as np
import numpy.typing as npt
import zarr
from manifest import write_manifest
from nb101_enumeration import enumerate_cells
from zarr.codecs import ZstdCodec

from mfnas_vec.spaces import get_space

FOLDER = Path(__file__).parents[1]


def write_space(name: str, title: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write a space's store, one file per array."""
    path = FOLDER / f"{name}-space.zarr"
    if path.exists():
        shutil.rmtree(path)
    group = zarr.create_group(path, zarr_format=3, attributes={"space": name, "title": title, "provenance": "computed"})
    for key, values in arrays.items():
        group.create_array(
            key, data=values, chunks=values.shape, compressors=[ZstdCodec(level=19, checksum=True)], fill_value=0
        )


def digest_bytes(hashes: list[str]) -> npt.NDArray[np.uint8]:
    """Hexadecimal MD5 digests as bytes, shape ``(n, 16)``."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(-1, 16)


def build_nb101() -> None:
    """Rows in the order of the module hashes."""
    space = get_space("nb101")
    cells = enumerate_cells()
    hashes = []
    for genotype in space.decode(cells.class_code).tolist():
        digest = nb101_network.hash_of(genotype)
        if digest is None:
            raise SystemExit("a representative is invalid")
        hashes.append(digest)
    order = np.array(sorted(range(len(hashes)), key=hashes.__getitem__))
    if len(set(hashes)) != space.n_arch:
        raise SystemExit(f"{len(set(hashes))} distinct hashes; expected {space.n_arch}")
    row = np.empty_like(order)
    row[order] = np.arange(order.size)
    write_space(
        "nb101",
        space.title,
        {
            "high_form": cells.high_form,
            "form_offset": cells.form_offset,
            "form_mask": cells.form_mask,
            "cell": row[cells.cell_class].astype(np.int32),
            "arch_code": cells.class_code[order].astype(np.int32),
            "hash": digest_bytes([hashes[i] for i in order]),
        },
    )


def build_nbasr() -> None:
    """Rows in the order of the graph hashes; a graph is coded by its genotype of fewest skips."""
    space = get_space("nbasr")
    genotypes = list(itertools.product(*map(range, space.cardinality)))
    hashes = [nbasr_network.hash_of(g) for g in genotypes]
    rows = {digest: row for row, digest in enumerate(sorted(set(hashes)))}
    cell = np.array([rows[digest] for digest in hashes], np.int16)
    skips = np.array([sum(g[gene] for gene, _, _ in nbasr_network.SKIPS) for g in genotypes])
    by_skips = np.argsort(skips, kind="stable")
    arch_code = by_skips[np.unique(cell[by_skips], return_index=True)[1]]
    write_space(
        "nbasr",
        space.title,
        {"cell": cell, "arch_code": arch_code.astype(np.int32), "hash": digest_bytes(sorted(rows))},
    )


if __name__ == "__main__":
    build_nb101()
    build_nbasr()
    write_manifest()
