"""What importers refuse: implausible units, what comes twice, scores in place of results, odd types."""

import gzip
import json
import lzma
import pickle
import re
import tarfile

import numpy as np
import pytest
import xarray as xr
from support import upstream

from mfnas_vec import SPACES, open_table
from mfnas_vec.datasets.importers import import_table, nats, suite_zero
from mfnas_vec.tables.coverage import mark_coverage

NB201, NB101, NBASR = (SPACES[name] for name in ("nb201", "nb101", "nbasr"))
DIGITS = NB201.digits(7)
GRAPH = NBASR.arch_key()[5]


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else pickle.dumps(data))
    return path


def draw():
    return np.random.default_rng(0)


def nb201_file(path, **changes):
    data = upstream.nb201_data([7], draw())
    data["200"][DIGITS].update(changes)
    return write(path, data)


def nats_file(path, row=7, change=None):
    record = upstream.nats_record(NB201.to_string(NB201.decode(row)), draw())
    if change is not None:
        change(record["200"])
    path.write_bytes(upstream.bz2_pickle(record))
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"val_acc": [94.5] * 200},
            r"data\.p: 'val_acc' is 94\.5 somewhere; it is a share of 1 in this format, 0 to 1",
        ),
        ({"test_acc": 91.0}, "'test_acc' is 91 somewhere"),
        ({"val_acc": [-0.5] * 200}, "'val_acc' is -0.5 somewhere"),
        ({"params": 1_073_466}, r"'params' is 1\.07347e\+06 somewhere; it is in millions"),
        ({"FLOPs": 153.27e6}, "'flops' is .* it is in millions"),
        ({"train_time": "5"}, r"data\.p: cell '000012': train_time: a str stands where a number should"),
        ({"val_acc": [0.5, None] * 99 + ["x"] * 2}, "cell '000012': val_acc: a str stands"),
        ({"val_acc": [0.5]}, r"data\.p: cell '000012': val_acc has 1 epochs, not 200"),
        ({"test_acc": []}, "cell '000012': test_acc is empty"),
    ],
)
def test_numbers_of_nb201_that_are_none_of_its_format(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        import_table("mf-nas", [nb201_file(tmp_path / "[cifar10]_data.p", **changes)])


@pytest.mark.parametrize("share", [0.001, 0.01])
def test_small_shares_are_shares(tmp_path, share):
    """Units follow from the format, not from the largest value: 1 % is no accuracy of 1."""
    table = import_table("mf-nas", [nb201_file(tmp_path / "[cifar10]_data.p", val_acc=[share] * 200, test_acc=1.0)])
    assert table["val_acc"].values[0, 7] == 100 * share
    assert table["test_acc"].values[7] == 100.0


@pytest.mark.slow
def test_percent_below_one_stays_percent(tmp_path):
    def lower(record):
        for run in record["all_results"].values():
            for curves in (run["train_acc1es"], run["eval_acc1es"]):
                curves.update(dict.fromkeys(curves, 0.5))

    table = import_table("nats-tss", [nats_file(tmp_path / "000000.pickle.pbz2", change=lower)])
    assert table["val_acc"].values[0, 7] == table["test_acc"].values[7] == 0.5

    def raised(record):
        record["all_results"]["cifar10-valid", 777]["train_acc1es"][0] = 250.0

    with pytest.raises(ValueError, match=r"'train_acc' is .* it is percent in this format, 0 to 100"):
        import_table("nats-tss", [nats_file(tmp_path / "000000.pickle.pbz2", change=raised)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((90.0, 0.9, 0.9, 300_000), "'train_acc' is 90 somewhere; it is a share of 1"),
        ((0.9, 0.9, 0.9, 3), "'params' is 3 somewhere; it is a plain count"),
    ],
)
def test_units_of_nb101_are_checked(tmp_path, values, words):
    records = [upstream.nb101_record(NB101.arch_key()[1], 108, 5.0, *values)]
    with pytest.raises(ValueError, match=words):
        import_table("nasbench101", [write(tmp_path / "f.tfrecord", upstream.tfrecord(records))])


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (["x", 108, "", "", "AAAA"], "kind|finished|number|field"),
        ([1, 108, "", "", ""], "not a record of NAS-Bench-101"),
        (upstream.nb101_record("0" * 32, 108, 1.0, 0.1, 0.1, 0.1, 300_000), "."),
        (upstream.nb101_record(NB101.arch_key()[1], 5, 1.0, 0.1, 0.1, 0.1, 300_000), "a training of 5 epochs"),
    ],
)
def test_a_bad_record_of_nb101_is_named(tmp_path, second, words):
    good = upstream.nb101_record(NB101.arch_key()[1], 108, 1.0, 0.1, 0.1, 0.1, 300_000)
    path = write(tmp_path / "f.tfrecord", upstream.tfrecord([good, second]))
    with pytest.raises(ValueError, match=r"f\.tfrecord, record 1 \(before byte [\d,]+\): .*(?:" + words + ")"):
        import_table("nasbench101", [path])


@pytest.mark.slow
def test_a_fourth_training_of_nb101_is_refused(tmp_path):
    good = upstream.nb101_record(NB101.arch_key()[1], 108, 1.0, 0.1, 0.1, 0.1, 300_000)
    import_table("nasbench101", [write(tmp_path / "f.tfrecord", upstream.tfrecord([good] * 3))])
    with pytest.raises(ValueError, match=r"record 3 .*it is training 4 of cell"):
        import_table("nasbench101", [write(tmp_path / "f.tfrecord", upstream.tfrecord([good] * 4))])


def test_a_cut_compressed_tfrecord_is_refused(tmp_path):
    good = upstream.nb101_record(NB101.arch_key()[1], 108, 1.0, 0.1, 0.1, 0.1, 300_000)
    for pack in (gzip.compress, lzma.compress):
        data = pack(upstream.tfrecord([good]))
        with pytest.raises(ValueError, match=r"cannot read .*f\.tfrecord after byte"):
            import_table("nasbench101", [write(tmp_path / "f.tfrecord", data[:-20])])


@pytest.mark.slow
def test_a_cell_of_nats_that_comes_twice_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    nats_file(folder / "000000.pickle.pbz2")
    for name in ("once.tar", "twice.tar"):
        with tarfile.open(tmp_path / name, "w") as archive:
            for _ in range(1 if name == "once.tar" else 2):
                archive.add(folder, arcname="x")
    import_table("nats-tss", [tmp_path / "once.tar"])
    for paths in ([folder, tmp_path / "once.tar"], [tmp_path / "twice.tar"], [folder, folder]):
        with pytest.raises(ValueError, match=r"000000\.pickle\.pbz2: the architecture comes twice"):
            import_table("nats-tss", paths)


@pytest.mark.parametrize("error", [OSError, EOFError, lzma.LZMAError])
def test_an_archive_that_cannot_be_read_is_refused(tmp_path, monkeypatch, error):
    (tmp_path / "n.tar").write_bytes(bytes(10_240))

    def fail(*_, **__):
        raise error("input/output error")

    monkeypatch.setattr(nats.tarfile, "open", fail)
    with pytest.raises(ValueError, match=r"n\.tar is not a complete tar archive: input/output error"):
        list(nats.read_records([tmp_path / "n.tar"]))


@pytest.mark.parametrize("seed", [777.0, float("inf"), True, "777"])
def test_seeds_of_nats_are_integers(tmp_path, seed):
    def rename(record):
        runs = record["all_results"]
        runs["cifar10-valid", seed] = runs.pop(("cifar10-valid", 777))

    path = nats_file(tmp_path / "000000.pickle.pbz2", change=rename)
    with pytest.raises(ValueError, match=r"000000\.pickle\.pbz2: a training is named .*not by a data set and a seed"):
        import_table("nats-tss", [path])


def test_keys_are_text(tmp_path):
    """A number that reads like the digits of a cell names none."""
    number = {"200": {111_111: upstream.nb201_data([7], draw())["200"][DIGITS]}}
    asr = {GRAPH: {"val_per": [0.5], "test_per": 0.4}, 5: {"val_per": [0.5]}}
    budgets = {str(e): {b"x" * 32: {"val_acc": 0.5}} for e in (4, 12, 36, 108)}
    for name, data in (("[cifar10]_data.p", number), ("data.p", asr), ("data.p", budgets)):
        with pytest.raises(ValueError, match=r"named by a (int|bytes), not by text"):
            import_table("mf-nas", [write(tmp_path / name, data)])

    def rename(record):
        record["arch_str"] = 111_111

    with pytest.raises(ValueError, match="named by a int"):
        import_table("nats-tss", [nats_file(tmp_path / "000000.pickle.pbz2", change=rename)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["val_acc", "test_acc", "train", "val_loss"])
def test_scores_do_not_replace_results_of_training(tmp_path, name):
    scores = upstream.suite_scores([7], draw(), ("synflow", name))
    (tmp_path / "zc.json").write_text(json.dumps({"cifar10": scores}))
    words = "'(train_seconds|val_acc|val_loss|test_acc)', which is the name of a result of training"
    with pytest.raises(ValueError, match=r"zc\.json: the scores of .*" + words):
        import_table("suite-zero", [tmp_path / "zc.json"], into="nb201-cifar10")
    with pytest.raises(ValueError, match=r"zc\.json: .*" + words):
        import_table("mf-nas", [nb201_file(tmp_path / "[cifar10]_data.p"), tmp_path / "zc.json"])
    by_hash = {NB101.arch_key()[3]: {name: {"score": 1.0, "time": 1.0}}}
    files = [write(tmp_path / "data.p", upstream.nb101_data([3], draw())), write(tmp_path / "zc.p", by_hash)]
    with pytest.raises(ValueError, match=r"zc\.p: architecture '\w+': .*" + words):
        import_table("mf-nas", files)


def test_scores_do_not_replace_curves_of_ones_own(tmp_path):
    base = open_table("nb201-cifar10")
    base = base.assign(my_curve=base["val_acc"])
    (tmp_path / "zc.json").write_text(json.dumps({"cifar10": upstream.suite_scores([7], draw(), ("my_curve",))}))
    words = r"'my_curve' of dims \(arch\) would replace 'my_curve' of dims \(epoch, arch\)"
    with pytest.raises(ValueError, match=words):
        import_table("suite-zero", [tmp_path / "zc.json"], into=base)
    (tmp_path / "f.csv").write_text("genotype,my_curve\n000000,1\n")
    with pytest.raises(ValueError, match=words):
        import_table("csv", [tmp_path / "f.csv"], into=base, provenance="measured")


@pytest.mark.parametrize(
    "key",
    [
        "(True, 0, 0, 0, 0, 0)",
        "(1.0, 0, 0, 0, 0, 0)",
        "(1e999, 0, 0, 0, 0, 0)",
        "(-1, 0, 0, 0, 0, 0)",
        "(0, 0)",
        "(0, 0, 0, 0, 0, 0, 0)",
        "(5, 0, 0, 0, 0, 0)",
        "(" * 900,
        "(0x1, 0, 0, 0, 0, 0)",
        "(1is, 0)",
    ],
)
def test_architectures_of_suite_zero_are_small_integers(key):
    with pytest.raises(ValueError, match=r"is not an architecture"):
        suite_zero.row_of(NB201, key)


def test_suites_within_suites_are_no_suites(tmp_path):
    content = upstream.suite_scores([7], draw())
    for _ in range(3):
        content = {"cifar10": content}
    assert suite_zero.is_suite(content)
    assert list(suite_zero.suite_datasets(content)) == ["cifar10"]
    for _ in range(500):
        content = {"cifar10": content}
    assert not suite_zero.is_suite(content)
    (tmp_path / "zc.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="holds no zero-cost scores"):
        import_table("suite-zero", [tmp_path / "zc.json"], into="nb201-cifar10")


@pytest.mark.slow
def test_what_a_json_file_makes_is_bounded(tmp_path):
    assert suite_zero.MAX_JSON <= 2**28
    path = tmp_path / "zc.json"
    path.write_bytes(gzip.compress(b"[" + b"{}," * 10_000_000 + b"{}]"))
    with pytest.raises(ValueError, match=r"zc\.json is not read: its objects would take more than"):
        suite_zero.read_json(path)
    path.write_bytes(gzip.compress(b" " * (suite_zero.MAX_JSON + 1)))
    with pytest.raises(ValueError, match=f"holds more than {suite_zero.MAX_JSON:,} bytes"):
        suite_zero.read_json(path)


def test_coverage_counts_what_has_every_trial():
    known = np.ones((3, 10))
    known[1, 4] = np.nan
    table = mark_coverage(xr.Dataset({"a": (("trial", "arch"), known), "b": (("epoch", "arch"), np.ones((2, 10)))}))
    assert table["a"].attrs["n_arch_known"] == 9
    assert "n_arch_known" not in table["b"].attrs


def test_a_bad_entry_of_nb101_and_nbasr_is_named(tmp_path):
    data = upstream.nb101_data([3], draw())
    key = NB101.arch_key()[3]
    data["36"][key]["val_acc"] = "x"
    with pytest.raises(ValueError, match=rf"data\.p: cell '{key}' at 36 epochs: val_acc: a str stands"):
        import_table("mf-nas", [write(tmp_path / "data.p", data)])
    asr = {GRAPH: {"val_per": [0.5], "test_per": [0.4]}}
    with pytest.raises(ValueError, match=rf"data\.p: graph '{re.escape(GRAPH)}': test_per: a list stands"):
        import_table("mf-nas", [write(tmp_path / "data.p", asr)])
