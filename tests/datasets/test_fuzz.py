"""Damaged files give clean errors: no crash, no hang, no code, no half-written store.

``MFNAS_FUZZ`` sets how many mutated files are tried.
"""

import json
import os
import pickle
import time

import numpy as np
import pytest
from support import upstream

from mfnas_vec import SPACES
from mfnas_vec.datasets.importers import import_table

N_INPUT = int(os.environ.get("MFNAS_FUZZ", "700"))
LONGEST = 20.0


def seeds():
    """A small good file of every format."""
    draw = np.random.default_rng(0)
    space, keys = SPACES["nb201"], SPACES["nb101"].arch_key()
    records = [upstream.nb101_record(keys[1], e, 5.0, 0.9, 0.8, 0.7, 300) for e in (4, 108)]
    small = upstream.nb201_data([3], draw)
    asr, _ = upstream.nb_asr_file([1, 2], draw, 1234, epochs=3)
    nats = pickle.dumps(upstream.nats_record(space.to_string([1] * 6), draw, (777,)))
    suite = json.dumps({"cifar10": upstream.suite_scores([1, 2], draw)}).encode()
    csv = b"genotype,mine,val_acc_12\n013420,1.5,3\n333333,2,4\n"
    asr_data = {SPACES["nbasr"].arch_key()[0]: {"val_per": [0.5], "test_per": 0.3}}
    return [
        ("mf-nas", "[cifar10]_data.p", pickle.dumps(small), {}),
        ("mf-nas", "[cifar10]_data.p", pickle.dumps(small, protocol=2), {}),
        ("mf-nas", "data.p", pickle.dumps(asr_data, protocol=0), {}),
        ("mf-nas", "data.p", pickle.dumps({"200": {"000001": {"val_acc": np.ones(200)}}}), {"dataset": "cifar10"}),
        ("nasbench101", "f.tfrecord", upstream.tfrecord(records), {}),
        (
            "nats-tss",
            "000000.pickle.pbz2",
            nats,
            {},
        ),
        ("nb-asr", "a.pickle", asr, {}),
        ("nbgraph-full", "cora0.bench", pickle.dumps({0: {"dur": [(0.5,) * 7] * 3, "perf": 0.5, "para": 1.5}}), {}),
        ("suite-zero", "zc.json", suite, {"into": "nb201-cifar10"}),
        ("csv", "f.csv", csv, {"space": "nb201", "provenance": "measured"}),
    ]


def mutate(data, draw):
    """A file with some bytes changed, cut, doubled or exchanged."""
    found = bytearray(data)
    for _ in range(int(draw.integers(1, 4))):
        at = int(draw.integers(0, max(1, len(found))))
        kind = int(draw.integers(0, 6))
        if kind == 0 and found:
            found[at % len(found)] = int(draw.integers(256))
        elif kind == 1:
            del found[at:]
        elif kind == 2:
            del found[at : at + int(draw.integers(1, 16))]
        elif kind == 3:
            found[at:at] = found[at : at + int(draw.integers(1, 64))]
        elif kind == 4:
            found[at:at] = bytes(draw.integers(0, 256, int(draw.integers(1, 8)), dtype=np.uint8))
        elif found:
            found[at % len(found)] ^= 1 << int(draw.integers(8))
    return bytes(found)


@pytest.mark.slow
def test_mutated_files_give_clean_errors(tmp_path):
    formats = seeds()
    messages = []
    for i in range(N_INPUT):
        draw = np.random.default_rng([7, i])
        format_name, name, data, options = formats[i % len(formats)]
        path = tmp_path / name
        path.write_bytes(mutate(data, draw))
        begun = time.monotonic()
        try:
            import_table(format_name, [path], **options)
        except ValueError as error:
            messages.append(str(error))
        assert time.monotonic() - begun < LONGEST, (i, format_name)
        path.unlink()
    assert len(messages) > N_INPUT / 4
    assert all(messages)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", range(9))
def test_the_good_files_are_good(tmp_path, place):
    format_name, name, data, options = seeds()[place]
    (tmp_path / name).write_bytes(data)
    assert import_table(format_name, [tmp_path / name], **options).sizes["arch"] > 0
