"""NAS-Bench-ASR: a cell of three nodes with skip connections, for speech recognition.

Source: A. Mehrotra et al., "NAS-Bench-ASR: Reproducible Neural Architecture Search for Speech
Recognition", ICLR 2021, and its public code.

Vertex 0 is the cell's input, vertices 1 to 3 its nodes, vertex 4 its output. Each node reads the
vertex before it; genes 0, 2 and 5 are the operations of the nodes. The skip bits of node k say
which earlier vertices are added to its output: gene 1 for vertex 0 at node 1, genes 3 and 4 for
vertices 0 and 1 at node 2, genes 6 to 8 for vertices 0 to 2 at node 3.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import ONE_LEVEL, SpaceArrays, make_arrays
from mfnas_vec.spaces.graph_hash import INPUT, OUTPUT, graph_hash
from mfnas_vec.spaces.stored import StoredSpace, read_space

OPERATIONS = ("linear", "conv5", "conv5d2", "conv7", "conv7d2", "zero")
ZERO = OPERATIONS.index("zero")
OP_GENES = (0, 2, 5)
#: (gene, source vertex, target vertex) of each skip connection.
SKIPS = ((1, 0, 2), (3, 0, 3), (4, 1, 3), (6, 0, 4), (7, 1, 4), (8, 2, 4))
CARDINALITY = (6, 2, 6, 2, 2, 6, 2, 2, 2)
N_GRAPH = 8_242

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
    """Labels of all vertices, edges without ``zero`` vertices, vertices on a way from input to output."""
    labels = [INPUT, *(int(genotype[g]) for g in OP_GENES), OUTPUT]
    edges = {(v, v + 1) for v in range(4)} | {(a, b) for gene, a, b in SKIPS if genotype[gene]}
    edges = {(a, b) for a, b in edges if ZERO not in (labels[a], labels[b])}
    after, before = {0}, {4}
    for _ in range(4):
        after |= {b for a, b in edges if a in after}
        before |= {a for a, b in edges if b in before}
    return labels, edges, sorted(after & before)


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

    Vertices that are not on a way from input to output count as ``zero`` operations, and their skip
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


class NBASR(StoredSpace):
    """The NAS-Bench-ASR space: 13,824 genotypes of 8,242 distinct graphs.

    Stored codes are those of the genotypes with the fewest skips.
    """

    title = "NAS-Bench-ASR (3 nodes, 6 operations, 6 skip connections)"
    source = "Mehrotra et al., ICLR 2021"

    def __init__(self) -> None:
        super().__init__("nbasr", CARDINALITY, N_GRAPH, key_is_row=False)

    def _make_arrays(self) -> SpaceArrays:
        (cell,) = read_space(self.name, "cell")
        return make_arrays(self, ONE_LEVEL, cell=cell)

    def to_string(self, genotype: Sequence[int]) -> str:
        """One word per node, the operation and its skip bits.

        Examples
        --------
        >>> NBASR().to_string([0, 1, 5, 0, 1, 3, 1, 0, 0])
        'linear:1|zero:01|conv7:100'
        """
        g = [int(v) for v in genotype]
        nodes = ((g[0], g[1:2]), (g[2], g[3:5]), (g[5], g[6:9]))
        return "|".join(f"{OPERATIONS[op]}:{''.join(map(str, skips))}" for op, skips in nodes)

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(9,)``, of the form that ``to_string`` writes.

        Raises
        ------
        ValueError
            If the text is not of that form.
        """
        nodes = [node.partition(":")[::2] for node in text.strip().split("|")]
        fits = [len(skips) for _, skips in nodes] == [1, 2, 3]
        if not fits or any(op not in OPERATIONS or set(skips) - {"0", "1"} for op, skips in nodes):
            raise ValueError(
                f"text={text!r} is no NAS-Bench-ASR architecture; the form is op:b|op:bb|op:bbb with op in {OPERATIONS}"
            )
        genes = [gene for op, skips in nodes for gene in (OPERATIONS.index(op), *map(int, skips))]
        return np.array(genes, dtype=np.int8)
