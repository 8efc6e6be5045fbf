"""What a simulated search is refused, and what many runs of one give."""

import math
import time
import warnings

import numpy as np
import pytest
import xarray as xr
from support.hash_tables import hash_table
from support.simulated import random_search, sampled

from mfnas_vec import Simulator, open_table, run, simulate
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.runs.accounts import BudgetExhausted


@pytest.fixture(scope="module")
def nb201():
    return hash_table("nb201")


@pytest.fixture(scope="module")
def mnist1d():
    return open_table("nb201-mnist1d")


def test_every_form_of_an_architecture(cifar10):
    simulator = Simulator(cifar10, max_eval=100)
    space, genotype = simulator.space, (3, 1, 4, 1, 2, 0)
    code = int(space.encode(genotype))
    forms = [genotype, list(genotype), np.array(genotype), np.int64(code), code, space.to_string(genotype), "314120"]
    scores = {simulator.evaluate(form, 25) for form in forms} | {simulator.evaluate(epoch=25, row=code)}
    assert scores == {float(cifar10["val_acc"].sel(epoch=25)[code])}
    assert [step[0] for step in simulator.steps] == [code] * 8
    assert simulator.best == (genotype, scores.pop())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": (3, 1, 4, 1, 5, 0)}, "each at least 0 and less than 5"),
        ({"architecture": (3, 1, 4)}, "6 integers"),
        ({"architecture": (3.0, 1, 4, 1, 2, 0)}, "6 integers"),
        ({"architecture": 15_625}, r"must be in \[0, 15625\)"),
        ({"architecture": -1}, "code=-1 must be in"),
        ({"architecture": "|nor_conv~0|"}, "no valid architecture"),
        ({"architecture": None}, "no genotype"),
        ({"row": 15_625}, "row=15625"),
        ({"row": 3, "architecture": 3}, "one or the other"),
        ({"architecture": 3, "epoch": 13}, "epoch=13 must be one of the table's epochs: 1, 2"),
        ({"architecture": 3, "metric": "test_acc"}, "is a test result"),
        ({"architecture": 3, "metric": "val_ac"}, "did you mean val_acc"),
        ({"architecture": 3, "metric": "synflow", "epoch": 12}, "no effect"),
    ],
)
def test_wrong_evaluations(cifar10, arguments, message):
    simulator = Simulator(cifar10, max_eval=9)
    with pytest.raises(ValueError, match=message):
        simulator.evaluate(**arguments)
    assert simulator.n_eval == 0
    assert simulator.steps == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "might never end"),
        ({"metric": "test_acc", "max_eval": 1}, "is a test result"),
        ({"max_eval": -1}, "max_eval=-1"),
        ({"max_time": -1.0}, "max_time=-1.0"),
        ({"max_time": math.nan}, "max_time=nan"),
        ({"max_eval": 1, "protocol": "mine"}, "protocol='mine' must be one of gecco2024, corrected"),
        ({"max_eval": 1, "training": "resume"}, "must be one of restart, continue"),
        ({"max_eval": 1, "n_worker": 0}, "n_worker=0"),
        ({"max_eval": 1, "missing": "guess"}, "missing='guess'"),
    ],
)
def test_impossible_simulators(cifar10, arguments, message):
    with pytest.raises(ValueError, match=message):
        Simulator(cifar10, **arguments)


def test_an_invalid_genotype_is_no_architecture():
    simulator = Simulator(hash_table("nb101"), max_eval=9)
    with pytest.raises(ValueError, match="no valid architecture of nb101"):
        simulator.evaluate((0,) * 26, 12)


def test_no_attribute_leads_to_test_results(mnist1d):
    simulator = Simulator(mnist1d, max_eval=9)
    simulator.evaluate(7, 27)
    results = mnist1d["test_acc"].values
    seen, waiting = set(), [simulator]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, xr.Dataset):
            assert not [name for name in thing.variables if "test" in str(name)]
        elif isinstance(thing, np.ndarray):
            assert thing.shape != results.shape or not np.array_equal(thing, results)
        elif isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, (list, tuple, set)):
            waiting += thing
        else:
            waiting += vars(thing).values() if hasattr(thing, "__dict__") else []
    assert len(seen) > 20


def test_results_of_single_trials_are_refused_too(mnist1d):
    one = mnist1d.isel(trial=0)
    assert one["test_acc_trial"].dims == one["val_acc"].dims
    for call in (
        lambda: Simulator(one, "test_acc_trial", max_eval=9),
        lambda: Simulator(one, max_eval=9).evaluate(7, 27, metric="test_acc_trial"),
        lambda: run("RS", one, n_run=1, metric="test_acc_trial"),
    ):
        with pytest.raises(ValueError, match="metric='test_acc_trial' is a test result"):
            call()


def test_after_the_budget_nothing_is_evaluated(nb201):
    for protocol, n_eval in (("gecco2024", 4), ("corrected", 3)):
        simulator = Simulator(nb201, max_eval=3, protocol=protocol)
        for _ in range(n_eval):
            simulator.evaluate(7, 12)
        before = simulator.record()
        for _ in range(3):
            with pytest.raises(BudgetExhausted, match=f"max_eval=3.* after {n_eval} evaluations"):
                simulator.evaluate(8, 12)
        assert simulator.done
        assert simulator.record() == before._replace(stop_reason=1)


def test_a_refused_evaluation_ends_the_run_although_a_cheaper_one_would_fit(nb201):
    seconds = nb201["train_seconds"].sel(epoch=200).values
    dear, cheap = int(seconds.argmax()), int(seconds.argmin())
    simulator = Simulator(nb201, max_time=float(seconds[dear]) - 1e-6, protocol="corrected")
    with pytest.raises(BudgetExhausted):
        simulator.evaluate(dear, 200)
    with pytest.raises(BudgetExhausted):
        simulator.evaluate(cheap, 12)
    assert simulator.record().seconds == 0


def test_a_step_exceeds_the_budget_by_a_neighbourhood_at_most(nb201):
    simulator = Simulator(nb201, max_eval=10)
    with pytest.raises(BudgetExhausted), simulator.step():
        [simulator.evaluate(7, 12) for _ in range(100)]
    assert simulator.n_eval == 11 + 1 + 6 * 4
    with pytest.raises(BudgetExhausted), simulator.step():
        pass


def test_trainings_continue_or_start_again(nb201):
    seconds = [float(nb201["train_seconds"].sel(epoch=e)[7]) for e in (12, 25, 200)]
    again = Simulator(nb201, max_eval=9)
    on = Simulator(nb201, max_eval=9, training="continue")
    for simulator in (again, on):
        for epoch in (12, 25, 12, 200):
            simulator.evaluate(7, epoch)
    assert again.seconds == seconds[0] + seconds[1] + seconds[0] + seconds[2]
    assert again.epochs_trained == 12 + 25 + 12 + 200
    assert on.seconds == pytest.approx(seconds[2])
    assert on.epochs_trained == 200
    on.evaluate(7, 12, trial="another")
    assert on.epochs_trained == 212


def test_other_metrics_are_charged_and_lead_until_the_search_metric_is_read(nb201):
    simulator = Simulator(nb201, max_eval=9)
    prices = [float(nb201["synflow_seconds"][code]) for code in (7, 8, 9)]
    best = max((7, 8, 9), key=lambda code: simulator.evaluate(code, metric="synflow"))
    assert simulator.seconds == sum(prices)
    assert simulator.best is None
    simulator.evaluate(11, 12)
    simulator.evaluate(best, metric="synflow")
    assert [step[5] for step in simulator.steps[2:]] == [best, 11, 11]
    assert simulator.best[0] == (0, 0, 0, 0, 2, 1)
    assert simulator.result().attrs["inputs"][0].startswith("synflow: ")


def test_result_of_one_run_is_that_of_run(nb201):
    simulator = Simulator(nb201, max_time=9000.0)
    random_search(simulator, KernelStream(0, 5), 12)
    found = simulator.result("RS", run=5)
    expected = run("RS", nb201, n_run=1, first_run=5, max_time=9000.0, max_eval=None, trace=True)
    assert list(found.variables) == list(expected.variables)
    xr.testing.assert_equal(found.drop_vars("settings"), expected.drop_vars("settings"))
    for name, variable in expected.variables.items():
        assert found[name].attrs == variable.attrs
    assert set(expected.attrs) - set(found.attrs) == {k for k in expected.attrs if k.startswith("timing_")}
    for key in ("inputs", "inputs_digest", "title", "problem", "space", "protocol"):
        assert list(np.atleast_1d(found.attrs[key])) == list(np.atleast_1d(expected.attrs[key]))


@pytest.mark.slow
def test_runs_depend_on_seed_and_index_only(nb201):
    settings = {"max_time": 5000.0, "n_run": 12, "trace": True}
    alone = simulate(sampled, nb201, workers=1, **settings)
    for workers in (2, 3):
        xr.testing.assert_identical(
            alone.drop_attrs(), simulate(sampled, nb201, workers=workers, **settings).drop_attrs()
        )
    later = simulate(sampled, nb201, workers=1, max_time=5000.0, n_run=3, first_run=7)
    xr.testing.assert_equal(later, alone[list(later.data_vars)].isel(run=slice(7, 10)))
    other = simulate(sampled, nb201, workers=1, seed=1, **settings)
    assert not np.array_equal(other["arch"], alone["arch"])
    assert len(set(alone["arch"].values.tolist())) > 1
    assert (alone["cost_seconds"] > 5000).all()


def test_settings_reach_the_search_and_the_result(nb201):
    result = simulate(sampled, nb201, n_run=2, workers=1, max_eval=5, epoch=25, name="sampled at 25")
    assert result.attrs["optimizer"] == "sampled at 25"
    assert result.attrs["inputs"] == ["val_acc@25: computed", "train_seconds@25: computed"]
    assert '"epoch": 25' in result.attrs["settings"]
    assert result["cost_epochs"].values.tolist() == [150, 150]
    with pytest.raises(ValueError, match="settings of a search"):
        simulate(sampled, nb201, n_run=1, max_eval=5, epoch=object())


def test_an_error_of_a_library_around_the_end_of_the_budget_is_no_failure(nb201):
    def wraps(simulator, rng):
        try:
            while True:
                simulator.evaluate(simulator.sample(rng), 12)
        except BudgetExhausted as end:
            raise RuntimeError("the objective failed") from end

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = simulate(wraps, nb201, n_run=2, workers=1, max_eval=5)
    assert result["evaluations"].values.tolist() == [6, 6]


def test_an_evaluation_takes_microseconds(cifar10):
    simulator = Simulator(cifar10, max_eval=100_000)
    genotypes = [tuple(g) for g in simulator.space.decode(np.arange(0, 15_625, 31)).tolist()]
    best = math.inf
    for _ in range(30):
        begun = time.process_time()
        for genotype in genotypes:
            simulator.evaluate(genotype, 12)
        best = min(best, (time.process_time() - begun) / len(genotypes))
    assert best < 20e-6


def test_a_metric_that_is_known_once_per_architecture():
    table = open_table("nbgraph-cora")
    assert "epoch" not in table.dims
    simulator = Simulator(table, max_eval=30)
    assert simulator.epochs == ()
    random_search(simulator, KernelStream(3, 2))
    expected = run("RS", table, n_run=1, seed=3, first_run=2, max_eval=30, trace=True)
    found = simulator.result("RS", seed=3, run=2)
    xr.testing.assert_equal(found.drop_vars("settings"), expected.drop_vars("settings"))
    for key in ("inputs", "inputs_digest"):
        assert found.attrs[key] == expected.attrs[key]
    with pytest.raises(ValueError, match="epoch=12 has no effect on metric='val_acc', known once per architecture"):
        simulator.fresh().evaluate(7, 12)
    with pytest.raises(ValueError, match="cost no seconds"):
        Simulator(table, max_time=100.0)
    rng = np.random.default_rng(0)
    rows = simulator.space.row(np.array([simulator.sample(rng) for _ in range(3000)]))
    assert len(set((rows // 2621).tolist())) == 10  # samples are uniform over the rows
