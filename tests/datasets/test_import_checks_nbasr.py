"""What the importer of NAS-Bench-ASR refuses."""

import pickle
import shutil

import pytest

from mfnas_vec import SPACES
from mfnas_vec.datasets.importers import import_table

GRAPH = SPACES["nbasr"].arch_key()[5]


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else pickle.dumps(data))
    return path


def asr_file(path, header=(), lines=None, info=False):
    """A file of NAS-Bench-ASR with some of its header and its rows changed."""
    first = {"dataset_type": "training", "epochs": 2, "seed": 1, "columns": ["model_hash", "val_per", "test_per"]}
    rows = [[GRAPH, [0.5, 0.4], 0.4]]
    if info:
        first = {"dataset_type": "static", "columns": ["model_hash", "params", "flops"]}
        rows = [[GRAPH, 30_000_000, 3e9]]
    return write(path, pickle.dumps(first | dict(header)) + pickle.dumps(rows if lines is None else lines))


def test_error_rates_above_one_are_shares(tmp_path):
    """Insertions count as errors, so that the first epochs may have more of them than there are phonemes."""
    table = import_table("nb-asr", [asr_file(tmp_path / "a.pickle", lines=[[GRAPH, [1.25, 0.4], 0.4]])])
    assert table["val_per"].values[:, 5].tolist() == [125.0, 40.0]
    data = {GRAPH: {"val_per": [1.25, 0.5], "test_per": 0.5}}
    table = import_table("mf-nas", [write(tmp_path / "data.p", data)])
    assert table["val_per"].values[0, 5] == 125.0


@pytest.mark.parametrize(
    ("per", "params", "words"),
    [(25.0, 3e7, "'val_per' is 25 somewhere; it is a share of 1"), (0.4, 30.0, "'params' is 30 .* a plain count")],
)
def test_units_of_nb_asr_are_checked(tmp_path, per, params, words):
    training = asr_file(tmp_path / "a.pickle", lines=[[GRAPH, [per, per], 0.4]])
    info = asr_file(tmp_path / "i.pickle", info=True, lines=[[GRAPH, params, 3e9]])
    with pytest.raises(ValueError, match=words):
        import_table("nb-asr", [training, info])
    data = {GRAPH: {"val_per": [per], "test_per": 0.4, "params": params}}
    with pytest.raises(ValueError, match=words):
        import_table("mf-nas", [write(tmp_path / "data.p", data)])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"epochs": True}, "trainings of True epochs"),
        ({"epochs": [2]}, r"trainings of \[2\] epochs"),
        ({"epochs": 2.0}, r"trainings of 2\.0 epochs"),
        ({"epochs": 10**9}, "trainings of 1000000000 epochs"),
        ({"seed": [1]}, r"the seed \[1\]"),
        ({"seed": None}, "the seed None"),
        ({"dataset_type": ["training"]}, r"of type \['training'\]"),
    ],
)
def test_headers_of_nb_asr_are_checked(tmp_path, header, words):
    with pytest.raises(ValueError, match=r"a\.pickle .*" + words):
        import_table("nb-asr", [asr_file(tmp_path / "a.pickle", header)])


def test_a_seed_or_graph_of_nb_asr_that_comes_twice_is_refused(tmp_path):
    one = asr_file(tmp_path / "a.pickle")
    shutil.copy(one, tmp_path / "b.pickle")
    for other in (one, tmp_path / "b.pickle"):
        with pytest.raises(ValueError, match="are both of seed 1; give one"):
            import_table("nb-asr", [one, other])
    import_table("nb-asr", [one, asr_file(tmp_path / "b.pickle", {"seed": 2})])
    twice = [[GRAPH, [0.5, 0.4], 0.4]] * 2
    with pytest.raises(ValueError, match=r"a\.pickle, row 1: the architecture comes twice"):
        import_table("nb-asr", [asr_file(tmp_path / "a.pickle", lines=twice)])


def test_keys_are_text(tmp_path):
    with pytest.raises(ValueError, match=r"a\.pickle, row 0: .*named by a int"):
        import_table("nb-asr", [asr_file(tmp_path / "a.pickle", lines=[[111_111_111, [0.5, 0.4], 0.4]])])
