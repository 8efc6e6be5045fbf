"""The code of docs/your-own-search-space.md is run as it stands."""

import re
from pathlib import Path

import pytest

from mfnas_vec.spaces import SPACES

PAGE = Path(__file__).parents[1] / "docs/your-own-search-space.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def registry():
    kept = dict(SPACES)
    yield
    SPACES.clear()
    SPACES.update(kept)


def test_the_blocks_run_one_after_the_other(registry, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(block, names)
    printed = capsys.readouterr().out
    assert "16:32:1:7" in printed
    assert "metric is needed" in printed
    assert {"two-layers", "branches"} <= set(SPACES)
    for name, result in names["results"].items():
        assert f"{name} " in printed
        assert result.sizes["run"] == 500
    assert names["tree"]["two-layers"].sizes["run"] == 50


def test_the_readme_names_the_page():
    assert f"docs/{PAGE.name}" in (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
