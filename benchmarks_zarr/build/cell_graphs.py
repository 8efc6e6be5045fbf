"""Graphs of cells: the vertices in use, and the hash that NAS-Bench-101 and NAS-Bench-ASR name architectures by.

Source: C. Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019,
and its public code: MD5 digests of vertices, refined by those of their neighbours.
"""

from collections.abc import Collection, Sequence
from hashlib import md5

INPUT = -1
OUTPUT = -2


def vertices_in_use(edges: Collection[tuple[int, int]], output: int) -> list[int]:
    """Vertices on a path from the input, vertex 0, to the output, the last vertex, ascending; empty without a path."""
    after, before = {0}, {output}
    for _ in range(output):
        after |= {b for a, b in edges if a in after}
        before |= {a for a, b in edges if b in before}
    return sorted(after & before)


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def graph_hash(matrix: Sequence[Sequence[int]], labels: Sequence[int], *, number: type = int) -> str:
    """Isomorphism-invariant MD5 hash of a labelled graph.

    Parameters
    ----------
    matrix
        Adjacency, shape ``(n_vertex, n_vertex)``; an edge goes from row to column.
    labels
        Integer label of each vertex.
    number
        How degrees are written: ``int`` on NAS-Bench-101, ``float`` on NAS-Bench-ASR.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    n = len(labels)
    into = [[w for w in range(n) if matrix[w][v]] for v in range(n)]
    out = [[w for w in range(n) if matrix[v][w]] for v in range(n)]
    hashes = [_digest(str((number(len(out[v])), number(len(into[v])), labels[v]))) for v in range(n)]

    def joined(vertices: list[int]) -> str:
        return "".join(sorted(hashes[w] for w in vertices))

    for _ in range(n):
        hashes = [_digest(f"{joined(into[v])}|{joined(out[v])}|{hashes[v]}") for v in range(n)]
    return _digest(str(sorted(hashes)))
