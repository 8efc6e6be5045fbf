"""Every code block of the README and of the pages in docs is run, and what it prints is compared."""

import importlib.util
import re
from pathlib import Path

import pytest

import mfnas_vec

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(p for p in ROOT.glob("docs/**/*.md") if "_generated" not in p.parts)]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/_ext/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


blocks = load("blocks")


def named(path):
    return str(path.relative_to(ROOT))


RUN = [p for p in PAGES if any(b.is_run for b in blocks.blocks_of(p.read_text(encoding="utf-8")))]


@pytest.mark.slow
@pytest.mark.parametrize("path", RUN, ids=named)
def test_blocks_print_what_the_page_shows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", blocks.COLUMNS)
    for block, printed in blocks.run_page(path.read_text(encoding="utf-8")):
        assert blocks.agrees(block.output, printed), f"{block.code}\nprints\n{printed}"


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_block_is_run_or_says_why_not(path):
    text = path.read_text(encoding="utf-8")
    found = blocks.blocks_of(text)
    fences, directives = len(re.findall("^```", text, re.MULTILINE)), len(re.findall(r"^```\{", text, re.MULTILINE))
    assert fences == 2 * (len(found) + sum(b.output is not None for b in found) + directives)
    for block in found:
        assert block.language in ("python", "sh", "yaml", "toml", "bibtex", "text"), block
        assert block.language != "text", f"output of nothing: {block.code}"
        if block.mark.startswith("not run"):
            assert len(block.mark) > len("not run: ..."), block


def test_few_blocks_are_not_run():
    marks = [b.mark for p in PAGES for b in blocks.blocks_of(p.read_text(encoding="utf-8"))]
    assert sum(mark.startswith("not run") for mark in marks) <= 15


def anchors(path):
    """Anchors of the headings of a page, as GitHub and the site make them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=named)
def test_links_lead_somewhere(path):
    for target, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{target} of {path.name}"
        assert there.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(there), f"{target}#{anchor} of {path.name}"


def test_the_readme_is_short_and_has_what_newcomers_need():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    for page in ("write-your-own-optimizer", "outside-optimizers", "your-own-search-space", "tutorials/own-proxy"):
        assert f"docs/{page}.md" in text
    assert text.index("Modelled") < text.index("<!-- command run -->")


def test_outputs_that_differ_are_noticed():
    page = "```python\nprint(1 + 1, 'and more')\n```\n\n```text\n{}\n```\n"
    for shown, same in (("2 and more", True), ("2 ...", True), ("3 and more", False), ("2 and", False)):
        ((block, printed),) = blocks.run_page(page.format(shown))
        assert blocks.agrees(block.output, printed) is same


def test_pictures_are_as_generated():
    pictures = load("pictures")
    for name, svg in pictures.PICTURES.items():
        assert (ROOT / "docs/_static" / name).read_text(encoding="utf-8") == svg(), name


def test_every_embedded_table_has_its_page():
    from mfnas_vec.tables.store import read_manifest

    folder, text = ROOT / "docs/_static/tables", (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    linked = re.findall(r'<a href="_static/tables/([^"]+)\.html">', text)
    assert linked == list(read_manifest())
    assert sorted(p.stem for p in folder.iterdir()) == sorted(linked)
    for name, entry in read_manifest().items():
        assert entry["digest"] in (folder / f"{name}.html").read_text(encoding="utf-8"), f"{name}: run table_pages.py"


@pytest.mark.slow
def test_pages_of_tables_have_the_numbers_of_the_report():
    from mfnas_vec import open_table
    from mfnas_vec.report.page.benchmark import benchmark_page

    def numbers(page):
        return sorted(re.findall(r'<td class="num">(.*?)</td>', page))

    kept = numbers((ROOT / "docs/_static/tables/nbgraph-proteins.html").read_text(encoding="utf-8"))
    assert len(kept) > 30
    assert numbers(benchmark_page(open_table("nbgraph-proteins", embedded=True))) == kept, "run table_pages.py"


def test_the_page_on_optimizers_names_what_there_is():
    from mfnas_vec import search

    text = (ROOT / "docs/write-your-own-optimizer.md").read_text(encoding="utf-8")
    table = text.split("| function | what it does |")[1].split("\n\n")[0]
    names = re.findall(r"`([a-z_]+)\(", table)
    assert len(names) >= 10
    assert set(names) <= set(search.__all__)


def test_the_example_of_optuna_is_short():
    text = (ROOT / "docs/outside-optimizers.md").read_text(encoding="utf-8")
    (example,) = (b for b in blocks.blocks_of(text) if b.mark == "example optuna")
    assert len(example.code.strip().splitlines()) <= 15


def test_there_are_answers_to_25_questions():
    heads = re.findall(r"^## (\d+)\. ", (ROOT / "docs/how-do-i.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads == [str(i) for i in range(1, 26)]


def test_every_command_optimizer_and_variable_is_in_the_reference():
    from mfnas_vec.cli.catalogue import OPTIMIZERS
    from mfnas_vec.tables.schema import SCHEMA

    api = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    assert all(re.search(rf"\b{name}\b", api) for name in mfnas_vec.__all__)
    generated = load("generated")
    text = generated.command_line()
    for name in ("run", "reproduce", "sweep", "compare", "report", "tables import", "tables fetch", "bench"):
        assert f"## mfnas {name}\n" in text
    assert not re.search(r"^## .*\n\n\n|\|  \|$", text, re.MULTILINE), "a command or an argument without a word"
    settings = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert all(name in settings for name in OPTIMIZERS)
    assert all(f"`{name}`" in generated.table_variables() for name in SCHEMA)
