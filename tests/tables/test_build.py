"""Mistakes with own tables: each is refused, or the labels put it right."""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mfnas_vec
from mfnas_vec import SPACES, build_table, open_table, run, save_table, sweep
from mfnas_vec.spaces import NO_ARCH

SPACE = SPACES["nb201"]
N = SPACE.n_arch
EPOCHS = [12, 25, 50, 100, 200]
DRAW = np.random.default_rng(7)
ACCURACY = 10 + 80 * DRAW.random((5, N))
SHUFFLED = DRAW.permutation(N)


def table_of(metrics, **options):
    return build_table("nb201", metrics, **({"provenance": "measured"} | options))


def with_proxy(proxy):
    return table_of({"val_acc": ACCURACY, "test_acc": ACCURACY[-1], "mine": proxy}, epochs=EPOCHS)


def some(n_known):
    return np.where(np.arange(N) < n_known, 1.0, np.nan)


def test_a_partial_table_is_marked_and_refused_by_searches():
    table = with_proxy(some(1_000))
    assert table["mine"].attrs["n_arch_known"] == 1_000
    assert "n_arch_known" not in table["val_acc"].attrs
    settings = {"metric": "mine", "max_eval": 500, "n_run": 2}
    with pytest.raises(ValueError, match=r"'mine' is known for 1,000 of 15,625 .* missing='worst'"):
        run("RS", table, **settings)
    assert (run("RS", table, missing="worst", **settings)["arch"] < 1_000).all()


def test_a_variable_put_into_a_table_is_counted_too(cifar10):
    with pytest.raises(ValueError, match=r"'mine' is known for 10 of 15,625"):
        run("MF-NAS", cifar10.assign(mine=("arch", some(10))), metric_stage1="mine", n_run=2)
    for missing in ("refuse", "worst"):
        with pytest.raises(ValueError, match="'mine' is known for none of"):
            run("RS", cifar10.assign(mine=("arch", some(0))), metric="mine", max_eval=5, n_run=2, missing=missing)
    # 341 cells have no such score by its definition: embedded tables say so themselves.
    assert int(cifar10["jacov"].isnull().sum()) == 341
    run("RS", cifar10, metric="jacov", max_eval=5, max_time=None, n_run=2)


@pytest.mark.parametrize(
    ("metrics", "options", "words"),
    [
        ({"mine": some(0)}, {}, r"'mine' has no number: all 15,625 values are missing"),
        ({"val_acc": ACCURACY * np.nan}, {"epochs": EPOCHS}, "'val_acc' has no number"),
        ({"val_acc": np.r_[ACCURACY[:4], [some(0)]]}, {"epochs": EPOCHS}, "'val_acc' has no number at epoch 200"),
        ({"mine": np.where(np.arange(N), 1.0, np.inf)}, {}, "'mine' has infinite values"),
        ({"val_acc": ACCURACY.T}, {"epochs": EPOCHS}, r"\(15625, 5\); must be \(5, 15625\) for nb201: transpose it"),
        ({"val_acc": ACCURACY}, {}, "a value per epoch needs epochs=, the 5 epochs"),
        ({"mine": ACCURACY.T}, {}, r"needs epochs=, the 5 epochs .* transpose it"),
        ({"val_acc": ACCURACY / 100}, {"epochs": EPOCHS}, "'val_acc'.* fractions. pass units='fraction'"),
        ({"test_acc": np.ones(N)}, {}, "fractions. pass units='fraction'"),
        ({"top1_accuracy": ACCURACY[0] / 100}, {}, "fractions. pass units='fraction'"),
        ({"test_per": ACCURACY[0] / 100}, {}, "fractions. pass units='fraction'"),
        ({"val_acc": ACCURACY}, {"epochs": EPOCHS, "units": "fraction"}, "which is no fraction"),
        ({"mine": ACCURACY[0]}, {"units": "fraction"}, "there is no accuracy or error rate among mine"),
        ({"mine": ACCURACY[0]}, {"units": {"his": "ms"}}, "units names 'his'"),
        ({"test_acc": ACCURACY[0]}, {"units": {"test_acc": "ms"}}, "allowed: percent, fraction"),
        (
            {"val_acc": ACCURACY},
            {"epochs": EPOCHS, "train_seconds": np.outer([5, 4, 3, 2, 1], np.ones(N))},
            r"decreases from 5 s at epoch 12 to 4 s at epoch 25 \(row 0\); it must be cumulative",
        ),
        ({"mine": some(N)}, {"seconds": {"mine": -some(N)}}, "'mine_seconds' .* negative"),
        (ACCURACY[0], {}, "metrics is a ndarray; must be values by name"),
        (pd.Series(ACCURACY[0], name="mine"), {}, "metrics is a Series; must be values by name"),
        ({"mine": {"000000": 1.0}}, {}, r"'mine' is a dict; pandas.Series\(values\) aligns"),
    ],
)
def test_impossible_tables_are_refused(metrics, options, words):
    with pytest.raises(ValueError, match=words):
        table_of(metrics, **options)


def test_fractions_are_converted_where_it_is_said():
    share = ACCURACY[0] / 100
    table = table_of({"test_acc": share, "my_error": 1 - share, "mine": share}, units="fraction")
    np.testing.assert_allclose(table["test_acc"], ACCURACY[0])
    np.testing.assert_allclose(table["my_error"], 100 - ACCURACY[0])
    np.testing.assert_array_equal(table["mine"], share)
    assert [table[name].attrs["units"] for name in ("test_acc", "my_error", "mine")] == ["percent", "percent", "1"]
    assert table_of({"latency": share}, units={"latency": "ms"})["latency"].attrs["units"] == "ms"
    low = table_of({"test_acc": share}, units="percent")
    np.testing.assert_array_equal(low["test_acc"], share)


GENES = SPACE.decode(SPACE.arch_code)[SHUFFLED]
NAMES = SPACE.arch_key()
LABELS = {
    "names": [NAMES[row] for row in SHUFFLED],
    "digits": [SPACE.digits(int(row)) for row in SHUFFLED],
    "genotypes": pd.Index([tuple(map(int, genes)) for genes in GENES], tupleize_cols=False),
    "multiindex": pd.MultiIndex.from_arrays(list(GENES.T)),
    "rows": SHUFFLED,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELS)
def test_pandas_values_are_aligned_by_their_labels(kind):
    series = pd.Series(ACCURACY[-1][SHUFFLED], index=LABELS[kind])
    frame = pd.DataFrame(ACCURACY.T[SHUFFLED], index=LABELS[kind], columns=EPOCHS)[EPOCHS[::-1]]
    table = table_of({"val_acc": frame, "test_acc": series, "part": series[:10]}, provenance="measured")
    np.testing.assert_array_equal(table["val_acc"], ACCURACY)
    np.testing.assert_array_equal(table["test_acc"], ACCURACY[-1])
    assert table["epoch"].values.tolist() == EPOCHS
    assert table["part"].attrs["n_arch_known"] == 10
    chosen = table_of({"val_acc": frame}, epochs=[25, 200])
    np.testing.assert_array_equal(chosen["val_acc"], ACCURACY[[1, 4]])


def test_a_data_array_is_aligned_by_its_dimensions_and_coordinates(cifar10):
    table = table_of({"val_acc": xr.DataArray(ACCURACY.T, dims=("arch", "epoch"))}, epochs=EPOCHS)
    np.testing.assert_array_equal(table["val_acc"], ACCURACY)
    turned = cifar10.isel(arch=SHUFFLED)
    found = table_of({"mine": turned["params"], "curve": turned["val_acc"].T})
    np.testing.assert_array_equal(found["mine"], cifar10["params"])
    np.testing.assert_array_equal(found["curve"], cifar10["val_acc"])
    labelled = xr.DataArray(ACCURACY[0][SHUFFLED], coords={"arch": LABELS["names"]}, dims="arch")
    np.testing.assert_array_equal(table_of({"mine": labelled})["mine"], ACCURACY[0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.Series([1.0, 2.0], index=["000000", "nonsense"]), "'x': label 'nonsense' names no architecture of nb201"),
        (pd.Series([1.0, 2.0], index=["000000", SPACE.arch_key()[0]]), r"two values for one architecture, row 0"),
        (pd.Series([1.0], index=[N]), "label 15625 is no row of nb201"),
        (pd.Series([1.0], index=[0.5]), "label 0.5 names no architecture"),
        (pd.Series(["a"], index=["000000"]), "'x' has dtype"),
        (pd.DataFrame({"012345": [1.0]}, index=["000000"]), "'x' has the column '012345'; columns must be epochs"),
        (pd.DataFrame([[1.0, 2.0]], index=["000000"], columns=["5", 5]), "'x' has epoch 5 twice"),
        (xr.DataArray(np.ones(3), dims="architecture"), r"'x' has dims \(architecture\); must be among arch, epoch"),
    ],
)
def test_labels_that_are_wrong_are_refused(values, words):
    with pytest.raises(ValueError, match=words):
        table_of({"x": values})


@pytest.mark.slow
def test_a_published_number_given_as_an_integer_is_no_row():
    name = SPACES["nbgraph"].arch_key()[-1]
    with pytest.raises(
        ValueError, match=f"label {name} is no row of nbgraph.*; the published name is the text '{name}'"
    ):
        build_table("nbgraph", {"x": pd.Series([1.0], index=[int(name)])}, provenance="measured")


def test_labels_decide_about_epochs():
    frame = pd.DataFrame(ACCURACY.T, columns=EPOCHS)
    with pytest.raises(ValueError, match="'val_acc' has no epoch 30; its labels name 12, 25"):
        table_of({"val_acc": frame}, epochs=[12, 30])
    with pytest.raises(ValueError, match="give epochs="):
        table_of({"val_acc": frame, "val_loss": frame[[12, 25]]})


@pytest.mark.parametrize(
    "name", ["latency_ms", "rmse", "val-nll", "perplexity", "energy_mJ", "memory.mb", "my_loss", "inference_time"]
)
def test_costs_and_losses_are_minimised(name):
    worst = table_of({name: np.arange(float(N)), "test_acc": ACCURACY[0]})
    result = run("RS", worst, metric=name, max_eval=300, n_run=3, trace=True)
    assert result["search_score"].attrs["direction"] == "minimize"
    assert (result["search_score"] < N / 50).all()


def test_the_first_search_says_a_guessed_direction(caplog):
    table = table_of({"gain_of_mine": ACCURACY[0], "latency_of_mine": ACCURACY[0], "test_acc": ACCURACY[0]})
    with caplog.at_level(logging.WARNING, logger="mfnas_vec"):
        for metric in ("gain_of_mine", "latency_of_mine", "latency_of_mine"):
            run("RS", table, metric=metric, max_eval=3, n_run=1)
        guesses = [r.getMessage() for r in caplog.records if "guess" in r.getMessage()]
        assert [text.split(":")[0] for text in guesses] == [
            "'gain_of_mine' is maximized",
            "'latency_of_mine' is minimized",
        ]
        caplog.clear()
        sure = table_of({"x": ACCURACY[0], "test_acc": ACCURACY[0]}, directions={"x": "minimize"})
        run("RS", sure, metric="x", max_eval=3, n_run=1)
        assert not [r for r in caplog.records if "guess" in r.getMessage()]


@pytest.mark.slow
def test_a_table_is_saved_and_opened_without_warnings(tmp_path, cifar10):
    path = tmp_path / "own.zarr"
    table = cifar10.assign(mine=("arch", some(10)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert save_table(table, path) == path
        again = open_table(path)
        xr.testing.assert_equal(again.load(), table)
    assert again["mine"].attrs["n_arch_known"] == 10
    assert "n_arch_known" not in again["jacov"].attrs
    with pytest.raises(ValueError, match="exists already"):
        save_table(table, path)
    first = open_table(path).attrs["digest"]
    save_table(open_table(path), path, overwrite=True)
    assert open_table(path).attrs["digest"] == first
    with pytest.raises(ValueError, match="'mine' has no number"):
        save_table(cifar10.assign(mine=("arch", some(0))), tmp_path / "bad.zarr")
    with pytest.raises(ValueError, match="rows must be in the order"):
        save_table(cifar10.isel(arch=slice(None, None, -1)), tmp_path / "bad.zarr")
    assert not (tmp_path / "bad.zarr").exists()
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ValueError, match="left unchanged"):
        save_table(table, other, overwrite=True)
    assert {"save_table", "open_table"} <= set(mfnas_vec.__all__)


def test_sweeps_take_tables_and_paths_as_problems(tmp_path):
    metrics = {"mine": np.arange(float(N)), "test_acc": ACCURACY[0]}
    table = table_of(metrics, name="own")
    save_table(table, tmp_path / "t.zarr")
    optimizers = {"FLS": {"metric": "mine", "max_eval": 20}}
    trees = [
        sweep({"problems": problems, "optimizers": optimizers, "n_run": 4})
        for problems in (table, [table], [tmp_path / "t.zarr"], str(tmp_path / "t.zarr"), {f"{tmp_path}/t.zarr": None})
    ]
    alone = run("FLS", table, metric="mine", max_eval=20, n_run=4)
    for tree in trees:
        np.testing.assert_array_equal(tree["own"]["search_score"].squeeze(), alone["search_score"])
    with pytest.raises(ValueError, match=r"problem 'own' must have settings, not a table: problems=\[table\]"):
        sweep({"problems": {"own": table}, "optimizers": optimizers})
    with pytest.raises(ValueError, match="two tables of the name 'own'"):
        sweep({"problems": [table, tmp_path / "t.zarr"], "optimizers": optimizers})


@pytest.mark.parametrize("name", SPACES)
def test_an_architecture_is_found_however_it_is_named(name):
    space = SPACES[name]
    for row in (0, 17, space.n_arch - 1):
        code = int(space.arch_code[row])
        genes = space.decode(code)
        forms = [space.arch_key()[row], space.to_string(genes), space.digits(code), genes, genes.tolist(), code]
        assert [space.row_of(form) for form in [*forms, tuple(genes), np.int64(code)]] == [row] * 8
    for wrong, words in (
        (space.n_code, "code="),
        ([0], "genotype has shape"),
        ("nonsense", "nonsense"),
        (None, "key="),
    ):
        with pytest.raises(ValueError, match=words):
            space.row_of(wrong)
    for read in (space.row, space.decode, space.is_valid):
        with pytest.raises(ValueError, match=f"code is a genotype of {space.n_gene} genes, not codes"):
            read(space.from_string(space.to_string(genes)))
    if name == "nb101":
        assert space.row_of(0) == NO_ARCH
        with pytest.raises(ValueError, match="no valid architecture"):
            space.row_of([0] * space.n_gene)


def test_one_value_is_looked_up(cifar10):
    key = SPACE.arch_key()[4_711]
    values = cifar10["test_acc"].values
    assert values[SPACE.row_of(key)] == float(cifar10["test_acc"].isel(arch=4_711))
