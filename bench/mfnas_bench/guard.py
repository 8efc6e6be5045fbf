"""A guard against slips: instructions per evaluation of every kernel, compared with committed ones.

The instructions are counted by Valgrind's Callgrind. A count, unlike seconds, is the same on a busy
machine as on a quiet one, and the same on every x86-64 processor: kernels are compiled for one fixed
kind of processor. It does not see what makes an instruction wait, such as a read that misses the
cache; ``mfnas bench`` measures that.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mfnas_bench.harness import PROBLEMS
from mfnas_bench.machine import describe
from mfnas_vec.cli.catalogue import OPTIMIZERS

#: How many times as many instructions as committed a kernel may take.
BAND = 1.15
#: Evaluations counted at least; those of two whole runs, if these are more.
N_EVALUATION = 10_000

#: (problem, optimizer).
Pair = tuple[str, str]
Progress = Callable[[int], object]
PAIRS = [(problem, name) for problem in PROBLEMS for name in OPTIMIZERS]

#: A function of the C library that nothing else calls: Callgrind writes its counts, and starts anew, at each call.
_MARK = "getpgrp"
#: The kind of processor that kernels are compiled for, and what else could change a count.
_FIXED = {
    "NUMBA_CPU_NAME": "x86-64-v3",
    "NUMBA_CPU_FEATURES": "",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
}


def run_counted(pairs: str, counts: str) -> None:
    """Make the runs that are counted, with a mark before and behind each batch; prints evaluations, a line per pair.

    ``pairs``: JSON of pairs. ``counts``: what switches the counting on, or nothing. There are two batches
    of every pair, the second of twice as many runs, so that what a call costs drops out of the difference.
    """
    from mfnas_vec.runs.run import prepare
    from mfnas_vec.tables.store import open_table

    asked = json.loads(pairs)
    tables = {problem: open_table(problem, embedded=True).load() for problem in dict.fromkeys(p for p, _ in asked)}
    searches = []
    for problem, name in asked:
        search = prepare(name, tables[problem], {})
        n_run = max(2, N_EVALUATION * 2 // int(search.runs(0, 0, 2, 1).evaluations.sum()))
        searches.append((search, n_run))
    if counts:
        switch = subprocess.Popen([counts, f"--pid={os.getpid()}", "instrumentation", "on"], stdout=subprocess.DEVNULL)
        while switch.poll() is None:  # Valgrind looks for commands while the process works, not while it sleeps
            pass
    for search, n_run in searches:
        os.getpgrp()
        few = search.runs(0, 0, n_run, 1)
        os.getpgrp()
        many = search.runs(0, 0, 2 * n_run, 1)
        os.getpgrp()
        sys.stdout.write(f"{int(many.evaluations.sum() - few.evaluations.sum())}\n")
        sys.stdout.flush()


def count(pairs: list[Pair], progress: Progress = lambda _: None) -> dict[Pair, float]:
    """Instructions per evaluation of each pair.

    Raises
    ------
    ValueError
        If Valgrind is not installed, the processor is not x86-64, or the counting fails.
    """
    valgrind, switch = shutil.which("valgrind"), shutil.which("vgdb")
    if valgrind is None or switch is None or platform.machine() not in ("x86_64", "AMD64"):
        raise ValueError("guard: instructions are counted by Valgrind, on x86-64 only; install valgrind")
    code = "import sys; from mfnas_bench.guard import run_counted; run_counted(*sys.argv[1:])"
    plain = [sys.executable, "-c", code, json.dumps(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        options = ["-q", "--tool=callgrind", f"--dump-before={_MARK}", f"--callgrind-out-file={folder}/counts"]
        options.append("--instr-atstart=no")  # imports and reading take long if they are counted
        evaluations = []
        for command in ([*plain, ""], [valgrind, *options, *plain, switch]):  # the first one compiles
            evaluations = _lines(command, progress)
        totals = [_total(Path(folder, f"counts.{i + 1}")) for i in range(3 * len(pairs))]
    if len(evaluations) != len(pairs):
        raise ValueError(f"guard: {len(pairs)} kernels were to be counted, {len(evaluations)} were")
    per_pair = zip(pairs, totals[1::3], totals[2::3], evaluations, strict=True)
    return {pair: (many - few) / n_eval for pair, few, many, n_eval in per_pair}


def _lines(command: list[str], progress: Progress) -> list[int]:
    """The numbers that a command prints, each reported when it comes."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=os.environ | _FIXED, text=True)
        with process:
            found = []
            for line in process.stdout or ():
                found.append(int(line))
                progress(1)
        if process.returncode:
            errors.seek(0)
            raise ValueError(f"guard: the counting failed: {errors.read()[-500:]}")
    return found


def _total(path: Path) -> int:
    """Instructions in a file of Callgrind."""
    try:
        text = path.read_text(encoding="utf-8")
        return next(int(line.partition(":")[2]) for line in text.splitlines() if line.startswith("totals:"))
    except (OSError, StopIteration):
        raise ValueError("guard: Callgrind wrote no counts") from None


def read_guard(committed: Any) -> tuple[dict[Pair, float], float]:
    """Instructions per evaluation, and band, of what ``guard_report`` made.

    Raises
    ------
    ValueError
        If it is something else, or knows none of ``PAIRS``.
    """
    try:
        band = float(committed["band"])
        known = {(p, o): float(n) for p, counts in committed["instructions"].items() for o, n in counts.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"guard: the file holds no counts ({type(error).__name__}: {error})") from None
    if not set(known) & set(PAIRS):
        raise ValueError(f"guard: the file holds no counts of kernels on {', '.join(PROBLEMS)}")
    return known, band


def slips(found: Mapping[Pair, float], known: Mapping[Pair, float], band: float) -> list[str]:
    """What takes more instructions than the band allows, or is on one side only; a line for each."""
    lines = []
    for pair in {**known, **found}:
        label = f"{pair[1]} on {pair[0]}"
        if pair not in known:
            lines.append(f"{label}: not in the file; write the file again")
        elif pair not in found:
            lines.append(f"{label}: in the file, but not here; write the file again")
        elif not found[pair] <= band * known[pair]:
            change = f"{found[pair]:.1f} instructions per evaluation, {known[pair]:.1f} before"
            lines.append(f"{label}: {change}; allowed {band:g} times that")
    return lines


def guard_report(progress: Progress = lambda _: None) -> dict[str, Any]:
    """Count what is committed: ready for JSON."""
    counts: dict[str, dict[str, float]] = {}
    for (problem, name), instructions in count(PAIRS, progress).items():
        counts.setdefault(problem, {})[name] = round(instructions, 2)
    return {"machine": describe(), "compiled_for": _FIXED["NUMBA_CPU_NAME"], "band": BAND, "instructions": counts}
