"""Text about imports: formats, sources, and what is known of an imported table."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import xarray as xr

from mfnas_vec.datasets.importers import Importer
from mfnas_vec.datasets.sources import Source
from mfnas_vec.report.text import aligned
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
    partial = [f for f in variable_facts(table) if 0 < f.n_known < f.n_arch]
    if partial:
        lines.append("  searches that read a variable that is partly missing are refused, or need --missing worst")
    return "\n".join([*lines, f"  written to {path}"])
