"""Tables with a heading and notes, for a terminal, in Markdown and as CSV."""

import csv
import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mfnas_vec.report.text import aligned


class Sheet(NamedTuple):
    """A table with a heading and notes."""

    title: str
    #: What the numbers are, in some lines.
    about: list[str]
    columns: Sequence[str]
    rows: list[list[str]]
    notes: list[str]
    #: Columns to flush right.
    right: Sequence[int]
    #: Columns that have another name in Markdown.
    renamed: Mapping[str, str] = {}

    def text(self) -> str:
        """The table for a terminal."""
        table = textwrap.indent(aligned([self.columns, *self.rows], right=self.right), "  ")
        lines = [self.title, *(f"  {line}" for line in self.about), table]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def markdown(self) -> str:
        """The table in Markdown, below a heading of the second level."""
        rows = [[self.renamed.get(name, name) for name in self.columns], *self.rows]
        parts = [f"## {self.title}", f"{'; '.join(self.about)}.", markdown_table(rows, right=self.right)]
        return "\n\n".join([*parts, *(f"Note: {note}." for note in self.notes)])


def document(title: str, legend: str, sheets: Sequence[Sheet]) -> str:
    """Sheets as a document in Markdown."""
    head = [f"# {title}", f"{legend[0].upper()}{legend[1:]}."]
    return "\n\n".join([*head, *(sheet.markdown() for sheet in sheets)]) + "\n"


def markdown_table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows of cells as a table in Markdown, the first row as its header."""
    marks = ["---:" if i in right else "---" for i in range(len(rows[0]))]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in row)} |" for row in [rows[0], marks, *rows[1:]])


def blank(value: Any) -> Any:
    """A value for CSV, which has no missing numbers: an empty text for ``None`` and NaN."""
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def csv_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Records with the same keys as CSV, unrounded; missing numbers are empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: blank(value) for key, value in record.items()} for record in records)
    return stream.getvalue()
