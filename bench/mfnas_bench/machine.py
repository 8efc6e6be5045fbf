"""What measurements were made on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import mfnas_vec
from mfnas_vec.runs.threads import available_threads

UNKNOWN = "unknown"
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def processor() -> str:
    """Name of the processor, if the system reports it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def governor(path: Path = _GOVERNOR) -> str:
    """How the system chooses the clock rate of the first processor, "unknown" if it does not report it."""
    try:
        return path.read_text(encoding="utf-8").strip() or UNKNOWN
    except OSError:
        return UNKNOWN


def load_average() -> list[float] | None:
    """Processes that ran or waited in the last 1, 5 and 15 minutes, on average; ``None`` if unknown."""
    return [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN


def describe() -> dict[str, Any]:
    """Machine, threads and versions."""
    packages = {name: _version(name) for name in ("numba", "numpy", "xarray", "zarr")}
    return {
        "processor": processor(),
        "threads": available_threads(),
        "governor": governor(),
        "system": platform.system(),
        "python": platform.python_version(),
        **packages,
        "mfnas_vec": mfnas_vec.__version__,
    }
