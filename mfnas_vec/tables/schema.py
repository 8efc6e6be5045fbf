"""One declaration per table variable: what it is, its units, its direction.

Dims are ``arch`` (row of the space), ``epoch`` (1-based epochs of training done) and ``trial``.
A variable over ``(epoch, arch)`` is training-based; one over ``(arch,)`` is a zero-cost score,
a final test result, which searches never read, or a training-based metric of a benchmark without
epochs: one that is declared here as training-based.
"""

import dataclasses
import re
from collections.abc import Hashable

ARCH = "arch"
EPOCH = "epoch"
GENE = "gene"
TRIAL = "trial"

#: Where a number comes from: observed in an experiment; derived exactly from a definition;
#: estimated by a model.
MEASURED = "measured"
COMPUTED = "computed"
MODELLED = "modelled"
PROVENANCES = (MEASURED, COMPUTED, MODELLED)

PERCENT = "percent"

#: Suffix of the variable that holds the seconds one score costs.
SECONDS_SUFFIX = "_seconds"
TRAIN_SECONDS = "train_seconds"


@dataclasses.dataclass(frozen=True)
class Variable:
    """Declaration of a table variable."""

    name: str
    dims: tuple[str, ...]
    units: str
    direction: str  # "maximize", "minimize" or "none"
    long_name: str


def _training(name: str, units: str, direction: str, long_name: str) -> Variable:
    return Variable(name, (EPOCH, ARCH), units, direction, long_name)


def _score(name: str, long_name: str, units: str = "1") -> Variable:
    return Variable(name, (ARCH,), units, "maximize", long_name)


_DECLARED = (
    _training("val_acc", "percent", "maximize", "validation accuracy"),
    _training("train_acc", "percent", "maximize", "training accuracy"),
    _training("val_loss", "nat", "minimize", "validation loss"),
    _training("train_loss", "nat", "minimize", "training loss"),
    _training("val_per", "percent", "minimize", "validation phoneme error rate"),
    _training("train_auc", "percent", "maximize", "training ROC-AUC"),
    _training("val_auc", "percent", "maximize", "validation ROC-AUC"),
    Variable("test_acc", (ARCH,), "percent", "maximize", "test accuracy after the last epoch"),
    Variable("test_per", (ARCH,), "percent", "minimize", "test phoneme error rate after the last epoch"),
    Variable("test_auc", (ARCH,), "percent", "maximize", "test ROC-AUC after the last epoch"),
    Variable(TRAIN_SECONDS, (EPOCH, ARCH), "s", "none", "cumulative training time"),
    _score("params", "trainable parameters", "1e6"),
    _score("flops", "multiply-adds for one input", "1e6"),
    _score("synflow", "synaptic flow"),
    _score("jacov", "Jacobian covariance"),
    _score("snip", "single-shot pruning saliency"),
    _score("grasp", "gradient signal preservation"),
    _score("fisher", "Fisher information"),
    _score("grad_norm", "norm of the gradient"),
    _score("plain", "sum of weights times gradients"),
    _score("l2_norm", "norm of the weights"),
    _score("zen", "Zen-score"),
    _score("nwot", "activation overlap (NASWOT)"),
    _score("epe_nas", "class-wise Jacobian correlation (EPE-NAS)"),
)

SCHEMA: dict[str, Variable] = {variable.name: variable for variable in _DECLARED}

#: A metric of any other name that has one of these words (between underscores and the like) is minimised.
MINIMIZED_WORDS = frozenset(
    {"loss", "losses", "error", "errors", "err", "per", "wer", "cer", "rmse", "mse", "mae", "mape", "nll", "ece"}
    | {"perplexity", "ppl", "bpc", "bpd", "brier", "fid", "regret", "latency", "runtime", "energy", "memory", "cost"}
    | {"time", "times", "delay", "xent", "crossentropy", "rss", "vram", "emissions"}
)
#: Metrics with one of these words are accuracies, in percent.
ACCURACY_WORDS = frozenset({"acc", "accuracy"})

#: Variables that judge the result of a search, which never reads them.
TEST_VARIABLES = ("test_acc", "test_per", "test_auc")


def is_test_result(name: Hashable) -> bool:
    """Whether a variable holds test results, those of single trials ("test_acc_trial") included."""
    return str(name).startswith(TEST_VARIABLES)


def is_trained(name: str) -> bool:
    """Whether a metric is declared to be training-based, even where a table knows it at one number of epochs only."""
    return name in SCHEMA and EPOCH in SCHEMA[name].dims


def words_of(name: str) -> set[str]:
    """The words of a name, in small letters."""
    return set(re.split(r"[^a-z0-9]+", name.lower()))


def declared_direction(name: str) -> str:
    """Direction of a metric: as declared, else "minimize" for names with one of ``MINIMIZED_WORDS``."""
    if name in SCHEMA:
        return SCHEMA[name].direction
    return "minimize" if MINIMIZED_WORDS & words_of(name) else "maximize"


def declared_units(name: str) -> str:
    """Units of a metric: as declared, else "percent" for names with one of ``ACCURACY_WORDS``."""
    if name in SCHEMA:
        return SCHEMA[name].units
    return PERCENT if ACCURACY_WORDS & words_of(name) else "1"
