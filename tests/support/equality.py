"""Run kernels and the reference implementation on the same job, and compare all that they return."""

import copy
import functools

import numpy as np

from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.runs.threads import run_blocks
from mfnas_vec.search import get_optimizer
from mfnas_vec.search.memory import NO_TRACE, make_outcome, make_trace
from mfnas_vec.tables import dense


def make_job(optimizer, table, protocol="gecco2024", **settings):
    spec = get_optimizer(optimizer)
    return spec.job(table, spec.resolve(table, settings), protocol)


def run_kernel(job, n_run, seed=0, first_run=0, n_thread=1, block_size=64):
    outcome = make_outcome(n_run)
    run_blocks(job, seed, first_run, outcome, NO_TRACE, n_thread=n_thread, block_size=block_size)
    trace = make_trace(n_run, int(outcome.evaluations.max()))
    run_blocks(job, seed, first_run, outcome, trace, n_thread=n_thread, block_size=block_size)
    return outcome, trace


@functools.lru_cache(maxsize=16)
def remembering(space):
    """A space that remembers rows and digits: reference implementations ask for the same ones again and again."""
    found = copy.copy(space)
    found.row_of, found.digits = (functools.lru_cache(2**18)(method) for method in (space.row_of, space.digits))
    return found


def run_reference(optimizer, table, arguments, stream):
    return REFERENCE[optimizer](remembering(dense.table_space(table)), stream, **arguments)


def assert_equal_run(outcome, trace, run, record, case=()):
    """Every number of a compiled run and of its steps is that of the record, bit for bit."""
    found = tuple(values[run] for values in outcome)
    assert found == tuple(getattr(record, name) for name in outcome._fields), (*case, run)
    n = len(record.steps)
    assert n == record.evaluations
    expected = list(zip(*record.steps, strict=True)) if n else [()] * 6
    for kept, column in zip(trace, expected, strict=True):
        np.testing.assert_array_equal(kept[run, :n], np.array(column, dtype=kept.dtype))
    assert (trace.code[run, n:] == -1).all()


def assert_equal_to_reference(optimizer, table, n_run, seed=0, protocol="gecco2024", **settings):
    """The compiled runs are those of the reference implementation."""
    job = make_job(optimizer, table, protocol, **settings)
    outcome, trace = run_kernel(job, n_run, seed)
    arguments = reference_arguments(optimizer, job)
    for run in range(n_run):
        record = run_reference(optimizer, table, arguments, KernelStream(seed, run))
        assert_equal_run(outcome, trace, run, record, (optimizer, settings))
