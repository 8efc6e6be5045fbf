"""Features of NAS-Bench-201 cells that their scores and test accuracy are modelled from."""

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.nb201 import EDGES

#: The four ways from input to output, as edges.
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))
#: Edges of a cell whose inner nodes change places.
MIRROR = [1, 0, 2, 3, 5, 4]
NONE, SKIP, CONV1, CONV3, POOL = range(5)
OPERATIONS = (SKIP, CONV1, CONV3, POOL)
#: Gains of the five operations in sums over paths, for scores that multiply along paths.
GAINS = ((0, 1, 3, 8.3, 1), (0, 1, 1, 1, 1), (0, 1, 1.5, 2, 0.3), (0, 1, 0.5, 1, 0.5), (0, 1, 2, 4, 0.1))


def is_connected(genes: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Whether input and output of cells, shape ``(n_arch, 6)``, are connected."""
    return np.any([(genes[:, path] != NONE).all(axis=1) for path in PATHS], axis=0)


def cell_features(genes: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Features of cells, shape ``(n_arch, n_feature)``."""
    n = len(genes)
    on_path = np.zeros((n, len(EDGES)), bool)
    whole = []
    for path in PATHS:
        whole.append((genes[:, path] != NONE).all(axis=1))
        for edge in path:
            on_path[:, edge] |= whole[-1]
    used = np.where(on_path, genes, NONE)
    columns = [np.sum(whole, axis=0), *whole, *used.T]
    columns += [used[:, e] == op for e in range(len(EDGES)) for op in OPERATIONS]
    for operations in (*((op,) for op in OPERATIONS), (CONV1, CONV3)):
        columns += [np.isin(used, operations).sum(axis=1), np.isin(genes, operations).sum(axis=1)]
        along = [np.isin(genes[:, path], operations).sum(axis=1) for path in PATHS]
        columns += [np.where(ok, count, -1) for ok, count in zip(whole, along, strict=True)]
        columns.append(np.max([np.where(ok, count, -1) for ok, count in zip(whole, along, strict=True)], axis=0))
        columns.append(np.min([np.where(ok, count, 9) for ok, count in zip(whole, along, strict=True)], axis=0))
    columns += [np.log(path_gain(genes, gains) + 1e-3) for gains in GAINS]
    return np.column_stack(columns).astype(np.float64)


def network_of(genes: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """A number per cell, shape ``(n_arch,)``: the same for cells that are the same network.

    Edges that lie on no way from input to output do not matter, and without an operation between
    them the two inner nodes are interchangeable.
    """
    on_path = np.zeros(genes.shape, bool)
    for path in PATHS:
        on_path[:, path] |= (genes[:, path] != NONE).all(axis=1)[:, None]
    used = np.where(on_path, genes, NONE).astype(np.int64)
    weight = 5 ** np.arange(5, -1, -1)
    mirrored = used[:, MIRROR] @ weight
    return np.where(used[:, 2] == NONE, np.minimum(used @ weight, mirrored), used @ weight)


def path_gain(genes: npt.NDArray[np.int8], gains: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Sum over paths of the product of their operations' gains, shape ``(n_arch,)``."""
    gain = np.asarray(gains, dtype=np.float64)
    nodes = [np.ones(len(genes))]
    for target in (1, 2, 3):
        terms = [nodes[a] * gain[genes[:, i]] for i, (a, b) in enumerate(EDGES) if b == target]
        nodes.append(np.sum(terms, axis=0))
    return nodes[3]


def mirror_pairs(genes: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Rows of pairs of cells that are the same network, shape ``(n_pair, 2)``.

    Without an operation between them the two inner nodes are interchangeable. What a score or an
    accuracy of such cells differs by is chance, which no model of the cell can predict.
    """
    rows = np.flatnonzero(genes[:, 2] == NONE)
    swapped = genes[rows][:, MIRROR].astype(np.int64)
    other = swapped @ (5 ** np.arange(5, -1, -1))
    return np.column_stack([rows, other])[rows < other]
