"""Train the network of one cell: initial weights, order of signals, learning rates, results by epoch."""

import dataclasses
import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks_zarr.build.nb201_mnist1d.compiled import network, steps
from benchmarks_zarr.build.nb201_mnist1d.data import Data

_INITIAL, _ORDER = 0, 1


@dataclasses.dataclass(frozen=True)
class Training:
    """Settings of training; the learning rate of step t of T is ``rate / 2 * (1 + cos(pi * t / T))``."""

    epochs: int = 27
    batch: int = 32
    rate: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4
    norm_momentum: float = 0.1
    seeds: tuple[int, ...] = (0, 1, 2)


@dataclasses.dataclass(frozen=True)
class Curves:
    """Results by epoch, shape ``(n_epoch,)`` each.

    Training results are those of the batches as they were trained on; the others are of the network
    after the epoch. Counts are of right answers, losses mean cross entropies in nats, seconds of
    processor time.
    """

    train_right: npt.NDArray[np.int32]
    train_loss: npt.NDArray[np.float64]
    val_right: npt.NDArray[np.int32]
    val_loss: npt.NDArray[np.float64]
    test_right: npt.NDArray[np.int32]
    test_loss: npt.NDArray[np.float64]
    train_seconds: npt.NDArray[np.float64]
    val_seconds: npt.NDArray[np.float64]


def uniform(key: list[int], size: int) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1) of a stream that numpy keeps as it is: the raw output of PCG64."""
    raw = np.random.PCG64(key).random_raw(size)
    return (np.asarray(raw) >> np.uint64(11)) * 2.0**-53


def initial_weights(genes: npt.NDArray[np.int8], n_channel: int, n_class: int, seed: int) -> npt.NDArray[np.float64]:
    """Initial parameters.

    Convolutions are uniform within sqrt(6 / inputs of a unit) (He et al., ICCV 2015), the classifier
    within 1 / sqrt(inputs); batch norms start as the identity. The weights of an edge depend on seed,
    edge and operation alone. Edges without a convolution, and outer taps of 1x1 convolutions, have
    zeros, which training keeps.
    """
    vector = np.zeros(network.n_weight(n_channel, n_class))
    weights = network.weight_views(vector, n_channel, n_class)

    def draw(part: npt.NDArray[Any], stream: int, bound: float) -> None:
        part[...] = (2 * uniform([seed, _INITIAL, stream], part.size).reshape(part.shape) - 1) * bound

    a, b = network.CHANNELS
    draw(weights.stem, 0, math.sqrt(6 / (3 * n_channel)))
    draw(weights.reduction, 1, math.sqrt(6 / (3 * a)))
    draw(weights.linear, 2, 1 / math.sqrt(b))
    draw(weights.bias, 3, 1 / math.sqrt(b))
    for stage, (edges, c) in enumerate(((weights.first, a), (weights.second, b))):
        for e, op in enumerate(genes):
            if op == network.CONV3:
                draw(edges[e], 4 + 6 * stage + e, math.sqrt(6 / (3 * c)))
            elif op == network.CONV1:
                draw(edges[e, :, :, 1], 4 + 6 * stage + e, math.sqrt(6 / c))
    for affine in (weights.stem_norm, weights.reduction_norm, weights.last_norm):
        affine[0] = 1
    for affine in (weights.first_norm, weights.second_norm):
        affine[np.isin(genes, (network.CONV1, network.CONV3)), 0] = 1
    return vector


def epoch_order(seed: int, epoch: int, n: int) -> npt.NDArray[np.int64]:
    """The order of ``n`` training signals in an epoch."""
    return np.argsort(uniform([seed, _ORDER, epoch], n), kind="stable")


def learning_rates(settings: Training, n: int) -> npt.NDArray[np.float64]:
    """Learning rates, shape ``(n_epoch, n_step)``, for ``n`` training signals."""
    n_step = -(-n // settings.batch)
    total = settings.epochs * n_step
    t = np.arange(total).reshape(settings.epochs, n_step)
    return settings.rate / 2 * (1 + np.cos(np.pi * t / total))


class Trainer:
    """Trains cells on one data set; the working memory is used again for each."""

    def __init__(self, data: Data, settings: Training, dtype: npt.DTypeLike = np.float32) -> None:
        self.data, self.settings, self.dtype = data, settings, np.dtype(dtype)
        self.x, self.label = data.x.astype(dtype), data.y
        self.rates = learning_rates(settings, data.train.size).astype(dtype)
        number = self.dtype.type
        self.norm = number(settings.norm_momentum), number(network.EPS)
        self.sgd = number(settings.momentum), number(settings.decay)
        self.buffers = network.buffers(data.x.shape[1], data.n_channel, data.n_class, settings.batch, dtype)

    def state(self, genes: npt.NDArray[np.int8], seed: int) -> tuple[Any, ...]:
        """Parameters, gradients, velocities and running statistics before training, and working memory."""
        shape = self.data.n_channel, self.data.n_class
        vector = initial_weights(genes, *shape, seed).astype(self.dtype)
        slope, velocity = np.zeros_like(vector), np.zeros_like(vector)
        views = network.weight_views(vector, *shape), network.weight_views(slope, *shape)
        return (vector, slope, velocity, *views, network.fresh_running(self.dtype), *self.buffers)

    def train(self, genes: npt.NDArray[np.int8], seed: int) -> Curves:
        """Train one network.

        Parameters
        ----------
        genes
            Operations of a pruned cell, shape ``(6,)``.
        seed
            Of initial weights and of the orders of signals.
        """
        data, settings = self.data, self.settings
        state = self.state(genes, seed)
        n = settings.epochs
        right, loss = np.zeros((3, n), np.int32), np.zeros((3, n))
        seconds = np.zeros((2, n))
        for epoch in range(n):
            order = data.train[epoch_order(seed, epoch, data.train.size)]
            clock = time.thread_time()
            loss[0, epoch], right[0, epoch] = steps.train_epoch(
                genes, self.x, self.label, order, self.rates[epoch], settings.batch, state, self.norm, self.sgd
            )
            seconds[0, epoch] = time.thread_time() - clock
            for i, part in enumerate((data.val, data.test), 1):
                clock = time.thread_time()
                loss[i, epoch], right[i, epoch] = steps.evaluate(
                    genes, self.x, self.label, part, settings.batch, state, self.norm
                )
                if i == 1:
                    seconds[1, epoch] = time.thread_time() - clock
        loss /= np.array([data.train.size, data.val.size, data.test.size])[:, None]
        return Curves(right[0], loss[0], right[1], loss[1], right[2], loss[2], seconds[0], seconds[1])
