import json
import shutil

import numpy as np
import pytest
import xarray as xr
from nb201_network import network_cost

from mfnas_vec import build_table, open_table, run
from mfnas_vec.tables import library, store
from mfnas_vec.tables.provenance import parse_entries, provenance
from mfnas_vec.tables.schema import PROVENANCES, SCHEMA

NB201 = ("nb201-cifar10", "nb201-cifar100", "nb201-imagenet16")


@pytest.mark.parametrize("name", store.table_names())
def test_every_variable_says_what_it_is(name):
    table = open_table(name)
    for key, variable in table.data_vars.items():
        attrs = variable.attrs
        assert attrs["provenance"] in PROVENANCES, key
        for word in ("units", "direction", "source", "licence", "long_name"):
            assert attrs[word], (key, word)
        if attrs["provenance"] == "modelled" or "provenance_by_epoch" in attrs:
            assert attrs["comment"], key
        by_epoch = parse_entries(attrs)
        if by_epoch:
            assert list(by_epoch) == table["epoch"].values.tolist()
            assert set(by_epoch.values()) <= set(PROVENANCES)
        if key in SCHEMA:
            expected = [dim for dim in SCHEMA[key].dims if dim != "epoch" or "epoch" in table.dims]
            assert list(variable.dims) == expected
            assert attrs["units"] == SCHEMA[key].units
        for value in attrs.values():
            assert isinstance(value, (str, int, float, list))


@pytest.mark.parametrize("name", store.table_names())
def test_embedded_tables_are_whole(name):
    store.verify_table(name)
    table = open_table(name).load()
    missing = {v: int(np.isnan(table[v]).sum()) for v in table.data_vars if np.isnan(table[v]).any()}
    # 341 cells without a way from input to output have no such scores.
    undefined = dict.fromkeys(("epe_nas", "jacov", "nwot", "zen"), 341)
    if name in NB201:
        assert missing == {"val_acc_trial": 15_625 - 8_169} | undefined
    elif name == "nb201-mnist1d":
        assert missing == undefined
    else:
        assert missing == {}
    assert (table["train_seconds"].diff("epoch") > 0).all() if "train_seconds" in table else True


@pytest.mark.parametrize("name", NB201)
def test_nb201_computed_and_measured(name):
    table = open_table(name).load()
    n_class, size = {"cifar10": (10, 32), "cifar100": (100, 32), "imagenet16": (120, 16)}[table.attrs["dataset"]]
    for row in (0, 1, 7_812, 15_624):
        genes = table["genotype"].values[row]
        params, flops = network_cost(((genes == 2).sum(), (genes == 3).sum()), n_class, size)
        assert table["params"].values[row] == params / 1e6
        assert table["flops"].values[row] == flops / 1e6
    assert provenance(table, "val_acc", 200) == "measured"
    assert provenance(table, "val_acc", 100) == "modelled"
    # A selection of epochs keeps every number's provenance.
    assert provenance(table.isel(epoch=[-1, 0]), "val_acc", 200) == "measured"
    assert provenance(table.sel(epoch=[200]), "val_acc", 200) == "measured"
    trials = table["val_acc_trial"]
    assert int(trials.isel(trial=2).notnull().sum()) == 8_169
    np.testing.assert_allclose(trials.mean("trial"), table["val_acc"].sel(epoch=200), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "digits", "trials", "seconds"),
    [
        ("nb201-cifar10", "333333", (90.3, 90.388, 89.908), 3460.8315388361702),
        ("nb201-cifar100", "333333", (71.56, 70.36, 70.2), 6921.6630776723405),
        ("nb201-imagenet16", "333333", (40.3333333, 40.6333333, 41.3666667), 21000.325777657865),
    ],
)
def test_nb201_known_values(name, digits, trials, seconds):
    table = open_table(name).isel(arch=int(digits, 5))
    np.testing.assert_allclose(table["val_acc_trial"], trials, atol=1e-6)
    assert float(table["train_seconds"].sel(epoch=200)) == seconds
    assert float(table["train_seconds"].sel(epoch=50)) == pytest.approx(seconds / 4)


@pytest.mark.slow
def test_nb201_measured_values_are_the_packages():
    """The whole source package against the embedded numbers."""
    from nb201_sources import read_source

    for dataset in ("cifar10", "cifar100", "imagenet16"):
        source, table = read_source(dataset), open_table(f"nb201-{dataset}").load()
        for row in range(0, 15_625, 7):
            values = source[np.base_repr(row, 5).rjust(6, "0")]
            trials = table["val_acc_trial"].values[:, row]
            np.testing.assert_allclose(trials[~np.isnan(trials)], values["val_acc"], atol=1e-6)
            assert float(table["train_seconds"].values[-1, row]) == values["train_time"][0]


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A copy of one embedded table and the manifest, to damage."""
    source = store.embedded_folder()
    shutil.copytree(source / "nb201-cifar10.zarr", tmp_path / "nb201-cifar10.zarr")
    shutil.copy(source / "MANIFEST.json", tmp_path)
    for module in (store, library):
        monkeypatch.setattr(module, "embedded_folder", lambda: tmp_path)
    return tmp_path


def test_damage_is_noticed(own_folder):
    store.verify_table("nb201-cifar10")
    chunk = own_folder / "nb201-cifar10.zarr/val_acc/c/0/0"
    whole = chunk.read_bytes()
    flipped = bytearray(whole)
    for at in range(0, len(whole), 500):  # somewhere in the chunk of every epoch
        flipped[at] ^= 1
    chunk.write_bytes(bytes(flipped))
    table = open_table("nb201-cifar10")  # same sizes: the quick check cannot see it
    with pytest.raises(ValueError, match="damaged: digest"):
        store.verify_table("nb201-cifar10")
    with pytest.raises(ValueError, match="'val_acc' cannot be read, its store is damaged"):
        run("FLS", table, n_run=2)
    chunk.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="is not as the manifest says"):
        open_table("nb201-cifar10")


def test_edited_metadata_is_noticed(own_folder):
    path = own_folder / "nb201-cifar10.zarr/val_acc/zarr.json"
    path.write_text(path.read_text().replace("modelled", "measured"))
    with pytest.raises(ValueError, match="is not as the manifest says"):
        open_table("nb201-cifar10")


def test_missing_table_and_manifest(own_folder):
    with pytest.raises(ValueError, match="is not as the manifest says"):
        open_table("nb201-cifar100")
    with pytest.raises(ValueError, match="is missing"):
        store.verify_table("nb201-cifar100")
    (own_folder / "MANIFEST.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match="cannot read the manifest"):
        open_table("nb201-cifar10")


def test_unknown_table(tmp_path):
    with pytest.raises(ValueError, match="did you mean nb201-cifar10"):
        open_table("nb201-cifar01")
    with pytest.raises(ValueError, match="is unknown"):
        store.verify_table("nope")
    with pytest.raises(ValueError, match=r"cannot open .* as a zarr table"):
        open_table(tmp_path)


def test_own_table_from_a_store(tmp_path):
    table = build_table("nb201", {"mine": np.arange(15_625.0)}, seconds={"mine": 0.5}, provenance="modelled")
    table.to_zarr(tmp_path / "own.zarr", consolidated=False)
    again = open_table(tmp_path / "own.zarr")
    xr.testing.assert_equal(again, table)
    assert again["mine_seconds"].attrs["units"] == "s"


N = 15_625


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"metrics": {"synflow": np.zeros(3)}}, r"'synflow' has shape \(3,\); must be \(15625,\)"),
        (
            {"metrics": {"val_acc": np.zeros(N)}, "epochs": [1, 2]},
            r"'val_acc' has shape .*must be \(2, 15625\)",
        ),
        ({"metrics": {"x": np.zeros((1, N))}, "epochs": [0]}, "epochs=.*must be ascending"),
        ({"metrics": {"x": np.zeros((2, N))}, "epochs": [3, 3]}, "epochs=.*must be ascending"),
        ({"metrics": {"x": np.zeros(N)}, "provenance": "guessed"}, "provenance='guessed'"),
        ({"metrics": {"x": np.zeros(N)}, "directions": {"x": "up"}}, r"directions\['x'\]='up'"),
        ({"metrics": {"x": np.zeros(N)}, "seconds": {"y": 1.0}}, "seconds names 'y'"),
        ({"metrics": {"x": np.zeros(N)}, "space": "nb999"}, "space='nb999' is unknown"),
        ({"metrics": {"x": np.zeros(N)}, "provenance": {}}, "provenance says nothing of 'x'"),
        ({"metrics": {"x": np.zeros(N)}, "provenance": {"x": "measured", "y": "measured"}}, "provenance names 'y'"),
        ({"metrics": {"x": np.zeros(N)}, "directions": {"y": "minimize"}}, "directions names 'y'"),
        ({"metrics": {"x": np.zeros((1, N))}, "epochs": [12.7]}, "epochs=.*must be ascending integers"),
        ({"metrics": {"genotype": np.zeros(N)}}, "metrics names 'genotype'"),
        ({"metrics": {3: np.zeros(N)}}, "metrics names 3"),
        ({"metrics": {"x": np.zeros(N, complex)}}, "'x' has dtype complex128"),
    ],
)
def test_build_table_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        build_table(**({"space": "nb201", "provenance": "computed"} | arguments))


def test_seconds_must_be_numbers():
    metrics = {"x": np.zeros(N), "test_acc": np.full(N, 90.0)}
    table = build_table("nb201", metrics, seconds={"x": np.nan}, provenance="computed")
    with pytest.raises(ValueError, match="'x_seconds' has values that are missing or negative"):
        run("RS", table, metric="x", max_eval=5)


@pytest.mark.parametrize("name", NB201)
def test_nb201_trials_are_whole_images_of_the_validation_set(name):
    images = {"nb201-cifar10": 25_000, "nb201-cifar100": 5_000, "nb201-imagenet16": 3_000}[name]
    counts = open_table(name)["val_acc_trial"].values.astype(float) * images / 100
    counts = counts[~np.isnan(counts)]
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-4)


def test_partial_provenance_of_seconds_follows_the_metric():
    metrics = {"x": np.zeros(N), "y": np.zeros(N)}
    kinds = {"x": "measured", "y": "computed", "y_seconds": "modelled"}
    table = build_table("nb201", metrics, seconds={"x": 1.0, "y": 2.0}, provenance=kinds)
    found = {name: table[name].attrs["provenance"] for name in table.data_vars}
    assert found == {"x": "measured", "y": "computed", "x_seconds": "measured", "y_seconds": "modelled"}


def test_row_maps_are_verified():
    for name in store.read_manifest(section="spaces"):
        store.verify_table(name)
