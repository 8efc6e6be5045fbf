"""The network of one cell, compiled: forward and backward passes, an epoch of training, an evaluation.

Stem (convolution of stride 2 to 8 channels, batch norm), cell, reduction (ReLU, convolution of stride 2
to 16 channels, batch norm), cell, batch norm, ReLU, global average pooling, linear classifier: the
network of NAS-Bench-201 (Dong and Yang, ICLR 2020) with one dimension and one cell a stage. Convolutions
have no bias; a convolution on an edge is ReLU, convolution, batch norm.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d.compiled import convolutions
from benchmarks_zarr.build.nb201_mnist1d.compiled import kernels as k
from mfnas_vec._jit import njit_numeric as njit

CHANNELS = (8, 16)
SKIP, CONV1, CONV3, POOL = 1, 2, 3, 4
EPS = 1e-5

# Source and target node of each gene, as `mfnas_vec.spaces.nb201.EDGES`.
_SOURCE = (0, 0, 1, 0, 1, 2)
_TARGET = (1, 2, 2, 3, 3, 3)


class Weights(NamedTuple):
    """Parameters (or their gradients), views of one vector; edges in the order of the genes."""

    stem: Any
    stem_norm: Any
    first: Any
    first_norm: Any
    reduction: Any
    reduction_norm: Any
    second: Any
    second_norm: Any
    last_norm: Any
    linear: Any
    bias: Any


class Running(NamedTuple):
    """Running mean and variance of every batch norm."""

    stem: Any
    first: Any
    reduction: Any
    second: Any
    last: Any


class Stage(NamedTuple):
    """Activations of one cell and what its gradients need; nodes are padded."""

    node: Any
    relu: Any
    z: Any
    mean: Any
    inverse: Any
    d_node: Any
    d_relu: Any
    padded: Any
    turned: Any


class Plain(NamedTuple):
    """Activations outside cells."""

    signal: Any
    stem_z: Any
    d_stem: Any
    split: Any
    reduction_z: Any
    d_reduction: Any
    turned: Any
    phases: Any
    mean: Any
    inverse: Any
    last: Any
    pooled: Any
    d_pooled: Any
    logits: Any


def weight_shapes(n_channel: int, n_class: int) -> dict[str, tuple[int, ...]]:
    """Shapes of `Weights`; the taps of a 1x1 convolution are the middle ones of three."""
    a, b = CHANNELS
    return {
        "stem": (a, n_channel, 3),
        "stem_norm": (2, a),
        "first": (6, a, a, 3),
        "first_norm": (6, 2, a),
        "reduction": (b, a, 3),
        "reduction_norm": (2, b),
        "second": (6, b, b, 3),
        "second_norm": (6, 2, b),
        "last_norm": (2, b),
        "linear": (n_class, b),
        "bias": (n_class,),
    }


def weight_views(vector: npt.NDArray[Any], n_channel: int, n_class: int) -> Weights:
    """Views of a vector of parameters."""
    parts, start = [], 0
    for shape in weight_shapes(n_channel, n_class).values():
        size = math.prod(shape)
        parts.append(vector[start : start + size].reshape(shape))
        start += size
    return Weights(*parts)


def n_weight(n_channel: int, n_class: int) -> int:
    """Length of the vector of parameters."""
    return sum(math.prod(shape) for shape in weight_shapes(n_channel, n_class).values())


def fresh_running(dtype: npt.DTypeLike) -> Running:
    """Running statistics before training: means of 0, variances of 1."""
    a, b = CHANNELS
    running = Running(*(np.zeros(s, dtype) for s in ((2, a), (6, 2, a), (2, b), (6, 2, b), (2, b))))
    for part in running:
        part[..., 1, :] = 1
    return running


def lengths(length: int) -> tuple[int, int]:
    """Length of the signal in the first and the second cell."""
    first = (length + 1) // 2
    return first, (first + 1) // 2


def buffers(length: int, n_channel: int, n_class: int, batch: int, dtype: npt.DTypeLike) -> tuple[Stage, Stage, Plain]:
    """Working memory for batches of up to ``batch`` signals."""

    def zeros(*shape: int) -> npt.NDArray[Any]:
        return np.zeros(shape, dtype)

    sizes = lengths(length)
    stages = []
    for c, size in zip(CHANNELS, sizes, strict=True):
        n, padded = size * batch, (size + 2) * batch
        node, relu, z, d = zeros(4, c, padded), zeros(4, c, padded), zeros(6, c, n), zeros(4, c, n)
        stages.append(
            Stage(node, relu, z, zeros(6, c), zeros(6, c), d, zeros(4, c, n), zeros(c, padded), zeros(c, c, 3))
        )
    (a, b), (first, second) = CHANNELS, sizes
    signal, split = zeros(n_channel, (2 * first + 1) * batch), zeros(a, (2 * second + 1) * batch)
    stem, reduction = (a, first * batch), (b, second * batch)
    convolutions = signal, zeros(*stem), zeros(*stem), split, zeros(*reduction)
    gradients = zeros(b, (second + 1) * batch), zeros(a, b, 3), zeros(2, a, second * batch)
    # Rows of the statistics: stem, reduction, last batch norm.
    head = zeros(3, b), zeros(3, b), zeros(*reduction), zeros(b, batch), zeros(b, batch), zeros(n_class, batch)
    return stages[0], stages[1], Plain(*convolutions, *gradients, *head)


@njit
def norm(z, n, mean, inverse, running, affine, out, shift, momentum, eps, training):
    """Add the batch norm of ``z`` to ``out`` from column ``shift``: of the batch if ``training``, else running."""
    if training:
        k.batch_statistics(z, n, mean, inverse, running, momentum, eps)
    else:
        k.running_statistics(mean, inverse, running, eps)
    k.normalize_add(z, n, mean, inverse, affine, out, shift)


@njit
def cell(genes, n, b, stage, weights, affine, running, momentum, eps, training):
    """From node 0 of a cell to node 3: ``n`` columns, ``b`` a position."""
    zero = stage.node.dtype.type(0)
    for v in range(1, 4):
        for c in range(stage.node.shape[1]):
            row = stage.node[v, c]
            for j in range(n + 2 * b):
                row[j] = zero
    done = -1
    for e in range(6):
        u, v = _SOURCE[e], _TARGET[e]
        x, out, op = stage.node[u], stage.node[v], genes[e]
        if op == SKIP:
            k.add(x, out, n, b, b)
        elif op == POOL:
            k.pool_add(x, out, n, b, b)
        elif op in (CONV1, CONV3):
            # Nodes are complete in order: an edge that uses node u comes after all edges into it.
            while done < u:
                done += 1
                k.relu(stage.node[done], stage.relu[done], n, b)
            if op == CONV1:
                convolutions.conv1(stage.relu[u], weights[e], stage.z[e], n, b, False, False)
            else:
                convolutions.conv3(stage.relu[u], weights[e], stage.z[e], n, (0, b, 2 * b), False)
            mean, inverse = stage.mean[e], stage.inverse[e]
            norm(stage.z[e], n, mean, inverse, running[e], affine[e], out, b, momentum, eps, training)


@njit
def cell_gradient(genes, n, b, stage, weights, affine, d_weights, d_affine):
    """From the gradient of node 3 to that of node 0 and of the weights."""
    zero = stage.node.dtype.type(0)
    for u in range(3):
        for c in range(stage.node.shape[1]):
            for j in range(n):
                stage.d_node[u, c, j] = zero
                stage.d_relu[u, c, j] = zero
    k.zero_border(stage.padded, n, b)
    for e in range(5, -1, -1):
        u, v, op = _SOURCE[e], _TARGET[e], genes[e]
        if e == 2 or e == 0:  # the edges out of the target are behind us: complete its gradient
            _relu_gradient(stage, v, n, b)
        if op == SKIP:
            k.add(stage.d_node[v], stage.d_node[u], n, 0, 0)
        elif op == POOL:
            k.pool_gradient_add(stage.d_node[v], stage.d_node[u], n, b, stage.padded)
        elif op in (CONV1, CONV3):
            dz, mean, inverse = stage.padded, stage.mean[e], stage.inverse[e]
            k.normalize_gradient(stage.z[e], stage.d_node[v], n, mean, inverse, affine[e], d_affine[e], dz, b)
            if op == CONV1:
                convolutions.conv1_weight_gradient(stage.relu[u], dz, d_weights[e], n, b, b)
                convolutions.conv1(dz, weights[e], stage.d_relu[u], n, b, True, True)
            else:
                convolutions.conv3_weight_gradient(stage.relu[u], dz, d_weights[e], n, (0, b, 2 * b), b)
                convolutions.turn(weights[e], stage.turned)
                convolutions.conv3(dz, stage.turned, stage.d_relu[u], n, (0, b, 2 * b), True)
    _relu_gradient(stage, 0, n, b)


@njit
def _relu_gradient(stage, u, n, b):
    zero = stage.node.dtype.type(0)
    for c in range(stage.node.shape[1]):
        x, total, part = stage.node[u, c, b:], stage.d_node[u, c], stage.d_relu[u, c]
        for j in range(n):
            total[j] += part[j] if x[j] > zero else zero
