"""Steps of training, compiled: the whole network forward and backward, SGD, an epoch, an evaluation."""

import math

from benchmarks_zarr.build.nb201_mnist1d.compiled import convolutions
from benchmarks_zarr.build.nb201_mnist1d.compiled import kernels as k
from benchmarks_zarr.build.nb201_mnist1d.compiled.network import cell, cell_gradient, norm
from mfnas_vec._jit import njit_numeric as njit


@njit
def forward(genes, x, index, weights, running, first, second, plain, momentum, eps, training):
    """Write the logits, shape ``(n_class, n_signal)``, of signals ``index`` to ``plain.logits``."""
    zero, b = plain.logits.dtype.type(0), index.size
    size1 = (x.shape[1] + 1) // 2
    size2 = (size1 + 1) // 2
    n1, n2 = size1 * b, size2 * b
    odd1, odd2 = n1 + b, n2 + b

    k.load_split(x, index, plain.signal, odd1)
    convolutions.conv3(plain.signal, weights.stem, plain.stem_z, n1, (0, odd1, b), False)
    node = first.node[0]
    for c in range(node.shape[0]):
        for j in range(n1 + 2 * b):
            node[c, j] = zero
    norm(
        plain.stem_z,
        n1,
        plain.mean[0],
        plain.inverse[0],
        running.stem,
        weights.stem_norm,
        node,
        b,
        momentum,
        eps,
        training,
    )
    cell(genes, n1, b, first, weights.first, weights.first_norm, running.first, momentum, eps, training)

    k.relu_split(first.node[3], plain.split, n2, b, odd2)
    convolutions.conv3(plain.split, weights.reduction, plain.reduction_z, n2, (0, odd2, b), False)
    node = second.node[0]
    for c in range(node.shape[0]):
        for j in range(n2 + 2 * b):
            node[c, j] = zero
    mean, inverse, affine = plain.mean[1], plain.inverse[1], weights.reduction_norm
    norm(plain.reduction_z, n2, mean, inverse, running.reduction, affine, node, b, momentum, eps, training)
    cell(genes, n2, b, second, weights.second, weights.second_norm, running.second, momentum, eps, training)

    for c in range(plain.last.shape[0]):
        row, out = second.node[3, c, b:], plain.last[c]
        for j in range(n2):
            out[j] = row[j]
    mean, inverse = plain.mean[2], plain.inverse[2]
    if training:
        k.batch_statistics(plain.last, n2, mean, inverse, running.last, momentum, eps)
    else:
        k.running_statistics(mean, inverse, running.last, eps)
    share = plain.last.dtype.type(1) / plain.last.dtype.type(size2)
    for c in range(plain.last.shape[0]):
        scale = weights.last_norm[0, c] * inverse[c]
        offset = weights.last_norm[1, c] - scale * mean[c]
        pooled = plain.pooled[c]
        for j in range(b):
            pooled[j] = zero
        for p in range(size2):
            row = plain.last[c, p * b :]
            for j in range(b):
                y = scale * row[j] + offset
                pooled[j] += y if y > zero else zero
        for j in range(b):
            pooled[j] *= share
    for o in range(plain.logits.shape[0]):
        logit = plain.logits[o]
        for j in range(b):
            logit[j] = weights.bias[o]
        for c in range(plain.pooled.shape[0]):
            w, pooled = weights.linear[o, c], plain.pooled[c]
            for j in range(b):
                logit[j] += w * pooled[j]


@njit
def judge(logits, label, index, gradient):
    """Sum of cross entropies and number of right answers, of equal largest logits the first.

    The logits are overwritten; with ``gradient``, by the gradient of the mean cross entropy.
    """
    loss, correct, b = 0.0, 0, index.size
    one = logits.dtype.type(1)
    for j in range(b):
        right = label[index[j]]
        best = 0
        for o in range(logits.shape[0]):
            if logits[o, j] > logits[best, j]:
                best = o
        top, level = logits[best, j], logits[right, j]
        total = logits.dtype.type(0)
        for o in range(logits.shape[0]):
            logits[o, j] = math.exp(logits[o, j] - top)
            total += logits[o, j]
        loss += math.log(total) - (level - top)
        correct += best == right
        if gradient:
            share = one / (total * logits.dtype.type(b))
            for o in range(logits.shape[0]):
                logits[o, j] *= share
            logits[right, j] -= one / logits.dtype.type(b)
    return loss, correct


@njit
def backward(genes, b, weights, gradient, first, second, plain):
    """Write the gradient of the weights from that of the logits, for the batch last given to `forward`."""
    zero = plain.logits.dtype.type(0)
    n1 = plain.stem_z.shape[1] // plain.logits.shape[1] * b
    size2 = plain.last.shape[1] // plain.logits.shape[1]
    n2 = size2 * b
    odd1, odd2 = n1 + b, n2 + b
    share = plain.last.dtype.type(1) / plain.last.dtype.type(size2)

    for c in range(plain.pooled.shape[0]):
        pooled, d_pooled = plain.pooled[c], plain.d_pooled[c]
        for j in range(b):
            d_pooled[j] = zero
        for o in range(plain.logits.shape[0]):
            logit, w, total = plain.logits[o], weights.linear[o, c], zero
            for j in range(b):
                d_pooled[j] += w * logit[j]
                total += logit[j] * pooled[j]
            gradient.linear[o, c] = total
        scale = weights.last_norm[0, c] * plain.inverse[2, c]
        offset = weights.last_norm[1, c] - scale * plain.mean[2, c]
        for p in range(size2):
            row, target = plain.last[c, p * b :], second.d_node[3, c, p * b :]
            for j in range(b):
                target[j] = d_pooled[j] * share if scale * row[j] + offset > zero else zero
    for o in range(plain.logits.shape[0]):
        total = zero
        for j in range(b):
            total += plain.logits[o, j]
        gradient.bias[o] = total
    d_last = second.d_node[3]
    k.normalize_gradient(
        plain.last, d_last, n2, plain.mean[2], plain.inverse[2], weights.last_norm, gradient.last_norm, d_last, 0
    )
    cell_gradient(genes, n2, b, second, weights.second, weights.second_norm, gradient.second, gradient.second_norm)

    dz, mean, inverse = plain.d_reduction, plain.mean[1], plain.inverse[1]
    affine, d_affine = weights.reduction_norm, gradient.reduction_norm
    k.normalize_gradient(plain.reduction_z, second.d_node[0], n2, mean, inverse, affine, d_affine, dz, 0)
    convolutions.conv3_weight_gradient(plain.split, dz, gradient.reduction, n2, (0, odd2, b), 0)
    _split_gradient(weights.reduction, dz, first.node[3], first.d_node[3], n1, n2, b, plain.turned, plain.phases)
    cell_gradient(genes, n1, b, first, weights.first, weights.first_norm, gradient.first, gradient.first_norm)

    dz = plain.d_stem
    mean, inverse = plain.mean[0], plain.inverse[0]
    d_node = first.d_node[0]
    k.normalize_gradient(plain.stem_z, d_node, n1, mean, inverse, weights.stem_norm, gradient.stem_norm, dz, 0)
    convolutions.conv3_weight_gradient(plain.signal, dz, gradient.stem, n1, (0, odd1, b), 0)


@njit
def _split_gradient(w, dz, node, d_node, n1, n2, b, turned, phases):
    """Gradient of ReLU and convolution of stride 2 to their input; ``dz`` ends with a position of zeros.

    Inputs at even positions 2m meet the middle tap of output m; those at odd positions 2m + 1 the
    last tap of output m and the first of output m + 1.
    """
    zero = dz.dtype.type(0)
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            turned[i, o, 0], turned[i, o, 1], turned[i, o, 2] = w[o, i, 2], w[o, i, 0], zero
    for c in range(dz.shape[0]):
        end = dz[c, n2:]
        for j in range(b):
            end[j] = zero
    convolutions.conv1(dz, w, phases[0], n2, 0, True, False)
    convolutions.conv3(dz, turned, phases[1], n2, (0, b, 0), False)
    for i in range(d_node.shape[0]):
        for p in range(n1 // b):
            source, row, target = phases[p & 1, i, (p >> 1) * b :], node[i, (p + 1) * b :], d_node[i, p * b :]
            for j in range(b):
                target[j] = source[j] if row[j] > zero else zero


@njit
def descend(weight, gradient, velocity, rate, momentum, decay):
    """One step of SGD with Nesterov momentum and weight decay, as torch defines them."""
    for j in range(weight.size):
        g = gradient[j] + decay * weight[j]
        velocity[j] = momentum * velocity[j] + g
        weight[j] -= rate * (g + momentum * velocity[j])


@njit
def train_epoch(genes, x, label, order, rates, batch, state, norm_settings, sgd):
    """Train on signals ``order`` in batches; the last one may be smaller.

    ``rates`` has one learning rate per batch, ``norm_settings`` the momentum of running statistics and the
    epsilon of batch norm, ``sgd`` momentum and weight decay, ``state`` what `trainer` sets up. Returns
    the sum of cross entropies and the number of right answers, each batch judged before its step.
    """
    vector, slope, velocity, weights, gradient, running, first, second, plain = state
    loss, correct = 0.0, 0
    for step in range(rates.size):
        index = order[step * batch : (step + 1) * batch]
        forward(genes, x, index, weights, running, first, second, plain, norm_settings[0], norm_settings[1], True)
        more, right = judge(plain.logits, label, index, True)
        loss += more
        correct += right
        backward(genes, index.size, weights, gradient, first, second, plain)
        descend(vector, slope, velocity, rates[step], sgd[0], sgd[1])
    return loss, correct


@njit
def evaluate(genes, x, label, order, batch, state, norm_settings):
    """Sum of cross entropies and number of right answers on signals ``order``, with running statistics."""
    _, _, _, weights, _, running, first, second, plain = state
    loss, correct = 0.0, 0
    for start in range(0, order.size, batch):
        index = order[start : start + batch]
        forward(genes, x, index, weights, running, first, second, plain, norm_settings[0], norm_settings[1], False)
        more, right = judge(plain.logits, label, index, False)
        loss += more
        correct += right
    return loss, correct
