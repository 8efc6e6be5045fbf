"""What measurements were made on."""

import platform
from pathlib import Path
from typing import Any

import numba
import numpy as np
import xarray as xr
import zarr

import mfnas_vec
from mfnas_vec.experiment.run import available_threads


def processor() -> str:
    """Name of the processor, where the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe() -> dict[str, Any]:
    """Machine, threads and versions."""
    return {
        "processor": processor(),
        "threads": available_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "xarray": xr.__version__,
        "zarr": zarr.__version__,
        "mfnas_vec": mfnas_vec.__version__,
    }
