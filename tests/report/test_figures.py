"""Figures: what they say, how searches look in them, the same bytes each time."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import xarray as xr
from support.commands import mfnas, refused

from mfnas_vec import open_table, run, sweep
from mfnas_vec.analysis.anytime import anytime
from mfnas_vec.analysis.sources import TableStudy
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.targets import hitting_costs
from mfnas_vec.cli.catalogue import FIGURES
from mfnas_vec.runs.store import write_result
from mfnas_vec.runs.trace import thin

pytest.importorskip("matplotlib", reason="matplotlib is in the extra 'plot'")

from mfnas_vec.report.figures import KINDS, draw, inline_svg, panel_svgs, save
from mfnas_vec.report.figures.panels import looks, selection
from mfnas_vec.report.figures.style import COLOURS
from mfnas_vec.report.page.checklist import checklist_of

pytestmark = pytest.mark.slow

GRID = {
    "problems": ["nb201-cifar10", "nbasr"],
    "n_run": 12,
    "optimizers": {
        "RS": {"max_eval": 30},
        "SH": {"n_candidate": 4},
        "MF-NAS": {"metric_stage1": ["params", "synflow"]},
    },
}
MAP = {
    "problems": ["nb201-cifar10"],
    "n_run": 3,
    "optimizers": {"MF-NAS": {"metric_stage1": ["params", "flops", "snip", "zen"], "n_candidate": [4, 8, 16]}},
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory, cifar10):
    folder = tmp_path_factory.mktemp("stores")
    sweep(GRID, folder / "grid.zarr")
    sweep(MAP, folder / "map.zarr")
    write_result(run("RS", cifar10, n_run=3, max_eval=6, max_time=None), folder / "rs.zarr")
    return folder


@pytest.fixture(scope="module")
def study(stores):
    return Study([str(stores / "grid.zarr")])


def drawing_of(kind, stores, study):
    if kind == "heatmap":
        return draw(kind, Study([str(stores / "map.zarr")]))
    return draw(kind, study.on(["nb201-cifar10"]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_twice_gives_the_same_bytes(kind, stores, study, tmp_path):
    from matplotlib import rc_context

    for suffix in ("svg", "pdf", "png"):
        written = []
        for size in (6, 30):  # a user's own settings do not show
            with rc_context({"font.size": size, "lines.linewidth": size}):
                drawing = drawing_of(kind, stores, study)
                save(drawing, tmp_path / f"f.{suffix}", overwrite=True)
                written.append((tmp_path / f"f.{suffix}").read_bytes())
        assert written[0] == written[1]
        assert not re.search(rb"20\d\d-\d\d-\d\d|CreationDate", written[0])
    assert drawing.alt.count(".") > 1
    assert "modelled" in drawing.caption
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_inline_figures_are_part_of_a_page(kind, stores, study):
    drawing = drawing_of(kind, stores, study)
    svg = inline_svg(drawing, "f1")
    root = ElementTree.fromstring(svg)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert all(name.startswith("f1-") for name in ids)
    assert len(set(ids)) == len(ids)
    for name in re.findall(r'(?:url\(#|xlink:href="#)([^)"]*)', svg):
        assert name in ids
    title, desc = root[0], root[1]
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
    assert (title.text, desc.text) == (drawing.title, drawing.alt)
    assert "var(--fig-ink, #222222)" in svg
    assert "<text" in svg
    assert inline_svg(drawing, "f1") == svg


def test_labels_of_others_do_no_harm(cifar10, tmp_path):
    """Labels are users' texts: no mathematics, no markup."""
    label = "<b>$x$ & 'y'_"
    searches = {label: {"optimizer": "RS", "max_eval": 3}, "SH": {}}
    sweep({"problems": ["nb201-cifar10"], "n_run": 3, "optimizers": searches}, tmp_path / "r.zarr")
    svg = inline_svg(draw("final", Study([str(tmp_path / "r.zarr")])), "f")
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert label in texts


def test_an_optimizer_has_one_colour_everywhere(study, stores):
    found = looks(study)
    assert found["RS"].colour == COLOURS[0]
    assert looks(Study([str(stores / "rs.zarr")]))["RS"] == found["RS"]
    assert looks(study.on(["nbasr"])) == found


def test_a_cost_without_epochs_counts_trainings(study):
    graphs = Study.of({"RS": run("RS", open_table("nbgraph-cora"), n_run=3, max_eval=5, max_time=None)})
    drawing = draw("cost", graphs)
    assert drawing.title == "Test result against search cost in trainings"
    names = [name for name, _ in draw("cost", graphs, page=True).legend]
    assert names == ["RS", "random search, exact", "median of the table"]  # no epoch to be the best after
    assert drawing.figure.axes[0].get_xlabel() == "simulated search cost (trainings)"
    assert [study.cost_unit("nbasr", over) for over in ("seconds", "epochs")] == ["s", "epochs"]
    assert "stand for 18 trainings;" in dict(checklist_of(graphs))["Hardware and time of these results"]


def test_variants_of_an_optimizer_have_colours_of_their_own(study):
    found = looks(study)
    mf_nas = [look for label, look in found.items() if label.startswith("MF-NAS")]
    assert len(mf_nas) == 2
    assert mf_nas[0].colour == COLOURS[6]
    assert len({look.colour for look in found.values()}) == len(found)


def test_panels_of_a_page_are_elements_with_the_same_marks(study):
    drawing = draw("anytime", study, page=True)
    panels = panel_svgs(drawing, "f1")
    assert [title for title, _ in drawing.panels] == study.problems
    assert [name for name, _ in drawing.legend][: len(study.labels)] == list(study.names.values())
    everything = "".join(panels)
    ids = re.findall(r'\bid="([^"]*)"', everything)
    assert len(set(ids)) == len(ids)
    for name in re.findall(r'(?:url\(#|xlink:href="#)([^)"]*)', everything):
        assert name in ids
    for i, svg in enumerate(panels):
        root = ElementTree.fromstring(svg)
        assert study.problems[i] in root[0].text
        assert f">{study.problems[i]}<" in svg
        assert all(f">{other}<" not in svg for other in study.problems if other != study.problems[i])


def test_labels_of_logarithmic_axes_are_plain_numbers(cifar10, study):
    drawings = [draw("landscape", TableStudy({"nb201-cifar10": cifar10})), draw("anytime", study), draw("ranks", study)]
    for drawing in drawings:
        svg = inline_svg(drawing, "f")
        assert "mathdefault" not in svg
    drawings[0].figure.draw_without_rendering()
    texts = [text.get_text() for text in drawings[0].figure.axes[1].get_xticklabels()]
    assert {"1", "10", "100", "1,000"} & set(texts)
    assert all(re.fullmatch(r"[\d,.]*", text) for text in texts)


def test_of_many_searches_the_best_are_shown(stores):
    many = Study([str(stores / "map.zarr")])
    shown, note = selection(many, 5)
    means = {k: float(s.runs["test_performance"].mean()) for k, s in many.searches["nb201-cifar10"].items()}
    assert min(means[label] for label in shown) >= sorted(means.values())[-5]
    assert note == "The best 5 of 12 searches"
    looked = looks(many)
    assert len({looked[label].colour for label in selection(many)[0]}) == 9


def test_final_regret_is_that_of_the_stored_runs(study):
    """The end of each anytime curve is what the store says."""
    drawing = draw("anytime", study, problems=["nb201-cifar10"])
    found = study.searches["nb201-cifar10"]
    optimum = study.optimum("nb201-cifar10")
    lines = drawing.figure.axes[0].get_lines()
    assert {line.get_label() for line in lines[len(found) :]} == {
        "random search, exact",
        "top 10 after one epoch",
        "median of the table",
    }
    for label, curve in zip(found, lines, strict=False):
        gap = optimum - float(found[label].runs["test_performance"].mean())
        assert curve.get_ydata()[-1] == pytest.approx(max(gap, 0.01))


def test_shares_in_the_end_count_runs(study):
    drawing = draw("ecdf", study, problems=["nb201-cifar10"], target=93.0)
    found = study.searches["nb201-cifar10"]
    for label, curve in zip(found, drawing.figure.axes[0].get_lines(), strict=True):
        share = float((found[label].runs["test_performance"] >= 93.0).mean())
        assert curve.get_ydata()[-1] >= share
        assert np.round(curve.get_ydata()[-1] * 12, 9) % 1 == 0


def test_searches_can_only_be_made_again_on_their_table(stores, cifar10):
    other = cifar10.copy(deep=True)
    other["val_acc"] = other["val_acc"] * 0.9
    changed = Study([str(stores / "grid.zarr")], ["nb201-cifar10"], tables={"nb201-cifar10": other})
    with pytest.raises(ValueError, match="cannot be re-run"):
        draw("anytime", changed)


def test_traces_are_those_of_the_stored_runs(study):
    for label, search in study.searches["nbasr"].items():
        traced = study.traced("nbasr", label)
        xr.testing.assert_equal(traced["cost_epochs"].reset_coords(drop=True), search.runs["cost_epochs"])
        assert int(traced["trace_incumbent"].isel(step=0).min()) >= 0


def test_what_cannot_be_drawn_is_refused(study, stores, cifar10):
    for kind, options, message in (
        ("pie", {}, "kind='pie' must be one of anytime"),
        ("final", {"over": "epochs"}, "over='epochs' is not for final"),
        ("anytime", {"over": "kg"}, "over='kg' must be one of"),
        ("cost", {"over": "seconds", "problems": ["nbasr"]}, "the table of nbasr has no seconds"),
        ("ecdf", {"target": float("nan")}, "target=nan must be a number"),
        ("heatmap", {}, "varied here: metric_stage1"),
        ("proxy", {}, "choose one"),
        ("final", {"problems": ["nosuch"]}, "problems='nosuch' is not of these results"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(kind, study, **options)
    with pytest.raises(ValueError, match="metrics='foo' is not in the table"):
        draw("proxy", TableStudy({"nb201-cifar10": cifar10}), metrics=["foo"])
    with pytest.raises(ValueError, match="no search has the label 'X'"):
        Study([str(stores / "grid.zarr")], labels=["X"])


def test_the_command_draws(stores, tmp_path, capsys):
    assert set(FIGURES) == set(KINDS)
    out = tmp_path / "f.svg"
    words = "plot --problems nbasr --over evaluations cost", stores / "grid.zarr", "--out", out
    code, printed, _ = mfnas(capsys, *words)
    assert code == 0
    assert f"written to {out}" in printed
    assert "n = 12 runs of each search, seed 0" in printed
    assert "exists already" in refused(capsys, *words)
    assert mfnas(capsys, *words, "--overwrite")[0] == 0
    assert mfnas(capsys, "plot proxy nb201-cifar10 --metrics synflow --out", tmp_path / "p.png")[0] == 0
    message = refused(capsys, "plot final", stores / "grid.zarr", "--out", tmp_path / "f.jpg")
    assert "must end in .svg, .pdf, .png" in message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.svg", "p.png"]


def test_results_in_memory_are_a_study(cifar10, tmp_path):
    mine = cifar10.assign(mine=("arch", np.arange(15_625.0), {"provenance": "computed"}))
    results = {
        metric: run("MF-NAS", mine, n_run=5, max_eval_stage1=9, metric_stage1=metric) for metric in ("mine", "zen")
    }
    study = Study.of(results, mine)
    assert study.labels == ["mine", "zen"]
    assert study.searches["nb201-cifar10"]["mine"].provenance == "modelled"
    drawing = draw("anytime", study)
    assert "<figcaption>Mean test regret" in drawing._repr_html_()
    assert inline_svg(drawing, "x") == inline_svg(draw("anytime", Study.of(results, mine)), "x")
    with pytest.raises(ValueError, match="metric_stage1='mine' is not a metric"):
        draw("anytime", Study.of(results))
    with pytest.raises(ValueError, match=r"results\['x'\] is no result of run"):
        Study.of({"x": cifar10})
    untested = results["zen"].copy()
    untested["test_performance"] = untested["test_performance"].assign_attrs(units="1")
    with pytest.raises(ValueError, match="not comparable"):
        Study.of({"mine": results["mine"], "zen": untested})


def test_thinned_traces_have_the_same_curves(cifar10):
    result = run("MF-NAS", cifar10, n_run=20, trace=True)
    thinned = thin(result)
    assert thinned.sizes["step"] < result.sizes["step"] / 10
    for over in ("seconds", "epochs", "evaluations"):
        whole, part = (
            anytime(r, cifar10, over=over, n_point=300, search_score=False)["test_performance"]
            for r in (result, thinned)
        )
        xr.testing.assert_identical(whole, part)
        np.testing.assert_array_equal(*(hitting_costs(r, 94.0, over=over, table=cifar10) for r in (result, thinned)))


def test_own_tables_are_named_on_the_command_line(cifar10, tmp_path, capsys):
    from mfnas_vec._files import write_zarr

    own = cifar10[["val_acc", "test_acc", "train_seconds", "params"]].assign_attrs(name="own")
    write_zarr(own, tmp_path / "own.zarr")
    table, result = tmp_path / "own.zarr", tmp_path / "r.zarr"
    assert mfnas(capsys, "run --optimizer RS --n_run 3 --table", table, "--out", result)[0] == 0
    words = "plot anytime", result, "--out", tmp_path / "f.svg"
    assert "own: the table of these results is not available; --tables PATH" in refused(capsys, *words)
    assert mfnas(capsys, *words, "--tables", table)[0] == 0
