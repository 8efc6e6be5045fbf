"""Protocols by name, with single decisions changed, and what they change of costs and scores."""

import numpy as np
import pytest
from support.equality import make_job
from support.hash_tables import hash_table

from mfnas_vec.protocols import OVERSHOOT, REFUSE, STOP
from mfnas_vec.search.protocols import PROTOCOLS, rules_of
from mfnas_vec.spaces import get_space
from mfnas_vec.tables import dense
from mfnas_vec.tables.build import build_table


def test_names_and_budgets():
    assert [rules_of(name).budget for name in PROTOCOLS] == [OVERSHOOT, REFUSE, STOP]


def test_single_decisions():
    gecco, head = rules_of("gecco2024"), rules_of("head2025")
    assert rules_of("gecco2024+strict_moves") == gecco._replace(strict_moves=True)
    assert rules_of("head2025-test_winner+stop") == head._replace(test_winner=False, budget=STOP)
    assert rules_of("corrected+overshoot").budget == OVERSHOOT


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("gecco", "protocol='gecco' must be one of gecco2024, head2025, corrected"),
        ("", "protocol='' must be one of"),
        (None, "protocol=None must be one of"),
        ("gecco2024+strict_move", "has no decision 'strict_move'; did you mean strict_moves"),
        ("gecco2024-stop", "has no decision 'stop'"),
        ("gecco2024 strict_moves", "must be one of"),
        ("gecco2024+", "changes of gecco2024 are written"),
        ("head2025+Strict", "changes of head2025 are written|has no decision"),
    ],
)
def test_wrong_names_are_refused(protocol, message):
    with pytest.raises(ValueError, match=message):
        rules_of(protocol)
    with pytest.raises(ValueError, match=message):
        make_job("RS", hash_table("nb201"), protocol)


def test_seconds_of_cifar10_are_halved_in_head2025_only():
    table = hash_table("nb201")
    full, half = (make_job("SH", table, p).arguments[1].seconds for p in ("gecco2024", "head2025"))
    np.testing.assert_array_equal(full, 2 * half)
    full, half = (make_job("MF-NAS", table, p).arguments[2].seconds for p in ("gecco2024", "head2025"))
    np.testing.assert_array_equal(full, half)  # not those of zero-cost scores
    other = table.assign_attrs(dataset="cifar100")
    full, same = (make_job("RS", other, p).arguments[1].seconds for p in ("gecco2024", "head2025"))
    np.testing.assert_array_equal(full, same)


def test_missing_proxies_of_nbasr_rank_best_in_head2025():
    n = get_space("nbasr").n_arch
    proxy = np.arange(n, dtype=float)
    metrics = {"val_per": np.full((4, n), 50.0), "synflow": proxy, "test_per": np.full(n, 50.0)}
    table = build_table("nbasr", metrics, epochs=[10, 20, 30, 40], provenance="computed")
    table["synflow"].values[:3] = [np.nan, np.inf, -np.inf]  # which build_table would refuse
    scores = {p: make_job("MF-NAS", table, p, metric_stage1="synflow").arguments[2].score[0] for p in PROTOCOLS}
    assert (scores["head2025"][:3] == np.inf).all()
    assert scores["gecco2024"][:3].tolist() == scores["corrected"][:3].tolist() == [-np.inf, np.inf, -np.inf]
    np.testing.assert_array_equal(scores["head2025"][3:], scores["gecco2024"][3:])


@pytest.mark.parametrize("optimizer", ["SH", "MF-NAS", "R-MF-NAS"])
def test_a_halving_of_head2025_says_that_it_reads_test_results(optimizer):
    table = hash_table("nbasr")
    job = make_job(optimizer, table, "head2025")
    assert job.selected_on == "test"
    assert ("test_per", None) in job.inputs
    np.testing.assert_array_equal(job.arguments[1].test, np.round(dense.test_results(table), 2))
    assert job.arguments[1].minimized
    for protocol in ("gecco2024", "corrected", "head2025-test_winner"):
        job = make_job(optimizer, table, protocol)
        assert job.selected_on == "metric"
        assert "test_per" not in [name for name, _ in job.inputs]
        assert job.arguments[1].test.size == 0


@pytest.mark.parametrize("optimizer", ["RS", "FLS", "REA", "REA+W", "GA", "Hyperband", "ASHA"])
def test_other_searches_never_read_test_results(optimizer):
    job = make_job(optimizer, hash_table("nb201"), "head2025")
    assert job.selected_on == "metric"
    assert all(not name.startswith("test") for name, _ in job.inputs)


def test_distinct_samples_need_as_many_architectures():
    table = hash_table("nb201")
    with pytest.raises(ValueError, match="n_sample_warmup=20000 must be <= 15625"):
        make_job("REA+W", table, "head2025", n_sample_warmup=20_000)
    make_job("REA+W", table, "corrected", n_sample_warmup=20_000)
    with pytest.raises(ValueError, match="pop_size=3 must be even"):
        make_job("GA", table, "corrected", pop_size=3)
