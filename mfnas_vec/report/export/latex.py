"""Results as a table of means in LaTeX."""

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.means import means_table

_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    # Other characters in the oldest font encoding.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex(results: Results) -> str:
    """A table of means in LaTeX, which needs no package; the notes are comments and a last row."""
    header, rows, notes = means_table(results)
    escaped = [["".join(_LATEX.get(c, c) for c in cell) for cell in row] for row in [header, *rows]]
    text = "".join(_LATEX.get(c, c) for c in " ".join(notes))
    lines = [r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}", r"\hline"]
    lines += [" & ".join(escaped[0]) + r" \\", r"\hline"]
    lines += [" & ".join(row) + r" \\" for row in escaped[1:]]
    lines += [r"\hline", rf"\multicolumn{{{len(header)}}}{{p{{\linewidth}}}}{{\footnotesize {text}}} \\"]
    return "\n".join([*lines, r"\end{tabular}"]) + "\n"
