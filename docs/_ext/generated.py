"""Pages that are generated while the site is built: command line, variables of tables and results, shipped grids."""

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "_generated"


def _table(rows: list[list[str]]) -> str:
    head, *body = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _commands(parser: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """The parsers of all commands that can be given, in the order of the help, and what each does."""
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield parser, parser.description or f"{words[:1].upper()}{words[1:]}."
    for action in inner:
        said = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, command in action.choices.items():
            yield from _commands(command, said.get(name, ""))


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or action.dest.upper()
    value = " ".join(value) if isinstance(value, tuple) else value
    if action.choices is not None and not action.metavar:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if not action.option_strings:
        return f"`{value}`"
    takes = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{flag}{takes}`" for flag in action.option_strings)


def command_line() -> str:
    """A section per command, from the parser."""
    from mfnas_vec.cli.parser import make_parser

    parts = []
    for command, words in _commands(make_parser()):
        actions = [a for a in command._actions if not isinstance(a, argparse._HelpAction)]
        rows = [
            [_spelling(a), (a.help or "").replace("%%", "%").replace("%(default)s", str(a.default))] for a in actions
        ]
        arguments = _table([["argument", "meaning"], *rows]) if rows else "No arguments."
        parts.append(f"## {command.prog}\n\n{' '.join(words.split())}\n\n{arguments}\n")
    return "\n".join(parts)


def table_variables() -> str:
    """The declared variables of tables."""
    from mfnas_vec.tables.schema import SCHEMA

    rows = [["variable", "dimensions", "units", "direction", "meaning"]]
    rows += [[f"`{v.name}`", ", ".join(v.dims), v.units, v.direction, v.long_name] for v in SCHEMA.values()]
    return _table(rows)


def result_variables() -> str:
    """The variables of a result, as a run fills them in."""
    from mfnas_vec import open_table, run

    result: Any = run("RS", open_table("nbgraph-cora"), n_run=1, trace=True)
    rows = [["variable", "dimensions", "units", "provenance", "meaning"]]
    for name, variable in result.data_vars.items():
        attrs = variable.attrs
        comment = f"; {attrs['comment']}" if "comment" in attrs else ""
        if "flag_meanings" in attrs:
            comment = ": " + ", ".join(f"{i} {word}" for i, word in enumerate(attrs["flag_meanings"].split()))
        said = ["said" if "provenance" in attrs else ""]
        rows.append(
            [f"`{name}`", ", ".join(variable.dims), attrs.get("units", ""), *said, attrs["long_name"] + comment]
        )
    return _table(rows)


def grids() -> str:
    """The shipped grids."""
    from mfnas_vec.sweeps.grid_files import shipped_grids

    return _table([["grid", "what it is"], *([f"`{name}`", title] for name, title in shipped_grids().items())])


PAGES = (command_line, table_variables, result_variables, grids)


def write_pages() -> None:
    """Write every page that has changed."""
    FOLDER.mkdir(exist_ok=True)
    for page in PAGES:
        path, text = FOLDER / f"{page.__name__}.md", inspect.cleandoc(page()) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
