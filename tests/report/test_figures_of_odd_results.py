"""Figures of searches that found nothing, long labels, several units."""

import pytest

from mfnas_vec import run, sweep
from mfnas_vec.analysis.study import Study

pytest.importorskip("matplotlib", reason="matplotlib is in the extra 'plot'")

from mfnas_vec.report.figures import draw
from mfnas_vec.report.figures.references import REFERENCES

MAP = {
    "problems": ["nb201-cifar10"],
    "n_run": 3,
    "optimizers": {"MF-NAS": {"metric_stage1": ["params", "flops", "snip", "zen"], "n_candidate": [4, 8, 16]}},
}


@pytest.fixture
def found_nothing(cifar10):
    """Runs under a budget that allows no evaluation."""
    return run("RS", cifar10, n_run=4, protocol="corrected", max_time=0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["final", "anytime", "cost"])
def test_searches_that_found_nothing_are_drawn_as_such(kind, cifar10, found_nothing):
    alone = draw(kind, Study.of({"A": found_nothing}, cifar10))
    assert any(text.get_text() == "nothing found" for ax in alone.figure.axes for text in ax.texts)
    beside = draw(kind, Study.of({"A": found_nothing, "B": run("RS", cifar10, n_run=4)}, cifar10))
    for drawing in (alone, beside):
        assert "Runs without a test result are left out: 4 of 4 of A on nb201-cifar10." in drawing.caption


def test_shares_of_searches_that_found_nothing(cifar10, found_nothing):
    found = draw("ecdf", Study.of({"A": found_nothing, "B": run("RS", cifar10, n_run=4)}, cifar10), target=90.0)
    assert "A 0 %, B 100 %" in found.alt
    with pytest.raises(ValueError, match="no run ended with a test result"):
        draw("ecdf", Study.of({"A": found_nothing}, cifar10))


def test_one_run_without_a_result_does_not_hide_the_others(cifar10):
    some = run("RS", cifar10, n_run=20, protocol="corrected", max_time=150)
    known = some["test_performance"].notnull().values
    assert 0 < known.sum() < 20
    drawing = draw("anytime", Study.of({"A": some}, cifar10))
    best = float(cifar10["test_acc"].max())
    gap = drawing.figure.axes[0].lines[0].get_ydata()[-1]
    assert gap == pytest.approx(best - float(some["test_performance"].mean()))
    assert f"{20 - known.sum()} of 20 of A" in drawing.caption


@pytest.mark.parametrize("kind", ["final", "cost"])
def test_long_labels_leave_room_for_panels(kind, cifar10):
    label = "a" * 60 + "b" * 60
    drawing = draw(kind, Study.of({label: run("RS", cifar10, n_run=3, max_eval=3, max_time=None)}, cifar10))
    assert drawing.figure.axes[0].get_position().width > 0.3


@pytest.mark.slow
def test_heat_maps_of_several_units_name_them_all(tmp_path):
    settings = {"metric_stage1": ["params", "flops"], "n_candidate": [4, 8]}
    grid = {"problems": ["nb201-cifar10", "nbasr"], "n_run": 3, "optimizers": {"MF-NAS": settings}}
    sweep(grid, tmp_path / "map.zarr")
    caption = draw("heatmap", Study([str(tmp_path / "map.zarr")])).caption
    assert "Mean test accuracy (%) or test phoneme error rate (%)" in caption


def test_long_labels_are_abbreviated_without_becoming_the_same(cifar10):
    long = [f"{'a' * 30}{middle}{'z' * 30}" for middle in "xy"]
    results = {
        label: run("RS", cifar10, n_run=2, max_eval=n, max_time=None) for n, label in enumerate((*long, "B (k=8)"), 3)
    }
    study = Study.of(results, cifar10)
    short = f"{'a' * 18}…{'z' * 17}"
    assert study.names == {long[0]: f"{short} #1", long[1]: f"{short} #2", "B (k=8)": "B (k=8)"}
    legend = draw("cost", study).figure.axes[-1].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert [text for text in texts if text not in REFERENCES] == list(study.names.values())
