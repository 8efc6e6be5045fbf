import json
import pickle
import tarfile

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support import upstream

from mfnas_vec import SPACES, run
from mfnas_vec.datasets.importers import import_table, likely_name
from mfnas_vec.datasets.readers.tfrecords import crc32c, crc_table

pytestmark = pytest.mark.slow

N = 15_625
SOME = [0, 7, 1_234, 15_624]


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else pickle.dumps(data))
    return path


@pytest.mark.parametrize("name", ["[cifar10]_data.p", "[NB201][ImageNet16-120]_data.p"])
def test_mf_nas_nb201(tmp_path, name):
    draw = np.random.default_rng(1)
    data, scores = upstream.nb201_data(SOME, draw), upstream.suite_scores(SOME, draw)
    suite = {"cifar10": scores, "cifar100": scores, "ImageNet16-120": scores}
    (tmp_path / "zc_database.json").write_text(json.dumps(suite))
    table = import_table("mf-nas", [write(tmp_path / name, data), tmp_path / "zc_database.json"])
    assert table.attrs["name"] == ("nb201-cifar10" if "cifar10" in name else "nb201-imagenet16")
    for row in SOME:
        cell = data["200"][SPACES["nb201"].digits(row)]
        np.testing.assert_array_equal(table["val_acc"].values[:, row], 100 * np.array(cell["val_acc"]))
        np.testing.assert_array_equal(table["train_loss"].values[:, row], cell["train_loss"])
        assert table["test_acc"].values[row] == 100 * cell["test_acc"][-1]
        assert table["train_seconds"].values[11, row] == cell["train_time"] * 12
    assert table["val_acc"].attrs["n_arch_known"] == len(SOME)
    assert table["synflow"].attrs["n_arch_known"] == len(SOME)
    assert float(table["synflow_seconds"][7]) == list(scores.values())[1]["synflow"]["time"]
    assert table["params"].attrs["provenance"] == "measured"


def test_mf_nas_nb101(tmp_path):
    rows = [0, 5, 423_623]
    draw = np.random.default_rng(2)
    data, keys = upstream.nb101_data(rows, draw), SPACES["nb101"].arch_key()
    scores = {keys[r]: {"synflow": 1.5 + r, "jacob_cov": -3.0} for r in rows}
    flops = {keys[r]: 5e8 + r for r in rows}
    files = [write(tmp_path / n, d) for n, d in (("data.p", data), ("zc_database.p", scores), ("flops.p", flops))]
    table = import_table("mf-nas", files)
    for i, epoch in enumerate((4, 12, 36, 108)):
        for row in rows:
            cell = data[str(epoch)][keys[row]]
            assert table["val_acc"].values[i, row] == 100 * cell["val_acc"]
            assert table["train_seconds"].values[i, row] == cell["train_time"]
    assert table["test_acc"].values[5] == 100 * data["108"][keys[5]]["test_acc"]
    assert table["params"].values[5] == data["108"][keys[5]]["n_params"] / 1e6
    assert table["flops"].values[5] == (5e8 + 5) / 1e6
    assert (table["synflow"].values[5], table["jacov"].values[5]) == (6.5, -3.0)


def test_mf_nas_nbasr(tmp_path):
    keys = SPACES["nbasr"].arch_key()
    data = {
        k: {"val_per": [0.9, 0.5, 0.3 + i / 1e6], "test_per": 0.31, "params": 3e7, "FLOPs": 3e9}
        for i, k in enumerate(keys)
    }
    table = import_table("mf-nas", [write(tmp_path / "data.p", data)])
    assert table["epoch"].values.tolist() == [1, 2, 3]
    assert float(table["val_per"][2, 1000]) == pytest.approx(100 * (0.3 + 1000 / 1e6))
    assert "n_arch_known" not in table["val_per"].attrs
    assert float(table["params"][0]) == 30.0


def test_nasbench101_tfrecord(tmp_path):
    keys = SPACES["nb101"].arch_key()
    records = []
    for row in (3, 400_000):
        for epochs in (4, 12, 36, 108):
            for k in range(3):
                records.append(
                    upstream.nb101_record(keys[row], epochs, 10.0 * epochs + k, 0.9, 0.5 + k / 10, 0.4, 2_000_000)
                )
    path = write(tmp_path / "nasbench_full.tfrecord", upstream.tfrecord(records))
    mean = import_table("nasbench101", [path])
    np.testing.assert_allclose(mean["val_acc"].values[:, 3], 60.0)
    np.testing.assert_allclose(mean["train_seconds"].values[:, 400_000], [41, 121, 361, 1081])
    last = import_table("nasbench101", [path], trials="2")
    np.testing.assert_allclose(last["val_acc"].values[:, 3], 70.0)
    assert last.attrs["trials"] == "training 2 of each"
    only = write(tmp_path / "only.tfrecord", upstream.tfrecord([r for r in records if r[1] == 108]))
    assert import_table("nasbench101", [only])["epoch"].values.tolist() == [108]


def test_crc32c_of_known_bytes():
    def plain(data):
        value = 0xFFFFFFFF
        for byte in data:
            value = int(crc_table()[(value ^ byte) & 0xFF]) ^ (value >> 8)
        return value ^ 0xFFFFFFFF

    for data, expected in ((b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"", 0)):
        assert crc32c(np.frombuffer(data, np.uint8), crc_table()) == plain(data) == expected


@pytest.mark.parametrize("damage", ["length", "body", "end", "large"])
def test_damaged_tfrecords_are_refused(tmp_path, damage):
    data = bytearray(upstream.tfrecord([upstream.nb101_record("0" * 32, 4, 1.0, 0.1, 0.1, 0.1, 300)]))
    if damage == "length":
        data[0] ^= 1
    elif damage == "body":
        data[20] ^= 1
    elif damage == "end":
        del data[-1]
    else:
        data = bytearray(b"\xff" * 8) + data[8:]
    with pytest.raises(ValueError, match=r"damaged|ends within|too large"):
        import_table("nasbench101", [write(tmp_path / "f.tfrecord", bytes(data))])


def test_nats_topology(tmp_path):
    space, draw = SPACES["nb201"], np.random.default_rng(3)
    folder = tmp_path / "NATS-tss-v1_0-3ffb9-simple"
    folder.mkdir()
    (folder / "meta.pickle.pbz2").write_bytes(upstream.bz2_pickle({}))
    kept = {}
    for i, row in enumerate((11, 15_000)):
        kept[row] = upstream.nats_record(space.to_string(space.decode(row)), draw)
        (folder / f"{i:06d}.pickle.pbz2").write_bytes(upstream.bz2_pickle(kept[row]))
    for dataset, name in (("cifar10", "cifar10-valid"), ("cifar100", "cifar100")):
        one = import_table("nats-tss", [folder], dataset=dataset, trials="888")
        both = import_table("nats-tss", [folder], dataset=dataset)
        for row, record in kept.items():
            runs = [record["200"]["all_results"][name, seed] for seed in (777, 888)]
            split = "x-valid" if dataset == "cifar10" else "ori-test"
            assert one["val_acc"].values[10, row] == runs[1]["eval_acc1es"][f"{split}@10"]
            assert one["val_acc"].values[-1, row] == runs[1]["eval_acc1es"]["x-valid@199"]
            mean = np.mean([r["train_losses"][50] for r in runs])
            assert both["train_loss"].values[50, row] == mean
            seconds = sum(runs[1]["train_times"][e] for e in range(3))
            assert one["train_seconds"].values[2, row] == pytest.approx(seconds)
        test = "ori-test@199" if dataset == "cifar10" else "x-test@199"
        source = kept[11]["200"]["all_results"]["cifar10" if dataset == "cifar10" else name, 888]
        assert one["test_acc"].values[11] == source["eval_acc1es"][test]


def test_nats_size(tmp_path):
    draw = np.random.default_rng(3)
    folder = tmp_path / "NATS-sss-v1_0-50262-simple"
    folder.mkdir()
    record = upstream.nats_record("16:8:24:64:40", draw, (777,), epochs=90)
    (folder / "000001.pickle.pbz2").write_bytes(upstream.bz2_pickle(record))
    row = (((1 * 8 + 0) * 8 + 2) * 8 + 7) * 8 + 4
    table = import_table("nats-sss", [folder])
    assert table.attrs["name"] == likely_name("nats-sss", [folder], None, None) == "nats-sss-cifar10"
    assert table.attrs["space"] == "nats-sss"
    assert table["arch_key"].values[row] == "16:8:24:64:40"
    assert table["val_acc"].attrs["n_arch_known"] == 1
    runs = record["90"]["all_results"]
    valid, tested = runs["cifar10-valid", 777], runs["cifar10", 777]
    np.testing.assert_array_equal(table["epoch"], np.arange(1, 91))
    np.testing.assert_array_equal(
        table["val_acc"].values[:, row], [valid["eval_acc1es"][f"x-valid@{e}"] for e in range(90)]
    )
    assert table["test_acc"].values[row] == tested["eval_acc1es"]["ori-test@89"]
    assert table["train_seconds"].values[89, row] == pytest.approx(sum(valid["train_times"].values()))
    other = import_table("nats-sss", [folder], dataset="ImageNet16-120", trials="777")
    assert other["val_acc"].values[89, row] == runs["ImageNet16-120", 777]["eval_acc1es"]["x-valid@89"]
    with pytest.raises(ValueError, match="holds no trainings of 200 epochs"):
        import_table("nats-tss", [folder])
    topology = write(tmp_path / "1.pickle.pbz2", upstream.bz2_pickle(upstream.nats_record("8:8:8:8:9", draw, (7,), 90)))
    with pytest.raises(ValueError, match="layer5='9' must be one of 8, 16"):
        import_table("nats-sss", [topology])


def test_nats_topology_in_a_tar_archive(tmp_path):
    space, draw = SPACES["nb201"], np.random.default_rng(8)
    data = upstream.bz2_pickle(upstream.nats_record(space.to_string(space.decode(99)), draw))
    folder = tmp_path / "NATS-tss-v1_0-3ffb9-simple"
    folder.mkdir()
    (folder / "000099.pickle.pbz2").write_bytes(data)
    (folder / "meta.pickle.pbz2").write_bytes(data)
    with tarfile.open(tmp_path / "n.tar", "w") as archive:
        archive.add(folder, arcname="NATS-tss-v1_0-3ffb9-simple")
    table = import_table("nats-tss", [tmp_path / "n.tar"])
    xr.testing.assert_equal(table, import_table("nats-tss", [folder]))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["NATS-tss-v1_0-3ffb9-simple", "n.tar"]
    (tmp_path / "cut.tar").write_bytes((tmp_path / "n.tar").read_bytes()[:700])
    for name in ("cut.tar", "none.tar"):
        with pytest.raises(ValueError, match=r"not a complete tar archive|holds no NNNNNN|does not exist"):
            import_table("nats-tss", [tmp_path / name])


def test_nb_asr(tmp_path):
    draw = np.random.default_rng(4)
    rows = range(8_242)
    first, lines = upstream.nb_asr_file(rows, draw, 1234)
    second, more = upstream.nb_asr_file(rows, draw, 1235)
    files = [write(tmp_path / f"{i}.pickle", d) for i, d in enumerate((first, second, upstream.nb_asr_info(rows)))]
    table = import_table("nb-asr", files)
    expected = 50 * (np.array(lines[77][1]) + np.array(more[77][1]))
    np.testing.assert_allclose(table["val_per"].values[:, 77], expected, rtol=1e-12)
    assert table["params"].values[77] == 30.000077
    one = import_table("nb-asr", files[1:], trials="1235")
    np.testing.assert_allclose(one["test_per"].values[5], 100 * more[5][2], rtol=1e-12)
    with pytest.raises(ValueError, match="holds trainings of that seed"):
        import_table("nb-asr", files, trials="7")


def test_suite_zero_is_merged(tmp_path):
    scores = upstream.suite_scores(range(N), np.random.default_rng(5), ("synflow", "my_new_proxy"))
    (tmp_path / "zc.json").write_text(json.dumps({"cifar10": scores}))
    table = import_table("suite-zero", [tmp_path / "zc.json"], into="nb201-cifar10")
    assert float(table["synflow"][99]) == list(scores.values())[99]["synflow"]["score"]
    assert table["synflow"].attrs["provenance"] == "measured"
    assert table["val_acc"].attrs["provenance"] == "modelled"
    assert run("MF-NAS", table, n_run=3, metric_stage1="my_new_proxy").sizes["run"] == 3
    with pytest.raises(ValueError, match="give --into"):
        import_table("suite-zero", [tmp_path / "zc.json"])
    with pytest.raises(ValueError, match="has no scores of 'cifar100'"):
        import_table("suite-zero", [tmp_path / "zc.json"], into="nb201-cifar100")


@pytest.mark.parametrize("key", ["genotype", "arch", "hash"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "zarr", "nc"])
def test_tables_of_ones_own(tmp_path, key, suffix):
    space = SPACES["nb201"]
    names = [space.digits(r) if key == "genotype" else space.to_string(space.decode(r)) for r in SOME]
    frame = pd.DataFrame(
        {key: names, "mine": [1.5, 2.5, 3.5, 4.5], "val_acc_12": [50.0, 60.0, 70.0, 80.0], "note": list("abcd")}
    )
    path = tmp_path / f"mine.{suffix}"
    if suffix.startswith("csv"):
        frame.to_csv(path, index=False)
    elif suffix == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    else:
        data = xr.Dataset({"mine": ("arch", frame["mine"]), "val_acc": (("epoch", "arch"), [frame["val_acc_12"]])})
        data = data.assign_coords(
            epoch=[12], **{"arch_key" if key == "arch" else key: ("arch", np.array(names, dtype=object))}
        )
        if suffix == "zarr":
            data.to_zarr(path, consolidated=False, zarr_format=2)
        else:
            pytest.importorskip("h5netcdf")
            data.to_netcdf(path, engine="h5netcdf")
    table = import_table("csv", [path], space="nb201", provenance="measured")
    assert set(table.data_vars) == {"mine", "val_acc"}
    np.testing.assert_array_equal(table["mine"].values[SOME], frame["mine"])
    np.testing.assert_array_equal(table["val_acc"].sel(epoch=12).values[SOME], frame["val_acc_12"])
    assert table["mine"].attrs["n_arch_known"] == 4


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("genotype,x\n000000,1\n", {}, "provenance=None must be one of measured"),
        ("foo,x\n000000,1\n", {"provenance": "measured"}, "no column of architectures"),
        ("genotype,x\n00000a,1\n", {"provenance": "measured"}, "row 1: "),
        ("genotype,x\n000000,1\n0,2\n", {"provenance": "measured"}, "comes twice"),
        ("genotype,x\n000000,a\n", {"provenance": "measured"}, "no numeric column"),
        ("genotype,x\n000000,a\n", {"provenance": "measured", "metrics": ["x"]}, "'x' is not a number in row 1"),
        ("genotype,x\n000000,1\n", {"provenance": "measured", "metrics": ["y"]}, "no column 'y'"),
        ("", {"provenance": "measured"}, "cannot read"),
    ],
)
def test_bad_columns_are_refused(tmp_path, text, options, words):
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        import_table("csv", [tmp_path / "f.csv"], space="nb201", **options)
