"""A guard against slips: ratios of kernels to the limit, compared with committed ones.

Ratios, not seconds, so that machines of other speeds agree. On one thread, nanoseconds per
evaluation: the least that a kernel took in several repeats over the least that the limit took
next to any kernel of the problem, since other work on the machine only ever adds. What seems to have
slipped is measured again some times, with pauses.

Instructions would be steadier than seconds, but the counter behind ``perf_event_open`` is not there
in most virtual machines (the call ends in ENOENT), those this project is checked on included.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mfnas_bench.harness import PROBLEMS
from mfnas_bench.machine import describe
from mfnas_bench.measure import compare
from mfnas_vec.cli.catalogue import OPTIMIZERS
from mfnas_vec.tables.store import open_table

#: How many times slower than committed a kernel may be found.
BAND = 2.0
N_RUN = 100
N_REPEAT = 25
#: Measurements of all when the file is made.
N_ATTEMPT = 3
#: Measurements of what seems to have slipped, and seconds before each: neighbours on the same processor take its shared
#: cache for a while, which slows kernels on large tables more than the limit.
N_CHECK, PAUSE = 10, 4.0

#: (problem, optimizer).
Pair = tuple[str, str]
Progress = Callable[[int], object]
PAIRS = [(problem, name) for problem in PROBLEMS for name in OPTIMIZERS]


class Stopwatch:
    """The least nanoseconds per evaluation seen so far, of kernels and of the limit."""

    def __init__(self) -> None:
        self._kernel: dict[Pair, float] = {}
        self._limit: dict[str, float] = {}

    def note(self, pair: Pair, kernel: float, limit: float) -> None:
        """Take in a measurement of a pair: nanoseconds per evaluation of kernel and limit."""
        self._kernel[pair] = min(kernel, self._kernel.get(pair, kernel))
        self._limit[pair[0]] = min(limit, self._limit.get(pair[0], limit))

    def measure(self, pairs: Iterable[Pair], progress: Progress) -> None:
        """Measure kernels, each in turn with the limit."""
        table = None
        for problem, name in pairs:
            if table is None or table.attrs["name"] != problem:
                table = open_table(problem, embedded=True).load()
            found = compare(name, table, n_run=N_RUN, n_repeat=N_REPEAT)
            self.note((problem, name), *(1e9 * found[k]["min"] / found["evaluations"] for k in ("kernel", "limit")))
            progress(1)

    def ratios(self) -> dict[Pair, float]:
        """How many times the limit each kernel takes."""
        return {pair: kernel / self._limit[pair[0]] for pair, kernel in self._kernel.items()}


def read_ratios(committed: Any) -> tuple[dict[Pair, float], float]:
    """Ratios and band of what ``guard_report`` made.

    Raises
    ------
    ValueError
        If it is something else, or knows none of ``PAIRS``.
    """
    try:
        band = float(committed["band"])
        known = {(p, o): float(r) for p, rs in committed["ratios"].items() for o, r in rs.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"guard: the file holds no ratios ({type(error).__name__}: {error})") from None
    if not set(known) & set(PAIRS):
        raise ValueError(f"guard: the file holds no ratios of kernels on {', '.join(PROBLEMS)}")
    return known, band


def slips(found: Mapping[Pair, float], known: Mapping[Pair, float], band: float) -> dict[Pair, str]:
    """What is slower than the band allows, or on one side only; a line for each."""
    lines = {}
    for pair in {**known, **found}:
        label = f"{pair[1]} on {pair[0]}"
        if pair not in known:
            lines[pair] = f"{label}: not in the file; write the file again"
        elif pair not in found:
            lines[pair] = f"{label}: in the file, but not here; write the file again"
        elif not found[pair] <= band * known[pair]:
            change = f"{found[pair]:.2f} times the limit, {known[pair]:.2f} before"
            lines[pair] = f"{label}: {change}; allowed {band:g} times that"
    return lines


def check_guard(
    committed: Any, progress: Progress = lambda _: None, stopwatch: Stopwatch | None = None
) -> dict[Pair, str]:
    """Measure, and report what has slowed down; see ``slips``.

    Raises
    ------
    ValueError
        If ``committed`` is nothing that ``guard_report`` makes.
    """
    known, band = read_ratios(committed)
    watch = Stopwatch() if stopwatch is None else stopwatch
    watch.measure(PAIRS, progress)
    for _ in range(N_CHECK - 1):
        again = [pair for pair in slips(watch.ratios(), known, band) if pair in known and pair in PAIRS]
        if not again:
            break
        time.sleep(PAUSE)
        watch.measure(again, progress)
    return slips(watch.ratios(), known, band)


def guard_report(progress: Progress = lambda _: None) -> dict[str, Any]:
    """Measure what is committed: ready for JSON."""
    watch = Stopwatch()
    for _ in range(N_ATTEMPT):
        watch.measure(PAIRS, progress)
    ratios: dict[str, dict[str, float]] = {}
    for (problem, name), ratio in watch.ratios().items():
        ratios.setdefault(problem, {})[name] = round(ratio, 3)
    return {"machine": describe(), "n_run": N_RUN, "n_repeat": N_REPEAT, "band": BAND, "ratios": ratios}
