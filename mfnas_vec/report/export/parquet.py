"""Results as Parquet."""

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.frames import frame_of


def write_parquet(results: Results, path: str, wide: str | None = None) -> None:
    """Write the frame of ``frame_of`` as Parquet."""
    frame_of(results, wide).to_parquet(path, index=wide is not None)
