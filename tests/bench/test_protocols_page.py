"""The page on protocols says what the code decides."""

import importlib.util
import re
from pathlib import Path

import pytest
from support.equality import make_job

from mfnas_vec import open_table
from mfnas_vec.protocols import Protocol
from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.sweeps.grid_files import load_grid
from mfnas_vec.tables import dense

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("render_protocols", ROOT / "bench/render_protocols.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_decision_is_switched_or_left_out(module):
    words = {word for entry in load_grid("paper/protocols").entries for word in re.findall(r"\w+", entry.protocol)}
    assert set(Protocol._fields) - {"budget"} - words == set(module.LEFT_OUT)
    assert {"refuse", "stop"} <= words


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["nb101", "nb201-cifar10", "nbasr"])
def test_no_run_depends_on_what_is_left_out(module, problem):
    table = open_table(problem)
    space, rules = dense.table_space(table), rules_of("head2025")
    other = rules._replace(**{decision: not getattr(rules, decision) for decision in module.LEFT_OUT})
    for optimizer in ("SH", "REA+W", "MF-NAS", "R-MF-NAS", "GA"):
        own = {"metric_stage1": "synflow"} if optimizer.endswith("MF-NAS") else {}
        job = make_job(optimizer, table, "head2025", **own)
        arguments = reference_arguments(optimizer, job)
        records = []
        for own in (rules, other):
            changed = {k: a._replace(rules=own) if hasattr(a, "rules") else a for k, a in arguments.items()}
            records.append(REFERENCE[optimizer](space, KernelStream(0, 0), **changed))
        assert records[0] == records[1], optimizer


def test_the_page_is_as_generated(module):
    assert set(module.meanings()) == set(Protocol._fields) - {"budget"}
    written = module.PAGE.read_text(encoding="utf-8")
    assert written == module.page(written.partition(module.EFFECTS)[2])
