"""What the documentation says of searches on NAS-Bench-Graph follows from the results beside it."""

import json
import math
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORDS = json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))["nbgraph"]


def against_random(search):
    """Standard errors that a search is above random search, by data set."""
    found = {}
    for random in (r for r in RECORDS if r["search"] == "RS"):
        own = next(r for r in RECORDS if (r["search"], r["problem"]) == (search, random["problem"]))
        error = math.hypot(own["sd"], random["sd"]) / math.sqrt(own["n_run"])
        found[own["problem"].removeprefix("nbgraph-")] = (own["mean"] - random["mean"]) / error
    return found


@pytest.mark.parametrize(
    ("search", "worse", "better"),
    [
        ("MF-NAS (params)", "cora physics photo computers arxiv", "citeseer pubmed"),
        ("GA", "", "cora citeseer cs physics arxiv"),
        ("MF-NAS (latency)", "physics photo", "cora citeseer pubmed cs proteins"),
    ],
)
def test_where_searches_are_worse_and_better_than_random_search(search, worse, better):
    found = against_random(search)
    assert {name for name, errors in found.items() if errors < -3} == set(worse.split())
    assert {name for name, errors in found.items() if errors > 3} == set(better.split())


def test_evolution_is_below_random_search_on_photo_only():
    assert [name for name, errors in against_random("REA").items() if errors < -1] == ["photo"]


def test_all_is_measured_and_bounded_by_what_there_is():
    assert len(RECORDS) == 9 * 9
    for r in RECORDS:
        assert r["test_provenance"] == "measured"
        assert r["best_on_validation"] <= r["optimum"]
        assert r["mean"] < r["optimum"]
