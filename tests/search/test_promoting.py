"""Rungs and budgets of Hyperband and ASHA on tables."""

import numpy as np
import pytest
from support.equality import make_job, run_kernel
from support.hash_tables import hash_table

from mfnas_vec import open_table
from mfnas_vec.search.protocols import PROTOCOLS
from mfnas_vec.search.state import STOP_COMPLETED, STOP_EPOCHS, STOP_TIME

BOTH = pytest.mark.parametrize("optimizer", ["Hyperband", "ASHA"])


def epochs_of(optimizer, table, **settings):
    return make_job(optimizer, table, "corrected", **settings).arguments[1].epochs.tolist()


@BOTH
@pytest.mark.parametrize(
    ("name", "settings", "epochs"),
    [
        ("nb201-cifar10", {}, [16, 50, 200]),
        ("nb201-cifar10", {"eta": 2}, [12, 25, 50, 100, 200]),
        ("nb201-cifar10", {"eta": 2, "min_epoch": 3, "max_epoch": 50}, [2, 6, 12, 25, 50]),
        ("nb101", {}, [4, 12, 36, 108]),
        ("nb101", {"eta": 200}, [108]),
        ("nbasr", {"max_epochs": 300}, [13, 40]),
        ("nbasr", {"eta": 2, "min_epoch": 5}, [5, 10, 20, 40]),
    ],
)
def test_rungs_are_the_last_epochs_that_are_not_beyond(optimizer, name, settings, epochs):
    assert epochs_of(optimizer, open_table(name), **settings) == epochs


@BOTH
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_epoch": 300, "max_epoch": 200}, "min_epoch=300 must be <= max_epoch=200"),
        ({"min_epoch": 1, "eta": 2}, "asks for .* epochs; the table has 12, 25, 50, 100, 200"),
        ({"min_epoch": 1, "max_epoch": 5}, "asks for .* epochs; the table has 12"),
        ({"eta": 1}, "eta=1 must be an integer in 2..1000"),
    ],
)
def test_impossible_rungs_are_refused(optimizer, settings, message):
    with pytest.raises(ValueError, match=message):
        make_job(optimizer, hash_table("nb201"), "corrected", **settings)


def test_a_search_that_never_ends_is_refused():
    with pytest.raises(ValueError, match="the search might never end; set one"):
        make_job("Hyperband", hash_table("nb201"), "corrected", max_time=None)
    make_job("Hyperband", hash_table("nb201"), "corrected", max_time=None, n_round=3)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("max_epochs", [None, 0, 11, 500])
@pytest.mark.parametrize("max_time", [0.0, 2000.0])
def test_budgets(optimizer, protocol, max_epochs, max_time):
    job = make_job(optimizer, hash_table("nb201"), protocol, max_epochs=max_epochs, max_time=max_time)
    outcome, _ = run_kernel(job, 20)
    assert (outcome.seconds <= max_time).all()
    if max_epochs is None:
        assert (outcome.stop_reason == STOP_TIME).all()
    else:
        assert (outcome.epochs <= max_epochs).all()
        assert set(outcome.stop_reason.tolist()) <= {STOP_TIME, STOP_EPOCHS}


def test_rounds_and_candidates_complete():
    for optimizer, settings in (("Hyperband", {"n_round": 2}), ("ASHA", {"max_candidate": 30})):
        job = make_job(optimizer, hash_table("nb101"), "corrected", max_time=None, **settings)
        outcome, trace = run_kernel(job, 5)
        assert (outcome.stop_reason == STOP_COMPLETED).all()
        assert (outcome.evaluations <= job.n_eval_bound).all()
        if optimizer == "Hyperband":  # brackets of 27, 12, 6 and 4 candidates
            assert (outcome.evaluations == 2 * (27 + 9 + 3 + 1 + 12 + 4 + 1 + 6 + 2 + 4)).all()
        else:
            assert ((trace.fidelity == 4).sum(axis=1) == 30).all()
        assert np.isfinite(outcome.score).all()
