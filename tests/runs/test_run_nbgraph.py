"""Searches on a benchmark without epochs: NAS-Bench-Graph."""

import json

import numpy as np
import pytest
from support.equality import assert_equal_to_reference

from mfnas_vec import build_table, open_table, run
from mfnas_vec.cli.catalogue import DATASETS
from mfnas_vec.spaces import get_space

NAMES = DATASETS["nbgraph"]
N_RUN = 5_000
#: Means of 5,000 runs of 500 draws (40 on proteins) from all architectures, in percent, made by other code: chosen
#: on test, and on validation.
BY_OTHERS = {
    "cora": (81.97, 80.38),
    "citeseer": (70.62, 69.11),
    "pubmed": (77.77, 76.24),
    "cs": (90.83, 90.32),
    "physics": (92.54, 91.57),
    "photo": (92.4, 91.71),
    "computers": (84.73, 83.28),
    "arxiv": (72.17, 72.0),
    "proteins": (78.61, 77.54),
}


def variables(name):
    return ("val_auc", "test_auc") if name == "proteins" else ("val_acc", "test_acc")


def expected_best(chosen_on, result, n_draw, weight):
    """Mean and standard deviation of the result of the best of ``n_draw`` draws, by order statistics.

    Among architectures of equal value the first drawn is kept: each with a chance as its weight.
    """
    levels, place = np.unique(chosen_on, return_inverse=True)
    mass = np.bincount(place, weight)
    first, second = (np.bincount(place, weight * result**k) / mass for k in (1, 2))
    below = np.cumsum(mass) / mass.sum()
    chance = np.diff(below**n_draw, prepend=0.0)
    assert len(levels) == len(chance)
    mean = float((chance * first).sum())
    return mean, float(np.sqrt((chance * second).sum() - mean**2))


def weights(space, sampling):
    """How often each architecture is drawn."""
    rows = space.row(np.arange(space.n_code))
    return np.bincount(rows[rows >= 0]) if sampling == "encodings" else np.ones(space.n_arch)


@pytest.mark.parametrize("sampling", ["architectures", "encodings"])
@pytest.mark.parametrize("name", NAMES)
def test_random_search_is_what_order_statistics_say(name, sampling):
    """Chosen on validation; and on test, by a table whose validation variable holds the test results."""
    table = open_table(f"nbgraph-{name}").load().assign_attrs(sampling=sampling)
    val, test = variables(name)
    weight = weights(get_space(table.attrs["space"]), sampling)
    n_draw = 40 if name == "proteins" else 500
    leaked = table.assign({val: table[test].assign_attrs(table[val].attrs)})
    for searched, by_others in zip((leaked, table), BY_OTHERS[name], strict=True):
        found = run("RS", searched, n_run=N_RUN, seed=1, max_eval=n_draw, protocol="corrected")
        assert (found["evaluations"] == n_draw).all()
        assert found.attrs["sampling"] == sampling
        mean, sd = expected_best(searched[val].values, searched[test].values, n_draw, weight)
        error = sd / np.sqrt(N_RUN)
        assert abs(float(found["test_performance"].mean()) - mean) < 4 * error
        assert float(found["test_performance"].std()) == pytest.approx(sd, rel=0.15)
        if sampling == "architectures":
            assert abs(by_others - mean) < 4 * error + 0.005  # they have two decimals


def test_what_is_sampled_matters_little():
    """Uniform over encodings, random search ends up to a quarter of a point elsewhere."""
    moved = []
    for name in NAMES:
        table = open_table(f"nbgraph-{name}")
        values = [table[v].values for v in variables(name)]
        n_draw, space = 40 if name == "proteins" else 500, get_space(table.attrs["space"])
        both = [expected_best(*values, n_draw, weights(space, s))[0] for s in ("architectures", "encodings")]
        moved.append(abs(both[0] - both[1]))
    assert 0.05 < max(moved) < 0.26


def test_every_architecture_is_drawn_as_often():
    """A chi-squared test of the rows that random search evaluates."""
    table = open_table("nbgraph-proteins").load()
    found = run("RS", table, n_run=500, seed=2, max_eval=200, protocol="corrected", trace=True)
    counts = np.bincount(found["trace_arch"].values.ravel(), minlength=2_021)
    expected = 100_000 / 2_021
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert abs(statistic - 2_020) < 4 * np.sqrt(2 * 2_020)
    codes = found["trace_code"].values
    np.testing.assert_array_equal(get_space("nbgraph-proteins").arch_code[found["trace_arch"].values], codes)


SEARCHES = [
    ("RS", {}),
    ("FLS", {}),
    ("BLS", {}),
    ("REA", {}),
    ("REA+W", {"n_sample_warmup": 100}),
    ("REA+W", {"n_sample_warmup": 100, "metric_warmup": "latency"}),
    ("SH", {}),
    ("MF-NAS", {"max_eval_stage1": 300}),
    ("MF-NAS", {"max_eval_stage1": 300, "metric_stage1": "latency", "optimizer_stage1": "RS", "k": 7}),
]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["gecco2024", "corrected"])
@pytest.mark.parametrize("sampling", ["architectures", "encodings"])
@pytest.mark.parametrize("name", ["pubmed", "proteins"])
@pytest.mark.parametrize(("optimizer", "settings"), SEARCHES)
def test_equal_to_the_reference(optimizer, settings, name, sampling, protocol):
    table = open_table(f"nbgraph-{name}").load().assign_attrs(sampling=sampling)
    assert_equal_to_reference(optimizer, table, 4, seed=3, protocol=protocol, **settings)


def test_defaults():
    for name in NAMES:
        table = open_table(f"nbgraph-{name}")
        n = 40 if name == "proteins" else 500
        settings = json.loads(run("RS", table, n_run=1).attrs["settings"])
        expected = {"metric": variables(name)[0], "iepoch": None, "max_eval": n, "max_time": None}
        assert settings == expected | {"using_zc_metric": False}
    settings = json.loads(run("MF-NAS", table, n_run=1).attrs["settings"])
    assert (settings["n_candidate"], settings["list_iepoch"], settings["metric_stage1"]) == (40, None, "params")
    assert json.loads(run("REA+W", table, n_run=1).attrs["settings"])["metric_warmup"] == "params"


def test_costs_are_counted_in_whole_trainings():
    table = open_table("nbgraph-cora").load()
    found = run("RS", table, n_run=3, trace=True)
    assert (found["cost_epochs"] == found["evaluations"]).all()
    assert found["cost_epochs"].attrs["units"] == "training"
    assert (found["cost_seconds"] == 0).all()
    assert (found["trace_fidelity"] == 1).all()
    assert found["test_performance"].attrs["provenance"] == found["search_score"].attrs["provenance"] == "measured"
    found = run("MF-NAS", table, n_run=3, k=20, trace=True)
    assert (found["cost_epochs"] == 20).all()
    fidelity = found["trace_fidelity"].values
    assert ((fidelity == 1).sum(axis=1) == 20).all()


def test_mf_nas_returns_the_best_validated_of_the_candidates():
    """One rung: the k largest networks that the first stage met, the best of them on validation."""
    table = open_table("nbgraph-computers").load()
    found = run("MF-NAS", table, n_run=40, seed=5, k=30, trace=True)
    val, params = table["val_acc"].values, table["params"].values
    for i in range(40):
        rows, fidelity = (found[f"trace_{v}"].values[i] for v in ("arch", "fidelity"))
        trained = rows[(fidelity == 1) & (rows >= 0)].astype(int)
        met = np.unique(rows[:2_000]).astype(int)
        assert len(set(trained.tolist())) == 30
        assert params[trained].min() >= np.sort(params[met])[-30]
        assert val[found["arch"].values[i]] == val[trained].max()


@pytest.mark.parametrize(
    ("optimizer", "settings", "words"),
    [
        ("RS", {"iepoch": 12}, "the table has no epoch 12, nor any other: 'val_acc' is known once per architecture"),
        ("SH", {"list_iepoch": [4, 12]}, "the table has no epoch 4, nor any other"),
        ("MF-NAS", {"list_iepoch": [4]}, "leave iepoch and list_iepoch out"),
        ("MF-NAS", {"metric_stage1": "val_acc", "iepoch": 3}, "the table has no epoch 3"),
        ("RS", {"using_zc_metric": True}, "using_zc_metric=True contradicts metric='val_acc', which is training-based"),
        ("REA+W", {"metric_warmup": "val_acc"}, "is training-based; a warm-up needs a zero-cost metric"),
        ("RS", {"metric": "test_acc"}, "is a test result"),
        ("MF-NAS", {"metric_stage1": "synflow"}, "is not a metric of nbgraph-cora"),
        ("RS", {"max_eval": None}, "the search would never end; set one"),
        ("Hyperband", {}, "nbgraph-cora has no epochs: Hyperband and ASHA need scores at several epochs"),
        ("ASHA", {"min_epoch": 1, "max_epoch": 3}, "nbgraph-cora has no epochs"),
        ("FLS", {"max_eval": None, "max_time": 100}, "evaluations of this metric may cost no seconds"),
    ],
)
def test_what_a_table_without_epochs_cannot_do_is_refused(optimizer, settings, words):
    with pytest.raises(ValueError, match=words):
        run(optimizer, open_table("nbgraph-cora"), n_run=2, **settings)


def test_a_table_with_epochs_needs_them():
    table = open_table("nb201-cifar10")
    with pytest.raises(ValueError, match="'val_acc' is known per epoch: iepoch or list_iepoch must name"):
        run("RS", table, n_run=2, iepoch=None)
    with pytest.raises(ValueError, match="'val_acc' is known per epoch"):
        run("SH", table, n_run=2, list_iepoch=None)


def test_epochs_of_an_imported_table_are_used():
    """Rungs after an eighth, a quarter, a half and all of them; plain searches train to the end."""
    n, n_epoch = 26_206, 40
    curves = 100 * np.random.default_rng(0).random((n_epoch, n))
    table = build_table(
        "nbgraph",
        {"val_acc": curves, "test_acc": curves[-1], "params": np.arange(n)},
        epochs=range(1, n_epoch + 1),
        units={"val_acc": "percent", "test_acc": "percent"},
        provenance="computed",
    )
    settings = json.loads(run("SH", table, n_run=2).attrs["settings"])
    assert settings["list_iepoch"] == [5, 10, 20, 40]
    found = run("RS", table, n_run=2)
    assert json.loads(found.attrs["settings"])["iepoch"] == 40
    assert (found["cost_epochs"] == 40 * found["evaluations"]).all()


def test_a_table_of_ones_own_without_epochs():
    """Seconds of a training are those of its metric, and bound the search."""
    n = get_space("nbgraph-proteins").n_arch
    table = build_table(
        "nbgraph-proteins",
        {"val_auc": np.linspace(50, 60, n), "test_auc": np.linspace(40, 50, n)},
        seconds={"val_auc": 3.0},
        provenance="computed",
    )
    found = run("RS", table, n_run=5, max_eval=None, max_time=30.0, protocol="corrected")
    assert (found["cost_epochs"] == 10).all()
    assert (found["cost_seconds"] == 30.0).all()


def test_sampling_of_a_table_must_be_known():
    with pytest.raises(ValueError, match="sampling='rows' must be one of encodings, architectures"):
        run("RS", open_table("nbgraph-cora").assign_attrs(sampling="rows"), n_run=2)
