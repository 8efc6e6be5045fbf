import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mfnas_vec

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(mfnas_vec.__path__, "mfnas_vec.")
    if not m.name.startswith("mfnas_vec.benchmarks")
)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 4


@pytest.mark.slow
def test_generated_parts_of_the_pages_are_up_to_date(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "bench/render.py", "--check"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_bench_of_sweeps_runs_in_small(tmp_path):
    command = [sys.executable, ROOT / "bench/sweeps.py", "--quick", "--out", tmp_path / "sweeps.json"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "sweeps.json").read_text().count("peak_memory_mb") == 3


def test_project_speaks_of_itself_alone():
    """No path of one machine, no host of a package registry."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    words = ["/" + "work/", "/" + "farm/", "pypi" + ".org", "python" + "hosted", "/" + "root/"]
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".json", "") and "benchmarks_zarr/nb" not in name and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not [w for w in words if w in text], name
