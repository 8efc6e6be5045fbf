"""A guard against slips: ratios of kernels to the limit, compared with committed ones.

Ratios, not seconds, so that machines of other speeds agree; on one thread; the least seconds of
several repeats in turn, since other work on the machine only ever adds. Instructions would be
steadier than seconds, but the counter behind ``perf_event_open`` is not there in most virtual
machines (the call ends in ENOENT), those that CI and this project's measurements run on included.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mfnas_vec.optimizers import OPTIMIZERS
from mfnas_vec.tables.store import open_table
from mfnas_vec.throughput.harness import PROBLEMS
from mfnas_vec.throughput.machine import describe
from mfnas_vec.throughput.measure import compare

#: How many times slower than committed a kernel may be found.
BAND = 2.0
N_RUN = 100
N_REPEAT = 15

Ratios = dict[str, dict[str, float]]


def measure_ratios(progress: Callable[[int], object] = lambda _: None) -> Ratios:
    """Least kernel seconds over least limit seconds, by problem and optimizer."""
    ratios: Ratios = {}
    for problem in PROBLEMS:
        table = open_table(problem, embedded=True).load()
        ratios[problem] = {}
        for name in OPTIMIZERS:
            ratios[problem][name] = compare(name, table, n_run=N_RUN, n_repeat=N_REPEAT)["best_ratio"]
            progress(1)
    return ratios


def guard_report(ratios: Ratios) -> dict[str, Any]:
    """What is committed: ready for JSON."""
    rounded = {problem: {name: round(r, 3) for name, r in found.items()} for problem, found in ratios.items()}
    return {"machine": describe(), "n_run": N_RUN, "n_repeat": N_REPEAT, "band": BAND, "ratios": rounded}


def slips(found: Ratios, committed: Mapping[str, Any]) -> list[str]:
    """What has become slower than the band allows, or is on one side only; one line each.

    Raises
    ------
    ValueError
        If ``committed`` is nothing that ``guard_report`` makes.
    """
    try:
        band = float(committed["band"])
        known = {(p, o): float(r) for p, rs in committed["ratios"].items() for o, r in rs.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"guard: the file holds no ratios ({type(error).__name__}: {error})") from None
    mine = {(p, o): r for p, rs in found.items() for o, r in rs.items()}
    lines = []
    for key in {**known, **mine}:
        label = f"{key[1]} on {key[0]}"
        if key not in known:
            lines.append(f"{label}: not in the file; write it anew")
        elif key not in mine:
            lines.append(f"{label}: in the file, but not here; write it anew")
        elif not mine[key] <= band * known[key]:
            lines.append(
                f"{label}: {mine[key]:.2f} times the limit, {known[key]:.2f} before; allowed {band:g} times that"
            )
    return lines
