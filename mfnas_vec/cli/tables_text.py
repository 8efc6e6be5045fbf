"""Texts on imports: formats, sources, and facts about an imported table."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import xarray as xr

from mfnas_vec.datasets.importers import Importer
from mfnas_vec.datasets.sources import Source
from mfnas_vec.report.text import aligned
from mfnas_vec.tables.coverage import partial_variables
from mfnas_vec.tables.schema import TEST_VARIABLES
from mfnas_vec.tables.store import table_names
from mfnas_vec.tables.verification import checks, variable_facts


def formats_text(importers: Mapping[str, Importer]) -> str:
    """The formats that can be imported, one a line."""
    return aligned([("FORMAT", "WHAT IT IS"), *((name, i.title) for name, i in importers.items())])


def sources_text(sources: Iterable[Source]) -> str:
    """The official sources, one a line, and what to cite."""
    rows = [("SOURCE", "WHAT IT IS", "SIZE", "LICENCE", "IMPORT AS", "FROM")]
    cite: dict[str, None] = {}
    for s in sources:
        rows.append((s.name, s.title, s.size, s.licence, s.importer, s.page))
        cite[s.citation] = None
    return aligned(rows) + "\n\ncite: " + "; ".join(cite)


def _consequences(table: xr.Dataset) -> list[str]:
    """Which searches on an imported table are refused, and which of two tables of its name is used."""
    name, partial = str(table.attrs["name"]), partial_variables(table)
    test = next((t for t in TEST_VARIABLES if t in table), None)
    lines = []
    if test is None:
        lines.append(f"every search is refused: there is no {' or '.join(TEST_VARIABLES)} (--into adds to a table)")
    elif test in partial:
        lines.append(f"every search is refused without --missing worst: {test} is not known for all architectures")
    elif partial:
        lines.append(f"searches that need {', '.join(partial)} are refused without --missing worst")
    if name in table_names():
        again = f"(mfnas tables remove {name} removes it)"
        if partial:
            lines.append(f"it is partial, so that the embedded table stays: --table {name}@imported {again}")
        else:
            lines.append(f"it is used in place of the embedded table: --table {name}@embedded {again}")
    return lines


def import_text(table: xr.Dataset, path: Path) -> str:
    """What was imported: rows found and missing, ranges, agreement with known facts."""
    attrs = table.attrs
    rows = [("VARIABLE", "KNOWN", "MISSING", "NaN", "LOWEST", "HIGHEST")]
    for f in variable_facts(table):
        missing = f"{f.n_arch - f.n_known:,}"
        rows.append((f.name, f"{f.n_known:,}", missing, f"{f.n_nan:,}", f"{f.low:.6g}", f"{f.high:.6g}"))
    lines = [f"{attrs['name']}: imported as {attrs['imported_from']}, trials: {attrs['trials']}"]
    lines += ["  " + line for line in aligned(rows, right=(1, 2, 3, 4, 5)).splitlines()]
    lines += [f"  {'ok ' if good else 'NOT'} {text}" for good, text in checks(table)]
    lines += [f"  {line}" for line in _consequences(table)]
    return "\n".join([*lines, f"  written to {path}"])
