import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec import CategoricalSpace, build_table, register_space
from mfnas_vec.spaces import NO_ARCH, categorical, get_space

GENES = {"a": [8, 16, 32], "b": ["x", "Y", "y", "z"], "c": [0.5, 1.5]}


def valid(genotype):
    return genotype.sum(axis=1) % 3 != 0


def canonical(genotype):
    return np.sort(genotype, axis=1)


def test_all_forms_of_a_plain_space():
    space = CategoricalSpace("plain", GENES)
    assert space.n_code == space.n_arch == 24
    assert not space.key_is_row
    keys = [f"{a}:{b}:{c}" for a, b, c in itertools.product(*GENES.values())]
    assert space.arch_key() == keys
    for code, key in enumerate(keys):
        genes = space.decode(code)
        assert space.to_string(genes) == key
        assert space.from_string(key).tolist() == genes.tolist()
        forms = (code, key, genes, space.digits(code))
        assert [space.row_of(form) for form in forms] == [code] * 4


@given(st.integers(0, 40 * 128 * 3 - 1))
def test_digits_of_wide_genes_have_dots(code):
    space = CategoricalSpace("wide", {"a": range(40), "b": range(128), "c": range(3)})
    assert space.digits(code) == ".".join(map(str, space.decode(code).tolist()))
    assert space.row_of(space.digits(code)) == code


def test_validity_and_shared_rows_by_enumeration():
    genes = dict.fromkeys("abc", range(4))
    space = CategoricalSpace("shared", genes, valid=valid, canonical=canonical)
    all_genes = list(itertools.product(range(4), repeat=3))
    classes = sorted({tuple(sorted(g)) for g in all_genes if sum(g) % 3})
    assert space.n_arch == len(classes)
    assert space.key_is_row
    np.testing.assert_array_equal(space.decode(space.arch_code), classes)
    for code, g in enumerate(all_genes):
        expected = classes.index(tuple(sorted(g))) if sum(g) % 3 else NO_ARCH
        assert space.row(code) == space.row_of(code) == expected
    with pytest.raises(ValueError, match=r"no valid architecture of shared"):
        space.row_of("0:0:0")


def test_registering_is_idempotent_for_the_same_definition_only():
    first = register_space(CategoricalSpace("mine", GENES, valid=valid))
    assert register_space(CategoricalSpace("mine", GENES, valid=lambda g: valid(g))) is first
    assert get_space("mine") is first
    others = [
        CategoricalSpace("mine", GENES),
        CategoricalSpace("mine", GENES | {"a": [8, 32, 16]}, valid=valid),
        CategoricalSpace("mine", {"A": GENES["a"], "b": GENES["b"], "c": GENES["c"]}, valid=valid),
        CategoricalSpace("mine", GENES, valid=valid, sampling="architectures"),
        CategoricalSpace("mine", GENES, valid=valid, separator="/"),
    ]
    for other in others:
        with pytest.raises(ValueError, match=r"'mine' exists already, with another definition.*take another name"):
            register_space(other)
    with pytest.raises(ValueError, match="'nb201' exists already"):
        register_space(CategoricalSpace("nb201", GENES))
    with pytest.raises(ValueError, match="must be a SearchSpace"):
        register_space("nb201")


def test_a_table_needs_a_registered_space():
    space = CategoricalSpace("mine", GENES)
    with pytest.raises(ValueError, match=r"'mine' is not registered: call register_space"):
        build_table(space, {"score": np.arange(24.0)}, provenance="computed")
    register_space(space)
    table = build_table(space, {"score": np.arange(24.0)}, provenance="computed")
    assert table["arch_key"].values.tolist() == space.arch_key()
    with pytest.raises(ValueError, match="exists already"):
        build_table(CategoricalSpace("mine", dict(reversed(GENES.items()))), {"s": np.zeros(24)}, provenance="computed")


class Entry:
    name, value = "theirs", "their_package.spaces"

    def __init__(self, found):
        self.found = found

    def load(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_entry_points_of_installed_packages(monkeypatch):
    space = CategoricalSpace("installed", GENES)
    groups = {"mfnas_vec.spaces": [Entry(ImportError("No module\nnamed 'x'")), Entry(space)]}
    monkeypatch.setattr("mfnas_vec.spaces.entry_points", lambda group: groups[group])
    assert get_space("installed") is space
    broken = "theirs of the installed their_package.spaces cannot be loaded: ImportError: No module named 'x'"
    with pytest.raises(ValueError, match=rf"register_space; on the command line --plugin FILE\); {broken}$"):
        get_space("absent")
    groups["mfnas_vec.spaces"] = [Entry(CategoricalSpace("installed", {"a": [1, 2], "b": [1, 2]}))]
    with pytest.raises(ValueError, match="exists already, with another definition"):
        get_space("absent")


@pytest.mark.parametrize(
    ("genes", "options", "words"),
    [
        ({"a": [1, 2]}, {}, "two or more"),
        ({"a": [1], "b": [1, 2]}, {}, r"genes\['a'\] has 1 values; must be 2 to 128"),
        ({"a": range(129), "b": [1, 2]}, {}, r"has 129 values; must be 2 to 128: genotypes are kept as int8"),
        ({"a": [1, "1"], "b": [1, 2]}, {}, "value '1' twice"),
        ({"a": ["x:y", 1], "b": [1, 2]}, {}, "separator ':'"),
        ({"a": "xy", "b": [1, 2]}, {}, r"genes\['a'\]='xy' must be a list"),
        ({1: [1, 2], "b": [1, 2]}, {}, "has the name 1"),
        ({f"g{i}": range(128) for i in range(5)}, {}, r"34,359,738,368 codes; must be <= 2,147,483,648"),
        (GENES, {"separator": "."}, "separator='.'"),
        (GENES, {"sampling": "all"}, "sampling='all' must be one of"),
        (GENES, {"valid": lambda g: False}, r"returns shape \(\), dtype bool"),
        (GENES, {"valid": lambda g: np.zeros(len(g))}, r"dtype float64.*must be truth values"),
        (GENES, {"valid": lambda g: np.zeros(len(g), bool)}, "allows no genotype"),
        (GENES, {"canonical": lambda g: g[:, :1]}, "must be the same"),
        (GENES, {"canonical": lambda g: g + 100}, "out of range"),
        (GENES, {"canonical": lambda g: g[::-1]}, "not its own canonical genotype"),
        (GENES, {"valid": lambda g: g[:, 0] > 0, "canonical": lambda g: g * 0}, "no valid genotype"),
    ],
)
def test_refusals(genes, options, words):
    with pytest.raises(ValueError, match=words):
        CategoricalSpace("mine", genes, **options)


def test_a_row_map_beyond_memory_is_refused(monkeypatch):
    genes = dict.fromkeys("abcd", range(64))
    monkeypatch.setattr(categorical, "_memory", lambda: 300 * 2**20)
    with pytest.raises(ValueError, match=r"16,777,216 codes: a row map .* needs 0.2 GiB of memory, and may have 0.1"):
        CategoricalSpace("mine", genes, valid=lambda g: np.ones(len(g), bool))
    monkeypatch.setattr(categorical, "_memory", lambda: 2**28)
    with pytest.raises(ValueError, match=r"16,777,216 architectures: a list of them"):
        CategoricalSpace("mine", genes).arch_key()


def test_two_to_the_31_codes():
    space = CategoricalSpace("huge", {f"g{i}": range(2) for i in range(10)} | {f"w{i}": range(128) for i in range(3)})
    assert space.n_code == space.n_arch == 2**31
    last = 2**31 - 1
    assert space.row_of(space.to_string(space.decode(last))) == space.row(last) == last
    assert space.row_of(space.digits(last)) == last


@pytest.mark.parametrize(("text", "words"), [("8:x", "the form is a:b:c"), ("8:X:0.5", "b='X' must be one of x, Y, y")])
def test_bad_text(text, words):
    with pytest.raises(ValueError, match=words):
        CategoricalSpace("plain", GENES).row_of(text)


def test_nats_sss_is_the_published_size_space():
    space = get_space("nats-sss")
    assert space.n_arch == 8**5 == 32_768
    assert space.from_string("8:16:24:32:40").tolist() == [0, 1, 2, 3, 4]
    assert space.to_string([7, 7, 7, 7, 7]) == "64:64:64:64:64"
    assert space.row_of("8:8:8:8:16") == 1
