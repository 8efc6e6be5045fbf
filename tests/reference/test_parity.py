"""The reference implementation on the published random streams produces the recorded trajectories."""

import gzip
import hashlib
import json
from pathlib import Path

import pytest
from support.equality import make_job, remembering, run_reference
from support.hash_tables import hash_table

from mfnas_vec.reference import REFERENCE, algorithms, halving
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import PublishedStream
from mfnas_vec.tables import dense

RECORDED = json.loads(gzip.decompress((Path(__file__).parents[1] / "golden/recorded_runs.json.gz").read_bytes()))


class Replay:
    """One case: the job on the hash table of its space."""

    def __init__(self, case, protocol="gecco2024"):
        space, self.optimizer, *stage1 = case.split("/")
        settings = dict(zip(("metric_stage1", "optimizer_stage1"), stage1, strict=False))
        self.table = hash_table(space)
        self.space = remembering(dense.table_space(self.table))
        job = make_job(self.optimizer, self.table, protocol, **settings)
        self.arguments = reference_arguments(self.optimizer, job)
        self.cheap = settings.get("metric_stage1", "synflow")
        self.trained = "val_per" if space == "nbasr" else "val_acc"
        self.sign = -1 if space == "nbasr" else 1
        self.test = self.table[dense.test_variable(self.table)].values

    def lines(self, seed):
        self.record = run_reference(self.optimizer, self.table, self.arguments, PublishedStream(seed))
        names = [f"{self.trained}_{s.fidelity}" if s.fidelity else self.cheap for s in self.record.steps]
        return [f"{self.space.digits(s.code)} {n}\n" for s, n in zip(self.record.steps, names, strict=True)]

    def facts(self, seed):
        lines, record = self.lines(seed), self.record
        self.head = [line.strip() for line in lines[:60]]
        return {
            "seed": seed,
            "genotype": self.space.digits(record.code),
            "test": round(float(self.test[record.row]), 2),
            "score": record.score,
            "epochs": record.epochs,
            "evaluations": record.evaluations,
            "trace": hashlib.sha256("".join(lines).encode()).hexdigest()[:32],
        }


def replay(case, records, protocol="gecco2024"):
    """Replay every record of a case that did not crash; returns their number."""
    replay = Replay(case, protocol)
    for expected in (r for r in records if "error" not in r):
        facts = replay.facts(expected["seed"])
        assert facts == {key: expected[key] for key in facts}
        assert replay.record.seconds == pytest.approx(expected["seconds"], rel=1e-9, abs=0)
        if "head" in expected:
            assert replay.head == expected["head"]
    return sum("error" not in r for r in records)


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_runs(case):
    crashed = sum("error" in r and r["seed"] <= 40 for r in RECORDED[case])
    assert replay(case, [r for r in RECORDED[case] if r["seed"] <= 40]) == 40 - crashed


def test_every_case_is_recorded():
    assert len(RECORDED) == 25
    assert {case.split("/")[1] for case in RECORDED} == set(REFERENCE) - {"GA", "R-MF-NAS", "Hyperband", "ASHA"}


@pytest.mark.parametrize("case", [c for c in RECORDED if any("error" in r for r in RECORDED[c])])
def test_where_the_published_code_crashed_the_path_is_the_same_until_then(case):
    """The evaluations made before the crash are the first ones of the reference, which continues."""
    replay = Replay(case)
    for expected in (r for r in RECORDED[case] if "error" in r):
        lines = replay.lines(expected["seed"])
        done = "".join(lines[: expected["evaluations"]])
        assert len(lines) > expected["evaluations"]
        assert hashlib.sha256(done.encode()).hexdigest()[:32] == expected["trace"]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("case", RECORDED)
def test_all_recorded_runs(case, shared):
    full = json.loads(gzip.decompress((shared / "reference/recorded_runs.json.gz").read_bytes()))[case]
    assert len(full) == 250
    assert replay(case, full) == 250 - sum("error" in r for r in full)


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
    with pytest.raises(AssertionError):
        replay(case, [r for r in RECORDED[case] if r["seed"] <= 40], "gecco2024" + FLIPPED[case])


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
    with pytest.raises(AssertionError):
        replay(case, [r for r in RECORDED[case] if r["seed"] <= 40])
