"""The NAS-Bench-ASR network of a genotype: its graph, the hash of the graph, parameters and FLOPs."""

from collections.abc import Sequence

from cell_graphs import INPUT, OUTPUT, graph_hash, vertices_in_use

from mfnas_vec.spaces.nbasr import OPERATIONS

ZERO = OPERATIONS.index("zero")
OP_GENES = (0, 2, 5)
#: (gene, source vertex, target vertex) of each skip connection.
SKIPS = ((1, 0, 2), (3, 0, 3), (4, 1, 3), (6, 0, 4), (7, 1, 4), (8, 2, 4))

# The network: four blocks of a strided convolution and cells, then an LSTM and a dense layer.
_FILTERS = (600, 800, 1000, 1200)
_CELLS = (3, 4, 5, 6)
_KERNEL = 8
_FEATURES = 80
_LSTM_UNITS = 500
_CLASSES = 48
_GROUPS = 100
_KERNEL_OF = {"conv5": 5, "conv5d2": 5, "conv7": 7, "conv7d2": 7}
#: Frames at each block, for the input that the published FLOPs are counted on.
_FRAMES = (100, 100, 50, 25)
#: FLOPs outside the cells: those of the published count that no gene changes.
_FIXED_FLOPS = 1_982_027_266 - 8 * 930_000


def _connected(genotype: Sequence[int]) -> tuple[list[int], set[tuple[int, int]], list[int]]:
    """Labels of all vertices, edges without ``zero`` vertices, vertices in use."""
    labels = [INPUT, *(int(genotype[g]) for g in OP_GENES), OUTPUT]
    edges = {(v, v + 1) for v in range(4)} | {(a, b) for gene, a, b in SKIPS if genotype[gene]}
    edges = {(a, b) for a, b in edges if ZERO not in (labels[a], labels[b])}
    return labels, edges, vertices_in_use(edges, 4)


def graph_of(genotype: Sequence[int]) -> tuple[list[list[int]], list[int]]:
    """Adjacency and labels of a cell without ``zero`` operations and dangling vertices.

    Returns
    -------
    tuple
        Matrix, shape ``(n_vertex, n_vertex)``, and labels (operations; -1 input, -2 output); both
        empty where input and output are not connected.
    """
    labels, edges, kept = _connected(genotype)
    return [[int((a, b) in edges) for b in kept] for a in kept], [labels[v] for v in kept]


def hash_of(genotype: Sequence[int]) -> str:
    """MD5 graph hash of a genotype, shape ``(9,)``."""
    matrix, labels = graph_of(genotype)
    return graph_hash(matrix, labels, number=float)


def network_cost(genotype: Sequence[int]) -> tuple[int, int]:
    """Trainable parameters and FLOPs of the published network of a cell.

    Vertices that are not on a path from input to output count as ``zero`` operations, and their skip
    connections as absent. FLOPs are those of the published count: two per multiply-add; one per
    element for a bias, for each side of the clipping, for a ``zero`` operation and for an absent
    skip connection (both multiply by zero).

    Returns
    -------
    tuple of int
        Parameters, and FLOPs for an input of 100 frames.
    """
    labels, _, kept = _connected(genotype)
    ops = [OPERATIONS[labels[v]] for v in kept if labels[v] >= 0]
    n_skip = sum(1 for gene, a, b in SKIPS if genotype[gene] and a in kept and b in kept)
    n_by_zero = (len(OP_GENES) - len(ops)) + (len(SKIPS) - n_skip)
    params, flops = 4 * _LSTM_UNITS * (_FILTERS[-1] + _LSTM_UNITS + 1) + (_LSTM_UNITS + 1) * _CLASSES, _FIXED_FLOPS
    fan_in = _FEATURES
    for filters, cells, frames in zip(_FILTERS, _CELLS, _FRAMES, strict=True):
        params += _KERNEL * fan_in * filters + 3 * filters  # bias, and the norm's scale and offset
        fan_in = filters
        for op in ops:
            weights = filters * filters
            if op in _KERNEL_OF:
                weights = weights // _GROUPS * _KERNEL_OF[op]
            params += cells * (weights + filters)
            flops += cells * frames * (2 * weights + 3 * filters)
        params += cells * 2 * filters
        flops += cells * frames * filters * n_by_zero
    return params, flops
