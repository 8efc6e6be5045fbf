"""NAS-Bench-101: cells of at most seven vertices and nine edges.

Source: C. Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019.

Genes 0 to 20 are the upper triangle of the 7x7 adjacency matrix, row by row; genes 21 to 25 the
operations of the five interior vertices. Vertices that are not on a path from input to output are
pruned; a genotype is valid if what is left connects input and output with at most nine edges.
Architectures are the classes under the benchmark's graph hash, in the order of that hash.

The row map has two levels: the 21 edge bits give a *form* (which pruned graph, which vertices
survive); the form compresses the operations to those of the survivors; graph and compressed
operations give the row.
"""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import N_MASK, NO_ARCH, TWO_LEVEL, SpaceArrays, make_arrays
from mfnas_vec.spaces.stored import StoredSpace, read_space

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
N_VERTEX = 7
N_EDGE_GENE = N_VERTEX * (N_VERTEX - 1) // 2
N_INTERIOR = N_VERTEX - 2
N_OPS_CODE = 3**N_INTERIOR
#: (source, target) of each edge gene.
EDGES = tuple((a, b) for a in range(N_VERTEX) for b in range(a + 1, N_VERTEX))

_LONGEST_TEXT = 4_096


def compressed_ops() -> npt.NDArray[np.int32]:
    """Code of the surviving operations by mask of survivors and full code, shape ``(32, 243)``.

    Bit i of a mask stands for interior vertex i + 1; the first survivor is the most significant digit.
    """
    table = np.zeros((2**N_INTERIOR, N_OPS_CODE), np.int32)
    digits = np.arange(N_OPS_CODE)[:, None] // 3 ** np.arange(N_INTERIOR - 1, -1, -1) % 3
    for mask in range(2**N_INTERIOR):
        for vertex in range(N_INTERIOR):
            if mask >> vertex & 1:
                table[mask] = table[mask] * 3 + digits[:, vertex]
    return table


class NB101(StoredSpace):
    """The NAS-Bench-101 space: 509,607,936 genotypes, 423,624 distinct cells.

    Stored codes are those of the published representatives.
    """

    title = "NAS-Bench-101 (7 vertices, 9 edges, 3 operations)"
    source = "Ying et al., ICML 2019"

    def __init__(self) -> None:
        super().__init__("nb101", (2,) * N_EDGE_GENE + (3,) * N_INTERIOR, 423_624, key_is_row=True)

    def _make_arrays(self) -> SpaceArrays:
        form, offset, mask, cell = read_space(self.name, "high_form", "form_offset", "form_mask", "cell")
        return make_arrays(
            self,
            TWO_LEVEL,
            cell=cell,
            n_low=N_OPS_CODE,
            high_form=form,
            form=offset * N_MASK + mask,
            low_code=compressed_ops(),
        )

    def row_of_hash(self, digest: str) -> int:
        """Row of an MD5 module hash.

        Raises
        ------
        ValueError
            If no cell has that hash.
        """
        row = self._name_row(digest)
        if row == NO_ARCH:
            raise ValueError(f"digest={digest!r} is the module hash of no NAS-Bench-101 cell")
        return row

    def to_string(self, genotype: Sequence[int]) -> str:
        """Adjacency matrix and operation names of one genotype, shape ``(26,)``, as JSON."""
        matrix = [[0] * N_VERTEX for _ in range(N_VERTEX)]
        for (a, b), gene in zip(EDGES, genotype, strict=False):
            matrix[a][b] = int(gene)
        ops = ["input", *(OPERATIONS[g] for g in genotype[N_EDGE_GENE:]), "output"]
        return json.dumps({"matrix": matrix, "ops": ops}, separators=(",", ":"))

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(26,)``, of an adjacency matrix and operation names.

        Cells of fewer than seven vertices are taken too: the missing interior vertices are put,
        unconnected, before the output.

        Raises
        ------
        ValueError
            If the text is no such cell. (``row`` says whether it is *valid*.)
        """
        try:
            if len(text) > _LONGEST_TEXT:
                raise ValueError
            cell = json.loads(text)
            return np.array(self._genes(cell["matrix"], cell["ops"]), dtype=np.int8)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            shown = text if len(text) < 200 else text[:200] + "..."
            raise ValueError(
                f"text={shown!r} is no NAS-Bench-101 cell; the form is "
                '{"matrix":[[0,1,...],...],"ops":["input",...,"output"]}, upper triangular, 2 to 7 vertices, '
                f"operations {OPERATIONS}"
            ) from None

    def _genes(self, matrix: list[list[int]], ops: list[str]) -> list[int]:
        n = len(matrix)
        if not 2 <= n <= N_VERTEX or len(ops) != n or ops[0] != "input" or ops[-1] != "output":
            raise ValueError
        place = [*range(n - 1), N_VERTEX - 1]
        genes = [0] * self.n_gene
        for a, row in enumerate(matrix):
            if len(row) != n or any(v not in (0, 1) for v in row) or any(row[: a + 1]):
                raise ValueError
            for b in range(a + 1, n):
                genes[EDGES.index((place[a], place[b]))] = int(row[b])
        for v, op in enumerate(ops[1:-1]):
            genes[N_EDGE_GENE + v] = OPERATIONS.index(op)
        return genes
