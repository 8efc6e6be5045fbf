"""The commands that draw conclusions: plan, compare --leak, report --table."""

import re

import pytest
from support.commands import mfnas, refused

from mfnas_vec import run
from mfnas_vec.analysis.comparison import scores_of
from mfnas_vec.analysis.power import detectable_difference, pilot_sd, runs_needed
from mfnas_vec.runs.store import write_result


@pytest.fixture(scope="module")
def pilots(tmp_path_factory, cifar10):
    folder = tmp_path_factory.mktemp("pilots")
    results = {name: run(name, cifar10, n_run=20, max_time=3000) for name in ("RS", "REA")}
    for name, result in results.items():
        write_result(result, folder / f"{name}.zarr")
    return [str(folder / f"{name}.zarr") for name in results], [scores_of(result) for result in results.values()]


@pytest.mark.slow
def test_a_pilot_gives_the_spread_and_the_runs(pilots, capsys):
    paths, samples = pilots
    printed = mfnas(capsys, "plan --difference 0.2", *paths)[1]
    sd = pilot_sd(*samples)
    cells = re.split(r"\s{2,}", printed.splitlines()[1])
    assert cells[0] == "nb201-cifar10"
    assert cells[1:4] == [f"{sd:.3g} %", "1", "20"]
    assert cells[4] == f"{detectable_difference(sd, 20):.3g} %"
    assert cells[6] == f"{runs_needed(0.2, sd):,}"


def test_a_plan_without_a_pilot(capsys):
    assert f"{runs_needed(0.1, 0.4, n_pair=10):,}" in mfnas(capsys, "plan --sd 0.4 --searches 5 --difference 0.1")[1]
    for words, message in (
        ("plan", "plan needs a pilot (RESULT) or --sd, and not both"),
        ("plan --sd 0.4", "without a pilot, plan needs --runs or --difference"),
        ("plan --sd -1 --runs 5", "sd=-1.0 must be a positive number"),
        ("plan --sd 1 --runs 0", "runs=0 must be >= 1"),
        ("plan --sd 1 --runs 9 --searches 1", "searches=1 must be >= 2"),
        ("plan --sd 1 --runs 9 --power 1", "power=1.0 must be between 0 and 1"),
    ):
        assert message in refused(capsys, words)


def test_leaks_are_columns_of_a_comparison(pilots, capsys):
    paths, _ = pilots
    printed = mfnas(capsys, "compare --leak", *paths)[1]
    assert "BEST EVALUATED  LEAK  95 % INTERVAL" in printed
    assert "selection leak: how much better" in printed
    code, printed, _ = mfnas(capsys, "compare", *paths)
    assert (code, "LEAK" in printed) == (0, False)


@pytest.mark.slow
def test_the_page_of_a_table(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    out = tmp_path / "page.html"
    command = "report --table nb201-cifar10 --out", out
    assert mfnas(capsys, *command)[0] == 0
    text = out.read_text(encoding="utf-8")
    for words in ("local optima", "Rank correlations with the test result", "between trainings of one architecture"):
        assert words in text
    assert not re.search(r'(?:src|href)="(?!#|data:)', text.replace('xlink:href="#', ""))
    assert mfnas(capsys, *command, "--overwrite")[0] == 0
    assert out.read_text(encoding="utf-8") == text
    assert "report needs results or --table, and not both" in refused(capsys, "report --out", tmp_path / "p.html")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
