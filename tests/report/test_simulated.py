"""A search from outside beside compiled ones: in one comparison, one figure, one page."""

import pytest

from mfnas_vec import run, simulate
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.comparison import comparison_text
from mfnas_vec.report.figures.panels import looks
from mfnas_vec.report.page.write import page, write_page
from mfnas_vec.runs.parallel import random_search
from mfnas_vec.runs.store import write_result

BUDGET = {"n_run": 12, "max_time": 5000.0}


@pytest.fixture(scope="module")
def results(cifar10):
    return {
        "RS": run("RS", cifar10, **BUDGET),
        "REA": run("REA", cifar10, pop_size=5, tournament_size=3, **BUDGET),
        "mine": simulate(random_search, cifar10, workers=1, trace=True, name="my own", epoch=12, **BUDGET),
    }


@pytest.mark.slow
def test_in_memory(results):
    text = page(Study.of(results))
    for label in results:
        assert f">{label}<" in text
    assert "my own" in text
    assert text.count("<figure") == page(Study.of({k: results[k] for k in ("RS", "REA")})).count("<figure")


@pytest.mark.slow
def test_in_stores(results, tmp_path):
    places = []
    for label, result in results.items():
        write_result(result, tmp_path / f"{label}.zarr")
        places.append(f"{label}={tmp_path / label}.zarr")
    study = Study(places)
    text = comparison_text(study.searches)
    assert text.count("mine") >= 3
    write_page(places, tmp_path / "page.html")
    written = (tmp_path / "page.html").read_text()
    assert "simulate(search, open_table(&#39;nb201-cifar10&#39;), name=&#39;my own&#39;, n_run=12, seed=0" in written
    assert written.count("mfnas run --table") == 2


@pytest.mark.slow
def test_without_a_trace_the_curves_of_a_simulated_search_are_refused(results, cifar10):
    bare = results["mine"].drop_vars([name for name in results["mine"].data_vars if str(name).startswith("trace_")])
    with pytest.raises(ValueError, match=r"mine is no registered optimizer .* trace=True"):
        Study.of({"RS": results["RS"], "mine": bare}).traced("nb201-cifar10", "mine")
    assert ">mine<" in page(Study.of({"RS": results["RS"], "mine": bare}))


def test_a_stored_trace_is_what_the_run_made_again_would_give(results, cifar10):
    traced = run("RS", cifar10, trace=True, **BUDGET)
    stored = Study.of({"RS": traced}).traced("nb201-cifar10", "RS")
    again = Study.of({"RS": results["RS"]}).traced("nb201-cifar10", "RS")
    assert stored.drop_attrs().equals(again.drop_attrs())


def test_optimizers_from_outside_have_looks_of_their_own(results):
    mine = results["mine"]
    named = {f"own {i}": mine.isel(run=slice(4 * i, 4 * i + 4)).assign_attrs(optimizer=f"own {i}") for i in range(3)}
    chosen = looks(Study.of({"RS": results["RS"], "REA": results["REA"], **named}))
    assert len({look.colour for look in chosen.values()}) == 5
    assert chosen["RS"] == looks(Study.of({"RS": results["RS"], "REA": results["REA"]}))["RS"]
