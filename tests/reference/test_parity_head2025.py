"""The reference implementation reproduces the recorded runs of the published code's later revision."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.replay import Replay, first_difference, read_records

from mfnas_vec.protocols import CORRECTED, HEAD2025, PROTOCOLS, Protocol
from mfnas_vec.reference import REFERENCE, algorithms, halving
from mfnas_vec.reference.ledger import STOP_TIME, Ledger, ReferenceBudget
from mfnas_vec.reference.streams import PublishedStream
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.spaces import NO_ARCH, get_space

pytestmark = pytest.mark.slow

RECORDED = read_records(Path(__file__).parents[1] / "golden/recorded_runs_head2025.json.gz")


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_runs(case):
    assert first_difference(Replay(case), RECORDED[case]) is None


def test_every_case_is_recorded():
    assert len(RECORDED) == 68
    assert {re.split("[/@]", case)[1] for case in RECORDED} == set(REFERENCE) - {"Hyperband", "ASHA"}


@pytest.mark.shared
@pytest.mark.parametrize("case", RECORDED)
def test_all_recorded_runs(case, shared):
    full = read_records(shared / "reference/recorded_runs_head.json.gz")
    assert {name for name in full if not name.startswith("mo:")} == set(RECORDED)
    more = [record for record in full[case] if record not in RECORDED[case]]
    assert first_difference(Replay(case), more) is None


#: Decisions of the protocol and a case whose records show them.
SHOWN = {
    "budget": "nb201/RS",
    "strict_moves": "nb101/FLS",
    "distinct_neighbours": "nb101/BLS",
    "overlooks_end_on_move": "nbasr/FLS",
    "trains_last": "nb201/R-MF-NAS/synflow/FLS/k7/e60",
    "test_winner": "nb201/SH",
    "stale_scores": "nb201/MF-NAS/synflow/FLS@2000",
    "last_increment": "nb101/SH",
    "distinct_warm_up": "nbasr/REA+W",
    "charged_warm_up": "nb201/REA+W",
    "persistent_warm_up": "nb201/REA+W@2000",
    "discards_crossover": "nb201/GA",
    "overlooks_end_at_start": "nb201/GA@500",
    "timed_stage1": "nb201/MF-NAS/synflow/GA@2000",
    "double_shortfall": "nb101/R-MF-NAS/synflow/FLS/k16/e300",
    "fills_up": "nb201/R-MF-NAS/synflow/FLS/k96/e300",
    "half_cifar10": "nb201/FLS",
}
#: Decisions that no recorded run depends on; each has a test of its own below, or in the tests of tables.
NOT_SHOWN = {
    "empty_if_cut",
    "distinct_population",
    "counted_stage1",
    "drops_first_listed",
    "keeps_shared_middles",
    "missing_proxy_best",
}


def other(decision):
    """The protocol with one decision taken the other way."""
    return "head2025" + ("+stop" if decision == "budget" else "+-"[getattr(HEAD2025, decision)] + decision)


def test_every_decision_is_tested():
    assert set(Protocol._fields) == set(SHOWN) | NOT_SHOWN


@pytest.mark.parametrize("decision", SHOWN)
def test_a_wrong_decision_is_caught(decision):
    case = SHOWN[decision]
    assert first_difference(Replay(case, other(decision)), RECORDED[case]) is not None


POOLS = halving._pools

#: Names of modules that something wrong takes the place of, for rules that are no decision of a protocol.
WRONG = {
    "order of ties": (
        halving,
        "flipped_stable_argsort",
        lambda scores: (lambda s: sorted(range(len(s)), key=lambda i: -s[i]))(list(scores)),
        "nbasr/MF-NAS/params/FLS",
    ),
    "middles and starts": (halving, "_pools", lambda *given: POOLS(*given)[::-1], "nb201/R-MF-NAS/synflow/FLS"),
    "ends": (algorithms, "END", algorithms.MIDDLE, "nb201/R-MF-NAS/synflow/FLS"),
    "first of equals": (halving, "max", min, "nbasr/SH"),
    "coin": (PublishedStream, "chance", lambda stream, probability: True, "nb201/GA@500"),
    "cuts": (PublishedStream, "segment", lambda stream, n: (1, 2), "nb201/GA"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(name, monkeypatch):
    owner, rule, wrong, case = WRONG[name]
    monkeypatch.setattr(owner, rule, wrong, raising=False)
    assert first_difference(Replay(case), RECORDED[case]) is not None


def test_no_decision_is_the_same_in_all_protocols():
    for decision in Protocol._fields:
        assert len({getattr(rules, decision) for rules in PROTOCOLS.values()}) > 1, decision


def test_a_halving_of_losses_that_is_cut_has_no_answer():
    replay = Replay("nb201/SH@1500")
    assert replay.run(1).row >= 0
    replay.arguments["rungs"] = replay.arguments["rungs"]._replace(minimized=True)
    record = replay.run(1)
    assert (record.code, record.row, record.score) == (NO_ARCH, NO_ARCH, -np.inf)
    replay.arguments["budget"] = replay.arguments["budget"]._replace(rules=rules_of(other("empty_if_cut")))
    assert replay.run(1).row >= 0


def test_the_first_population_is_of_distinct_architectures():
    space, budget = get_space("nbasr"), ReferenceBudget(0, 0.0, HEAD2025)
    samples = algorithms.first_population(Ledger(space, budget), 2000, False, PublishedStream(3))
    distinct = algorithms.first_population(Ledger(space, budget), 2000, True, PublishedStream(3))
    assert len(samples) == len(distinct) == 2000
    assert len(set(samples)) < 2000
    assert list(dict.fromkeys(samples)) == distinct[: len(set(samples))]


@pytest.mark.parametrize("counted", [False, True])
def test_the_epochs_of_the_first_stage(counted):
    replay = Replay("nb201/MF-NAS/synflow/RS/k4/e10")
    rules = HEAD2025._replace(counted_stage1=counted)
    replay.arguments["objective"] = Replay("nb201/RS").arguments["objective"]
    for name in ("budget1", "budget"):
        replay.arguments[name] = replay.arguments[name]._replace(rules=rules)
    assert replay.run(1).epochs == 4 * 12 + 2 * 13 + 25 + (10 * 12 if counted else 0)


def ledger_of(rules):
    return Ledger(get_space("nb201"), ReferenceBudget(100, np.inf, rules))


def test_the_start_that_is_left_out():
    """Published: the first of the list, whichever that is; corrected: the very first of the search."""
    trends = [[(7, "s"), (9, "m"), (5, "e")], [(6, "s"), (8, "m")], [(4, "s")]]
    for rules in (HEAD2025, CORRECTED):
        assert halving._pools(ledger_of(rules), trends, set()) == ([4, 6], [8, 9])
    assert halving._pools(ledger_of(HEAD2025), trends, {7}) == ([4], [8, 9])
    assert halving._pools(ledger_of(CORRECTED), trends, {7}) == ([4, 6], [8, 9])


def test_middles_that_are_starts():
    trends = [[(7, "s"), (6, "m")], [(6, "s"), (5, "e")]]
    assert halving._pools(ledger_of(HEAD2025), trends, set()) == ([6], [6])
    assert halving._pools(ledger_of(CORRECTED), trends, set()) == ([6], [])


@pytest.mark.parametrize("case", [c for c in RECORDED if "/R-MF-NAS/" in c])
def test_corrected_r_mf_nas_halves_exactly_k(case):
    """A third each of the best, starts and middles; what is missing comes from the others, then from the ranking."""
    replay = Replay(case, "corrected")
    k, first_rung = replay.arguments["k"], replay.arguments["rungs"].epochs[0]
    for seed in range(5):
        steps = replay.run(seed).steps
        stage1 = [step.code for step in steps if step.fidelity == 0]
        halved = [step.code for step in steps if step.fidelity == first_rung]
        keys = {replay.space.row_of(c) if replay.space.key_is_row else c for c in stage1}
        if replay.record.stop_reason != STOP_TIME:
            assert len(halved) == min(k, len(keys))
        assert len(set(halved)) == len(halved)
        assert set(halved) <= set(stage1)
