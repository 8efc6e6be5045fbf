"""The NAS-Bench-101 network of a genotype: its pruned cell, the hash of the cell, parameters and FLOPs.

Source: Ying et al., ICML 2019, and the public code of the benchmark: a 3x3 stem of 128 channels,
three stacks of three cells, channels doubled and resolution halved between stacks, global pooling,
a dense layer for the ten classes of CIFAR-10.
"""

from collections.abc import Sequence

from cell_graphs import INPUT, OUTPUT, graph_hash, vertices_in_use

from mfnas_vec.spaces.nb101 import EDGES, N_EDGE_GENE, N_VERTEX

MAX_EDGES = 9
_STEM_CHANNELS = 128
_STACKS = 3
_CELLS_PER_STACK = 3
_CLASSES = 10
_IMAGE_SIZE = 32
#: Kernel sizes of the operations; the max-pooling has no weights.
_KERNELS = (3, 1, None)


def prune(genotype: Sequence[int]) -> tuple[list[list[int]], list[int]] | None:
    """The pruned cell of a genotype, shape ``(26,)``.

    Returns
    -------
    tuple or None
        Adjacency, shape ``(n_vertex, n_vertex)``, and labels (operations; -1 input, -2 output);
        ``None`` where the genotype is invalid.
    """
    edges = {edge for edge, gene in zip(EDGES, genotype, strict=False) if gene}
    kept = vertices_in_use(edges, N_VERTEX - 1)
    matrix = [[int((a, b) in edges) for b in kept] for a in kept]
    if not kept or sum(map(sum, matrix)) > MAX_EDGES:
        return None
    return matrix, [INPUT, *(int(genotype[N_EDGE_GENE + v - 1]) for v in kept[1:-1]), OUTPUT]


def hash_of(genotype: Sequence[int]) -> str | None:
    """MD5 module hash of a genotype, shape ``(26,)``; ``None`` where it is invalid."""
    cell = prune(genotype)
    return None if cell is None else graph_hash(*cell)


def vertex_channels(c_in: int, c_out: int, matrix: Sequence[Sequence[int]]) -> list[int]:
    """Channels of each vertex of a pruned cell.

    Vertices that feed the output share its channels (earlier ones take what is left over); any
    other vertex has as many as the largest of those it feeds.
    """
    n = len(matrix)
    channels = [c_in] + [0] * (n - 2) + [c_out]
    feeders = [v for v in range(1, n - 1) if matrix[v][n - 1]]
    for i, v in enumerate(feeders):
        share, left = divmod(c_out, len(feeders))
        channels[v] = share + (i < left)
    for v in range(n - 2, 0, -1):
        if not matrix[v][n - 1]:
            channels[v] = max(channels[w] for w in range(v + 1, n - 1) if matrix[v][w])
    return channels


def _conv(kernel: int, c_in: int, c_out: int, size: int) -> tuple[int, int]:
    """Parameters and multiply-adds of a convolution without bias and its batch norm."""
    weights = kernel * kernel * c_in * c_out
    return weights + 2 * c_out, weights * size * size


def _cell_terms(
    matrix: Sequence[Sequence[int]], labels: Sequence[int], c_in: int, c_out: int, size: int
) -> list[tuple[int, int]]:
    n = len(matrix)
    channels = vertex_channels(c_in, c_out, matrix)
    terms = []
    for v in range(1, n - 1):
        kernel = _KERNELS[labels[v]]
        if kernel is not None:
            terms.append(_conv(kernel, channels[v], channels[v], size))
    for v in range(1, n):
        if matrix[0][v]:  # the cell's input reaches a vertex through a projection
            terms.append(_conv(1, c_in, channels[v], size))
    return terms


def network_cost(matrix: Sequence[Sequence[int]], labels: Sequence[int]) -> tuple[int, int]:
    """Trainable parameters and multiply-adds of the network of a pruned cell.

    Parameters
    ----------
    matrix
        Adjacency, shape ``(n_vertex, n_vertex)``.
    labels
        Operation of each vertex (0 conv3x3, 1 conv1x1, 2 maxpool3x3; those of input and output
        are not looked at).

    Returns
    -------
    tuple of int
        Parameters, and multiply-adds of convolutions and classifier for one image of CIFAR-10.
    """
    channels, size = _STEM_CHANNELS, _IMAGE_SIZE
    terms = [_conv(3, 3, channels, size)]
    c_in = channels
    for stack in range(_STACKS):
        if stack:
            channels, size = 2 * channels, size // 2
        for _ in range(_CELLS_PER_STACK):
            terms += _cell_terms(matrix, labels, c_in, channels, size)
            c_in = channels
    classifier = (channels + 1) * _CLASSES
    terms.append((classifier, classifier))
    return sum(p for p, _ in terms), sum(f for _, f in terms)
