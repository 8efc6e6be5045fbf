"""NAS-Bench-Graph: a cell of four nodes, each of which reads one earlier node, for graph neural networks.

Source: Y. Qin, Z. Zhang, X. Wang, Z. Zhang and W. Zhu, "NAS-Bench-Graph: Benchmarking Graph Neural
Architecture Search", NeurIPS 2022, Datasets and Benchmarks.

Vertex 0 is the cell's input, vertices 1 to 4 its nodes. Node 1 reads the input; genes 0, 1 and 2 are
the vertices that nodes 2, 3 and 4 read (one of 2, 3 and 4), genes 3 to 6 the operations of the nodes.
The results of nodes that nobody reads are concatenated. A neighbour has another operation at one
node, or another source of one node.

Two genotypes are the same architecture if their cells are the same unordered tree once these are removed:

- a ``skip`` node that somebody reads: its readers read its source;
- a ``skip`` node that nobody reads, whose source nobody else reads: the source takes its place;
- a ``skip`` node that nobody reads, of the cell's input: the input itself is no part of the result.

Any other ``skip`` node stays: it adds its source's result to the cell's. The published form of an
architecture puts the nodes removed before all others, as a chain, and takes the least list of
sources and then the least list of operations; its name is the number whose decimal digits are the
place of the sources among the nine lists that occur, and the operations. A genotype without any
operation but ``skip`` is no architecture.
"""

import functools
import itertools
import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import NO_ARCH, ONE_LEVEL, IntArray, SpaceArrays, make_arrays
from mfnas_vec.spaces.base import ARCHITECTURES, SearchSpace

N_NODE = 4
OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
#: The operations that were trained on the data set proteins.
PROTEINS_OPERATIONS = ("gcn", "sage", "arma", "fc", "skip")
#: The data sets; proteins has a space of its own.
DATASETS = ("cora", "citeseer", "pubmed", "cs", "physics", "photo", "computers", "arxiv", "proteins")
#: Sources of the four nodes of published forms; an architecture's name begins with the place here.
LINKS = (
    (0, 0, 0, 0),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 2),
    (0, 0, 1, 3),
    (0, 1, 1, 1),
    (0, 1, 1, 2),
    (0, 1, 2, 2),
    (0, 1, 2, 3),
)


def reduced(links: Sequence[int], is_skip: Sequence[bool]) -> dict[int, int]:
    """The nodes that are left of a cell without needless ``skip`` nodes, and the source of each.

    Parameters
    ----------
    links
        Source of each node, shape ``(4,)``.
    is_skip
        Whether its operation is ``skip``, shape ``(4,)``.
    """
    source = dict(enumerate(links, start=1))
    for _ in range(N_NODE):  # one removal can make another one possible
        for node in [v for v in source if is_skip[v - 1]]:
            readers = [v for v in source if source[v] == node]
            alone = list(source.values()).count(source[node]) == 1
            if readers or alone or source[node] == 0:
                source |= dict.fromkeys(readers, source[node])
                del source[node]
    return source


def _orders(source: dict[int, int]) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Every order of the nodes that are left in which sources come first, and the links it gives."""
    first = N_NODE - len(source)
    for order in itertools.permutations(source):
        place = {0: first} | {node: first + 1 + i for i, node in enumerate(order)}
        links = [*range(first), *(place[source[node]] for node in order)]
        if all(link <= i for i, link in enumerate(links)):
            yield order, links


class NBGraph(SearchSpace):
    """A NAS-Bench-Graph space; samples are uniform over architectures by default.

    Parameters
    ----------
    name
        Short name, as in ``SPACES``.
    operations
        Operations of the space, a part of ``OPERATIONS`` in its order, ``skip`` last.
    n_arch
        Number of distinct architectures.
    """

    source = "Qin et al., NeurIPS 2022"

    def __init__(self, name: str, operations: tuple[str, ...], n_arch: int) -> None:
        self.operations = operations
        self.title = f"NAS-Bench-Graph (4 nodes, {len(operations)} operations)"
        cardinality = (2, 3, 4, *(len(operations),) * N_NODE)
        super().__init__(name, cardinality, n_arch, key_is_row=True, sampling=ARCHITECTURES)

    @functools.cached_property
    def _published_form(self) -> IntArray:
        """Code of the published form of each code, ``NO_ARCH`` where there is none, shape ``(n_code,)``."""
        skip = len(self.operations) - 1
        form = np.full(self.n_code, NO_ARCH, dtype=np.int64)
        for links in itertools.product(*(range(v + 1) for v in range(N_NODE))):
            for is_skip in itertools.product((False, True), repeat=N_NODE):
                if all(is_skip):
                    continue
                choices = [[skip] if s else list(range(skip)) for s in is_skip]
                ops = np.array(list(itertools.product(*choices)))
                least = np.full(len(ops), self.n_code)
                for order, new_links in _orders(reduced(links, is_skip)):
                    new_ops = np.full_like(ops, skip)
                    new_ops[:, N_NODE - len(order) :] = ops[:, [node - 1 for node in order]]
                    least = np.minimum(least, self._code(new_links, new_ops))
                form[self._code(links, ops)] = least
        return form

    def _code(self, links: Sequence[int], ops: IntArray) -> IntArray:
        """Codes of the same links with several operations, shape ``(n, 4)`` to ``(n,)``."""
        weight = np.array(self.weight)
        return np.asarray(ops @ weight[-N_NODE:] + np.array(links[1:]) @ weight[:-N_NODE])

    @functools.cached_property
    def arch_code(self) -> IntArray:
        """Code of the published form of each architecture, shape ``(n_arch,)``."""
        return np.unique(self._published_form)[1:]

    def _make_arrays(self) -> SpaceArrays:
        form = self._published_form
        cell = np.where(form == NO_ARCH, NO_ARCH, np.searchsorted(self.arch_code, form))
        return make_arrays(self, ONE_LEVEL, cell=cell)

    def arch_key(self) -> list[str]:
        """Published names, decimal numbers, in row order, which is their order."""
        place = [OPERATIONS.index(op) for op in self.operations]
        rows = self.decode(self.arch_code).tolist()
        return [str(int("".join(map(str, (LINKS.index((0, *g[:3])), *(place[op] for op in g[3:])))))) for g in rows]

    def to_string(self, genotype: Sequence[int]) -> str:
        """The sources of the four nodes, and their operations.

        Examples
        --------
        >>> NBGraph("nbgraph", OPERATIONS, 26_206).to_string([1, 2, 1, 1, 2, 7, 3])
        '0121|gcn|gin|fc|cheb'
        """
        links = "".join(str(int(gene)) for gene in (0, *genotype[: N_NODE - 1]))
        return "|".join([links, *(self.operations[gene] for gene in genotype[N_NODE - 1 :])])

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(7,)``, of the form that ``to_string`` writes.

        Raises
        ------
        ValueError
            If the text is not of that form.
        """
        links, *ops = text.strip().split("|")
        if not re.fullmatch("0[01][0-2][0-3]", links) or len(ops) != N_NODE or set(ops) - set(self.operations):
            raise ValueError(
                f"text={text!r} is no NAS-Bench-Graph architecture; the form is 0abc|op|op|op|op, where a, b and c "
                f"are the nodes that nodes 2, 3 and 4 read (0: the input), with op in {self.operations}"
            )
        return np.array([*map(int, links[1:]), *map(self.operations.index, ops)], dtype=np.int8)
