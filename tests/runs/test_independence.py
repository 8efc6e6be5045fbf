"""A run's numbers depend on (seed, run index) only."""

import time

import numpy as np
import pytest
import xarray as xr
from support.hash_tables import SPACES, hash_table
from support.optimizers import BUILT_IN

from mfnas_vec import run
from mfnas_vec.runs.result import TIMING_PREFIX
from mfnas_vec.runs.store import write_result
from mfnas_vec.runs.threads import MAX_BLOCK, run_blocks
from mfnas_vec.search.memory import NO_TRACE, make_outcome

N_RUN = 37


@pytest.fixture(params=list(SPACES))
def table(request):
    return hash_table(request.param)


def budget(optimizer, table):
    """Hyperband repeats its brackets until a budget ends it; tables without seconds have no published one."""
    return {"max_epochs": 300} if optimizer == "Hyperband" and "train_seconds" not in table else {}


def facts(result):
    """A result without its timings."""
    kept = {k: v for k, v in result.attrs.items() if not k.startswith(TIMING_PREFIX)}
    return result.drop_attrs(deep=False).assign_attrs(kept)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_threads_and_blocks_change_nothing(optimizer, table):
    own = budget(optimizer, table)
    reference = run(optimizer, table, n_run=N_RUN, seed=3, n_thread=1, block_size=N_RUN, trace=True, **own)
    for n_thread, block_size in [(1, 1), (2, 1), (2, 5), (2, 36), (3, None), (None, None)]:
        split = {"n_thread": n_thread, "block_size": block_size}
        other = run(optimizer, table, n_run=N_RUN, seed=3, trace=True, **split, **own)
        xr.testing.assert_identical(facts(other), facts(reference))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_a_run_alone_is_the_run_among_others(optimizer, table):
    own = budget(optimizer, table)
    batch = run(optimizer, table, n_run=N_RUN, seed=3, **own)
    for i in (0, 17, N_RUN - 1):
        alone = run(optimizer, table, n_run=1, first_run=i, seed=3, **own)
        xr.testing.assert_equal(alone, batch.isel(run=[i]))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", BUILT_IN)
def test_seeds_and_runs_differ(optimizer, table):
    a, b = (run(optimizer, table, n_run=N_RUN, seed=seed, **budget(optimizer, table)) for seed in (0, 1))
    assert not a["search_score"].equals(b["search_score"])
    assert np.unique(a["cost_seconds" if "train_seconds" in table else "arch"]).size > 1


def test_global_random_state_is_neither_read_nor_changed(table):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = run("MF-NAS", table, n_run=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    xr.testing.assert_equal(run("MF-NAS", table, n_run=3), first)


@pytest.mark.slow
def test_same_command_same_bytes(table, tmp_path):
    for name in ("a", "b"):
        write_result(run("REA+W", table, n_run=9, trace=True), tmp_path / name)
    files = [sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).rglob("*") if p.is_file()) for n in "ab"]
    assert files[0] == files[1]
    assert files[0]
    for file in files[0]:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_fresh_seed_is_recorded(table):
    a, b = (run("RS", table, n_run=2, seed=None) for _ in range(2))
    assert a.attrs["seed"] != b.attrs["seed"]
    xr.testing.assert_equal(run("RS", table, n_run=2, seed=a.attrs["seed"]), a)


@pytest.mark.parametrize("n_run", [1, 300, 20_000, 50_000])
def test_blocks_make_each_run_once_and_come_out_even(n_run):
    """As many for each thread, so that none works alone at the end."""
    made = []

    class Recorder:
        n_eval_bound, n_place = 10.0, 0

        def __call__(self, seed, first_run, rows, output):
            made.append(rows)
            time.sleep(1e-6 * (rows.stop - rows.start))

    run_blocks(Recorder(), 0, 0, make_outcome(n_run), NO_TRACE, n_thread=2)
    assert sorted(row for rows in made for row in range(rows.start, rows.stop)) == list(range(n_run))
    assert max(rows.stop - rows.start for rows in made) <= MAX_BLOCK
    if n_run > MAX_BLOCK:
        *others, last = sorted((rows for rows in made if rows.start), key=lambda rows: rows.start)
        assert len(others) % 2 == 1
        assert len({rows.stop - rows.start for rows in others}) == 1
        assert last.stop - last.start <= others[0].stop - others[0].start
