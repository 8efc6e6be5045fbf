"""The reference implementation on the published random streams produces the recorded trajectories."""

from pathlib import Path

import pytest
from support.replay import Replay, first_difference, read_records

from mfnas_vec.reference import REFERENCE, algorithms, halving
from mfnas_vec.reference.streams import PublishedStream

pytestmark = pytest.mark.slow

RECORDED = read_records(Path(__file__).parents[1] / "golden/recorded_runs.json.gz")


def quick(case):
    """The records of 40 runs."""
    return [record for record in RECORDED[case] if record["seed"] <= 40]


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_runs(case):
    assert len(quick(case)) == 40
    assert first_difference(Replay(case, "gecco2024"), quick(case)) is None


def test_every_case_is_recorded():
    assert len(RECORDED) == 25
    assert {case.split("/")[1] for case in RECORDED} == set(REFERENCE) - {"GA", "R-MF-NAS", "Hyperband", "ASHA"}


@pytest.mark.parametrize("case", [c for c in RECORDED if any("error" in r for r in RECORDED[c])])
def test_where_the_published_code_crashed_the_path_is_the_same_until_then(case):
    """The evaluations made before the crash are the first ones of the reference, which continues."""
    replay = Replay(case, "gecco2024")
    for expected in (r for r in RECORDED[case] if "error" in r):
        assert first_difference(replay, [expected]) is None
        assert len(replay.record.steps) > expected["evaluations"]


@pytest.mark.shared
@pytest.mark.parametrize("case", RECORDED)
def test_all_recorded_runs(case, shared):
    full = read_records(shared / "reference/recorded_runs.json.gz")[case]
    assert len(full) == 250
    more = [record for record in full if record not in quick(case)]
    assert first_difference(Replay(case, "gecco2024"), more) is None


# A rule that is wrong in the least must be noticed.
# Ties are plenty where genotypes share an architecture: on NAS-Bench-101 and NAS-Bench-ASR.
FLIPPED = {
    "nb101/FLS": "+strict_moves",
    "nb101/BLS": "+strict_moves",
    "nb201/MF-NAS/params": "+stop",
    "nb101/SH": "-last_increment",
    "nbasr/SH": "+test_winner",
}


@pytest.mark.parametrize("case", FLIPPED)
def test_a_wrong_decision_is_caught(case):
    assert first_difference(Replay(case, "gecco2024" + FLIPPED[case]), quick(case)) is not None


def first_of_equals(scores):
    values = list(scores)
    return sorted(range(len(values)), key=lambda i: -values[i])


#: Names of modules that something wrong takes the place of.
WRONG = {
    "order of ties": (halving, "flipped_stable_argsort", first_of_equals, "nbasr/MF-NAS/params"),
    "order of a halving": (halving, "flipped_stable_argsort", lambda scores: range(len(list(scores))), "nbasr/SH"),
    "parent": (algorithms, "sorted", lambda members, key: sorted(members, key=key)[:1], "nbasr/REA"),
    "escape": (PublishedStream, "index", lambda stream, n: stream._word() % n, "nb201/BLS"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(name, monkeypatch):
    owner, rule, wrong, case = WRONG[name]
    monkeypatch.setattr(owner, rule, wrong, raising=False)
    assert first_difference(Replay(case, "gecco2024"), quick(case)) is not None
