"""What each decision of a protocol changes, as text for a terminal and as Markdown."""

import itertools
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from mfnas_vec.analysis.protocols import Change, Effect, changes
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.report.sheet import markdown_table
from mfnas_vec.report.text import aligned, selection_note
from mfnas_vec.tables.schema import COMPUTED, MEASURED

LEGEND = (
    "Mean change from the first protocol of a search to the one in the line, run by run (the same seed and run index), "
    "with its 95 % interval (percentile bootstrap). +decision and -decision: that decision alone is taken as the other "
    "way. Other answer: share of runs that return another architecture"
)
COLUMNS = ("search", "from", "to", "test performance", "seconds", "epochs", "other answer")
RIGHT = (3, 4, 5, 6)


def _effect(effect: Effect, form: str) -> str:
    if math.isnan(effect.mean):
        return "-"
    if effect.mean == effect.low == effect.high == 0:
        return "0"
    mean, low, high = (format(value, form) for value in effect)
    return f"{mean} ({low} to {high})"


def _row(change: Change) -> tuple[str, ...]:
    base = change.base
    to = change.protocol.removeprefix(base) if change.protocol.startswith((f"{base}+", f"{base}-")) else change.protocol
    return (
        change.search,
        base,
        to + (" (test results choose)" if change.selected_on == "test" else ""),
        _effect(change.effects[TEST], "+.2f"),
        _effect(change.effects["cost_seconds"], "+,.0f"),
        _effect(change.effects["cost_epochs"], "+,.1f"),
        f"{100 * change.other_answer:.0f} %",
    )


def _by_problem(
    problems: Mapping[str, Mapping[str, Search]],
) -> Iterable[tuple[str, str, list[tuple[str, ...]], list[str]]]:
    """(problem, what is compared, rows, notes) of each problem."""
    for problem, group in itertools.groupby(changes(problems), key=lambda change: change.problem):
        found = list(group)
        first = next(iter(problems[problem].values())).runs
        about = f"{first[TEST].attrs['direction']} {first[TEST].attrs['variable']}, {unit_text(first[TEST].attrs)}"
        yield problem, f"{about}, {first.sizes['run']:,} runs", [_row(change) for change in found], _notes(found)


def _notes(found: Sequence[Change]) -> list[str]:
    notes = []
    leaked = dict.fromkeys(f"{c.search} {c.protocol}" for c in found if c.selected_on == "test")
    if leaked:
        notes.append(selection_note(list(leaked)))
    kinds = sorted({c.provenance for c in found} - {MEASURED, COMPUTED})
    if kinds:
        notes.append(f"on {' and '.join(kinds)} values: the effects are those of the protocols on this table.")
    failed = [f"{c.n_failed:,} of {c.search} {c.protocol}" for c in found if c.n_failed]
    if failed:
        notes.append(f"runs without an answer, which are left out of the change: {', '.join(failed)}.")
    return notes


def changes_text(problems: Mapping[str, Mapping[str, Search]]) -> str:
    """The changes on every problem for a terminal.

    Raises
    ------
    ValueError
        As of ``changes``.
    """
    parts = []
    for problem, about, rows, notes in _by_problem(problems):
        table = aligned([tuple(name.upper() for name in COLUMNS), *rows], right=RIGHT)
        parts.append(f"{problem}: {about}\n{textwrap.indent(table, '  ')}")
        parts += [f"  note: {note}" for note in notes]
    return "\n\n".join([*parts, f"  {LEGEND}."])


def changes_markdown(problems: Mapping[str, Mapping[str, Search]]) -> str:
    """The changes on every problem in Markdown.

    Raises
    ------
    ValueError
        As of ``changes``.
    """
    parts = [f"{LEGEND}."]
    for problem, about, rows, notes in _by_problem(problems):
        table = markdown_table([COLUMNS, *rows], right=RIGHT)
        parts += [f"### {problem}", f"{about}.", table, *(f"Note: {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"
