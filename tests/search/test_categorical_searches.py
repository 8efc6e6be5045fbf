"""Compiled searches on spaces of one's own equal the reference implementation, bit for bit."""

import dataclasses

import numpy as np
import pytest
from support.equality import assert_equal_run, assert_equal_to_reference, make_job, run_kernel

from mfnas_vec import CategoricalSpace, build_table, open_table, register_space, run, save_table, sweep
from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.search import OPTIMIZERS

FEW = dict.fromkeys("abcd", range(5))
WIDE = {"a": range(20), "b": range(3), "c": range(40)}
SETTINGS = {
    "RS": {"metric": "val_acc", "max_eval": 60},
    "FLS": {"metric": "val_acc", "max_eval": 150},
    "BLS": {"metric": "val_acc", "max_eval": 150},
    "REA": {"metric": "val_acc", "max_eval": 80},
    "REA+W": {"metric": "val_acc", "max_eval": 40, "metric_warmup": "params", "n_sample_warmup": 30},
    "SH": {"metric": "val_acc", "n_candidate": 9},
    "MF-NAS": {"n_candidate": 7, "max_eval_stage1": 120, "metric_stage2": "val_acc"},
}


def by_sum(genotype):
    return genotype.sum(axis=1) % 4 != 1


def in_order(genotype):
    """Genes a and c are interchangeable where both have such a value."""
    found = genotype.copy()
    swap = (genotype[:, 0] > genotype[:, 2]) & (genotype[:, 0] < 20) & (genotype[:, 2] < 20)
    found[swap, 0], found[swap, 2] = genotype[swap, 2], genotype[swap, 0]
    return found


def make_space(kind):
    options = {
        "few": {},
        "few valid": {"valid": by_sum},
        "wide": {},
        "wide valid": {"valid": by_sum},
        "wide shared": {"canonical": in_order},
        "wide valid shared": {"valid": lambda g: by_sum(in_order(g)), "canonical": in_order},
        "wide valid shared once": {"valid": by_sum, "canonical": in_order, "sampling": "architectures"},
    }[kind]
    return CategoricalSpace(kind.replace(" ", "-"), FEW if kind.startswith("few") else WIDE, **options)


def make_table(space):
    draw, n = np.random.default_rng(1), space.n_arch
    metrics = {
        "val_acc": draw.integers(0, 30, (3, n)) * 3.0 + 2,  # many are equal
        "params": draw.integers(1, 30, n) / 4,
        "test_acc": draw.random(n) * 90 + 5,
    }
    seconds = np.cumsum(draw.random((3, n)) + 0.5, axis=0)
    return build_table(space, metrics, epochs=(1, 4, 8), train_seconds=seconds, provenance="computed", name="own")


KINDS = ["few", "few valid", "wide", "wide valid", "wide shared", "wide valid shared", "wide valid shared once"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", list(SETTINGS))
def test_equal_to_the_reference(kind, optimizer):
    table = make_table(register_space(make_space(kind)))
    for protocol in ("gecco2024", "corrected"):
        assert_equal_to_reference(optimizer, table, 6, protocol=protocol, **SETTINGS[optimizer])
    limit = {"max_time": 90.0} if "max_eval" not in SETTINGS[optimizer] else {"max_eval": None, "max_time": 90.0}
    assert_equal_to_reference(optimizer, table, 3, seed=5, **SETTINGS[optimizer] | limit)


class AnyScore:
    """Scores of 2**31 rows that are made when they are read."""

    def __init__(self, found):
        self.found = found

    def __getitem__(self, row):
        self.found[row] = float((row * 2_654_435_761) % 1_000_003 % 50)
        return self.found[row]


HUGE = {f"g{i}": range(2) for i in range(10)} | {f"w{i}": range(128) for i in range(3)}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", list(SETTINGS))
def test_two_to_the_31_codes(tmp_path, optimizer):
    space = CategoricalSpace("huge", HUGE)
    small = register_space(CategoricalSpace("small", {key: [0, 1] for key in HUGE}))
    flat = make_table(small)[["params", "test_acc"]].rename(params="score")
    settings = dict.fromkeys(("metric", "metric_stage1", "metric_stage2", "metric_warmup"), "score")
    names = {field.name for field in OPTIMIZERS[optimizer].fields}
    given = SETTINGS[optimizer] | {k: v for k, v in settings.items() if k in names}
    if optimizer == "REA":
        del given["metric_warmup"]
    job = make_job(optimizer, flat, **given)
    # A file with holes: only the pages of the rows that are written to take room.
    values = np.memmap(tmp_path / "scores", np.float64, "w+", shape=(1, space.n_arch))
    found, n_run = {}, 3
    arguments = {
        name: a._replace(score=AnyScore(found) if np.ndim(a.score[0]) == 0 else [AnyScore(found)] * len(a.score))
        if hasattr(a, "score")
        else a
        for name, a in reference_arguments(optimizer, job).items()
    }
    records = [REFERENCE[optimizer](space, KernelStream(2, run), **arguments) for run in range(n_run)]
    rows = np.array(list(found))
    values[0, rows] = list(found.values())
    assert rows.max() > 2**30
    scores = np.asarray(values)
    given = job.arguments
    sources = {name: getattr(given, name)._replace(score=scores) for name in ("objective", "proxy")}
    job = dataclasses.replace(job, arguments=given._replace(space=space.arrays, **sources))
    outcome, trace = run_kernel(job, n_run, seed=2)
    for run_index, record in enumerate(records):
        assert_equal_run(outcome, trace, run_index, record)


@pytest.mark.slow
def test_from_arrays_to_a_sweep(tmp_path):
    space = register_space(make_space("wide valid shared"))
    save_table(make_table(space), tmp_path / "own.zarr")
    table = open_table(tmp_path / "own.zarr")
    for name, settings in SETTINGS.items():
        result = run(name, table, n_run=4, **settings)
        assert result.sizes["run"] == 4
    grid = {"problems": [str(tmp_path / "own.zarr")], "optimizers": SETTINGS, "n_run": 4}
    found = sweep(grid, tmp_path / "sweep.zarr")
    assert found["own"].sizes["optimizer"] == len(SETTINGS)
    assert sweep(grid, tmp_path / "sweep.zarr", resume=True).identical(found)


@pytest.mark.parametrize("optimizer", list(SETTINGS))
def test_what_has_no_default_is_asked_for(optimizer):
    table = make_table(register_space(make_space("few")))
    with pytest.raises(ValueError, match=r"metric\w* is needed|n_candidate is needed|would never end"):
        run(optimizer, table, n_run=1)
