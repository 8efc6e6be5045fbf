"""The searches of the recorded runs of the published code's later revision, for the reference implementation."""

import hashlib

import numpy as np

from mfnas_vec.protocols import HEAD2025
from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.halving import GA_SETTINGS, REA_SETTINGS
from mfnas_vec.reference.ledger import ReferenceBudget, plain
from mfnas_vec.reference.streams import PublishedStream
from mfnas_vec.tables import dense
from support.equality import remembering
from support.hash_tables import hash_table

RUNGS = {"nb201": (12, 25, 50, 100, 200), "nb101": (4, 12, 36, 108), "nbasr": (10, 20, 30, 40)}
STAGE1 = {"FLS": 0, "BLS": 1, "RS": 2, "REA": 3, "GA": 4}


def _halved(arrays, factor):
    return plain(arrays._replace(seconds=arrays.seconds * factor))


class Replay:
    """A recorded case, e.g. ``nb201/MF-NAS/synflow/FLS/k32/e300`` or ``nb201/SH@1500``."""

    def __init__(self, case, rules=HEAD2025):
        path, _, limit = case.partition("@")
        self.space_name, self.optimizer, *details = path.split("/")
        self.case, self.rules = case, rules
        table = hash_table(self.space_name)
        self.space = remembering(dense.table_space(table))
        self.test = table[dense.test_variable(table)].values
        self.metric = "val_per" if self.space_name == "nbasr" else "val_acc"
        self.max_seconds = float(limit) if limit else np.inf if self.space_name == "nbasr" else 20_000.0
        self.proxy = details[0] if details else "synflow"
        if len(details) > 2:
            self.max_seconds = np.inf
        self.arguments = self._arguments(table, details)
        self.search = REFERENCE[self.optimizer]

    def _arguments(self, table, details):
        half = 0.5 if self.rules.half_cifar10 and self.space_name == "nb201" else 1.0
        n_candidate = 32 if self.space_name == "nb201" else 16
        max_eval = 25 if self.space_name == "nbasr" else np.inf
        budget = ReferenceBudget(max_eval, self.max_seconds, self.rules)
        objective = _halved(dense.training_objective(table, self.metric, 12), half)
        proxy = plain(dense.zero_cost_objective(table, self.proxy))
        last_increment = self.rules.last_increment and self.space_name == "nb101"
        accounting = dense.LAST_INCREMENT if last_increment else dense.CUMULATIVE
        rungs = dense.training_rungs(table, self.metric, RUNGS[self.space_name], accounting)
        rungs = rungs._replace(test=np.round(self.test, 2), minimized=self.metric == "val_per")
        rungs = _halved(rungs, half)
        if details:
            stage1, sizes = STAGE1[details[1]], details[2:]
            k, n_eval = (int(text[1:]) for text in sizes) if sizes else (n_candidate, 2000)
            max_seconds = self.max_seconds if self.rules.timed_stage1 else np.inf
            budget1 = ReferenceBudget(n_eval, max_seconds, self.rules)
            first = {"objective": proxy, "stage1": stage1, "budget1": budget1, "k": k}
            return {**first, "rungs": rungs, "budget": budget}
        if self.optimizer == "SH":
            return {"rungs": rungs, "budget": budget, "n_candidate": n_candidate}
        evolving = {"settings": REA_SETTINGS, "warm_objective": proxy}
        own = {
            "RS": {},
            "FLS": {"first_improvement": True},
            "BLS": {"first_improvement": False},
            "REA": {**evolving, "n_warm": 0},
            "REA+W": {**evolving, "n_warm": 2000},
            "GA": {"settings": GA_SETTINGS},
        }[self.optimizer]
        return {"objective": objective, "budget": budget, **own}

    def run(self, seed):
        self.record = self.search(self.space, PublishedStream(seed), **self.arguments)
        return self.record

    def lines(self):
        names = [f"{self.metric}_{s.fidelity}" if s.fidelity else self.proxy for s in self.record.steps]
        return [f"{self.space.digits(s.code)} {n}\n" for s, n in zip(self.record.steps, names, strict=True)]

    def facts(self):
        """What a record says, less the seconds."""
        record, found = self.record, self.record.row >= 0
        return {
            "genotype": self.space.digits(record.code) if found else None,
            "test": round(float(self.test[record.row]), 2) if found else None,
            "score": record.score,
            "epochs": record.epochs,
            "evaluations": record.evaluations,
            "trace": digest(self.lines()),
        }


def digest(lines):
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


def differs(replay, expected):
    """The first difference between a run and its record, or nothing."""
    record = replay.run(expected["seed"])
    if "error" in expected:  # the published code crashed: the same until then
        n = expected["evaluations"]
        return None if digest(replay.lines()[:n]) == expected["trace"] else "trace before the crash"
    facts = replay.facts()
    for key, value in facts.items():
        if value != expected[key]:
            return f"{key}: {value!r} is not {expected[key]!r}"
    if "head" in expected and [line.strip() for line in replay.lines()[:60]] != expected["head"]:
        return "head"
    if abs(record.seconds - expected["seconds"]) > 1e-9 * abs(expected["seconds"]):
        return f"seconds: {record.seconds!r} is not {expected['seconds']!r}"
    return None
