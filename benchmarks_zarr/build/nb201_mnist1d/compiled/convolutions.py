"""Convolutions, compiled; the layout of activations is that of `kernels`."""

from mfnas_vec._jit import njit_numeric as njit


@njit
def conv3(x, w, out, n, shifts, add):
    """Convolve with three taps: ``out[o] = sum(w[o, i, k] * x[i, shifts[k]:])``, or add that to ``out``.

    Stride 1: ``shifts = (0, b, 2 * b)``. Stride 2, phases of `relu_split`: ``(0, odd, b)``. Output
    channels are a multiple of 4.
    """
    zero = x.dtype.type(0)
    f, g, h = shifts
    pairs = x.shape[0] - x.shape[0] % 2
    for o in range(0, out.shape[0], 4):
        y0, y1, y2, y3 = out[o], out[o + 1], out[o + 2], out[o + 3]
        if not add:
            for j in range(n):
                y0[j] = y1[j] = y2[j] = y3[j] = zero
        for i in range(0, pairs, 2):
            p0, p1, p2, q0, q1, q2 = x[i, f:], x[i, g:], x[i, h:], x[i + 1, f:], x[i + 1, g:], x[i + 1, h:]
            a0, a1, a2, a3, a4, a5 = _pair(w, o, i)
            b0, b1, b2, b3, b4, b5 = _pair(w, o + 1, i)
            c0, c1, c2, c3, c4, c5 = _pair(w, o + 2, i)
            d0, d1, d2, d3, d4, d5 = _pair(w, o + 3, i)
            for j in range(n):
                r0, r1, r2, r3, r4, r5 = p0[j], p1[j], p2[j], q0[j], q1[j], q2[j]
                y0[j] += a0 * r0 + a1 * r1 + a2 * r2 + a3 * r3 + a4 * r4 + a5 * r5
                y1[j] += b0 * r0 + b1 * r1 + b2 * r2 + b3 * r3 + b4 * r4 + b5 * r5
                y2[j] += c0 * r0 + c1 * r1 + c2 * r2 + c3 * r3 + c4 * r4 + c5 * r5
                y3[j] += d0 * r0 + d1 * r1 + d2 * r2 + d3 * r3 + d4 * r4 + d5 * r5
        for i in range(pairs, x.shape[0]):
            p0, p1, p2 = x[i, f:], x[i, g:], x[i, h:]
            for k in range(4):
                y, a0, a1, a2 = out[o + k], w[o + k, i, 0], w[o + k, i, 1], w[o + k, i, 2]
                for j in range(n):
                    y[j] += a0 * p0[j] + a1 * p1[j] + a2 * p2[j]


@njit
def _pair(w, o, i):
    return w[o, i, 0], w[o, i, 1], w[o, i, 2], w[o, i + 1, 0], w[o, i + 1, 1], w[o, i + 1, 2]


@njit
def conv3_weight_gradient(x, dy, dw, n, shifts, start):
    """Write the gradient of the weights of `conv3`; that of its output is in ``dy`` from column ``start``."""
    zero = x.dtype.type(0)
    f, g, h = shifts
    for i in range(x.shape[0]):
        p0, p1, p2 = x[i, f:], x[i, g:], x[i, h:]
        for o in range(0, dy.shape[0], 4):
            q, r, s, t = dy[o, start:], dy[o + 1, start:], dy[o + 2, start:], dy[o + 3, start:]
            a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = d0 = d1 = d2 = zero
            for j in range(n):
                a0 += q[j] * p0[j]
                a1 += q[j] * p1[j]
                a2 += q[j] * p2[j]
                b0 += r[j] * p0[j]
                b1 += r[j] * p1[j]
                b2 += r[j] * p2[j]
                c0 += s[j] * p0[j]
                c1 += s[j] * p1[j]
                c2 += s[j] * p2[j]
                d0 += t[j] * p0[j]
                d1 += t[j] * p1[j]
                d2 += t[j] * p2[j]
            dw[o, i, 0], dw[o, i, 1], dw[o, i, 2] = a0, a1, a2
            dw[o + 1, i, 0], dw[o + 1, i, 1], dw[o + 1, i, 2] = b0, b1, b2
            dw[o + 2, i, 0], dw[o + 2, i, 1], dw[o + 2, i, 2] = c0, c1, c2
            dw[o + 3, i, 0], dw[o + 3, i, 1], dw[o + 3, i, 2] = d0, d1, d2


@njit
def conv1(x, w, out, n, shift, transposed, add):
    """Convolve with the middle tap alone; ``transposed`` uses ``w[i, o]``; channels are a multiple of 4."""
    zero = x.dtype.type(0)
    for o in range(0, out.shape[0], 4):
        y0, y1, y2, y3 = out[o], out[o + 1], out[o + 2], out[o + 3]
        if not add:
            for j in range(n):
                y0[j] = y1[j] = y2[j] = y3[j] = zero
        for i in range(0, x.shape[0], 4):
            p, q, r, s = x[i, shift:], x[i + 1, shift:], x[i + 2, shift:], x[i + 3, shift:]
            a0, a1, a2, a3 = _middle(w, o, i, transposed)
            b0, b1, b2, b3 = _middle(w, o + 1, i, transposed)
            c0, c1, c2, c3 = _middle(w, o + 2, i, transposed)
            d0, d1, d2, d3 = _middle(w, o + 3, i, transposed)
            for j in range(n):
                r0, r1, r2, r3 = p[j], q[j], r[j], s[j]
                y0[j] += a0 * r0 + a1 * r1 + a2 * r2 + a3 * r3
                y1[j] += b0 * r0 + b1 * r1 + b2 * r2 + b3 * r3
                y2[j] += c0 * r0 + c1 * r1 + c2 * r2 + c3 * r3
                y3[j] += d0 * r0 + d1 * r1 + d2 * r2 + d3 * r3


@njit
def _middle(w, o, i, transposed):
    if transposed:
        return w[i, o, 1], w[i + 1, o, 1], w[i + 2, o, 1], w[i + 3, o, 1]
    return w[o, i, 1], w[o, i + 1, 1], w[o, i + 2, 1], w[o, i + 3, 1]


@njit
def conv1_weight_gradient(x, dy, dw, n, shift, start):
    """Write the gradient of the weights of `conv1`; that of its output is in ``dy`` from column ``start``."""
    zero = x.dtype.type(0)
    for i in range(0, x.shape[0], 2):
        p0, p1 = x[i, shift:], x[i + 1, shift:]
        for o in range(0, dy.shape[0], 4):
            q, r, s, t = dy[o, start:], dy[o + 1, start:], dy[o + 2, start:], dy[o + 3, start:]
            a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = zero
            for j in range(n):
                a0 += q[j] * p0[j]
                a1 += q[j] * p1[j]
                b0 += r[j] * p0[j]
                b1 += r[j] * p1[j]
                c0 += s[j] * p0[j]
                c1 += s[j] * p1[j]
                d0 += t[j] * p0[j]
                d1 += t[j] * p1[j]
            dw[o, i, 1], dw[o, i + 1, 1] = a0, a1
            dw[o + 1, i, 1], dw[o + 1, i + 1, 1] = b0, b1
            dw[o + 2, i, 1], dw[o + 2, i + 1, 1] = c0, c1
            dw[o + 3, i, 1], dw[o + 3, i + 1, 1] = d0, d1


@njit
def turn(w, out):
    """Write the weights of the convolution that is the gradient of `conv3` to its input."""
    for o in range(w.shape[0]):
        for i in range(w.shape[1]):
            for k in range(3):
                out[i, o, k] = w[o, i, 2 - k]
