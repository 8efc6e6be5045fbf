"""Results as a table of means in Markdown."""

import re

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.means import means_table

#: Characters with a meaning in Markdown: of tables, tags, emphasis.
_MARKDOWN = re.compile(r"[\\|<*`&]")


def markdown(results: Results) -> str:
    """A table of means in Markdown, with a line on their provenance."""
    header, rows, notes, _ = means_table(results)
    escaped = [[_MARKDOWN.sub(r"\\\g<0>", cell) for cell in row] for row in [header, *rows]]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join([*lines, "", *notes]) + "\n"
