"""A small grid for tests of sweeps, and what they compare."""

import os
import subprocess
import sys
from pathlib import Path

#: Two chunks of runs, two problems, a combination that does not exist.
GRID = """
title: a grid for tests
problems: [nb201-cifar10, nbasr]
n_run: 9000
optimizers:
  RS: {max_time: 500, max_eval: 20}
  SH:
    n_candidate: [2, 8]
  MF-NAS: {max_eval_stage1: 20, n_candidate: 4}
"""


def write_grid(folder: Path, text: str = GRID) -> Path:
    path = folder / "grid.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def contents(store: Path) -> dict[str, bytes]:
    """Every file of a store."""
    return {p.relative_to(store).as_posix(): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def start(*args: object, **env: str) -> "subprocess.Popen[str]":
    """Start the command line in a process of its own."""
    command = [sys.executable, "-m", "mfnas_vec.cli", *map(str, args)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=os.environ | env, start_new_session=True)
