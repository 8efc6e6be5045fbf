import numpy as np
import pytest

from mfnas_vec import CategoricalSpace
from mfnas_vec.spaces import SPACES
from mfnas_vec.testing import check_space


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SPACES))
def test_built_in_spaces(name):
    check_space(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "space",
    [
        CategoricalSpace("wide", {"a": range(20), "b": range(128), "c": ["no", "yes"]}),
        CategoricalSpace("sorted", dict.fromkeys("abc", range(20)), canonical=lambda g: np.sort(g, axis=1)),
        CategoricalSpace("few", dict.fromkeys("abcd", range(4)), valid=lambda g: g.sum(axis=1) == 5),
        CategoricalSpace(
            "once", dict.fromkeys("abc", range(6)), canonical=lambda g: np.sort(g, axis=1), sampling="architectures"
        ),
        CategoricalSpace("huge", {f"g{i}": range(2) for i in range(10)} | {f"w{i}": range(128) for i in range(3)}),
    ],
    ids=lambda space: space.name,
)
def test_categorical_spaces(space):
    check_space(space)


class Broken(CategoricalSpace):
    def __init__(self, **methods):
        super().__init__("broken", dict.fromkeys("abc", range(5)))
        self.__dict__.update(methods)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ({"to_string": lambda g: "0:0:0"}, r"row_of\('0:0:0'\) is not"),
        ({"digits": lambda code: "0" * 3}, r"row_of\('000'\) is not"),
        ({"row": lambda code: np.asarray(code) * 0}, "finds another row"),
        ({"row_of": lambda key: 7}, r"row_of\(0\) is not"),
        ({"arch_key": lambda: ["x"] * 125}, "125 different names"),
        ({"arch_code": np.arange(125)[::-1]}, "order of rows"),
    ],
)
def test_what_is_wrong_is_said(methods, words):
    with pytest.raises(AssertionError, match=f"space 'broken': .*{words}"):
        check_space(Broken(**methods))


def test_samples_that_are_not_uniform_are_noticed():
    space = CategoricalSpace("broken", dict.fromkeys("abc", range(6)), canonical=lambda g: np.sort(g, axis=1))
    space.__dict__["arrays"] = space.with_sampling("architectures").arrays
    with pytest.raises(AssertionError, match="samples are not uniform over encodings"):
        check_space(space)
