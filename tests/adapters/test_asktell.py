"""Optimizers with ask() and tell(x, y)."""

import nevergrad as ng
import numpy as np
import pytest
import xarray as xr
from support.hash_tables import hash_table

from mfnas_vec import Simulator, simulate
from mfnas_vec.adapters.asktell import AskTell
from mfnas_vec.runs.store import without_timings


@pytest.fixture(scope="module")
def nb201():
    return hash_table("nb201")


def one_plus_one(space, seed):
    genes = ng.p.Tuple(*(ng.p.Choice(range(n)) for n in space.cardinality))
    genes.random_state.seed(seed)
    return ng.optimizers.registry["DiscreteOnePlusOne"](genes, budget=100)


class Climber:
    """In the manner of scikit-optimize: points are lists, the best of them is changed in one gene."""

    def __init__(self, space, seed):
        self.rng, self.space, self.best = np.random.default_rng(seed), space, None
        self.losses = []

    def ask(self):
        if self.best is None:
            return [int(self.rng.integers(n)) for n in self.space.cardinality]
        x = list(self.best[0])
        place = int(self.rng.integers(len(x)))
        x[place] = int(self.rng.integers(self.space.cardinality[place]))
        return x

    def tell(self, x, y):
        self.losses.append(y)
        if self.best is None or y <= self.best[1]:
            self.best = x, y


@pytest.mark.slow
def test_the_adapter_evaluates_what_nevergrad_itself_does(nb201):
    ours = Simulator(nb201, max_eval=100, protocol="corrected")
    AskTell(one_plus_one, epoch=12)(ours, np.random.default_rng(4))
    theirs = Simulator(nb201, max_eval=100, protocol="corrected")
    optimizer = one_plus_one(theirs.space, int(np.random.default_rng(4).integers(2**31)))
    optimizer.minimize(lambda genotype: -theirs.evaluate(genotype, 12))
    assert ours.n_eval == 100
    assert ours.steps == theirs.steps


@pytest.mark.slow
def test_nevergrad_in_many_runs(nb201):
    settings = {"n_run": 6, "max_eval": 60, "trace": True}
    first = simulate(AskTell(one_plus_one, epoch=12), nb201, workers=1, **settings)
    again = simulate(AskTell(one_plus_one, epoch=12), nb201, workers=2, **settings)
    xr.testing.assert_identical(without_timings(again), without_timings(first))
    assert first.attrs["optimizer"] == "one_plus_one"
    assert len(set(first["arch"].values.tolist())) > 1


def test_losses_are_passed_on_as_they_are_and_scores_negated(nb201):
    for table, metric, epoch, factor in ((nb201, "val_acc", 12, -1), (hash_table("nbasr"), "val_per", 40, 1)):
        made = []

        def make(space, seed, made=made):
            made.append(Climber(space, seed))
            return made[-1]

        simulator = Simulator(table, metric, max_eval=60, protocol="corrected")
        AskTell(make, epoch=epoch)(simulator, np.random.default_rng(0))
        values = table[metric].sel(epoch=epoch).values
        rows = simulator.space.row(np.array([step[0] for step in simulator.steps]))
        assert made[0].losses == (factor * values[rows]).tolist()
        assert simulator.best[1] == factor * min(made[0].losses)


@pytest.mark.slow
def test_what_is_no_architecture_gets_the_worst_loss_and_costs_nothing():
    made = []

    def make(space, seed):
        made.append(Climber(space, seed))
        return made[-1]

    simulator = Simulator(hash_table("nb101"), max_eval=20, protocol="corrected")
    AskTell(make, epoch=12)(simulator, np.random.default_rng(1))
    (climber,) = made
    losses = [-step[2] for step in simulator.steps]
    assert len(losses) == 20
    assert len(climber.losses) > 20
    assert set(climber.losses) <= {*losses, 0.0}


def test_an_optimizer_that_only_proposes_what_is_invalid_is_stopped():
    class Stubborn(Climber):
        def ask(self):
            return [0] * 26

    simulator = Simulator(hash_table("nb101"), max_eval=20)
    with pytest.raises(RuntimeError, match="are no architectures"):
        AskTell(Stubborn)(simulator, np.random.default_rng(1))
