"""Results as CSV."""

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.frames import frame_of

DIGITS = "%.12g"


def write_csv(results: Results, path: str, wide: str | None = None) -> None:
    """Write the frame of ``frame_of`` as CSV, numbers with 12 digits: more are rounding errors of sums."""
    frame = frame_of(results, wide)
    frame.to_csv(path, index=wide is not None, lineterminator="\n", encoding="utf-8", float_format=DIGITS)
