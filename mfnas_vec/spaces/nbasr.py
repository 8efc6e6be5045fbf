"""NAS-Bench-ASR: a cell of three nodes with skip connections, for speech recognition.

Source: A. Mehrotra et al., "NAS-Bench-ASR: Reproducible Neural Architecture Search for Speech
Recognition", ICLR 2021, and its public code.

Vertex 0 is the cell's input, vertices 1 to 3 its nodes, vertex 4 its output. Each node reads the
vertex before it; genes 0, 2 and 5 are the operations of the nodes. The skip bits of node k say
which earlier vertices are added to its output: gene 1 for vertex 0 at node 1, genes 3 and 4 for
vertices 0 and 1 at node 2, genes 6 to 8 for vertices 0 to 2 at node 3. Architectures are the
distinct graphs without ``zero`` operations and dangling vertices, in the order of their hash.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.arrays import ONE_LEVEL, SpaceArrays, make_arrays
from mfnas_vec.spaces.stored import StoredSpace, read_space

OPERATIONS = ("linear", "conv5", "conv5d2", "conv7", "conv7d2", "zero")


class NBASR(StoredSpace):
    """The NAS-Bench-ASR space: 13,824 genotypes of 8,242 distinct graphs.

    Stored codes are those of the genotypes with the fewest skips.
    """

    title = "NAS-Bench-ASR (3 nodes, 6 operations, 6 skip connections)"
    source = "Mehrotra et al., ICLR 2021"

    def __init__(self) -> None:
        super().__init__("nbasr", (6, 2, 6, 2, 2, 6, 2, 2, 2), 8_242, key_is_row=False)

    def _make_arrays(self) -> SpaceArrays:
        (cell,) = read_space(self.name, "cell")
        return make_arrays(self, ONE_LEVEL, cell=cell)

    def to_string(self, genotype: Sequence[int]) -> str:
        """One word per node, the operation and its skip bits.

        Examples
        --------
        >>> NBASR().to_string([0, 1, 5, 0, 1, 3, 1, 0, 0])
        'linear:1|zero:01|conv7:100'
        """
        g = [int(v) for v in genotype]
        nodes = ((g[0], g[1:2]), (g[2], g[3:5]), (g[5], g[6:9]))
        return "|".join(f"{OPERATIONS[op]}:{''.join(map(str, skips))}" for op, skips in nodes)

    def from_string(self, text: str) -> npt.NDArray[np.int8]:
        """Genotype, shape ``(9,)``, of the form that ``to_string`` writes.

        Raises
        ------
        ValueError
            If the text is not of that form.
        """
        nodes = [node.partition(":")[::2] for node in text.strip().split("|")]
        fits = [len(skips) for _, skips in nodes] == [1, 2, 3]
        if not fits or any(op not in OPERATIONS or set(skips) - {"0", "1"} for op, skips in nodes):
            raise ValueError(
                f"text={text!r} is no NAS-Bench-ASR architecture; the form is op:b|op:bb|op:bbb with op in {OPERATIONS}"
            )
        genes = [gene for op, skips in nodes for gene in (OPERATIONS.index(op), *map(int, skips))]
        return np.array(genes, dtype=np.int8)
