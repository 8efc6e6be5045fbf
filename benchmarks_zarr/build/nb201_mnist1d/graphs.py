"""Which cells are the same network: 15,625 genotypes, 5,260 distinct graphs.

Edges on no way from input to output are removed: what they compute is zero or is not used. Convolutions
are units with weights of their own. The value of a node is then a sum of terms: the cell's input,
outputs of convolutions, and averages (poolings) of values of nodes; a skip adds the terms of its
source. Two cells are the same graph if some renaming of their convolutions makes all sums equal.

Average pooling is linear, so ``pool(a + b)`` equals ``pool(a) + pool(b)`` but for rounding; with this
rule too there are 5,044 graphs (see `sums`). They are trained as 5,260: the rule of the structure alone.
"""

import functools
import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.nb201 import EDGES

SKIP, CONV1, CONV3, POOL = 1, 2, 3, 4
CONVOLUTIONS = (CONV1, CONV3)
#: The four ways from input to output, as edges.
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))


class Graphs(NamedTuple):
    """The distinct graphs.

    Attributes
    ----------
    genes
        The pruned cell of each graph with the lowest code, shape ``(n_graph, 6)``, by ascending code.
    of_code
        The graph of each genotype, shape ``(15625,)``.
    """

    genes: npt.NDArray[np.int8]
    of_code: npt.NDArray[np.int64]


def prune(genes: Iterable[int]) -> tuple[int, ...]:
    """The cell without operations on edges that lie on no way from input to output."""
    cell = tuple(genes)
    used = {e for path in PATHS if all(cell[e] for e in path) for e in path}
    return tuple(op if e in used else 0 for e, op in enumerate(cell))


def sums(cell: tuple[int, ...], names: dict[int, int], linear: bool) -> tuple[Any, ...]:
    """The output and the inputs of the convolutions of a pruned cell as sums of terms.

    A term is a tuple; a sum is a sorted tuple of terms.

    Parameters
    ----------
    cell
        Operations, pruned.
    names
        A number for the convolution of each edge that has one.
    linear
        Whether a pooling of a sum is a sum of poolings.
    """
    nodes: list[tuple[Any, ...]] = [((0,),)]
    inputs: list[Any] = [None] * len(names)
    for target in (1, 2, 3):
        terms: list[Any] = []
        for e, (source, end) in enumerate(EDGES):
            if end != target or not cell[e]:
                continue
            if cell[e] == SKIP:
                terms += nodes[source]
            elif cell[e] != POOL:
                inputs[names[e]] = (cell[e], nodes[source])
                terms.append((1, names[e]))
            elif linear:
                terms += [(2, (term,)) for term in nodes[source]]
            else:
                terms.append((2, nodes[source]))
        nodes.append(tuple(sorted(terms)))
    return nodes[3], tuple(inputs)


def canonical(cell: tuple[int, ...], linear: bool = False) -> tuple[Any, ...]:
    """A form of a pruned cell that is the same for the same graph: the least over all names of convolutions."""
    edges = [e for e, op in enumerate(cell) if op in CONVOLUTIONS]
    orders = itertools.permutations(range(len(edges)))
    return min(sums(cell, dict(zip(edges, order, strict=True)), linear) for order in orders)


@functools.cache
def distinct_graphs() -> Graphs:
    """All distinct graphs, and which genotype is which."""
    cells = [prune(cell) for cell in itertools.product(range(5), repeat=6)]
    forms = {cell: canonical(cell) for cell in sorted(set(cells))}
    first: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for cell, form in forms.items():
        first.setdefault(form, cell)
    number = {form: i for i, form in enumerate(first)}
    of_code = np.array([number[forms[cell]] for cell in cells])
    return Graphs(np.array(list(first.values()), dtype=np.int8), of_code)
