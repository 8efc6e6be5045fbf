"""Run the code blocks of a page and compare what they print with the page.

    python docs/_ext/blocks.py [--write] PAGE...

The blocks of a page run in order, in one namespace and one empty folder: Python as it stands, of a shell the ``mfnas``
commands, in this process. A ``text`` block right after one is what it prints; ``...`` there stands for any text.
A comment right before a block changes this:

``<!-- file NAME -->``
    The block is written to that file, not run.
``<!-- not run: REASON -->``
    The block is not run.
``<!-- command NAME -->``
    The block is run elsewhere: by .ci/run, in a fresh environment.

``--write`` replaces what the page shows by what is printed.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
#: Columns of a terminal that blocks are run in.
COLUMNS = "120"


class Block(NamedTuple):
    """A block of code of a page."""

    mark: str
    language: str
    code: str
    output: str | None
    #: Where the output stands in the page.
    span: tuple[int, int]

    @property
    def is_run(self) -> bool:
        """Whether it is run here."""
        return self.language in ("python", "sh") and not self.mark.startswith(("file ", "not run: ", "command "))


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, each with the output that follows it."""
    found = []
    for match in BLOCK.finditer(text):
        parts = match.groupdict()
        found.append(
            Block(parts["mark"] or "", parts["language"], parts["code"], parts["output"], match.span("output"))
        )
    return found


def commands_of(code: str) -> Iterator[list[str]]:
    """The words of each command of a shell block."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def run_block(block: Block, names: dict[str, Any]) -> str:
    """Run a block; what it prints."""
    from mfnas_vec.cli import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if block.language == "python":
            exec(compile(block.code, "block", "exec"), names)
            return printed.getvalue()
        for command, *arguments in commands_of(block.code):
            if command != "mfnas":
                raise ValueError(f"only mfnas commands can be run here: {command}")
            code = main(arguments)
            if code:
                raise RuntimeError(f"mfnas {shlex.join(arguments)} ended with {code}")
    return printed.getvalue()


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def agrees(shown: str, printed: str) -> bool:
    """Whether a page shows what is printed; ``...`` stands for any text."""
    pattern = ".*?".join(re.escape(part) for part in _lines(shown).split("..."))
    return re.fullmatch(pattern, _lines(printed), re.DOTALL) is not None


def run_page(text: str) -> Iterator[tuple[Block, str]]:
    """Run the blocks of a page in the current folder; each that shows output, with what it printed."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(text):
        if block.mark.startswith("file "):
            Path(block.mark.removeprefix("file ")).write_text(block.code, encoding="utf-8")
        elif block.is_run:
            printed = run_block(block, names)
            if block.output is not None:
                yield block, printed


def rewritten(text: str) -> str:
    """The page with what its blocks print."""
    made = text
    for block, printed in reversed(list(run_page(text))):
        if block.output is not None and not agrees(block.output, printed):
            start, end = block.span
            made = made[:start] + _lines(printed) + "\n" + made[end:]
    return made


def main(arguments: list[str]) -> int:
    """Check or write pages; 1 if one shows what is not printed."""
    os.environ["COLUMNS"] = COLUMNS
    stale = 0
    for path in (Path(name).resolve() for name in arguments if name != "--write"):
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            made = rewritten(text)
        if made != text:
            stale = 1
            print(f"{path.name} shows other output than is printed")
            if "--write" in arguments:
                path.write_text(made, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
