"""Parameters and FLOPs of the NAS-Bench-201 network of a cell."""

# The network: a stem, three stages of five cells, a residual block that halves the resolution
# between stages, batch norm, global pooling, a linear classifier (Dong and Yang 2020, figure 1).
_CELLS_PER_STAGE = 5
_CHANNELS = (16, 32, 64)


def _conv(kernel: int, c_in: int, c_out: int, size: int, *, norm: bool = True) -> tuple[int, int]:
    """Parameters and multiply-adds of a convolution without bias, with batch norm if ``norm``."""
    weights = kernel * kernel * c_in * c_out
    return weights + 2 * c_out * norm, weights * size * size


def network_cost(kernel_counts: tuple[int, int], n_class: int, image_size: int) -> tuple[int, int]:
    """Trainable parameters and multiply-adds of the network of one cell.

    Parameters
    ----------
    kernel_counts
        Numbers of 1x1 and of 3x3 convolutions among the six operations of the cell.
    n_class
        Classes of the data set.
    image_size
        Width of the input images in pixels.

    Returns
    -------
    tuple of int
        Parameters, and multiply-adds of convolutions and classifier for one image.
    """
    terms = [_conv(3, 3, _CHANNELS[0], image_size)]
    for stage, c in enumerate(_CHANNELS):
        size = image_size >> stage
        if stage:
            half = _CHANNELS[stage - 1]
            terms += [_conv(3, half, c, size), _conv(3, c, c, size), _conv(1, half, c, size, norm=False)]
        for kernel, count in zip((1, 3), kernel_counts, strict=True):
            params, flops = _conv(kernel, c, c, size)
            terms.append((params * count * _CELLS_PER_STAGE, flops * count * _CELLS_PER_STAGE))
    classifier = (_CHANNELS[-1] + 1) * n_class
    terms += [(2 * _CHANNELS[-1], 0), (classifier, classifier)]
    return sum(p for p, _ in terms), sum(f for _, f in terms)
