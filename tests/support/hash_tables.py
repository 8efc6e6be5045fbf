"""Hash tables: benchmark tables whose every number is a function of MD5 digests.

The published code was recorded on such tables, so that nobody has to ship or download one.
"""

import functools
from hashlib import md5

import numpy as np

from mfnas_vec.spaces import get_space
from mfnas_vec.tables.build import build_table

EPOCHS = {"nb201": (12, 25, 50, 100, 200), "nb101": (4, 12, 36, 108), "nbasr": (10, 12, 20, 30, 40)}
EPOCHS |= dict.fromkeys(("nbgraph", "nbgraph-proteins"), (5, 12, 20, 40))
#: The spaces of the recorded runs and those that have data sets of their own.
SPACES = tuple(EPOCHS)
#: Names of the validation and test variables where they are not accuracies.
VARIABLES = {"nbasr": ("val_per", "test_per"), "nbgraph-proteins": ("val_auc", "test_auc")}
PROXIES = ("params", "flops", "synflow", "jacov")
NB101_SECONDS = {
    "synflow": 1.4356617034300945,
    "params": 0.30215823150349097,
    "flops": 0.30215823150349097,
    "jacov": 2.5207841626097856,
}


def u(*parts):
    """A uniform number of [0, 1) that depends on the parts only."""
    return int(md5("/".join(str(p) for p in parts).encode()).hexdigest()[:13], 16) / 16**13


@functools.cache
def _gene(name, i, value):
    return u("nb201", name, "gene", i, value)


def base(space, key, name):
    if space == "nb201":
        return 0.7 * (sum(_gene(name, i, key[i]) for i in range(6)) / 6) + 0.3 * u("nb201", name, key)
    return u(space, name, key)


def curve(space, key, name, epoch, quality):
    return (0.1 + 0.8 * quality) * (epoch / (epoch + 20)) + 0.02 * u(space, name, key, epoch)


def _keys(name):
    space = get_space(name)
    if name == "nb201":
        return [space.digits(code) for code in range(space.n_code)]
    return space.arch_key()


@functools.cache
def hash_table(name, proxies=PROXIES):
    """The hash table of a space, with the metrics and seconds of the recorded runs."""
    keys, epochs = _keys(name), EPOCHS[name]
    published = {"jacov": "jacov" if name == "nb201" else "jacob_cov"}
    quality = [base(name, key, "quality") for key in keys]
    val, test = VARIABLES.get(name, ("val_acc", "test_acc"))
    per_epoch = [[curve(name, k, val, e, q) for k, q in zip(keys, quality, strict=True)] for e in epochs]
    final = [curve(name, k, test, epochs[-1], q) for k, q in zip(keys, quality, strict=True)]
    scores, results = np.array(per_epoch), np.array(final)
    if name == "nbasr":
        scores, results = 1 - scores, 1 - results
    metrics = {val: scores, test: 100 * results}
    for proxy in proxies:
        metrics[proxy] = np.array([base(name, key, published.get(proxy, proxy)) for key in keys])
    seconds, train_seconds = {}, None
    if name == "nb201":
        rate = np.array([5 + 20 * u("nb201", "train_time", key) for key in keys])
        train_seconds = rate * np.array(epochs)[:, None]
        for p in proxies:
            seconds[p] = np.array([1 + u("nb201", "zc_time", p, key) for key in keys])
    elif name == "nb101":
        rate = np.array([5 + 20 * u("nb101", "train_time", key) for key in keys])
        train_seconds = rate * np.array(epochs)[:, None]
        seconds = {p: NB101_SECONDS[p] for p in proxies}
    return build_table(
        name,
        metrics,
        epochs=epochs,
        train_seconds=train_seconds,
        seconds=seconds,
        provenance="computed",
        units="percent",
        name=f"hash-{name}",
        dataset="cifar10" if name == "nb201" else "",
    )
