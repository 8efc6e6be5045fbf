"""The bench of scaling and its model."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _bench_module(name, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(ROOT / "bench")
    return importlib.import_module(name)


def test_a_hand_worked_case_of_the_scaling_model(monkeypatch):
    scaling = _bench_module("scaling_model", monkeypatch)
    c = scaling.Constants(kernel=6e-6, writing=2e-6, task=1e-3, stored=4.0, evaluations=2000)
    threads = scaling.on_threads(c, 64)
    assert threads.seconds == pytest.approx(1e9 * (6e-6 / 64 + 2e-6))
    assert threads.bend == "one writing thread"
    assert threads.n_object == 122_071 * 9
    assert threads.n_byte == 4e9
    small = scaling.on_workers(c, 6400, 1)
    assert small.n_task == 122_071
    assert small.scheduler == pytest.approx(122.071)
    assert small.workers == pytest.approx(20 * 8192 * 8e-6)  # 122,071 tasks in 20 rounds
    assert small.store == pytest.approx(122_071 * 9 / 3500)
    assert small.bend == "object store"
    assert scaling.largest_tasks(6400) == 5
    assert scaling.on_workers(c, 64, scaling.largest_tasks(64)).n_task == 256
    assert scaling.on_workers(c._replace(task=1.0), 6400, 1).bend == "scheduler"


@pytest.mark.slow
def test_the_bench_of_scaling_runs_in_small(tmp_path):
    command = [sys.executable, ROOT / "bench/scaling.py", "--quick", "--out", tmp_path / "scaling.json"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    found = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert {row["n_arch"] for row in found["sizes"]} == {81, 8242, 15_625, 423_624}
    assert len(found["modelled"]) == 15
    assert found["tasks"]["empty"] > 0
