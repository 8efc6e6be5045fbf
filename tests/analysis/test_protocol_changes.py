"""Protocols of a grid's entries, what they change, and warnings of answers that test results chose."""

import json

import numpy as np
import pytest
import xarray as xr

from mfnas_vec.analysis.protocols import changes
from mfnas_vec.analysis.searches import read_searches
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.cli import main
from mfnas_vec.report.page.summary import rows_of
from mfnas_vec.report.page.words import summary_of
from mfnas_vec.report.text import selection_note
from mfnas_vec.runs.run import run
from mfnas_vec.sweeps.grid_content import grid_of
from mfnas_vec.sweeps.sweep import sweep
from mfnas_vec.tables.store import open_table

PROTOCOLS = ["gecco2024", "gecco2024+test_winner", "head2025"]
SMALL = {
    "problems": ["nbasr"],
    "n_run": 40,
    "optimizers": {"SH": {"protocol": PROTOCOLS, "k": [4, 8]}, "RS": {}, "REA": {"protocol": "corrected"}},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    out = tmp_path_factory.mktemp("protocols") / "small.zarr"
    sweep(SMALL, out)
    return str(out)


@pytest.fixture(scope="module")
def searches(store):
    return read_searches([store])


def test_entries_of_a_grid_have_protocols_of_their_own():
    entries = {entry.label: entry for entry in grid_of(SMALL).entries}
    assert list(entries) == [*(f"SH {p}" for p in PROTOCOLS), "RS", "REA"]
    assert entries["REA"].protocol == "corrected"
    assert grid_of(SMALL).protocol_of(entries["RS"]) == "gecco2024"
    # A grid without them has the identity that it had before.
    assert "protocol" not in json.loads(grid_of({**SMALL, "optimizers": {"RS": {}}}).json_of_cells())[1][0]


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("head", "'SH': protocol='head' must be one of gecco2024, head2025, corrected"),
        ([], "'SH': protocol=\\[\\] must be a protocol, or different ones"),
        (["head2025", "head2025"], "'SH': protocol=.* must be a protocol, or different ones"),
        (["corrected", "corrected+tests"], "'SH': .* has no decision 'tests'"),
    ],
)
def test_wrong_protocols_of_entries_are_refused(protocol, message):
    with pytest.raises(ValueError, match=message):
        grid_of({**SMALL, "optimizers": {"SH": {"protocol": protocol}}})


@pytest.mark.slow
def test_every_search_is_run_under_its_protocol(searches):
    table = open_table("nbasr")
    for protocol in PROTOCOLS:
        for k in (4, 8):
            found = searches["nbasr"][f"SH {protocol} (k={k})"].runs
            alone = run("SH", table, n_run=40, protocol=protocol, k=k)
            np.testing.assert_array_equal(found["arch"], alone["arch"])
            assert found.attrs["protocol"] == protocol
            expected = None if protocol == "gecco2024" else "test"
            assert found.attrs.get("selected_on") in (expected, "metric")
            assert alone.attrs.get("selected_on") == expected
    assert searches["nbasr"]["REA"].runs.attrs["protocol"] == "corrected"
    assert searches["nbasr"]["RS"].runs.attrs["protocol"] == "gecco2024"


def test_changes_are_mean_differences_of_the_same_runs(searches):
    found = changes(searches)
    places = [(k, protocol) for k in (4, 8) for protocol in PROTOCOLS[1:]]
    assert [(c.search, c.base, c.protocol) for c in found] == [(f"SH (k={k})", "gecco2024", p) for k, p in places]
    for change, (k, protocol) in zip(found, places, strict=True):
        before = searches["nbasr"][f"SH gecco2024 (k={k})"].runs
        after = searches["nbasr"][f"SH {protocol} (k={k})"].runs
        effect = change.effects[TEST]
        assert effect.mean == pytest.approx(float((after[TEST] - before[TEST]).mean()))
        assert effect.low <= effect.mean <= effect.high
        assert change.other_answer == float((after["arch"] != before["arch"]).mean())
        assert change.selected_on == "test"


def test_there_must_be_something_to_compare(searches):
    alone = {"nbasr": {"RS": searches["nbasr"]["RS"]}}
    with pytest.raises(ValueError, match="no search was run under one protocol and under another protocol"):
        changes(alone)
    with pytest.raises(ValueError, match="under 'head2025'"):
        changes(alone, "head2025")


def test_the_summary_of_a_page_warns(store):
    study = Study([store])
    rows = rows_of(study)
    *usual, warning = summary_of(study, rows, [], None, not_tested=False)
    assert len(usual) == 3
    labels = [label for label in study.labels if "test_winner" in label or "head2025" in label]
    assert warning == selection_note(labels)


@pytest.mark.slow
def test_the_command_prints_what_protocols_change(store, capsys):
    assert main(["compare", store, "--by-protocol"]) == 0
    text = capsys.readouterr().out
    assert "+test_winner (test results choose)" in text
    assert "WARNING: test results chose the answers of SH" in text
    assert main(["compare", store, "--by-protocol", "--markdown"]) == 0
    assert "| search | from | to |" in capsys.readouterr().out
    assert main(["compare", store]) == 0
    assert "WARNING: test results chose the answers of SH" in capsys.readouterr().out
    assert main(["compare", store, "--by-protocol", "--against", "RS"]) == 2
    assert main(["compare", store, "--markdown"]) == 2


@pytest.mark.slow
def test_the_command_run_warns(tmp_path, capsys):
    out = str(tmp_path / "sh.zarr")
    arguments = ["--n_run", "20", "--out", out]
    assert main(["run", "--optimizer", "SH", "--ss", "nbasr", "--protocol", "head2025", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "WARNING: test results chose the answers of SH" in printed
    assert printed.count("test_per") == 1
    result = xr.open_zarr(out, chunks=None)
    assert result.attrs["selected_on"] == "test"
    assert "test_per: modelled" in list(result.attrs["inputs"])
    assert main(["run", "--optimizer", "RS", "--ss", "nbasr", "--protocol", "head2025", "--n_run", "20"]) == 0
    assert "WARNING: test results" not in capsys.readouterr().out
