"""The command ``mfnas``, and ``python -m mfnas_vec.cli``."""

import gc
import sys

from mfnas_vec.cli import main


def command() -> int:
    """``main`` in a process of its own."""
    # Most objects live until the process ends. Looking for garbage among them takes a tenth of a short command, and
    # at the end as much again.
    gc.set_threshold(100_000, 10, 10)
    try:
        return main()
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(command())
