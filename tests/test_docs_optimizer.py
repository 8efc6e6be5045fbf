"""The code of docs/write-your-own-optimizer.md is run as it stands: the file, the commands, the blocks."""

import re
import shlex
from pathlib import Path

from mfnas_vec.cli import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/write-your-own-optimizer.md").read_text(encoding="utf-8")


def test_the_page_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first, *blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "annealing.py").write_text(first, encoding="utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in commands.strip().splitlines():
        command, *arguments = shlex.split(line)
        assert command == "mfnas"
        assert main(arguments) == 0, line
    printed = capsys.readouterr().out
    assert "first temperature, in units of the metric" in printed
    assert (tmp_path / "anytime.svg").exists()
    assert len(blocks) == 4
    for block in blocks:
        exec(block, {"__name__": "page"})
    printed = capsys.readouterr().out
    assert "Annealing" in printed
    assert (tmp_path / "sweep.zarr").is_dir()


def test_the_page_names_what_there_is():
    from mfnas_vec import search

    table = TEXT.split("| function | what it does |")[1].split("\n\n")[0]
    for name in re.findall(r"`([a-z_]+)\(", table):
        assert name in search.__all__


def test_the_readme_links_to_the_page():
    assert "docs/write-your-own-optimizer.md" in (ROOT / "README.md").read_text(encoding="utf-8")
