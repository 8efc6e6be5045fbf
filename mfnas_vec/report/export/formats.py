"""Results for other tools: data frames, CSV, Parquet, netCDF, and tables for papers."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec._files import new_file
from mfnas_vec.analysis.searches import label_of, provenance_of
from mfnas_vec.analysis.statistics import TEST, leading_dims, over_runs, present, unit_text
from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.runs.result import RUN, RUN_VARIABLES
from mfnas_vec.tables.provenance import UNSTATED
from mfnas_vec.tables.schema import GENE

FORMATS = ("csv", "parquet", "netcdf", "latex", "markdown")

#: Results by problem.
Results = Mapping[str, xr.Dataset]


def cells_of(result: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """Label and runs of each combination that exists."""
    dims = leading_dims(result)
    if not dims:
        yield str(result.attrs["optimizer"]), result
        return
    exists = present(result).transpose(*dims).values
    for at in zip(*np.nonzero(exists), strict=True):
        place = dict(zip(dims, map(int, at), strict=True))
        yield label_of(result, place, exists), result.isel(place)


def told(cell: xr.Dataset, coordinate: str, variable: str, attribute: str) -> str:
    """What a coordinate of a sweep, or an attribute of a variable of ``run``, says."""
    if coordinate in cell.coords:
        return str(cell[coordinate].item())
    return str(cell[variable].attrs.get(attribute, UNSTATED))


def to_long(result: xr.Dataset) -> Any:
    """A row per run of each combination that exists.

    Parameters
    ----------
    result
        Of ``run``, or of a problem of a sweep or of ``reproduce``. A trace is left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``problem, optimizer``, each varied setting (-1 or empty: no such setting),
        ``search`` (a label that is unique), ``run``, the variables of ``run`` (genes with spaces
        between), and what the numbers are: ``test_variable, test_units, test_direction,
        test_provenance, search_provenance, seconds_provenance, provenance`` (the weakest of all
        that was read), ``protocol, seed``.
    """
    import pandas as pd

    frames = []
    attrs = result.attrs
    for label, cell in cells_of(result):
        columns: dict[str, Any] = {"problem": str(attrs.get("problem", ""))}
        columns["optimizer"] = str(cell["optimizer"].item()) if "optimizer" in cell.coords else attrs["optimizer"]
        for dim in leading_dims(result):
            if dim != "optimizer":
                value = cell[dim].item()
                columns[dim] = value if isinstance(value, (int, float)) else str(value)
        columns |= {"search": label, RUN: cell[RUN].values}
        for name in RUN_VARIABLES:
            if name == "genotype":
                genes = cell[name].transpose(RUN, GENE).values
                columns[name] = [" ".join(map(str, row)) if row[0] >= 0 else "" for row in genes.tolist()]
            else:
                columns[name] = cell[name].values
        test = cell[TEST].attrs
        columns |= {f"test_{key}": str(test.get(key, UNSTATED)) for key in ("variable", "units", "direction")}
        columns["test_provenance"] = str(test.get("provenance", UNSTATED))
        columns["search_provenance"] = told(cell, "search_provenance", "search_score", "provenance")
        columns["seconds_provenance"] = told(cell, "seconds_provenance", "cost_seconds", "provenance")
        columns["provenance"] = provenance_of(cell)
        columns |= {key: attrs[key] for key in ("protocol", "seed") if key in attrs}
        frames.append(pd.DataFrame(columns, index=pd.RangeIndex(cell.sizes[RUN])))
    return pd.concat(frames, ignore_index=True)


def to_wide(result: xr.Dataset, variable: str = TEST) -> Any:
    """One variable: a row per run, a column per combination that exists.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``run``; columns are the labels of ``to_long``'s ``search``.

    Raises
    ------
    ValueError
        If there is no such variable, or it has more dimensions.
    """
    import pandas as pd

    values = over_runs(result, variable)
    if set(values.dims) != {*leading_dims(result), RUN}:
        raise ValueError(f"variable={variable!r} has more dimensions than runs")
    columns = {label: cell[variable].values for label, cell in cells_of(result)}
    return pd.DataFrame(columns, index=pd.Index(result[RUN].values, name=RUN))


def _rows(results: Results) -> tuple[list[str], list[list[str]], list[str]]:
    """Header, rows and notes of a table of means: a row per search, a column per problem."""
    found: dict[str, dict[str, Summary]] = {}
    kinds, units, n_run, lacking = set(), {}, set(), []
    for problem, result in results.items():
        attrs = result[TEST].attrs
        units[problem] = unit_text(attrs)
        for label, cell in cells_of(result):
            summary = found.setdefault(label, {})[problem] = summarize(cell)
            n_run.add(cell.sizes[RUN])
            if summary.n_tested < cell.sizes[RUN]:
                lacking.append(f"{cell.sizes[RUN] - summary.n_tested:,} of {label} on {problem}")
            kinds.add(provenance_of(cell))
    rows = []
    for label, summaries in found.items():
        cells = []
        for problem in results:
            s = summaries.get(problem)
            cells.append(f"{s.mean:.2f} ± {s.sd:.2f}" if s is not None and s.n_tested else "-")
        rows.append([label, *cells])
    runs = ", ".join(f"{n:,}" for n in sorted(n_run))
    notes = [
        f"Test results, mean ± population standard deviation of {runs} runs; on {' and '.join(sorted(kinds))} values."
    ]
    if lacking:
        notes.append(f"Runs without a test result are left out: {', '.join(lacking)}.")
    return ["search", *(f"{problem} ({units[problem]})" for problem in results)], rows, notes


#: What would be a table's, a tag, or emphasis.
_MARKDOWN = re.compile(r"[\\|<*`&]")


def markdown(results: Results) -> str:
    """A table of means in Markdown, with a line on where the numbers come from."""
    header, rows, notes = _rows(results)
    escaped = [[_MARKDOWN.sub(r"\\\g<0>", cell) for cell in row] for row in [header, *rows]]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join([*lines, "", *notes]) + "\n"


_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    # Not themselves in the oldest encoding of fonts.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex(results: Results) -> str:
    """A table of means in LaTeX, which needs no package; the notes are comments and a last row."""
    header, rows, notes = _rows(results)
    escaped = [["".join(_LATEX.get(c, c) for c in cell) for cell in row] for row in [header, *rows]]
    text = "".join(_LATEX.get(c, c) for c in " ".join(notes))
    lines = [r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}", r"\hline"]
    lines += [" & ".join(escaped[0]) + r" \\", r"\hline"]
    lines += [" & ".join(row) + r" \\" for row in escaped[1:]]
    lines += [r"\hline", rf"\multicolumn{{{len(header)}}}{{p{{\linewidth}}}}{{\footnotesize {text}}} \\"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"


def _plain(result: xr.Dataset) -> xr.Dataset:
    """The same with texts that netCDF knows, and without encodings of zarr."""
    plain = result.load().copy()
    for name, variable in plain.variables.items():
        if variable.dtype.kind == "T":
            values = np.array(variable.values.tolist(), dtype=object)
            plain[name] = xr.Variable(variable.dims, values, variable.attrs)
    for variable in plain.variables.values():
        variable.encoding = {}
    return plain


def _netcdf(results: Results, path: str, attrs: Mapping[str, Any]) -> None:
    if len(results) == 1 and not leading_dims(next(iter(results.values()))):
        _plain(next(iter(results.values()))).to_netcdf(path, engine="h5netcdf")
        return
    tree = xr.DataTree.from_dict({name: _plain(result) for name, result in results.items()})
    tree.attrs = dict(attrs)
    tree.to_netcdf(path, engine="h5netcdf")


def frame_of(results: Results, wide: str | None = None) -> Any:
    """The frames of several problems as one: below each other, or (``wide``, a variable) side by side."""
    import pandas as pd

    if wide is None:
        return pd.concat([to_long(result) for result in results.values()], ignore_index=True)
    frames = {problem: to_wide(result, wide) for problem, result in results.items()}
    if len(frames) == 1:
        return next(iter(frames.values()))
    return pd.concat([frame.add_prefix(f"{problem}: ") for problem, frame in frames.items()], axis=1)


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
        Where and as what: one of ``FORMATS``. CSV and Parquet are the frame of ``to_long``; netCDF keeps
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
    if format_name not in FORMATS:
        raise ValueError(f"format={format_name!r} must be one of {', '.join(FORMATS)}")
    if wide is not None and format_name not in FORMATS[:2]:
        raise ValueError(f"wide={wide!r} is for csv and parquet")
    texts: dict[str, Callable[[Results], str]] = {"latex": latex, "markdown": markdown}
    with new_file(path, overwrite=overwrite) as scratch:
        try:
            if format_name in texts:
                Path(scratch).write_text(texts[format_name](results), encoding="utf-8", newline="\n")
            elif format_name == "netcdf":
                _netcdf(results, scratch, attrs or {})
            elif format_name == "csv":
                frame_of(results, wide).to_csv(scratch, index=wide is not None, lineterminator="\n", encoding="utf-8")
            else:
                frame_of(results, wide).to_parquet(scratch, index=wide is not None)
        except ImportError as error:
            raise ValueError(
                f"{format_name} needs another package: {error} (pip install 'mfnas-vec[export]')"
            ) from error
