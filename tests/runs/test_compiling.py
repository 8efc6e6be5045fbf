"""Kernels are compiled ahead in other processes, and found by those that come later."""

import os
import subprocess
import sys

import pytest

from mfnas_vec import _jit
from mfnas_vec.runs.compiling import compile_ahead
from mfnas_vec.runs.pool import FORKS
from mfnas_vec.runs.run import prepare


def test_what_is_ready_is_not_compiled(cifar10):
    search = prepare("RS", cifar10, {})
    search.runs(0, 0, 1, 1)
    assert compile_ahead([("RS", search.job), ("RS again", search.job)], 2) == 0


def test_one_process_compiles_nothing_ahead(cifar10):
    assert compile_ahead([(name, prepare(name, cifar10, {}).job) for name in ("RS", "SH")], 1) == 0


@pytest.mark.slow
def test_the_command_compiles_once(tmp_path):
    command = [sys.executable, "-m", "mfnas_vec.cli", "warmup", "--optimizers", "RS,SH", "--protocols", "gecco2024"]
    environment = os.environ | {_jit.CACHE_VARIABLE: str(tmp_path)}

    def warm(*more):
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.startswith("2 compiled searches are ready in")
        return done.stderr

    said = warm("--threads", "2")
    if FORKS:
        assert "compiling 2 kernels in 2 processes (kept for later runs): RS, SH ..." in said
    assert warm() == ""


@pytest.mark.slow
def test_mistakes_are_one_line(capsys):
    from mfnas_vec.cli import main
    from mfnas_vec.search import get_optimizer

    get_optimizer("OPTUNA-RS")  # registered from now on, and not compiled
    assert main(["warmup", "--optimizers", "RSS"]) == 2
    assert main(["warmup", "--protocols", "gecco"]) == 2
    assert main(["warmup", "--threads", "0"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "RSS" in said[0]
    assert "'gecco'" in said[1]
    assert "n_thread=0" in said[2]
