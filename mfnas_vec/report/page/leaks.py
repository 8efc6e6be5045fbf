"""The selection leaks of a page."""

from typing import NamedTuple

from mfnas_vec.analysis.selection import Leak
from mfnas_vec.analysis.study import Study


class Leaks(NamedTuple):
    """Selection leaks, and why some are not known."""

    #: Problem, label and leak.
    rows: list[tuple[str, str, Leak]]
    notes: list[str]


def leaks_of(study: Study) -> Leaks:
    """The selection leak of every search that has a trace or can be re-run."""
    rows, notes = [], []
    for problem, found in study.searches.items():
        for label in found:
            try:
                rows.append((problem, label, study.leak(problem, label)))
            except ValueError as error:
                if str(error) not in notes:
                    notes.append(str(error))
    return Leaks(rows, notes)
