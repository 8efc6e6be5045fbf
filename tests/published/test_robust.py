"""The published table of R-MF-NAS: its numbers, how it is made, and its verdicts."""

import csv

import numpy as np
import pytest
import xarray as xr

from mfnas_vec.cli import main
from mfnas_vec.published import robust
from mfnas_vec.published.robust import (
    CONFIGURATIONS,
    OPTIMIZERS,
    PUBLISHED,
    Robustness,
    configurations,
    robustness,
    robustness_grid,
    verdicts,
)
from mfnas_vec.runs.run import run
from mfnas_vec.sweeps.sweep import sweep
from mfnas_vec.tables.store import open_table

pytestmark = pytest.mark.slow


def made(mean, sd, *, direction="maximize", provenance="measured", problem="nb101", n_run=500):
    """A result of two proxies and two k for both optimizers."""
    attrs = {"direction": direction, "units": "%", "provenance": provenance}
    dims = ("optimizer", "metric_stage1", "k")
    return xr.Dataset(
        {"mean": (dims, np.array([mean, mean]), attrs), "sd": (dims, np.array([sd, sd]), attrs)},
        coords={"optimizer": list(OPTIMIZERS), "metric_stage1": ["a", "b"], "k": [16, 32]},
        attrs={"problem": problem, "n_run": n_run},
    )


def test_gaps_of_the_published_table_are_its_differences():
    """All but one, which the publication prints as 1.40 where its best and worst differ by 1.42."""
    differ = [
        (problem, name)
        for problem, columns in PUBLISHED.items()
        for name, column in columns.items()
        if abs(abs(column.best - column.worst) - column.gap) > 0.011
    ]
    assert differ == [("nb201-cifar10", "R-MF-NAS")]


def test_best_worst_mean_and_gap():
    result = made([[90.0, 94.0], [80.0, 92.0]], [[1.0, 2.0], [3.0, 4.0]])
    expected = Robustness(94.0, 2.0, 80.0, 3.0, 89.0, np.std([90, 94, 80, 92]), 14.0)
    assert robustness(result, "MF-NAS") == pytest.approx(expected)
    lower = made([[90.0, 94.0], [80.0, 92.0]], [[1.0, 2.0], [3.0, 4.0]], direction="minimize")
    assert robustness(lower, "MF-NAS")[:4] == (80.0, 3.0, 94.0, 2.0)
    assert robust.configuration_of(result, "MF-NAS", best=True) == "a, k = 32"
    assert robust.configuration_of(lower, "MF-NAS", best=True) == "b, k = 16"


def test_a_failed_configuration_is_left_out():
    result = made([[np.nan, 94.0], [80.0, 92.0]], [[np.nan, 2.0], [3.0, 4.0]])
    assert robustness(result, "MF-NAS").mean == pytest.approx(np.mean([94, 80, 92]))
    nothing = made([[np.nan] * 2] * 2, [[np.nan] * 2] * 2)
    assert np.isnan(robustness(nothing, "MF-NAS")).all()


def test_verdicts_respect_provenance_and_errors():
    known = PUBLISHED["nb101"]["MF-NAS"]
    means = [[known.best + 0.02, 92.0], [known.worst - 0.3, 91.0]]
    found = verdicts(made(means, [[known.best_sd, 1.0], [known.worst_sd, 1.0]]), "MF-NAS")
    assert found["best"] == "reproduced"
    assert found["worst"] == "differs by -0.30"
    modelled = verdicts(made(means, [[1.0, 1.0], [1.0, 1.0]], provenance="modelled"), "MF-NAS")
    assert set(modelled.values()) == {"on modelled values"}


def test_the_grid_has_every_configuration():
    grid = robustness_grid()
    assert list(grid.problems) == list(PUBLISHED)
    for problem in PUBLISHED:
        proxies, ks = CONFIGURATIONS[problem.partition("-")[0]]
        entries = [entry for entry in grid.entries if problem in entry.problems]
        assert [entry.optimizer for entry in entries] == list(OPTIMIZERS)
        assert all(entry.settings == {"metric_stage1": [*proxies], "n_candidate": [*ks]} for entry in entries)


@pytest.mark.parametrize("protocol", ["head2025", "corrected"])
def test_configurations_are_searches_of_their_own(protocol):
    table = open_table("nbasr")
    tree = sweep(robustness_grid(["nbasr"]), n_run=12, protocol=protocol)
    result = configurations(tree["nbasr"].to_dataset())
    assert dict(result.sizes) == {"optimizer": 2, "metric_stage1": 9, "k": 1}
    for optimizer in OPTIMIZERS:
        alone = run(optimizer, table, n_run=12, protocol=protocol, metric_stage1="jacov", k=16)
        one = result.sel(optimizer=optimizer, metric_stage1="jacov", k=16)
        assert float(one["mean"]) == pytest.approx(float(alone["test_performance"].mean()))
        assert float(one["sd"]) == pytest.approx(float(alone["test_performance"].std()))
        assert int(one["n_found"]) == 12
    assert result["mean"].attrs["provenance"] == "modelled"
    assert result.attrs.get("selected_on") == ("test" if protocol == "head2025" else None)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "robust"
    arguments = ["reproduce", "--paper", "r-mf-nas", "--problems", "nbasr", "--n_run", "12", "--out", str(out)]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "83.14 ± 7.99" in text
    assert "protocol head2025" in text
    assert "WARNING: test results chose the answers of MF-NAS, R-MF-NAS" in text
    rows = list(csv.DictReader((out / "table.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["optimizer"] for row in rows] == list(OPTIMIZERS)
    assert {row["best_verdict"] for row in rows} == {"on modelled values"}
    assert "| best |" in (out / "table.md").read_text(encoding="utf-8")
    assert main(arguments) == 2  # it exists
    assert main([*arguments[:5], "--optimizers", "MF-NAS"]) == 2
    assert main([*arguments[:5], "--protocol", "2025"]) == 2
