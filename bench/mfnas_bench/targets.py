"""How fast searches have to be: targets, as data, and whether they are met."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Points = Sequence[dict[str, Any]]

#: Runs of a batch from which on throughput counts as full.
FULL_RUNS = 500
#: The small batch that must come near it.
SMALL_RUNS = 64
#: Most runs of the batch whose speed-up by threads is judged: larger ones are repeated too seldom.
SPEED_UP_RUNS = 10_000
#: Least seconds, on one thread, of a batch whose speed-up is judged: starting a thread takes a while.
SPEED_UP_SECONDS = 5e-3
#: The process whose seconds are the unit of commands.
IMPORTS = "import numba, xarray, zarr"
#: The command that finds nothing compiled.
COLD = "mfnas reproduce, nothing compiled"
#: Most seconds of commands, in those of ``IMPORTS``.
COMMANDS = {COLD: 11.0, "mfnas reproduce": 2.0, "mfnas run": 1.35, "mfnas report": 5.0}


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound for a quantity of some optimizers on some spaces; each problem is judged by its worst one."""

    title: str
    quantity: str
    bound: float
    #: Whether the bound is the least allowed, else the most.
    at_least: bool
    #: None: all of them.
    optimizers: tuple[str, ...] | None = None
    spaces: tuple[str, ...] | None = None


TARGETS = (
    Target("MF-NAS: times the reference", "ratio_reference", 1000, True, ("MF-NAS",), ("nb201", "nbasr")),
    Target("MF-NAS: times the reference", "ratio_reference", 3000, True, ("MF-NAS",), ("nb101",)),
    Target("local search: times the limit", "ratio_limit", 2.5, False, ("FLS", "BLS"), ("nb201", "nbasr")),
    Target("local search: times the limit", "ratio_limit", 6, False, ("FLS", "BLS"), ("nb101",)),
    Target("RS, SH: times the limit", "ratio_limit", 3, False, ("RS", "SH")),
    Target("REA: times the limit", "ratio_limit", 5, False, ("REA",), ("nb201", "nbasr")),
    Target("speed-up by two threads, from 5 ms on", "speed_up", 1.8, True),
    Target("64 runs of RS, FLS, SH: share of full throughput", "share_of_full", 0.8, True, ("RS", "FLS", "SH")),
)


def _ratio_reference(points: Points) -> float | None:
    """On two threads where measured, else on one."""
    found = {p["n_thread"]: p["ratio_reference"] for p in points if "ratio_reference" in p}
    return found.get(2, found.get(1))


def _ratio_limit(points: Points) -> float | None:
    """On one thread."""
    return next((float(p["ratio_limit"]) for p in points if p["n_thread"] == 1 and "ratio_limit" in p), None)


def _speed_up(points: Points) -> float | None:
    """Of two threads over one, of the largest batch that is long enough and repeated often enough."""
    found = {p["n_run"]: float(p["speed_up"]) for p in points if p["n_thread"] == 2 and "speed_up" in p}
    seconds = {p["n_run"]: float(p["seconds"]["median"]) for p in points if p["n_thread"] == 1 and "seconds" in p}
    counts = [n for n in found if SMALL_RUNS < n <= SPEED_UP_RUNS and seconds.get(n, 0.0) >= SPEED_UP_SECONDS]
    return found[max(counts)] if counts else None


def _share_of_full(points: Points) -> float | None:
    """Searches per second of a small batch over the most of large ones, each on one thread."""
    speed = {p["n_run"]: float(p["searches_per_second"]) for p in points if p["n_thread"] == 1}
    full = [speed[n] for n in speed if n >= FULL_RUNS]
    return speed[SMALL_RUNS] / max(full) if full and SMALL_RUNS in speed else None


QUANTITIES: dict[str, Callable[[Points], float | None]] = {
    "ratio_reference": _ratio_reference,
    "ratio_limit": _ratio_limit,
    "speed_up": _speed_up,
    "share_of_full": _share_of_full,
}


def judge_commands(seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """The targets of commands whose seconds were measured; the form is that of ``judge``."""
    found = []
    for name, bound in COMMANDS.items():
        if name in seconds:
            value = seconds[name] / seconds[IMPORTS]
            whole = {"title": f"{name}: times the imports", "problem": "-", "bound": bound, "at_least": False}
            found.append(whole | {"value": value, "optimizer": "-", "met": value <= bound})
    return found


def judge(points: Points, targets: Sequence[Target] = TARGETS) -> list[dict[str, Any]]:
    """Every target on every problem that it is for.

    Returns
    -------
    list of dict
        ``title``, ``problem``, ``bound``, ``at_least``, the worst ``value`` and its ``optimizer``,
        ``met``; what was not measured is left out.
    """
    found = []
    for target in targets:
        for problem in dict.fromkeys(p["problem"] for p in points):
            if target.spaces is not None and problem.partition("-")[0] not in target.spaces:
                continue
            here = [p for p in points if p["problem"] == problem]
            names = [n for n in dict.fromkeys(p["optimizer"] for p in here) if n in (target.optimizers or (n,))]
            values = {n: QUANTITIES[target.quantity]([p for p in here if p["optimizer"] == n]) for n in names}
            known = {n: v for n, v in values.items() if v is not None}
            if not known:
                continue
            worst = (min if target.at_least else max)(known, key=known.__getitem__)
            value = known[worst]
            found.append(
                {
                    "title": target.title,
                    "problem": problem,
                    "bound": target.bound,
                    "at_least": target.at_least,
                    "value": value,
                    "optimizer": worst,
                    "met": value >= target.bound if target.at_least else value <= target.bound,
                }
            )
    return found
