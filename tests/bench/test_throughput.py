import time

import numpy as np
import pytest
from mfnas_bench.limit import LEAST_SECONDS, Limit, limit_runs, seconds_of
from mfnas_bench.measure import reference, spread

from mfnas_vec.reference.streams import KernelStream


def plain_limit(values, n_step, seed, run):
    """The limit of one run in plain Python: (places read, draws made)."""
    stream, value, places = KernelStream(seed, run), 0, []
    for _ in range(n_step):
        places.append(((stream.bits() ^ value) >> 32) * len(values) >> 32)
        value = values[places[-1]]
    return places, stream


@pytest.mark.parametrize(("n_arch", "n_eval", "n_run"), [(15_625, 100, 1), (7, 3, 2), (1000, 1001, 10)])
def test_the_limit_draws_once_and_reads_once_an_evaluation(n_arch, n_eval, n_run):
    values = np.arange(n_arch, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    made = 0
    for run in range(n_run):
        history, rng, last = np.full(n_eval, -1, np.int32), np.zeros(3, np.uint64), np.zeros(1, np.int64)
        limit_runs(values, history, rng, n_eval, n_run, 3, run, 0, 1, last)
        n_step = int((history >= 0).sum())
        places, stream = plain_limit(values.tolist(), n_step, 3, run)
        assert history[:n_step].tolist() == places
        assert int(rng[2]) == stream.bits()  # the state is where as many draws lead
        assert last[0] == places[-1]
        assert abs(n_step - n_eval / n_run) < 1
        made += n_step
    assert made == n_eval


def test_the_limit_is_the_same_in_any_number_of_threads():
    limit = Limit(8242, 5000, 13)
    np.testing.assert_array_equal(limit.places(5, 1), limit.places(5, 3))
    assert (limit.places(5, 1) != limit.places(6, 1)).any()


def test_spread_of_a_hand_worked_case():
    assert spread([4.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 4.0, "relative_spread": 1.5}


def test_short_calls_are_timed_in_a_row():
    calls = []
    seconds = seconds_of(lambda: calls.append(0))
    assert len(calls) > 1
    assert seconds * len(calls) >= LEAST_SECONDS
    assert seconds_of(lambda: time.sleep(2 * LEAST_SECONDS)) >= 2 * LEAST_SECONDS


def test_the_reference_is_timed(cifar10):
    assert reference("SH", cifar10)(0) > 0
