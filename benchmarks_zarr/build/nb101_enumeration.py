"""Enumerate NAS-Bench-101: every pruned graph, every labelled cell, every class of cells.

Everything follows from the definition of the space; it takes about a second once compiled. Cells
are deduplicated by the benchmark's own refinement of vertex hashes, on 64-bit numbers in place of MD5
digests. The order of graphs and operations is that of the published enumeration, so that the first
member of a class is the cell that was trained.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from nb101_network import MAX_EDGES

from mfnas_vec._jit import njit, njit_inline
from mfnas_vec.search.rng import mix
from mfnas_vec.spaces.nb101 import EDGES, N_EDGE_GENE, N_INTERIOR, N_OPS_CODE, N_VERTEX

_INTO = np.uint64(0x243F6A8885A308D3)
_OUT_OF = np.uint64(0x13198A2E03707344)
_WHOLE = np.uint64(0xA4093822299F31D0)


class Enumeration(NamedTuple):
    """The row map up to the order of rows, and a representative of each class."""

    high_form: npt.NDArray[np.int16]  # [2**21], -1 where invalid
    form_offset: npt.NDArray[np.int32]  # [form]
    form_mask: npt.NDArray[np.int32]  # [form]
    cell_class: npt.NDArray[np.int64]  # [labelled cell]
    class_code: npt.NDArray[np.int64]  # [class], code of the published representative
    class_size: npt.NDArray[np.int64]  # [class], vertices of the pruned cell


@njit
def prune_all(sources, targets, key, mask):
    """For each of the 2**21 edge codes the compressed pruned graph (-1: invalid) and its survivors.

    The compressed graph is again an edge code: survivors move up, the output stays last.
    """
    n_gene = sources.size
    for code in range(key.size):
        # Adjacency of vertex a: bits 7a to 7a + 6 of one integer.
        out = 0
        for g in range(n_gene):
            if (code >> (n_gene - 1 - g)) & 1:
                out |= 1 << (7 * sources[g] + targets[g])
        after = 1
        for a in range(6):
            if (after >> a) & 1:
                after |= (out >> (7 * a)) & 127
        before = 64
        for a in range(5, -1, -1):
            if (out >> (7 * a)) & before:
                before |= 1 << a
        kept = after & before
        key[code] = -1
        if not (after >> 6) & 1:
            continue
        place = 0
        rank = 0
        for v in range(6):
            if (kept >> v) & 1:
                place |= rank << (3 * v)
                rank += 1
        place |= 6 << 18
        n_edge = 0
        graph = 0
        for g in range(n_gene):
            a, b = sources[g], targets[g]
            if (out >> (7 * a + b)) & 1 and (kept >> a) & 1 and (kept >> b) & 1:
                n_edge += 1
                new_a, new_b = (place >> (3 * a)) & 7, (place >> (3 * b)) & 7
                # Gene of edge (a, b): rows of the triangle before a, then b - a - 1.
                gene = new_a * (13 - new_a) // 2 + new_b - new_a - 1
                graph |= 1 << (n_gene - 1 - gene)
        if n_edge <= MAX_EDGES:
            key[code] = graph
            mask[code] = (kept >> 1) & 31


@njit_inline
def degree(neighbours):
    """Number of set bits."""
    n = 0
    while neighbours:
        neighbours &= neighbours - 1
        n += 1
    return n


@njit
def hash_cells(out, into, size, offset, hashes, now, new):
    """64-bit class hash of every labelling of every graph.

    ``out`` and ``into`` are neighbour bits, shape ``(n_graph, 7)``; ``now`` and ``new`` are room for
    seven hashes.
    """
    for graph in range(size.size):
        n = size[graph]
        n_label = 3 ** (n - 2)
        for label in range(n_label):
            rest = label
            for v in range(n - 1, -1, -1):
                if v == 0:
                    op = 4
                elif v == n - 1:
                    op = 5
                else:
                    op = rest % 3
                    rest //= 3
                start = (op * 8 + degree(out[graph, v])) * 8 + degree(into[graph, v])
                now[v] = mix(np.uint64(start))
            for _ in range(n):
                for v in range(n):
                    before = np.uint64(0)
                    behind = np.uint64(0)
                    for w in range(n):
                        if (into[graph, v] >> w) & 1:
                            before += mix(now[w] ^ _INTO)
                        if (out[graph, v] >> w) & 1:
                            behind += mix(now[w] ^ _OUT_OF)
                    new[v] = mix(mix(mix(before) + behind) + now[v])
                for v in range(n):
                    now[v] = new[v]
            whole = np.uint64(0)
            for v in range(n):
                whole += mix(now[v] ^ _WHOLE)
            hashes[offset[graph] + label] = whole


def _published_order(graphs: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The bits of a graph as the published enumeration counts them: column by column."""
    bits = np.zeros(graphs.size, np.int64)
    for gene, (a, b) in enumerate(EDGES):
        present = graphs >> (N_EDGE_GENE - 1 - gene) & 1
        column = np.where(b == N_VERTEX - 1, sizes - 1, b)
        bits |= present << (a + column * (column - 1) // 2)
    return bits


def enumerate_cells() -> Enumeration:
    """Enumerate the space.

    Returns
    -------
    Enumeration
        Classes are numbered in the order in which the published enumeration first meets them.
    """
    sources, targets = np.array(EDGES, np.int64).T.copy()
    key = np.full(2**N_EDGE_GENE, -1, np.int64)
    mask = np.zeros(2**N_EDGE_GENE, np.int64)
    prune_all(sources, targets, key, mask)

    valid = key >= 0
    forms, form_of = np.unique(key[valid] << N_INTERIOR | mask[valid], return_inverse=True)
    high_form = np.full(key.size, -1, np.int16)
    high_form[valid] = form_of
    form_graph, form_mask = forms >> N_INTERIOR, forms & (2**N_INTERIOR - 1)

    graphs, first = np.unique(form_graph, return_index=True)
    sizes = np.array([int(m).bit_count() + 2 for m in form_mask[first].tolist()])
    order = np.lexsort((_published_order(graphs, sizes), sizes))
    graphs, sizes = graphs[order], sizes[order]
    n_label = 3 ** (sizes - 2)
    offset = np.concatenate([[0], np.cumsum(n_label)[:-1]])
    sorter = np.argsort(graphs)
    form_offset = offset[sorter[np.searchsorted(graphs[sorter], form_graph)]]

    out = np.zeros((graphs.size, N_VERTEX), np.int64)
    into = np.zeros_like(out)
    for gene, (a, b) in enumerate(EDGES):
        present = graphs >> (N_EDGE_GENE - 1 - gene) & 1
        column = np.where(b == N_VERTEX - 1, sizes - 1, b)
        out[:, a] |= present << column
        into[np.arange(graphs.size), column] |= present << a
    hashes = np.zeros(n_label.sum(), np.uint64)
    hash_cells(out, into, sizes, offset, hashes, np.zeros(N_VERTEX, np.uint64), np.zeros(N_VERTEX, np.uint64))

    _, first_cell, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    met = np.argsort(first_cell)
    rank = np.empty(met.size, np.int64)
    rank[met] = np.arange(met.size)
    representative = first_cell[met]
    graph = np.searchsorted(offset, representative, side="right") - 1
    # Compressed operations fill the interior vertices from the first on; the rest stay 0.
    ops = (representative - offset[graph]) * 3 ** (N_VERTEX - sizes[graph])
    return Enumeration(
        high_form,
        form_offset.astype(np.int32),
        form_mask.astype(np.int32),
        rank[inverse],
        graphs[graph] * N_OPS_CODE + ops,
        sizes[graph],
    )
