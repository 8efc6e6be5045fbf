"""The page on results: what stands in it, and that it is safe and the same twice."""

import base64
import csv
import html
import io
import json
import re

import numpy as np
import pytest
from support.commands import mfnas, refused

from mfnas_vec import open_table, run
from mfnas_vec.analysis.study import Study
from mfnas_vec.cli import main
from mfnas_vec.report.page import verdicts
from mfnas_vec.report.page.about import recipes_of
from mfnas_vec.report.page.illustrations import Styles, without_styles
from mfnas_vec.report.page.published import published_table
from mfnas_vec.report.page.render import asset
from mfnas_vec.report.page.summary import rows_of
from mfnas_vec.report.page.verdicts import pairs_of, ranks_of
from mfnas_vec.report.page.words import summary_of
from mfnas_vec.report.page.write import page, write_page
from mfnas_vec.runs.store import write_result

pytestmark = pytest.mark.slow

GRID = """
title: a <script>alert(1)</script> & "grid"
problems: [nb201-cifar10, nbasr]
n_run: 12
optimizers:
  RS: {max_time: 2000}
  MF-NAS:
    metric_stage1: [params, synflow]
  "<b onclick='x'>SH": {optimizer: SH}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "grid.yaml").write_text(GRID)
    assert main(["sweep", str(folder / "grid.yaml"), "--out", str(folder / "small.zarr")]) == 0
    return folder / "small.zarr"


@pytest.fixture(scope="module")
def study(store):
    return Study([str(store)])


@pytest.fixture(scope="module")
def text(study):
    return page(study)


def downloads(text):
    found = re.findall(r'download="([^"]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', text)
    return {name: list(csv.DictReader(io.StringIO(base64.b64decode(html.unescape(d)).decode()))) for name, d in found}


def contrast(a, b):
    """Contrast of two colours, as WCAG 2 defines it."""

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_the_same_store_gives_the_same_bytes(store, tmp_path, capsys, text):
    out = tmp_path / "page.html"
    assert mfnas(capsys, "report", store, "--out", out)[0] == 0
    assert out.read_text(encoding="utf-8") == text


def test_a_page_is_replaced_only_if_asked(store, tmp_path, capsys):
    out = tmp_path / "page.html"
    out.write_text("mine")
    assert "exists already" in refused(capsys, "report", store, "--out", out)
    assert out.read_text() == "mine"
    write_page([str(store)], out, title="Ours", overwrite=True)
    assert "<title>Ours</title>" in out.read_text(encoding="utf-8")


def test_texts_of_a_store_are_no_markup(text):
    assert "<title>a &lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;grid&#34;</title>" in text
    assert len(re.findall(r"<script", text)) == 1
    assert "<b onclick" not in text


def test_a_title_is_no_markup(study):
    assert "<title>&lt;script&gt;x&lt;/script&gt;</title>" in page(study, "<script>x</script>")


def test_the_policy_allows_no_network_and_the_page_asks_for_none(text):
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert set(rules) == {"default-src", "img-src", "style-src", "script-src", "base-uri", "form-action"}
    assert "unsafe" not in policy
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text)
    assert not re.findall(r"url\((?!#)", text)
    assert not re.findall(r'<[^>]* style="', text)


def test_the_answer_is_three_sentences_with_numbers(study):
    rows = rows_of(study)
    pairs, _, too_many = pairs_of(study, rows)
    ranks, _ = ranks_of(study)
    sentences = summary_of(study, rows, pairs, ranks, too_many)
    assert len(sentences) == 3
    for sentence in sentences:
        assert len(re.findall(r"[.?!](?:\s|$)", sentence)) == 1
    assert "4 searches" in sentences[0]
    assert "12 runs" in sentences[0]
    n_open = sum(1 for each in pairs for v in each.verdicts if not v.winner)
    assert f"Of 12 pairs of searches on a problem, {n_open} do not differ significantly" in sentences[1]
    assert "separate no pair" in sentences[1]  # two problems cannot separate four searches
    assert "modelled values" in sentences[2]


def test_one_search_is_not_compared(tmp_path):
    result = run("RS", open_table("nb201-cifar10"), n_run=5, max_time=2000)
    write_result(result, tmp_path / "one.zarr")
    study = Study([str(tmp_path / "one.zarr")])
    rows = rows_of(study)
    sentences = summary_of(study, rows, *pairs_of(study, rows)[:1], ranks_of(study)[0], False)
    assert f"{float(result['test_performance'].mean()):.2f}" in sentences[0]
    assert "single search" in sentences[1]
    text = page(study)
    assert "mfnas run --table nb201-cifar10 --optimizer RS --set max_time=2000 --n_run 5" in text
    assert list(downloads(text)) == ["results.csv"]


def test_the_only_search_that_found_something_is_named(cifar10):
    nothing = run("RS", cifar10, n_run=12, protocol="corrected", max_time=0)
    study = Study.of({"none": nothing, "SH": run("SH", cifar10, n_run=12)}, cifar10)
    rows = rows_of(study)
    best, limits, _ = summary_of(study, rows, pairs_of(study, rows)[0], None, False)
    assert re.search(r"the best mean test result is [\d.]+\s% of SH on nb201-cifar10", best)
    assert limits.startswith("The two searches differ significantly")


def test_rows_have_the_numbers_of_the_runs(study):
    rows = rows_of(study)
    assert len(rows) == 8
    for row in rows:
        runs = study.searches[row.problem][row.search].runs
        test = runs["test_performance"].values
        assert row.mean == pytest.approx(test.mean())
        assert row.median == np.median(test)
        assert row.low - 1e-9 <= row.mean <= row.high + 1e-9  # equal runs have a mean that is off by rounding
        best = study.optimum(row.problem)
        assert row.regret == pytest.approx(abs(test - best).mean())
        assert row.success == np.mean(abs(test - best) <= 0.01 * best)
        assert row.unique_share == pytest.approx((runs["unique_evaluations"] / runs["evaluations"]).values.mean())
        assert np.isnan(row.seconds) == (row.problem == "nbasr")


def test_downloads_hold_the_numbers_unrounded(text, study):
    found = downloads(text)
    rows = rows_of(study)
    assert [(r["problem"], r["search"]) for r in found["results.csv"]] == [(r.problem, r.search) for r in rows]
    assert [float(r["mean"]) for r in found["results.csv"]] == [row.mean for row in rows]
    assert {r["provenance"] for r in found["results.csv"]} == {"modelled"}
    pairs = pairs_of(study, rows)[0]
    assert len(found["pairs.csv"]) == 12
    assert float(found["pairs.csv"][0]["p_holm"]) == float(pairs[0].found["p_holm"][0])


def test_published_numbers_stand_beside_published_settings_only(study):
    sentences = published_table(study, rows_of(study))
    cells = {(c.row.problem, c.row.search): c.comparison for c in sentences.cells}
    assert {search for _, search in cells} == {f"MF-NAS ({m})" for m in ("params", "synflow")}
    assert len(cells) == 4
    one = cells["nb201-cifar10", "MF-NAS (synflow)"]
    assert (one.published.mean, one.published.sd, one.verdict) == (94.36, 0.05, "on modelled values")
    assert sentences.optima["nb201-cifar10"] == (94.37, study.optimum("nb201-cifar10"))


def test_other_settings_are_not_published(tmp_path):
    table = open_table("nb201-cifar10")
    for k in (32, 64):
        write_result(run("MF-NAS", table, n_run=3, n_candidate=k), tmp_path / f"k{k}.zarr")
    study = Study([f"k{k}={tmp_path}/k{k}.zarr" for k in (32, 64)])
    assert [c.row.search for c in published_table(study, rows_of(study)).cells] == ["k32"]


def test_own_grids_are_given_as_yaml_that_makes_the_same_runs(study, tmp_path, monkeypatch):
    recipe, report = recipes_of(study, None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / recipe.file[0]).write_text(recipe.file[1], encoding="utf-8")
    assert main(recipe.commands[0].split()[1:]) == 0
    again = Study(["small.zarr"])
    for problem, searches in study.searches.items():
        assert list(again.searches[problem]) == list(searches)
        for label, search in searches.items():
            assert search.runs.drop_attrs().equals(again.searches[problem][label].runs.drop_attrs())
    assert report.commands == ["mfnas report small.zarr --out report.html"]


def test_a_shipped_grid_is_given_by_its_name(tmp_path, monkeypatch):
    out = str(tmp_path / "main.zarr")
    assert main(["sweep", "paper/main", "--problems", "nbasr", "--n_run", "2", "--out", out]) == 0
    assert recipes_of(Study([out]), None)[0].commands == [
        "mfnas sweep paper/main --problems nbasr --n_run 2 --seed 0 --protocol gecco2024 --missing refuse "
        "--out main.zarr"
    ]


def test_with_many_searches_the_best_is_listed_and_all_are_corrected_for(study, monkeypatch):
    rows = rows_of(study)
    everything = pairs_of(study, rows)[0][0]
    monkeypatch.setattr(verdicts, "MAX_LISTED", 3)
    fewer = pairs_of(study, rows)[0][0]
    assert len(fewer.listed) == 3
    assert fewer.found.equals(everything.found)
    best = max((row for row in rows if row.problem == fewer.problem), key=lambda row: row.score).search
    assert all(best in fewer.verdicts[i].statement for i in fewer.listed)
    monkeypatch.setattr(verdicts, "MAX_TESTED", 3)
    none, notes, too_many = pairs_of(study, rows)
    assert (none, too_many) == ([], True)
    assert "6 pairs of 4 searches" in notes[0]
    assert "too many pairs to test" in summary_of(study, rows, none, ranks_of(study)[0], too_many)[1]


def test_tallies_count_every_pair_of_a_search(study):
    for each in pairs_of(study, rows_of(study))[0]:
        assert all(sum(counts) == 3 for counts in each.tally.values())
        assert sum(counts[0] for counts in each.tally.values()) == each.n_decided


def test_inline_styles_become_classes():
    styles = Styles()
    inner = '<g style="fill: red; "><a class="b" style="fill: red"/></g>'
    svg = f'<svg width="3pt"><style>*{{x:y}}</style><!-- <g style="a"> -->{inner}</svg>'
    assert without_styles(svg, styles) == '<svg><g class="f0"><a class="b f0"/></g></svg>'
    assert styles.css() == ".f0{fill: red}\n"


def test_a_missing_package_is_named_with_its_extra(monkeypatch, store, tmp_path, capsys):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "jinja2" else real(name, *a))
    error = refused(capsys, "report", store, "--out", tmp_path / "x.html")
    assert "jinja2" in error
    assert "mfnas-vec[report]" in error
    assert not list(tmp_path.iterdir())


def test_texts_can_be_read_in_both_schemes():
    css = asset("page.css")
    colours = {n: c for n, *c in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)}
    pairs = [(ink, ground) for ink in ("ink", "quiet", "link") for ground in ("paper", "ground")]
    pairs += [(f"{kind}-ink", f"{kind}-ground") for kind in ("modelled", "measured", "computed")]
    pairs += [("measured-ink", "paper"), ("measured-ink", "ground")]
    pairs += [("fig-ink", "fig-paper"), ("fig-muted", "fig-paper")]
    for scheme in (0, 1):
        for ink, ground in pairs:
            assert contrast(colours[ink][scheme], colours[ground][scheme]) >= 4.5, (ink, ground, scheme)
        for name in ["focus", "edge", *(f"fig-s{i}" for i in range(9))]:
            assert contrast(colours[name][scheme], colours["paper"][scheme]) >= 3, (name, scheme)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_modelled_is_said_at_every_table_of_results(text):
    for caption in re.findall(r"<caption>(.*?)</caption>", text):
        assert "modelled" in caption
    assert all("modelled" in caption for caption in re.findall(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL))


def test_pages_do_not_say_where_a_store_was(text, store):
    assert str(store.parent) not in text
    assert json.dumps(str(store.parent)) not in text


def test_a_kind_that_does_not_apply_is_left_out_with_its_reason(text):
    assert "Not drawn:" in text
    assert "heat map" in text[text.index("Not drawn:") :]
