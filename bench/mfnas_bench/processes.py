"""Whole processes: imports, compilation, opening of tables, commands; seconds and peak memory."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from mfnas_bench.targets import COLD, IMPORTS
from mfnas_vec._jit import CACHE_VARIABLE

#: A process inherits the peak memory of its parent, so that a small one has to start it.
_LAUNCHER = """
import json, os, sys, time
begun = time.perf_counter()
with open(sys.argv[1], "wb") as sink:
    to = [(os.POSIX_SPAWN_DUP2, sink.fileno(), fd) for fd in (1, 2)]
    process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=to)
    _, status, usage = os.wait4(process, 0)
unit = 1024**2 if sys.platform == "darwin" else 1024
print(json.dumps([time.perf_counter() - begun, usage.ru_maxrss / unit, status]))
"""


def measure_process(command: Sequence[str], *, compiled: bool = True) -> dict[str, Any]:
    """Wall seconds of a command as a whole process, and its peak memory.

    Parameters
    ----------
    command
        What is run.
    compiled
        Whether it finds what was compiled before; else it compiles for itself.

    Returns
    -------
    dict
        ``seconds``, ``peak_memory_mb``, and what it ``printed``.

    Raises
    ------
    ValueError
        If the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        printed = os.path.join(folder, "printed")
        launch = [sys.executable, "-S", "-c", _LAUNCHER, printed, *command]
        cache = {} if compiled else {CACHE_VARIABLE: folder}
        done = subprocess.run(launch, check=True, capture_output=True, env=os.environ | cache)
        seconds, peak, status = json.loads(done.stdout)
        with open(printed, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    if status != 0:
        raise ValueError(f"command {' '.join(command)!r} failed: {text[-500:]}")
    return {"seconds": seconds, "peak_memory_mb": peak, "printed": text}


def print_compile_seconds() -> None:
    """Print, as JSON, the seconds of the first call of each kernel. Run where nothing is compiled."""
    from mfnas_vec.cli.catalogue import OPTIMIZERS
    from mfnas_vec.runs.run import prepare
    from mfnas_vec.tables.store import open_table

    table = open_table("nb201-cifar10", embedded=True).load()
    seconds: dict[str, float] = {}
    for name in OPTIMIZERS:
        search = prepare(name, table, {})
        kernel = search.job.kernel.__name__.rpartition("_")[0]  # without the digest of what it was compiled from
        if kernel not in seconds:
            begun = time.perf_counter()
            search.runs(0, 0, 1, 1)
            seconds[kernel] = time.perf_counter() - begun
    sys.stdout.write(json.dumps(seconds))


def print_opening_seconds(*problems: str) -> None:
    """Print, as JSON, the seconds of opening each table and reading all of it."""
    from mfnas_vec.tables.store import open_table

    seconds = {}
    for problem in problems:
        begun = time.perf_counter()
        table = open_table(problem)
        opened = time.perf_counter()
        table.load()
        seconds[problem] = {"open": opened - begun, "load": time.perf_counter() - opened}
    sys.stdout.write(json.dumps(seconds))


def _call(function: str, *arguments: str) -> list[str]:
    listed = ", ".join(map(repr, arguments))
    return [sys.executable, "-c", f"from mfnas_bench.processes import {function}; {function}({listed})"]


def measure_compile() -> dict[str, Any]:
    """Seconds to compile each kernel in a process that finds nothing compiled, and of all together."""
    done = measure_process(_call("print_compile_seconds"), compiled=False)
    kernels = json.loads(done["printed"])
    return {
        "kernels": kernels,
        "total": sum(kernels.values()),
        "process": done["seconds"],
        "peak_memory_mb": done["peak_memory_mb"],
    }


def measure_processes(problems: Sequence[str], *, quick: bool, progress: Callable[[int], object]) -> dict[str, Any]:
    """Everything that is measured as a process of its own; ``quick``: once, and no recompilation."""
    n_repeat = 1 if quick else 5
    mfnas = [sys.executable, "-m", "mfnas_vec.cli"]
    commands = {
        IMPORTS: [sys.executable, "-c", IMPORTS],
        "import mfnas_vec": [sys.executable, "-c", "import mfnas_vec; mfnas_vec.run, mfnas_vec.open_table"],
        "mfnas run": [*mfnas, "run", "--ss", "nb201", "--optimizer", "MF-NAS"],
    }
    with tempfile.TemporaryDirectory() as folder:
        if not quick:
            commands["mfnas reproduce"] = [*mfnas, "reproduce"]
            commands[COLD] = [*mfnas, "reproduce"]
            results = os.path.join(folder, "paper.zarr")
            measure_process([*mfnas, "sweep", "paper/main", "--out", results])
            report = [*mfnas, "report", results, "--overwrite", "--out", os.path.join(folder, "report.html")]
            commands["mfnas report"] = report
        rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for i in range(n_repeat):  # all in turn: a shared machine is faster in some minutes than in others
            for name, command in commands.items():
                rounds[name].append(measure_process(command, compiled=name != COLD))
                progress(i == n_repeat - 1)
        measured = {}
        for name, made in rounds.items():
            runs = [each["seconds"] for each in made]
            peak = max(each["peak_memory_mb"] for each in made)
            measured[name] = {"median": statistics.median(runs), "runs": runs, "peak_memory_mb": peak}
    opening = [
        json.loads(measure_process(_call("print_opening_seconds", *problems))["printed"]) for _ in range(n_repeat)
    ]
    progress(1)
    found: dict[str, Any] = {
        "commands": measured,
        "opening": {p: {k: statistics.median(o[p][k] for o in opening) for k in ("open", "load")} for p in problems},
    }
    if not quick:
        found["compile"] = measure_compile()
        progress(1)
    return found
