from typing import NamedTuple

import numpy as np
import pytest

from mfnas_vec._jit import njit
from mfnas_vec._structs import kind_of, pack, pack_rows, reader
from mfnas_vec.search.memory import make_outcome, make_work
from mfnas_vec.spaces import get_space


class Inner(NamedTuple):
    flag: bool
    line: np.ndarray


class Outer(NamedTuple):
    count: int
    inner: Inner
    plane: np.ndarray
    share: float


def outer(plane):
    return Outer(-7, Inner(True, np.arange(5, dtype=np.int32)), plane, 0.25)


struct_at = None


def read(words, out):
    s = struct_at(words)
    out[0], out[1], out[2] = s.count, s.share, s.inner.flag
    out[3], out[4] = s.inner.line[-1], s.inner.line.size
    out[5], out[6], out[7] = s.plane.shape[0], s.plane.shape[1], s.plane[1, 2]


@pytest.mark.parametrize("plane", [np.arange(12.0).reshape(3, 4), np.arange(12.0).reshape(4, 3).T])
def test_compiled_code_reads_what_was_packed(plane, monkeypatch):
    """Also of an array that is not contiguous, which is copied."""
    values = outer(plane)
    packed, found = pack(values), np.zeros(8)
    monkeypatch.setitem(globals(), "struct_at", reader(kind_of(values)))
    njit(read, keep=False)(packed.words, found)
    plain = [-7, 0.25, 1, 4, 5, *plane.shape, plane[1, 2]]
    assert found.tolist() == plain
    assert packed.words.size == kind_of(values).n_word == 8


def test_what_is_written_to_is_never_a_copy():
    with pytest.raises(ValueError, match="must be contiguous"):
        pack(outer(np.zeros((4, 3)).T), writable=True)


@pytest.mark.parametrize("n_run", [0, 1, 7])
def test_rows_of_an_array_are_packed_as_any_other_arrays(n_run):
    outcome = make_outcome(n_run)
    assert [array.dtype.kind for array in outcome] == list("iiffiiii")
    for i, array in enumerate(outcome):
        array[:] = i
    assert [array.tolist() for array in outcome] == [[i] * n_run for i in range(8)]
    if n_run:
        assert pack_rows(outcome.code.base).words.tolist() == pack(outcome, writable=True).words.tolist()


def test_types_are_equal_where_forms_are():
    one, other = (kind_of(outer(np.zeros(shape))) for shape in ((1, 2), (3, 4)))
    assert one == other
    assert one != kind_of(outer(np.zeros((1, 2), np.float32)))
    assert one != kind_of(outer(np.zeros((1, 2))), writable=True)


def test_threads_never_write_to_the_same_line_of_the_cache():
    works = [make_work(get_space("nb201").arrays, 3) for _ in range(4)]
    lines = [
        {
            line
            for array in pack(work, writable=True).arrays
            for line in (array.ctypes.data + np.arange(array.nbytes)) >> 6
        }
        for work in works
    ]
    assert sum(map(len, lines)) == len(set.union(*lines))
