import collections
import os
import pickle
import pickletools
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.datasets.readers import pickle_depths, pickles
from mfnas_vec.datasets.readers.pickles import check_program, loads, plain, read_pickles

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.integers() | st.text()
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner, inner), max_leaves=20
)


@pytest.mark.slow
@given(DATA, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_comes_back(value, protocol):
    data = pickle.dumps(value, protocol=protocol)
    assert loads(data) == (value, len(data))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array",
    [np.arange(12.0).reshape(3, 4), np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)), np.array(["a", "bcd"])],
)
def test_arrays_and_scalars_come_back(array, protocol):
    value = {"a": array, "s": np.float32(2.5), "o": collections.OrderedDict([("x", {1, 2})])}
    found, _ = loads(pickle.dumps(value, protocol=protocol))
    np.testing.assert_array_equal(plain(found["a"]), array)
    assert found["s"] == 2.5
    assert found["o"] == value["o"]


#: A tuple of two of the tuple before, sixty times: a few hundred bytes that take for ever to hash.
SHARED = b"\x80\x04K\x01\x85\x940" + b"".join(b"h%ch%c\x86\x940" % (i, i) for i in range(60)) + b"h\x3c."


class Evil:
    def __reduce__(self):
        return os.system, ("echo caught > /dev/null",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pickle.dumps(Evil()), r"it names \w+\.system"),
        (b"cos\nsystem\n(S'echo'\ntR.", r"it names os\.system"),
        (pickle.dumps(getattr), r"it names builtins\.getattr"),
        (pickle.dumps(np.array([Evil()], dtype=object)), r"it names|arrays of"),
        (pickle.dumps(np.array([1, "a"], dtype=object)), "arrays of 'O8' are not read"),
        (pickle.dumps(np.datetime64("2020-01-01")), "arrays of 'M8' are not read"),
        (b"\x80\x02]r\xff\xff\xff\xff.", "memo entry 4294967295"),
        (b"\x80\x04" + b"]" * 100 + b"a" * 99 + b".", "more than 64 containers"),
        (b"\x80\x02K\x01" + b"\x85" * 100_000 + b".", "more than 64 containers"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x00.", "it is damaged"),
        (b"\x80\x04\x8b\x00\x10\x00\x00" + b"\x01" * 4096 + b".", "too many digits"),
        (b"\x80\x02}K\x012.", "instruction DUP"),
        (b"\x80\x02P1\n.", "it is damaged|PERSID"),
        (
            b"\x80\x04K\x01\x85\x940" + b"".join(b"h%ch%c\x86\x940" % (i, i) for i in range(60)) + b"h\x3c.",
            "holds more",
        ),
        # A frame that ends within a string: the unpickler goes on after the frame, with other bytes.
        (b"\x80\x04\x95" + struct.pack("<Q", 7) + b"X\x06\0\0\0ABK\x07.....", "a frame ends within an instruction"),
        (b"\x80\x04" + 2 * (b"\x95" + struct.pack("<Q", 20)) + b"N." + b"N" * 20, "a frame begins within another"),
        # Two lists, one in the other; then the inner one is filled, or filled with itself.
        (b"\x80\x04]\x94]\x94h\x00a0h\x00K\x01a.", "lies in another already"),
        (b"\x80\x04]\x94h\x00a.", "lies in another already"),
        (b"\x80\x04]\x94}\x94h\x00K\x01h\x01sa.", "lies in another already"),
        (b"", "it is damaged"),
        (b"\x80\x04]", "it is damaged"),
        (b"cnumpy\nndarray\n(tR.", "made by its own function"),
        (b"ccollections\nOrderedDict\n(N}S'x'\nK\x01stb.", "may not change how it is read"),
    ],
)
def test_what_is_no_plain_data_is_refused(data, words):
    with pytest.raises(ValueError, match=words):
        loads(data)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(pickles, "MAX_MEMORY", 10_000)
    with pytest.raises(ValueError, match="more than 10,000 bytes"):
        loads(pickle.dumps(list(range(1000))))


def test_memory_of_copies_is_bounded(monkeypatch):
    text = b"\x80\x04X\x10\x27\x00\x00" + b"a" * 10_000 + b"\x940]"
    copies = text + b"".join(b"c_codecs\nencode\nh\x00\x85Ra" for _ in range(50)) + b"."
    assert len(loads(copies)[0]) == 50
    monkeypatch.setattr(pickles, "MAX_MEMORY", 200_000)
    with pytest.raises(ValueError, match="more than 200,000 bytes"):
        loads(copies)


def test_an_array_that_claims_more_than_it_has_is_refused():
    data = pickle.dumps(np.arange(10.0), protocol=2)
    claimed = data.replace(b"K\x0a\x85", b"K\x7f\x85", 1)
    assert claimed != data
    with pytest.raises(ValueError, match="comes with 80 bytes"):
        loads(claimed)


def test_every_instruction_is_followed_or_refused():
    """A new protocol of Python would be noticed here."""
    known = {"PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "REDUCE", "BUILD", "NEWOBJ", "STACK_GLOBAL", "GLOBAL"}
    leaves = {op.name for op in pickletools.opcodes if not op.stack_before and op.stack_after}
    handled = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
    handled |= {"LIST", "DICT", "FROZENSET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"}
    names = {op.name for op in pickletools.opcodes}
    assert names <= known | leaves | handled | pickles._REFUSED


FLOAT = b"G" + struct.pack(">d", 0.5)


@pytest.mark.parametrize("n", [1, 2, 999, 1000, 1001, 1002, 5000])
def test_long_lists_of_floats_cost_what_each_float_costs(n, monkeypatch):
    data = b"\x80\x02](" + n * FLOAT + b"e."
    assert loads(data) == ([0.5] * n, len(data))
    cost = sum(pickles._COST.get(name, 72) for name in ("PROTO", "EMPTY_LIST", "MARK", "APPENDS", "STOP")) + 72 * n
    monkeypatch.setattr(pickles, "MAX_MEMORY", cost)
    assert check_program(data) == len(data)
    monkeypatch.setattr(pickles, "MAX_MEMORY", cost - 1)
    with pytest.raises(ValueError, match="its objects would take more"):
        check_program(data)


KEY = b"\x80\x02K\x01q\x000"  # 1 as memo entry 0
ITEM = b"h\x00" + FLOAT


@pytest.mark.parametrize("n", [1, 2, 999, 1000, 1001, 5000])
def test_mappings_of_floats_cost_what_each_item_costs(n, monkeypatch):
    data = KEY + b"}(" + n * ITEM + b"u."
    assert loads(data) == ({1: 0.5}, len(data))
    names = ("PROTO", "BININT1", "BINPUT", "POP", "EMPTY_DICT", "MARK", "SETITEMS", "STOP")
    cost = sum(pickles._COST.get(name, 72) for name in names) + (8 + 72) * n
    monkeypatch.setattr(pickles, "MAX_MEMORY", cost)
    assert check_program(data) == len(data)
    monkeypatch.setattr(pickles, "MAX_MEMORY", cost - 1)
    with pytest.raises(ValueError, match="its objects would take more"):
        check_program(data)


@pytest.mark.parametrize("key", [b"]q\x000", b""])
def test_keys_that_are_containers_or_missing_are_followed_one_by_one(key):
    data = b"\x80\x02" + key + b"}(" + 3 * ITEM + b"u."
    with pytest.raises(ValueError, match="unhashable" if key else "it is damaged: 0"):
        loads(data)


def test_keys_that_are_containers_count_with_size_and_depth(monkeypatch):
    """Each time they are used."""
    large = b"\x80\x02(" + 10 * b"K\x01" + b"tq\x000}(" + 3 * ITEM + b"u."
    deep = b"\x80\x02K\x01" + 10 * b"\x85" + b"q\x000}(" + 3 * ITEM + b"u."
    assert check_program(large) == len(large)
    assert check_program(deep) == len(deep)
    monkeypatch.setattr(pickles, "MAX_SIZE", 30)
    with pytest.raises(ValueError, match="a container holds more than 30"):
        check_program(large)
    monkeypatch.setattr(pickle_depths, "MAX_DEPTH", 10)
    with pytest.raises(ValueError, match="more than 10 containers"):
        check_program(deep)


@pytest.mark.parametrize("end", range(len(KEY), 60))
def test_a_frame_may_end_between_key_and_float_and_nowhere_else(end):
    head = KEY[:2] + b"\x95" + struct.pack("<Q", end) + KEY[2:]
    data = head + b"}(" + 4 * ITEM + b"u."
    first = len(head) + 2
    inside = first < 11 + end < first + 4 * len(ITEM)
    if inside and (11 + end - first) % len(ITEM) not in (0, 2):
        with pytest.raises(ValueError, match="a frame ends within an instruction"):
            loads(data)
    else:
        assert check_program(data) == len(data)


@pytest.mark.parametrize("end", range(1, 40))
def test_a_frame_may_end_between_floats_and_nowhere_else(end):
    data = b"\x80\x04\x95" + struct.pack("<Q", end) + b"](" + 4 * FLOAT + b"e."
    if (end - 2) % 9 and 2 < end < 38:
        with pytest.raises(ValueError, match="a frame ends within an instruction"):
            loads(data)
    else:
        assert check_program(data) == len(data)


def test_where_a_program_ends_is_returned():
    data = pickle.dumps([1]) + pickle.dumps({"b": 2})
    end = check_program(data)
    assert loads(data)[0] == [1]
    assert loads(data, start=end) == ({"b": 2}, len(data))


def chain(n):
    """Lists made inner to outer through the memo, each filled with the one before only at the end."""
    made = b"".join(b"]" + b"\x94" + b"0" for _ in range(n))
    filled = b"".join(b"h%ch%ca0" % (i, i - 1) for i in range(n - 1, 0, -1))
    return b"\x80\x04" + made + filled + b"h%c." % (n - 1)


def test_containers_filled_later_are_measured_too():
    """Each list lies in the next one before anything lies in itself: no depth would be seen."""
    with pytest.raises(ValueError, match="lies in another already"):
        loads(chain(100))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("character", [0x110000, 0xFFFFFFFF])
def test_characters_that_do_not_exist_are_refused(byteorder, character):
    text = np.array(["abc", "de"], dtype=f"{byteorder}U3")
    good = pickle.dumps(text, protocol=2)
    raw = struct.pack(f"{byteorder}I", ord("e"))
    bad = struct.pack(f"{byteorder}I", character)
    found = pickle.dumps(text, protocol=4)
    assert plain(loads(good)[0]).tolist() == ["abc", "de"]
    assert raw in found
    with pytest.raises(ValueError, match="characters that do not exist"):
        plain(loads(found.replace(raw, bad))[0]).tolist()
    scalar = pickle.dumps(text[1], protocol=4)
    with pytest.raises(ValueError, match="characters that do not exist"):
        loads(scalar.replace(raw, bad))


def test_large_files_are_not_copied(tmp_path):
    """Several pickles of a file are read where they lie; reading holds the file once."""
    n = 2**24
    one = pickle.dumps([1]) + pickle.dumps(np.arange(n, dtype=np.uint8))
    (tmp_path / "f.p").write_bytes(one)
    del one
    tracemalloc.start()
    try:
        _, array = read_pickles(tmp_path / "f.p", 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert plain(array).shape == (n,)
    assert peak < 2.5 * n  # the file, and what one instruction holds of it
