"""Every kernel equals the reference implementation, bit for bit: all numbers of all runs and all steps."""

import functools

import numpy as np
import pytest
from support.equality import assert_equal_to_reference
from support.hash_tables import SPACES, hash_table
from support.optimizers import BUILT_IN

from mfnas_vec.protocols import Protocol
from mfnas_vec.search import PROTOCOLS
from mfnas_vec.search.defaults import published
from mfnas_vec.search.protocols import CORRECTED, GECCO2024, HEAD2025, rules_of, usual
from mfnas_vec.search.runner import USUAL
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.build import build_table

pytestmark = pytest.mark.slow

SINGLE = ("RS", "FLS", "BLS", "REA", "REA+W", "GA")
HALVING = ("SH", "MF-NAS", "R-MF-NAS")
STAGES = ("MF-NAS", "R-MF-NAS")
PROMOTING = ("Hyperband", "ASHA")

#: Odd sizes and settings, by optimizers they apply to.
CASES = [
    (SINGLE, {"max_eval": 0, "max_time": None}),
    (SINGLE, {"max_eval": 1}),
    (SINGLE, {"max_eval": 70, "max_time": None}),
    (SINGLE, {"max_time": 0, "max_eval": 9}),
    (SINGLE, {"metric": "synflow", "max_eval": 300, "max_time": 200.0}),
    (SINGLE, {"metric": "params", "max_eval": 200, "max_time": None}),
    (("REA", "REA+W"), {"pop_size": 1, "tournament_size": 1, "max_eval": 40, "n_sample_warmup": 1}),
    (("REA", "REA+W"), {"pop_size": 25, "tournament_size": 4, "prob_mutation": 3.5, "max_eval": 80}),
    (("REA", "REA+W"), {"pop_size": 7, "tournament_size": 6, "prob_mutation": 0, "max_eval": 30}),
    (("REA+W",), {"n_sample_warmup": 10, "max_eval": 20}),
    (("REA+W",), {"metric_warmup": "jacov", "max_time": 100.0, "max_eval": 30}),
    (HALVING, {"n_candidate": 1}),
    (HALVING, {"n_candidate": 2}),
    (HALVING, {"k": 7}),
    (HALVING, {"k": 97, "max_time": 9000.0}),
    (HALVING, {"max_time": 0.0}),
    (HALVING, {"max_time": None}),
    (STAGES, {"k": 500, "max_eval_stage1": 90}),
    (STAGES, {"k": 30, "max_eval_stage1": 300, "metric_stage1": "synflow", "max_time": 5000.0}),
    (STAGES, {"max_eval_stage1": 1}),
    (STAGES, {"optimizer_stage1": "BLS", "metric_stage1": "jacov"}),
    (STAGES, {"metric_stage1": "synflow", "max_time": 1500.0}),
    (("MF-NAS",), {"optimizer_stage1": "RS", "metric_stage1": "flops"}),
    (("MF-NAS",), {"optimizer_stage1": "REA", "metric_stage1": "synflow", "max_time": 1500.0}),
    (("MF-NAS",), {"optimizer_stage1": "GA", "metric_stage1": "synflow", "max_time": 1500.0}),
    (("MF-NAS",), {"optimizer_stage1": "GA", "max_eval_stage1": 5, "k": 9}),
    (STAGES, {"metric_stage2": "synflow", "max_time": 1000.0}),
    (("GA",), {"pop_size": 2, "max_eval": 40}),
    (("GA",), {"pop_size": 36, "prob_crossover": 0.3, "max_eval": 150, "max_time": None}),
    (("GA",), {"prob_crossover": 1.0, "max_time": 700.0, "max_eval": None}),
    (PROMOTING, {"max_epochs": 0}),
    (PROMOTING, {"max_epochs": 777, "max_time": None}),
    (PROMOTING, {"eta": 2, "max_epochs": 900}),
    (PROMOTING, {"min_epoch": 12, "max_epoch": 12, "max_epochs": 100}),
    (PROMOTING, {"max_time": 3000.0, "max_epochs": 5000}),
    (PROMOTING, {"metric": "synflow", "max_time": 500.0, "max_epochs": None}),
    (("Hyperband",), {"n_round": 2, "max_time": None, "max_epochs": None}),
    (("ASHA",), {"max_candidate": 9, "max_time": None, "max_epochs": None}),
]


def flips():
    """Every decision of each protocol taken the other way."""
    for name in (GECCO2024, HEAD2025, CORRECTED):
        rules = rules_of(name)
        for budget, word in enumerate(("overshoot", "stop", "refuse")):
            if budget != rules.budget:
                yield name, "+", word
        for decision in Protocol._fields[1:]:
            yield name, "-" if getattr(rules, decision) else "+", decision


#: Each on every space, under the protocols in turn: every setting meets every protocol.
ODD = [
    pytest.param(optimizer, settings, space, PROTOCOLS[(i + j) % len(PROTOCOLS)], id=f"{optimizer}-{settings}-{space}")
    for i, (optimizers, settings) in enumerate(CASES)
    for optimizer in optimizers
    for j, space in enumerate(SPACES)
]
#: Factors between the epochs of the tables, where they are not 2 or 3.
FACTORS = {
    "nb101": {"eta": 9, "min_epoch": 4, "max_epoch": 36},
    "nbgraph": {"eta": 2, "min_epoch": 20, "max_epoch": 40},
    "nbgraph-proteins": {"eta": 2, "min_epoch": 20, "max_epoch": 40},
}
#: Spaces whose tables have no seconds: a limit of seconds ends nothing there.
UNTIMED = ("nbasr", "nbgraph", "nbgraph-proteins")


def ending(optimizer, space):
    """A budget for searches that seconds end by default."""
    return {"max_epochs": 300} if optimizer in PROMOTING and space in UNTIMED else {}


def fitting(optimizer, settings, space):
    """Settings that a search on the hash table of a space accepts."""
    if "eta" in settings:
        settings = settings | FACTORS.get(space, {})
    if space in UNTIMED and optimizer in SINGLE and settings.get("max_time") and settings.get("max_eval", 0) is None:
        settings = settings | {"max_eval": 60}
    if space in UNTIMED and optimizer in PROMOTING and settings.get("max_epochs", 0) is None and "metric" in settings:
        settings = settings | {"max_epochs": 900, "max_time": None, "metric": published(hash_table(space)).metric}
    if optimizer != "REA+W":
        settings = {k: v for k, v in settings.items() if k != "n_sample_warmup"}
    return settings


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_published_settings(optimizer, space, protocol):
    assert_equal_to_reference(optimizer, hash_table(space), 6, seed=11, protocol=protocol, **ending(optimizer, space))


@pytest.mark.parametrize(("optimizer", "settings", "space", "protocol"), ODD)
def test_odd_settings(optimizer, settings, space, protocol):
    settings = fitting(optimizer, settings, space)
    assert_equal_to_reference(optimizer, hash_table(space), 3, seed=2**63 - 1, protocol=protocol, **settings)


@functools.cache
def quirky_table(space, kind):
    """Ties everywhere, missing scores, or both; with free and dear evaluations."""
    n = get_space(space).n_arch
    draw = np.random.default_rng(5)
    score = {
        "ties": draw.integers(0, 3, n).astype(float),
        "flat": np.zeros(n),
        "missing": np.where(draw.random(n) < 0.4, np.nan, draw.integers(0, 50, n)),
        "nothing": np.arange(n) % 5.0,
    }[kind]
    rungs = np.array([np.roll(score, shift) for shift in range(3)])
    table = build_table(
        space,
        {"val_loss": rungs, "synflow": score, "mine": np.roll(score, 7), "test_acc": np.arange(n) % 97.0},
        epochs=[3, 9, 27],
        train_seconds=draw.integers(1, 9, n) * np.array([[3.0], [9.0], [27.0]]),
        seconds={"synflow": draw.random(n)},
        provenance="computed",
    )
    # No table may know nothing, but kernels agree with the reference on one, too.
    names = ("val_loss", "synflow", "mine") if kind == "nothing" else ()
    return table.assign({name: table[name].where(False) for name in names})


STAGED = {
    "metric_stage1": "mine",
    "metric_stage2": "val_loss",
    "list_iepoch": [3, 9, 27],
    "max_eval_stage1": 300,
}
PROMOTED = {"metric": "val_loss", "min_epoch": 3, "max_epoch": 27, "max_epochs": 2000, "max_time": None}
QUIRKY = {
    "RS": {"metric": "val_loss", "iepoch": 3, "max_eval": 50, "max_time": None},
    "FLS": {"metric": "val_loss", "iepoch": 9, "max_eval": 120, "max_time": None},
    "BLS": {"metric": "mine", "max_eval": 120, "max_time": None},
    "SH": {"metric": "val_loss", "list_iepoch": [3, 9, 27], "n_candidate": 13},
    "REA": {"metric": "val_loss", "iepoch": 3, "tournament_size": 5, "max_eval": 60, "max_time": None},
    "REA+W": {
        "metric": "val_loss",
        "iepoch": 27,
        "metric_warmup": "synflow",
        "n_sample_warmup": 30,
        "max_eval": 60,
        "max_time": None,
    },
    "MF-NAS": STAGED,
    "R-MF-NAS": STAGED,
    "GA": {"metric": "val_loss", "iepoch": 9, "max_eval": 120, "max_time": None},
    "Hyperband": PROMOTED,
    "ASHA": PROMOTED,
}


@pytest.mark.parametrize("kind", ["ties", "flat", "missing", "nothing"])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_ties_and_missing_scores(optimizer, space, kind):
    for protocol in PROTOCOLS:
        assert_equal_to_reference(optimizer, quirky_table(space, kind), 3, protocol=protocol, **QUIRKY[optimizer])


def test_embedded_tables(cifar10):
    for optimizer in BUILT_IN:
        assert_equal_to_reference(optimizer, cifar10, 3, seed=4)
    assert_equal_to_reference("MF-NAS", cifar10, 3, metric_stage1="val_acc", max_eval_stage1=100)


#: One space each: a decision is compiled once for all of them.
FLIPPED = [
    (f"{name}{sign}{decision}", {GECCO2024: "nb201", HEAD2025: "nb101", CORRECTED: "nbasr"}[name])
    for name, sign, decision in flips()
]


@pytest.mark.parametrize(("protocol", "space"), FLIPPED)
def test_every_decision_alone(protocol, space):
    """Protocols with one decision changed, on every optimizer: one compiled function serves them all."""
    for optimizer in BUILT_IN:
        own = ending(optimizer, space)
        assert_equal_to_reference(optimizer, hash_table(space), 1, seed=5, protocol=protocol, **own)
    for settings in ({"k": 30, "max_eval_stage1": 200}, {"k": 7, "max_time": 2500.0}):
        assert_equal_to_reference("R-MF-NAS", hash_table(space), 1, seed=5, protocol=protocol, **settings)


def test_what_the_usual_protocols_agree_on_is_known_when_code_is_compiled():
    for name in USUAL:
        assert usual.py_func(rules_of(name)) == rules_of(name)


@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_many_seeds(optimizer):
    own = {"max_eval_stage1": 300} if optimizer in STAGES else {}
    own |= {"n_sample_warmup": 300} if optimizer == "REA+W" else {}
    for space in SPACES:
        for seed in range(20):
            assert_equal_to_reference(optimizer, hash_table(space), 2, seed=seed, **own, **ending(optimizer, space))
