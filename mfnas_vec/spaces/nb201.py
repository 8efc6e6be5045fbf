"""NAS-Bench-201: a cell of four nodes, one of five operations on each of its six edges.

Source: X. Dong and Y. Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural
Architecture Search", ICLR 2020.

Genes are the edges in the order of the architecture string
``|a~0|+|b~0|c~1|+|d~0|e~1|f~2|``; every genotype is valid and an architecture of its own.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.base import SearchSpace

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")

#: (source node, target node) of each gene.
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))

_PATTERN = re.compile(r"\|(\w+)~0\|\+\|(\w+)~0\|(\w+)~1\|\+\|(\w+)~0\|(\w+)~1\|(\w+)~2\|")


class NB201(SearchSpace):
    """The NAS-Bench-201 topology space: 5 ** 6 = 15,625 cells."""

    title = "NAS-Bench-201 (6 edges, 5 operations)"
    source = "Dong and Yang, ICLR 2020"

    def __init__(self) -> None:
        super().__init__("nb201", (5,) * 6, 5**6, key_is_row=False)

    def arch_key(self) -> list[str]:
        """Architecture strings in row order (row = code)."""
        return [self.to_string(g) for g in itertools.product(range(5), repeat=6)]

    def to_string(self, genotype: Sequence[int]) -> str:
        """Architecture string of one genotype, shape ``(6,)``.

        Examples
        --------
        >>> NB201().to_string([3, 3, 3, 1, 3, 2])[:35]
        '|nor_conv_3x3~0|+|nor_conv_3x3~0|no'
        """
        a, b, c, d, e, f = (OPERATIONS[g] for g in genotype)
        return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(6,)``, of an architecture string.

        Raises
        ------
        ValueError
            If the text is no NAS-Bench-201 architecture string.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None or any(op not in OPERATIONS for op in match.groups()):
            raise ValueError(
                f"text={text!r} is no NAS-Bench-201 architecture; the form is "
                f"|op~0|+|op~0|op~1|+|op~0|op~1|op~2| with op in {OPERATIONS}"
            )
        return np.array([OPERATIONS.index(op) for op in match.groups()], dtype=np.int8)
