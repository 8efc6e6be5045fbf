"""Files in the upstream formats, written for tests."""

import base64
import bz2
import json
import pickle
import struct

import numpy as np

from mfnas_vec.datasets.importers.suite_zero import NB201_EDGES, NB201_OPERATIONS
from mfnas_vec.datasets.readers.tfrecords import _masked, crc_table
from mfnas_vec.spaces import SPACES


def nb201_data(rows, draw):
    """Curves of cells as the published MF-NAS code keeps them."""
    space = SPACES["nb201"]
    cells = {}
    for row in rows:
        curves = {name: draw.random(200).tolist() for name in ("val_acc", "train_acc", "test_acc")}
        curves |= {name: (5 * draw.random(200)).tolist() for name in ("val_loss", "train_loss")}
        cells[space.digits(row)] = curves | {"train_time": 5 + draw.random(), "FLOPs": 50.0, "params": 0.5}
    return {"200": cells}


def suite_scores(rows, draw, names=("synflow", "jacov", "params")):
    """Zero-cost scores of NAS-Bench-201 cells as NAS-Bench-Suite-Zero writes them."""
    space = SPACES["nb201"]
    found = {}
    for genes in space.decode(np.asarray(rows)).tolist():
        codes = [0] * 6
        for place, gene in zip(NB201_EDGES, genes, strict=True):
            codes[place] = NB201_OPERATIONS.index(gene)
        scores = {name: {"score": float(draw.random()), "time": float(draw.random())} for name in names}
        found[str(tuple(codes))] = scores | {"val_accuracy": 90.0, "arch": "x"}
    return found


def nb101_data(rows, draw):
    """Results by budget and hash as the published MF-NAS code keeps them."""
    keys = SPACES["nb101"].arch_key()
    names = ("val_acc", "test_acc", "train_acc")
    return {
        str(e): {
            keys[r]: dict(zip(names, draw.random(3).tolist(), strict=True))
            | {"train_time": float(e) + draw.random(), "n_params": 2_000_000 + int(draw.integers(10**6))}
            for r in rows
        }
        for e in (4, 12, 36, 108)
    }


def _field(number, wire, data):
    return bytes([number << 3 | wire]) + data


def metrics_message(seconds, train, val, test, params):
    """A protocol buffer of NAS-Bench-101: an evaluation at the start and one at the end."""

    def evaluation(epoch, *values):
        body = b"".join(_field(i + 1, 1, struct.pack("<d", v)) for i, v in enumerate((epoch, *values)))
        return _field(1, 2, bytes([len(body)]) + body)

    number, text = params, b""
    while number > 127:
        text, number = text + bytes([number & 127 | 128]), number >> 7
    parts = evaluation(0.0, 0.0, 0.1, 0.1, 0.1) + evaluation(108.0, seconds, train, val, test)
    return parts + _field(2, 0, text + bytes([number])) + _field(3, 1, struct.pack("<d", 2 * seconds))


def tfrecord(records):
    """A TFRecord file of JSON records."""
    table, out = crc_table(), b""
    for record in records:
        data = json.dumps(record).encode()
        head = struct.pack("<Q", len(data))
        out += head + struct.pack("<I", _masked(head, table)) + data + struct.pack("<I", _masked(data, table))
    return out


def nb101_record(key, epochs, *values):
    return [key, epochs, "", "", base64.encodebytes(metrics_message(*values)).decode()]


def nats_record(arch, draw, seeds=(777, 888), epochs=200):
    """A record of NATS-Bench, bz2 pickled."""
    splits = {"cifar10-valid": "x-valid", "cifar10": "ori-test", "cifar100": "ori-test", "ImageNet16-120": "ori-test"}
    results = {}
    for name, split in splits.items():
        for seed in seeds:
            accuracy = {f"{split}@{e}": 100 * draw.random() for e in range(epochs)}
            accuracy |= {f"{s}@{epochs - 1}": 100 * draw.random() for s in ("x-valid", "x-test") if s != split}
            results[name, seed] = {
                "train_acc1es": {e: 100 * draw.random() for e in range(epochs)},
                "train_losses": {e: draw.random() for e in range(epochs)},
                "train_times": {e: np.float64(5 + draw.random()) for e in range(epochs)},
                "eval_acc1es": accuracy,
                "eval_losses": {key: draw.random() for key in accuracy},
            }
    return {str(epochs): {"arch_str": arch, "all_results": results}, "12": {}}


def bz2_pickle(value):
    return bz2.compress(pickle.dumps(value))


def nb_asr_file(rows, draw, seed, epochs=40):
    """A training file of NAS-Bench-ASR: two pickles."""
    keys = SPACES["nbasr"].arch_key()
    header = {"dataset_type": "training", "version": 2, "epochs": epochs, "seed": seed}
    header["columns"] = ["model_hash", "val_per", "test_per", "arch_vec"]
    lines = [[keys[r], draw.random(epochs).tolist(), float(draw.random()), [(1, 0), (1, 0, 0)]] for r in rows]
    return pickle.dumps(header) + pickle.dumps(lines), lines


def nb_asr_info(rows):
    """A static file of NAS-Bench-ASR."""
    keys = SPACES["nbasr"].arch_key()
    header = {"dataset_type": "static", "version": 2, "columns": ["model_hash", "params", "flops"]}
    return pickle.dumps(header) + pickle.dumps([[keys[r], 30_000_000 + r, 3e9 + r] for r in rows])
