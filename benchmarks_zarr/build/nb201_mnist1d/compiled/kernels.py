"""Layers of the network, compiled.

Activations are laid out channels first, then positions, then signals: shape ``(channels, length * n_signal)``.
A shift by one position is then a shift by ``n_signal``, so a convolution is a sum of shifted rows. Inputs
of convolutions and poolings have one position of zeros on either side: ``(channels, (length + 2) * n_signal)``.
Every function takes float32, or float64 to check gradients. Sums are reordered to use vector registers:
the same machine gives the same bytes, another kind of machine may differ in the last bits.
"""

import math

from mfnas_vec._jit import njit_numeric as njit


@njit
def zero_border(x, n, b):
    """Set the padding of activations ``x`` of ``n`` columns, ``b`` a position, to zero."""
    for c in range(x.shape[0]):
        row = x[c]
        for j in range(b):
            row[j] = 0
            row[n + b + j] = 0


@njit
def relu(x, out, n, b):
    """Write the positive part of padded ``x`` to ``out``."""
    zero = x.dtype.type(0)
    for c in range(x.shape[0]):
        source, target = x[c], out[c]
        for j in range(n + 2 * b):
            target[j] = source[j] if source[j] > zero else zero


@njit
def relu_split(x, out, n_out, b, odd):
    """Write the positive part of padded ``x`` in two phases, for a convolution of stride 2.

    Even positions come first, ``n_out + b`` columns, odd ones start at column ``odd``.
    """
    zero = x.dtype.type(0)
    for c in range(x.shape[0]):
        for k in range(2 * (n_out // b) + 1):
            source, target = x[c, k * b :], out[c, (k & 1) * odd + (k >> 1) * b :]
            for j in range(b):
                target[j] = source[j] if source[j] > zero else zero


@njit
def load_split(x, index, out, odd):
    """Write signals ``index`` of ``x``, shape ``(n, length, channels)``, in two padded phases (see `relu_split`)."""
    b, length = index.size, x.shape[1]
    for c in range(x.shape[2]):
        row = out[c]
        row[:] = 0
        for j in range(b):
            signal = x[index[j]]
            for k in range(length):
                p = k + 1
                row[(p & 1) * odd + (p >> 1) * b + j] = signal[k, c]


@njit
def batch_statistics(z, n, mean, inverse, running, momentum, eps):
    """Write mean and 1 / standard deviation of each channel; update the running statistics.

    ``running``, shape ``(2, channels)``, holds means and unbiased variances.
    """
    one = z.dtype.type(1)
    for c in range(z.shape[0]):
        row = z[c]
        total = z.dtype.type(0)
        for j in range(n):
            total += row[j]
        m = total / z.dtype.type(n)
        total = z.dtype.type(0)
        for j in range(n):
            d = row[j] - m
            total += d * d
        variance = total / z.dtype.type(n)
        mean[c] = m
        inverse[c] = one / math.sqrt(variance + eps)
        running[0, c] += momentum * (m - running[0, c])
        running[1, c] += momentum * (total / z.dtype.type(max(n - 1, 1)) - running[1, c])


@njit
def running_statistics(mean, inverse, running, eps):
    """Write mean and 1 / standard deviation of each channel from the running statistics."""
    for c in range(mean.size):
        mean[c] = running[0, c]
        inverse[c] = mean.dtype.type(1) / math.sqrt(running[1, c] + eps)


@njit
def normalize_add(z, n, mean, inverse, affine, out, shift):
    """Add the normalised ``z``, times scale plus offset (rows of ``affine``), to ``out`` from column ``shift``."""
    for c in range(z.shape[0]):
        row, target = z[c], out[c, shift:]
        scale = affine[0, c] * inverse[c]
        offset = affine[1, c] - scale * mean[c]
        for j in range(n):
            target[j] += scale * row[j] + offset


@njit
def normalize_gradient(z, dy, n, mean, inverse, affine, d_affine, dz, shift):
    """Write the gradients of batch normalisation with batch statistics: of scale and offset, and of ``z``.

    ``dz`` is written from column ``shift``.
    """
    for c in range(z.shape[0]):
        row, gradient, target = z[c], dy[c], dz[c, shift:]
        m, s = mean[c], inverse[c]
        total = z.dtype.type(0)
        product = z.dtype.type(0)
        for j in range(n):
            total += gradient[j]
            product += gradient[j] * (row[j] - m)
        d_affine[0, c] = product * s
        d_affine[1, c] = total
        scale = affine[0, c] * s
        slope = product * s * s / z.dtype.type(n)
        level = total / z.dtype.type(n)
        for j in range(n):
            target[j] = scale * (gradient[j] - level - slope * (row[j] - m))


@njit
def pool_add(x, out, n, b, shift):
    """Add the average over up to three neighbouring positions of padded ``x``; padding does not count."""
    third, half = x.dtype.type(1) / x.dtype.type(3), x.dtype.type(0.5)
    if n == b:
        third = half = x.dtype.type(1)
    for c in range(x.shape[0]):
        row, target = x[c, b:], out[c, shift:]
        after = row[b:]
        for j in range(b):
            target[j] += half * (row[j] + after[j])
        # Slices that start at the first inner position: a loop from 0 is vectorised.
        inner, here = target[b:], row[b:]
        after = here[b:]
        for j in range(n - 2 * b):
            inner[j] += third * (row[j] + here[j] + after[j])
        if n > b:
            before, here, last = row[n - 2 * b :], row[n - b :], target[n - b :]
            for j in range(b):
                last[j] += half * (before[j] + here[j])


@njit
def pool_gradient_add(dy, dx, n, b, scratch):
    """Add the gradient of `pool_add` to ``dx``; ``scratch`` is padded."""
    third, half = dy.dtype.type(1) / dy.dtype.type(3), dy.dtype.type(0.5)
    if n == b:
        third = half = dy.dtype.type(1)
    zero_border(scratch, n, b)
    for c in range(dy.shape[0]):
        gradient, target, share = dy[c], dx[c], scratch[c, b:]
        for j in range(n):
            share[j] = third * gradient[j]
        for j in range(b):
            share[j] = half * gradient[j]
            share[n - b + j] = half * gradient[n - b + j]
        before, after = scratch[c], scratch[c, 2 * b :]
        for j in range(n):
            target[j] += before[j] + share[j] + after[j]


@njit
def add(x, out, n, source, target):
    """Add columns of ``x`` from ``source`` to those of ``out`` from ``target``."""
    for c in range(x.shape[0]):
        row, total = x[c, source:], out[c, target:]
        for j in range(n):
            total[j] += row[j]
