"""Thirteen zero-cost scores of an untrained network, by their published definitions.

The network is the one that training with the same seed starts from, in float64, with batch norm in
training mode; the batch is the first one of that training. A layer is a convolution or the classifier;
its weights leave out bias and batch norm. The loss is the mean cross entropy.

======== =========================================================================================
params   trainable parameters
flops    multiply-adds of convolutions and classifier for one signal
grad_norm, l2_norm, plain, snip
         sums over layers: norms of weight gradients g; norms of weights w; of w * g; of abs(w * g)
         (Abdelfattah et al., ICLR 2021; snip: Lee et al., ICLR 2019)
grasp    minus the sum of w * (H g), H the Hessian of the loss (Wang et al., ICLR 2020)
fisher   sum over weights of the half mean square of activation times gradient, summed over positions, of
         their output channel (Theis et al. 2018; Turner et al., ICLR 2020)
synflow  sum of w * dR/dw, R the sum of the outputs for an input of ones of the network of absolute
         weights without batch norm (Tanaka et al., NeurIPS 2020)
jacov    minus the sum of log(v + k) + 1 / (v + k), k = 1e-5, v the eigenvalues of the correlations of
         input gradients of the summed outputs (Mellor et al., ICML 2021, first version)
epe_nas  sum over classes of abs(sum(log(abs(correlation) + 1e-5))) of input gradients (Lopes et al. 2021)
nwot     log determinant of the numbers of ReLUs, each with those of its own operation, that two signals
         switch alike (Mellor et al., ICML 2021)
zen      log of the mean change of the features before pooling when Gaussian inputs change by 1 / 100 of
         Gaussian noise, plus the log of each batch norm's root mean variance, of the batch; Gaussian
         weights (Lin et al., ICCV 2021)
======== =========================================================================================

The correlations of n signals of d inputs have at most d - 1 positive eigenvalues, and jacov of more
signals would be rounding noise times 1e5: it uses at most d - 1 signals of the batch. A score that is not
defined (the input does not reach the output: a correlation of constants, the logarithm of 0) is NaN.
"""

import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d.compiled import kernels, network, steps
from benchmarks_zarr.build.nb201_mnist1d.data import Data
from benchmarks_zarr.build.nb201_mnist1d.trainer import Trainer, Training, epoch_order, uniform

FloatArray = npt.NDArray[np.float64]

_GAUSSIAN = 3
_LAYERS = ("stem", "first", "reduction", "second", "linear")
_SMALL = 1e-5
#: Largest change of a weight in the finite difference that gives Hessian times gradient.
_CHANGE = 1e-8


class Probe:
    """An untrained network and a batch to score it with."""

    def __init__(self, trainer: Trainer, genes: npt.NDArray[np.int8], seed: int) -> None:
        data, settings = trainer.data, trainer.settings
        self.trainer, self.data, self.genes, self.seed = trainer, data, genes, seed
        state = trainer.state(genes, seed)
        self.vector, self.slope, _, self.weights, self.gradient, self.running, self.first, self.second, self.plain = (
            state
        )
        self.index = data.train[epoch_order(seed, 0, data.train.size)][: settings.batch]
        self.edges = [e for e in range(6) if genes[e] in (network.CONV1, network.CONV3)]
        self.is_weight = np.zeros(self.vector.size, bool)
        views = network.weight_views(self.is_weight, data.n_channel, data.n_class)
        for name in _LAYERS:
            getattr(views, name)[...] = True

    def forward(self, x: FloatArray, index: npt.NDArray[np.int64], *, training: bool = True) -> None:
        """Compute the logits of signals."""
        parts = self.weights, self.running, self.first, self.second, self.plain
        steps.forward(self.genes, x, index, *parts, *self.trainer.norm, training)

    def backward(self, n: int) -> None:
        """Compute the gradient of the weights from that of the logits of ``n`` signals."""
        steps.backward(self.genes, n, self.weights, self.gradient, self.first, self.second, self.plain)

    def loss_gradient(self) -> FloatArray:
        """Gradient of the loss to the weights of layers, zero elsewhere; shape ``(n_weight,)``."""
        self.forward(self.trainer.x, self.index)
        steps.judge(self.plain.logits, self.data.y, self.index, True)
        self.backward(self.index.size)
        return np.where(self.is_weight, self.slope, 0.0)

    def layers(self, vector: FloatArray) -> list[FloatArray]:
        """The parts of a vector of parameters that are the weights of a layer each."""
        views = network.weight_views(vector, self.data.n_channel, self.data.n_class)
        edges = [part[e] for part in (views.first, views.second) for e in self.edges]
        return [views.stem, views.reduction, views.linear, *edges]

    def input_gradient(self, index: npt.NDArray[np.int64]) -> FloatArray:
        """Gradient of the sum of the logits to the signals, shape ``(n_signal, n_channel * length)``."""
        b, length = index.size, self.data.x.shape[1]
        size = network.lengths(length)[0]
        self.forward(self.trainer.x, index)
        self.plain.logits[...] = 1
        self.backward(b)
        dz = self.plain.d_stem[:, : size * b].reshape(-1, size, b)
        padded = np.zeros((self.data.n_channel, 2 * size + 1, b))
        for tap in range(3):
            padded[:, tap : tap + 2 * size : 2] += np.einsum("oc,olb->clb", self.weights.stem[:, :, tap], dz)
        return padded[:, 1 : length + 1].transpose(2, 0, 1).reshape(b, -1)


def _costs(probe: Probe) -> tuple[int, int]:
    (a, b), (first, second) = network.CHANNELS, network.lengths(probe.data.x.shape[1])
    n_channel, n_class = probe.data.n_channel, probe.data.n_class
    params = 3 * n_channel * a + 2 * a + 3 * a * b + 2 * b + 2 * b + b * n_class + n_class
    flops = 3 * n_channel * a * first + 3 * a * b * second + b * n_class
    for e in probe.edges:
        taps = 1 if probe.genes[e] == network.CONV1 else 3
        for c, size in ((a, first), (b, second)):
            params += taps * c * c + 2 * c
            flops += taps * c * c * size
    return params, flops


def params(probe: Probe) -> float:
    """Trainable parameters."""
    return _costs(probe)[0]


def flops(probe: Probe) -> float:
    """Multiply-adds for one signal."""
    return _costs(probe)[1]


def grad_norm(probe: Probe) -> float:
    """Sum over layers of the norm of the gradient."""
    return sum(float(np.linalg.norm(layer)) for layer in probe.layers(probe.loss_gradient()))


def l2_norm(probe: Probe) -> float:
    """Sum over layers of the norm of the weights."""
    return sum(float(np.linalg.norm(layer)) for layer in probe.layers(probe.vector))


def plain(probe: Probe) -> float:
    """Sum of weights times gradients."""
    return float((probe.vector * probe.loss_gradient()).sum())


def snip(probe: Probe) -> float:
    """Sum of absolute weights times gradients."""
    return float(np.abs(probe.vector * probe.loss_gradient()).sum())


def grasp(probe: Probe) -> float:
    """Minus weights times Hessian times gradient, by a central difference of gradients."""
    gradient, start = probe.loss_gradient(), probe.vector.copy()
    step = _CHANGE / max(float(np.abs(gradient).max()), 1e-300)
    probe.vector[:] = start + step * gradient
    above = probe.loss_gradient()
    probe.vector[:] = start - step * gradient
    below = probe.loss_gradient()
    probe.vector[:] = start
    return float(-(start * (above - below)).sum() / (2 * step))


def fisher(probe: Probe) -> float:
    """Half mean squares of activation times gradient of channels, each counted for its weights."""
    probe.forward(probe.trainer.x, probe.index)
    p, b = probe.plain, probe.index.size
    logits = p.logits[:, :b].copy()
    steps.judge(p.logits, probe.data.y, probe.index, True)
    probe.backward(b)
    sizes = network.lengths(probe.data.x.shape[1])
    # Activation, gradient and taps times input channels of each layer.
    parts = [(p.stem_z, p.d_stem, sizes[0], 3 * probe.data.n_channel), (logits, p.logits, 1, network.CHANNELS[1])]
    parts.append((p.reduction_z, p.d_reduction, sizes[1], 3 * network.CHANNELS[0]))
    affines = probe.weights.first_norm, probe.weights.second_norm
    for stage, affine, size, c in zip((probe.first, probe.second), affines, sizes, network.CHANNELS, strict=True):
        for e in probe.edges:
            dz, z, d_node = np.zeros((c, size * b)), stage.z[e], stage.d_node[(1, 2, 2, 3, 3, 3)[e]]
            d_affine = np.zeros((2, c))
            kernels.normalize_gradient(z, d_node, size * b, stage.mean[e], stage.inverse[e], affine[e], d_affine, dz, 0)
            parts.append((z, dz, size, c if probe.genes[e] == network.CONV1 else 3 * c))
    total = 0.0
    for z, dz, size, n_input in parts:
        product = (z[:, : size * b] * dz[:, : size * b]).reshape(len(z), size, b).sum(axis=1)
        total += n_input * float((product**2).mean(axis=1).sum()) / 2
    return total


def synflow(probe: Probe) -> float:
    """Synaptic flow; the output is linear in each layer, so its part is what is lost without the layer."""
    start, x = probe.vector.copy(), np.ones((1, *probe.data.x.shape[1:]))
    np.abs(probe.vector, out=probe.vector)
    for part in probe.running:
        part[..., 0, :], part[..., 1, :] = 0, 1 - network.EPS

    def output() -> float:
        probe.forward(x, np.zeros(1, np.int64), training=False)
        return float(probe.plain.logits[:, 0].sum())

    whole, total = output(), 0.0
    for layer in probe.layers(probe.vector):
        kept = layer.copy()
        layer[...] = 0
        total += whole - output()
        layer[...] = kept
    probe.vector[:] = start
    return total


def jacov(probe: Probe) -> float:
    """Jacobian covariance."""
    n_input = probe.data.x.shape[1] * probe.data.n_channel
    gradients = probe.input_gradient(probe.index[: max(n_input - 1, 2)])
    correlation = np.corrcoef(gradients)
    if not np.isfinite(correlation).all():
        return math.nan
    v = np.linalg.eigvalsh(correlation)
    return float(-(np.log(v + _SMALL) + 1 / (v + _SMALL)).sum())


def epe_nas(probe: Probe) -> float:
    """Class-wise correlations of input gradients."""
    gradients, label = probe.input_gradient(probe.index), probe.data.y[probe.index]
    return sum(
        abs(float(np.log(np.abs(np.corrcoef(gradients[label == c])) + _SMALL).sum())) for c in np.unique(label).tolist()
    )


def nwot(probe: Probe) -> float:
    """Log determinant of the numbers of ReLUs that two signals switch alike."""
    probe.forward(probe.trainer.x, probe.index)
    p, b = probe.plain, probe.index.size
    sizes = network.lengths(probe.data.x.shape[1])
    scale = probe.weights.last_norm[0] * p.inverse[2]
    last = scale[:, None] * p.last + (probe.weights.last_norm[1] - scale * p.mean[2])[:, None]
    inputs = [(last, 0, sizes[1]), (probe.first.node[3], b, sizes[0])]
    for stage, size in zip((probe.first, probe.second), sizes, strict=True):
        inputs += [(stage.node[(0, 0, 1, 0, 1, 2)[e]], b, size) for e in probe.edges]
    alike = np.zeros((b, b))
    for x, start, size in inputs:
        on = (x[:, start : start + size * b] > 0).reshape(-1, b).astype(np.float64)
        alike += on.T @ on + (1 - on).T @ (1 - on)
    return float(np.linalg.slogdet(alike)[1])


def gaussian(key: list[int], shape: tuple[int, ...]) -> FloatArray:
    """Standard normal numbers, by the method of Box and Muller."""
    size = math.prod(shape)
    u = uniform(key, 2 * size)
    return (np.sqrt(-2 * np.log1p(-u[:size])) * np.cos(2 * np.pi * u[size:])).reshape(shape)


def zen(probe: Probe) -> float:
    """Zen-score."""
    b, shape = probe.index.size, probe.data.x.shape[1:]
    start = probe.vector.copy()
    drawn = gaussian([probe.seed, _GAUSSIAN, 0], start.shape)
    probe.vector[:] = np.where(probe.is_weight & (start != 0), drawn, start)
    probe.weights.bias[:] = 0
    x, noise = (gaussian([probe.seed, _GAUSSIAN, i], (b, *shape)) for i in (1, 2))
    p, size = probe.plain, network.lengths(shape[0])[1]

    def features(signals: FloatArray) -> FloatArray:
        probe.forward(signals, np.arange(b))
        return np.maximum(p.inverse[2][:, None] * (p.last[:, : size * b] - p.mean[2][:, None]), 0)

    changed = features(x + noise / 100)
    change = np.abs(features(x) - changed).sum() / b
    inverses = [p.inverse[0, : network.CHANNELS[0]], *p.inverse[1:]]
    inverses += [stage.inverse[e] for stage in (probe.first, probe.second) for e in probe.edges]
    probe.vector[:] = start
    variances = np.array([(1 / inverse**2 - network.EPS).mean() for inverse in inverses])
    return float(np.log(change) + np.log(np.maximum(variances, 0)).sum() / 2)


SCORES: dict[str, Callable[[Probe], float]] = {
    f.__name__: f
    for f in (params, flops, synflow, jacov, snip, grasp, fisher, grad_norm, plain, l2_norm, zen, nwot, epe_nas)
}


class Scorer:
    """Scores cells on one data set."""

    def __init__(self, data: Data, settings: Training) -> None:
        self.trainer = Trainer(data, settings, np.float64)

    def score(self, genes: npt.NDArray[np.int8], seed: int) -> tuple[FloatArray, FloatArray]:
        """Scores of a pruned cell in the order of `SCORES`, and the seconds of processor time each took."""
        probe = Probe(self.trainer, genes, seed)
        values, seconds = np.empty(len(SCORES)), np.empty(len(SCORES))
        with np.errstate(divide="ignore", invalid="ignore"):
            for i, function in enumerate(SCORES.values()):
                clock = time.thread_time()
                value = function(probe)
                seconds[i] = time.thread_time() - clock
                values[i] = value if math.isfinite(value) else math.nan
        return values, seconds
