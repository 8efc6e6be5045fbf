"""The recorded runs of the published code, replayed by the reference implementation on its random streams."""

import functools
import gzip
import hashlib
import json

from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import PublishedStream
from mfnas_vec.tables import dense
from support.equality import make_job, remembering, run_reference
from support.hash_tables import hash_table


@functools.cache
def read_records(path):
    """The records of a file, by case."""
    return json.loads(gzip.decompress(path.read_bytes()))


class Replay:
    """A recorded case on the hash table of its space, e.g. ``nb201/MF-NAS/synflow/FLS/k32/e300`` or ``nb201/SH@1500``.

    All settings that the case does not name are the published ones of the protocol.
    """

    def __init__(self, case, protocol="head2025"):
        path, _, limit = case.partition("@")
        space, self.optimizer, *details = path.split("/")
        settings = dict(zip(("metric_stage1", "optimizer_stage1"), details, strict=False))
        if sizes := details[2:]:
            k, n_eval = (int(text[1:]) for text in sizes)
            settings |= {"k": k, "max_eval_stage1": n_eval, "max_time": None}
        if limit:
            settings["max_time"] = float(limit)
        self.table = hash_table(space)
        self.space = remembering(dense.table_space(self.table))
        self.arguments = reference_arguments(self.optimizer, make_job(self.optimizer, self.table, protocol, **settings))
        self.cheap = settings.get("metric_stage1", "synflow")
        self.trained = "val_per" if space == "nbasr" else "val_acc"
        self.test = self.table[dense.test_variable(self.table)].values

    def run(self, seed):
        self.record = run_reference(self.optimizer, self.table, self.arguments, PublishedStream(seed))
        return self.record

    def lines(self):
        names = [f"{self.trained}_{s.fidelity}" if s.fidelity else self.cheap for s in self.record.steps]
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
            "trace": _digest(self.lines()),
        }


def _digest(lines):
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


def _difference(replay, expected):
    record = replay.run(expected["seed"])
    if "error" in expected:  # the published code crashed: the same until then
        n = expected["evaluations"]
        return None if _digest(replay.lines()[:n]) == expected["trace"] else "trace before the crash"
    facts = replay.facts()
    for key, value in facts.items():
        if value != expected[key]:
            return f"{key}: {value!r} is not {expected[key]!r}"
    if "head" in expected and [line.strip() for line in replay.lines()[:60]] != expected["head"]:
        return "head"
    if abs(record.seconds - expected["seconds"]) > 1e-9 * abs(expected["seconds"]):
        return f"seconds: {record.seconds!r} is not {expected['seconds']!r}"
    return None


def first_difference(replay, records):
    """The first difference between runs and their records; ``None`` where there is none."""
    return next(filter(None, (_difference(replay, expected) for expected in records)), None)
