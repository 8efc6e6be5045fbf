import subprocess
import sys

import pytest
from support.hash_tables import SPACES, hash_table

from mfnas_vec import _jit, run
from mfnas_vec.cli.catalogue import OPTIMIZERS
from mfnas_vec.runs.run import prepare

COUNT = """
import logging, sys, warnings
from mfnas_vec import open_table, run
table = open_table("nb201-cifar10")
run("SH", table, n_run=2)
run("SH", table, n_run=2, metric="params", max_time=None)
from mfnas_vec.runs.run import prepare
kernel = prepare("SH", table, {}).job.kernel
print(sum(kernel.stats.cache_misses.values()), sum(kernel.stats.cache_hits.values()), len(kernel.signatures))
"""


@pytest.mark.slow
def test_one_specialization_serves_all(cifar10):
    for table in (cifar10, *map(hash_table, SPACES)):
        for optimizer in OPTIMIZERS:
            own = {"max_epochs": 300} if optimizer == "Hyperband" else {}
            run(optimizer, table, n_run=2, max_time=500.0, **own)
    kernels = {prepare(optimizer, cifar10, {}).job.kernel for optimizer in OPTIMIZERS}
    assert {len(kernel.signatures) for kernel in kernels} == {1}


@pytest.mark.slow
def test_a_cold_start_compiles_once_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv(_jit.CACHE_VARIABLE, str(tmp_path))
    command = [sys.executable, "-c", COUNT]
    cold = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert cold.stdout.split() == ["1", "0", "1"]
    assert cold.stderr.count("compiling the SH kernel") == 1
    warm = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert warm.stdout.split() == ["0", "1", "1"]
    assert warm.stderr == ""


@pytest.mark.slow
def test_works_where_no_cache_can_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv(_jit.CACHE_VARIABLE, str(blocked / "cache"))
    code = "from mfnas_vec import open_table, run\n"
    code += "print(int(run('SH', open_table('nb201-cifar10'), n_run=2).sizes['run']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "2"
    assert "not kept" in done.stderr


def test_digest_follows_every_source_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.py").write_text("y = 1\n")
    first = _jit.source_digest(tmp_path)
    assert first == _jit.source_digest(tmp_path)
    (tmp_path / "sub" / "b.py").write_text("y = 2\n")
    second = _jit.source_digest(tmp_path)
    (tmp_path / "sub" / "b.py").rename(tmp_path / "sub" / "c.py")
    assert len({first, second, _jit.source_digest(tmp_path)}) == 3
