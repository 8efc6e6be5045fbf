"""Results in the README of the published MF-NAS code (ELO-Lab/MF-NAS), revision of 23 November 2023.

Means, population standard deviations, seconds and epochs of 500 runs, and the best test
performance of each benchmark, in percent. Later revisions print 1,192 epochs on CIFAR-10.
"""

from typing import NamedTuple

from mfnas_vec.tables.facts import OPTIMUM

__all__ = ["MF_NAS", "N_RUN", "OPTIMUM", "PublishedResult"]


class PublishedResult(NamedTuple):
    """One cell of the published table."""

    mean: float
    sd: float
    seconds: float | None
    epochs: float


#: Runs behind every published cell.
N_RUN = 500

#: By problem and by the zero-cost metric of the first stage.
MF_NAS: dict[str, dict[str, PublishedResult]] = {
    "nb101": {
        "synflow": PublishedResult(93.82, 0.56, 12_960, 368),
        "params": PublishedResult(93.89, 0.25, 14_088, 368),
        "flops": PublishedResult(93.88, 0.25, 14_055, 368),
    },
    "nb201-cifar10": {
        "synflow": PublishedResult(94.36, 0.05, 20_000, 668),
        "params": PublishedResult(94.36, 0.00, 20_000, 617),
        "flops": PublishedResult(94.36, 0.00, 20_000, 617),
    },
    "nb201-cifar100": {
        "synflow": PublishedResult(73.51, 0.00, 40_000, 1_192),
        "params": PublishedResult(73.51, 0.00, 40_000, 1_192),
        "flops": PublishedResult(73.51, 0.00, 40_000, 1_192),
    },
    "nb201-imagenet16": {
        "synflow": PublishedResult(46.34, 0.00, 120_000, 1_192),
        "params": PublishedResult(46.34, 0.00, 120_000, 1_192),
        "flops": PublishedResult(46.34, 0.00, 120_000, 1_192),
    },
    "nbasr": {
        "synflow": PublishedResult(21.77, 0.00, None, 300),
        "params": PublishedResult(21.81, 0.26, None, 300),
        "flops": PublishedResult(21.78, 0.36, None, 300),
    },
}
