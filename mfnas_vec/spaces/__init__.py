"""Search spaces: what an architecture is."""

from mfnas_vec.spaces.base import NO_ARCH, SearchSpace, SpaceArrays
from mfnas_vec.spaces.nb101 import NB101
from mfnas_vec.spaces.nb201 import NB201
from mfnas_vec.spaces.nbasr import NBASR
from mfnas_vec.spaces.nbgraph import OPERATIONS, PROTEINS_OPERATIONS, NBGraph

#: Every space by its short name.
SPACES: dict[str, SearchSpace] = {
    space.name: space
    for space in (
        NB101(),
        NB201(),
        NBASR(),
        NBGraph("nbgraph", OPERATIONS, 26_206),
        NBGraph("nbgraph-proteins", PROTEINS_OPERATIONS, 2_021),
    )
}

__all__ = ["NO_ARCH", "SPACES", "SearchSpace", "SpaceArrays", "get_space"]


def get_space(name: str) -> SearchSpace:
    """The space of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in SPACES:
        raise ValueError(f"space={name!r} is unknown; known spaces: {', '.join(SPACES)}")
    return SPACES[name]
