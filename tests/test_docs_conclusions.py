"""The code of docs/conclusions.md is run as it stands."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/conclusions.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_blocks_run_one_after_the_other(capsys):
    names = {}
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(block, names)
    printed = capsys.readouterr().out
    assert "BEST EVALUATED" in printed
    assert "selection leak: how much better" in printed
    assert "best_evaluated" in printed
