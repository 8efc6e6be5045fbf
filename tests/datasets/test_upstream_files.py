"""Published files, imported and compared value by value with what another reader finds in them."""

import ast
import base64
import bz2
import collections
import gzip
import json
import pickle
import struct
import warnings

import numpy as np
import pytest

from mfnas_vec import SPACES
from mfnas_vec.datasets.importers import import_table

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "data" / "upstream_formats"


class Standard(pickle.Unpickler):
    """The standard reader, for files known to be good."""

    def find_class(self, module, name):
        known = {"OrderedDict": collections.OrderedDict, "dtype": np.dtype}
        if name == "scalar":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return super().find_class("numpy._core.multiarray", name)
        return known[name]


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "imagenet16"])
@pytest.mark.parametrize("trials", ["mean", "777", "888", "999"])
def test_nats_records_at_every_epoch(folder, dataset, trials):
    table = import_table("nats-tss", [folder / "nats_tss_v1_0"], dataset=dataset, trials=trials)
    name = {"cifar10": "cifar10-valid", "cifar100": "cifar100", "imagenet16": "ImageNet16-120"}[dataset]
    split = "x-valid" if dataset == "cifar10" else "ori-test"
    seeds = [777, 888, 999] if trials == "mean" else [int(trials)]
    for cell in ("000000", "000011"):
        path = folder / "nats_tss_v1_0" / f"{cell}.pickle.pbz2"
        with bz2.open(path) as stream:
            record = Standard(stream).load()["200"]
        row = SPACES["nb201"].row_of_key(record["arch_str"])
        runs = [record["all_results"][name, seed] for seed in seeds]
        for epoch in range(200):
            place = f"{split if epoch < 199 else 'x-valid'}@{epoch}"
            expected = {
                "val_acc": np.mean([r["eval_acc1es"][place] for r in runs]),
                "val_loss": np.mean([r["eval_losses"][place] for r in runs]),
                "train_acc": np.mean([r["train_acc1es"][epoch] for r in runs]),
                "train_loss": np.mean([r["train_losses"][epoch] for r in runs]),
            }
            for variable, value in expected.items():
                assert table[variable].values[epoch, row] == pytest.approx(float(value), rel=1e-12)


def test_all_trainings_of_a_tfrecord_file(folder):
    path = folder / "nasbench101_tfrecord" / "energy_4V9E.tfrecord"
    data, at, found = path.read_bytes(), 0, collections.defaultdict(list)
    while at < len(data):
        (length,) = struct.unpack("<Q", data[at : at + 8])
        key, epochs, _, _, text = json.loads(data[at + 12 : at + 12 + length])
        message = base64.decodebytes(text.encode())
        # The last evaluation: five numbers, each a byte of tag and eight of value.
        start = message.rfind(b"\x09" + struct.pack("<d", float(epochs)) + b"\x11")
        values = [struct.unpack("<d", message[start + 9 * i + 1 : start + 9 * i + 9])[0] for i in range(5)]
        found[key, epochs].append(values)
        at += 16 + length
    assert len(found) == 91 * 4
    assert {len(v) for v in found.values()} == {3}
    space = SPACES["nb101"]
    for trials in ("0", "1", "2", "mean"):
        table = import_table("nasbench101", [path], trials=trials)
        for (key, epochs), repeats in found.items():
            at = (4, 12, 36, 108).index(epochs), space.row_of_hash(key)
            seconds, train, val, test = (
                np.array(repeats).mean(axis=0)[1:] if trials == "mean" else repeats[int(trials)][1:]
            )
            assert table["train_seconds"].values[at] == pytest.approx(seconds, rel=1e-12)
            assert table["train_acc"].values[at] == pytest.approx(100 * train, rel=1e-12)
            assert table["val_acc"].values[at] == pytest.approx(100 * val, rel=1e-12)
            if epochs == 108:
                assert table["test_acc"].values[at[1]] == pytest.approx(100 * test, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "key", "n"),
    [
        ("nb201-cifar10", "cifar10", 725),
        ("nb201-cifar100", "cifar100", 725),
        ("nb201-imagenet16", "ImageNet16-120", 724),
        ("nb101", None, 292),
    ],
)
def test_all_scores_of_suite_zero(folder, name, key, n):
    path = folder / "nas_bench_suite_zero" / f"zc_{'nasbench101' if key is None else 'nasbench201'}.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    while key is None and len(content) == 1:
        content = next(iter(content.values()))
    cells = content if key is None else content[key]
    table = import_table("suite-zero", [path], into=name)
    names = {4: "avg_pool_3x3", 0: "skip_connect", 1: "none", 2: "nor_conv_3x3", 3: "nor_conv_1x1"}
    rows = set()
    for text, values in cells.items():
        codes = ast.literal_eval(text)
        if key is None:
            matrix = np.array(codes[:49]).reshape(7, 7).tolist()
            ops = [{2: "maxpool3x3", 3: "conv1x1-bn-relu", 4: "conv3x3-bn-relu"}[c] for c in codes[50:55]]
            arch = json.dumps({"matrix": matrix, "ops": ["input", *ops, "output"]})
        else:
            e = [names[c] for c in codes]
            arch = f"|{e[0]}~0|+|{e[1]}~0|{e[3]}~1|+|{e[2]}~0|{e[4]}~1|{e[5]}~2|"
        row = SPACES[name.partition("-")[0]].row_of_key(arch)
        if row in rows:
            continue  # on NAS-Bench-101 several entries are of one cell
        rows.add(row)
        if key is not None:
            for score in ("synflow", "snip", "nwot", "l2_norm", "plain"):
                if score in values and values[score]["score"] > -9e7:
                    assert table[score].values[row] == values[score]["score"]
                    assert table[f"{score}_seconds"].values[row] == values[score]["time"]
    assert len(rows) == n
    assert table["snip"].attrs["n_arch_known"] == n
