"""Results as a table of means in LaTeX."""

from mfnas_vec.report.export.cells import Results
from mfnas_vec.report.export.means import means_table

_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    # The default font encoding prints other characters for these.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def latex(results: Results) -> str:
    """A table of means in LaTeX, for the package booktabs: the best of a problem in bold, notes below the table."""
    header, rows, notes, best = means_table(results)
    escaped = [[_escape(cell) for cell in row] for row in [header, *rows]]
    bold = [
        [rf"\textbf{{{cell}}}" if is_best else cell for cell, is_best in zip(row, marks, strict=True)]
        for row, marks in zip(escaped[1:], best, strict=True)
    ]
    lines = [r"% needs \usepackage{booktabs}", r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}", r"\toprule"]
    lines += [" & ".join(escaped[0]) + r" \\", r"\midrule"]
    lines += [" & ".join(row) + r" \\" for row in bold]
    lines += [r"\bottomrule", r"\end{tabular}", rf"\par\smallskip{{\footnotesize {_escape(' '.join(notes))}}}"]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)
