"""Results as one file for other tools, in any of the formats."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.csv import write_csv
from mfnas_vec.report.export.latex import latex
from mfnas_vec.report.export.markdown import markdown
from mfnas_vec.report.export.netcdf import write_netcdf
from mfnas_vec.report.export.parquet import write_parquet
from mfnas_vec.tables.export import new_export

#: Formats of data frames, and those of text.
_FRAMES: dict[str, Callable[[Results, str, str | None], None]] = {"csv": write_csv, "parquet": write_parquet}
_TEXTS: dict[str, Callable[[Results], str]] = {"latex": latex, "markdown": markdown}
FORMATS = (*_FRAMES, "netcdf", *_TEXTS)


def export_results(
    results: Results,
    path: str | Path,
    format_name: str,
    *,
    wide: str | None = None,
    attrs: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write results as a file; it appears whole or not at all, and the same results give the same bytes.

    Parameters
    ----------
    results
        By problem, as ``run`` or a node of ``sweep`` and ``reproduce`` holds them.
    path, format_name, overwrite
        The file and its format, one of ``FORMATS``. CSV and Parquet are the frame of ``to_long``; netCDF keeps
        everything, a group per problem; LaTeX and Markdown are a table of means.
    wide
        CSV and Parquet: the frame of ``to_wide`` of this variable instead.
    attrs
        Attributes of the root of a netCDF file.

    Raises
    ------
    ValueError
        If the format is unknown, a package for it is missing, or the path exists (unless
        ``overwrite``) or cannot be written.
    """
    if wide is not None and format_name in FORMATS and format_name not in _FRAMES:
        raise ValueError(f"wide={wide!r} is for csv and parquet")
    with new_export(path, format_name, FORMATS, overwrite=overwrite) as scratch:
        if format_name in _FRAMES:
            _FRAMES[format_name](results, scratch, wide)
        elif format_name in _TEXTS:
            Path(scratch).write_text(_TEXTS[format_name](results), encoding="utf-8", newline="\n")
        else:
            write_netcdf(results, scratch, attrs or {})
