"""Features of NAS-Bench-101 cells that their training results are modelled from.

All cells at once: arrays of the pruned, compressed cells, one row per cell. Counts of paths are
sums over the vertices in topological order.
"""

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.nb101 import EDGES, N_EDGE_GENE, N_VERTEX, NB101

INPUT, OUTPUT, ABSENT = 3, 4, 5
OP_NAMES = ("conv3", "conv1", "pool", "input", "output")


def cell_arrays(space: NB101) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Adjacency, shape ``(n_arch, 7, 7)``, and vertex types, shape ``(n_arch, 7)``, of all cells."""
    genes = space.decode(space.arch_code)
    matrix = np.zeros((space.n_arch, N_VERTEX, N_VERTEX), bool)
    for gene, (a, b) in enumerate(EDGES):
        matrix[:, a, b] = genes[:, gene]
    types = np.full((space.n_arch, N_VERTEX), ABSENT)
    types[:, 1:-1] = genes[:, N_EDGE_GENE:]
    used = matrix.any(axis=1) | matrix.any(axis=2)
    types[~used] = ABSENT
    types[:, 0], types[:, -1] = INPUT, OUTPUT
    return matrix, types


def cell_features(matrix: npt.NDArray[np.bool_], types: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    """Named features, each of shape ``(n_arch,)``."""
    n = len(matrix)
    is_type = [types == t for t in range(5)]
    f: dict[str, npt.NDArray[np.float64]] = {}
    f["n_vertex"] = (types != ABSENT).sum(axis=1)
    f["n_edge"] = matrix.sum(axis=(1, 2))
    for t in range(3):
        f[f"n_{OP_NAMES[t]}"] = is_type[t].sum(axis=1)
    for s in range(4):
        for t in (0, 1, 2, 4):
            both = matrix & is_type[s][:, :, None] & is_type[t][:, None, :]
            f[f"edges_{OP_NAMES[s]}_{OP_NAMES[t]}"] = both.sum(axis=(1, 2))

    def longest(weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        best = np.full((n, N_VERTEX), -np.inf)
        best[:, 0] = 0
        for b in range(1, N_VERTEX):
            reach = np.where(matrix[:, :b, b], best[:, :b], -np.inf).max(axis=1)
            best[:, b] = reach + weight[:, b]
        return best[:, -1]

    unit = np.ones((n, N_VERTEX))
    f["depth"] = longest(unit)
    f["shortest"] = -longest(-unit)
    for t in range(3):
        w = is_type[t].astype(float)
        f[f"most_{OP_NAMES[t]}"] = longest(w)
        f[f"fewest_{OP_NAMES[t]}"] = -longest(-w)
    conv = (is_type[0] | is_type[1]).astype(float)
    f["most_conv"] = longest(conv)
    f["fewest_conv"] = -longest(-conv)

    # Number of paths, and totals over all paths of what they pass.
    paths = np.zeros((n, N_VERTEX))
    paths[:, 0] = 1
    totals = {t: np.zeros((n, N_VERTEX)) for t in range(3)}
    length = np.zeros((n, N_VERTEX))
    for b in range(1, N_VERTEX):
        into = matrix[:, :b, b]
        paths[:, b] = (paths[:, :b] * into).sum(axis=1)
        length[:, b] = (length[:, :b] * into).sum(axis=1) + paths[:, b]
        for t in range(3):
            totals[t][:, b] = (totals[t][:, :b] * into).sum(axis=1) + is_type[t][:, b] * paths[:, b]
    f["n_path"] = paths[:, -1]
    f["mean_length"] = length[:, -1] / paths[:, -1]
    for t in range(3):
        f[f"per_path_{OP_NAMES[t]}"] = totals[t][:, -1] / paths[:, -1]
    # Paths by the number of 3x3 convolutions on them.
    by_conv = np.zeros((n, N_VERTEX, 6))
    by_conv[:, 0, 0] = 1
    for b in range(1, N_VERTEX):
        reach = np.einsum("na,nac->nc", matrix[:, :b, b].astype(float), by_conv[:, :b])
        shifted = np.concatenate([np.zeros((n, 1)), reach[:, :-1]], axis=1)
        by_conv[:, b] = np.where(is_type[0][:, b, None], shifted, reach)
    for k in range(6):
        f[f"paths_conv3_{k}"] = by_conv[:, -1, k]
    f["out_degree_input"] = matrix[:, 0].sum(axis=1)
    f["in_degree_output"] = matrix[:, :, -1].sum(axis=1)
    f["input_to_output"] = matrix[:, 0, -1]
    degree = matrix.sum(axis=1)
    f["largest_in_degree"] = degree.max(axis=1)
    for t in range(3):
        f[f"in_degree_{OP_NAMES[t]}"] = (degree * is_type[t]).sum(axis=1)
        # How deep the first and how late the last operation of a kind stands.
        f[f"first_{OP_NAMES[t]}"] = np.where(is_type[t].any(axis=1), is_type[t].argmax(axis=1), 7)
    return {name: np.asarray(values, dtype=np.float64) for name, values in f.items()}
