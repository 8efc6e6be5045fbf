"""Results as CSV."""

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.frames import frame_of


def write_csv(results: Results, path: str, wide: str | None = None) -> None:
    """Write the frame of ``frame_of`` as CSV."""
    frame_of(results, wide).to_csv(path, index=wide is not None, lineterminator="\n", encoding="utf-8")
