"""Search spaces: what an architecture is."""

from collections.abc import Iterator
from importlib.metadata import entry_points

from mfnas_vec.spaces.arrays import NO_ARCH, SpaceArrays
from mfnas_vec.spaces.base import SearchSpace
from mfnas_vec.spaces.categorical import CategoricalSpace
from mfnas_vec.spaces.nats_sss import NATS_SSS
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
        NATS_SSS,
        NBASR(),
        NBGraph("nbgraph", OPERATIONS, 26_206),
        NBGraph("nbgraph-proteins", PROTEINS_OPERATIONS, 2_021),
    )
}

#: Entry points of installed packages that bring spaces: each a space, or a module that registers some.
ENTRY_POINTS = "mfnas_vec.spaces"

__all__ = [
    "NO_ARCH",
    "SPACES",
    "CategoricalSpace",
    "SearchSpace",
    "SpaceArrays",
    "check_registered",
    "get_space",
    "register_space",
]


def register_space(space: SearchSpace) -> SearchSpace:
    """Make a space known by its name, so that searches find it from a table.

    The same definition may be registered any number of times, as when a file is imported again.

    Parameters
    ----------
    space
        The space.

    Returns
    -------
    SearchSpace
        The registered space of that name.

    Raises
    ------
    ValueError
        If it is no space, or there is another one of that name.

    Examples
    --------
    >>> space = register_space(CategoricalSpace("my-space", {"width": [8, 16, 32], "depth": [1, 2]}))
    >>> get_space("my-space") is space
    True
    """
    if not isinstance(space, SearchSpace):
        raise ValueError(f"space={space!r} must be a SearchSpace, such as a CategoricalSpace")
    known = SPACES.setdefault(space.name, space)
    if known is not space and known.definition() != space.definition():
        raise ValueError(f"space {space.name!r} exists already, with another definition: {known!r}; take another name")
    return known


def check_registered(space: SearchSpace) -> None:
    """Refuse a space that is not registered, or whose name is registered with another definition."""
    if space.name not in SPACES:
        raise ValueError(f"space {space.name!r} is not registered: call register_space(space) first")
    register_space(space.with_sampling(SPACES[space.name].sampling))


def _load_installed() -> Iterator[str]:
    """Register the spaces of installed packages; yields why one cannot be imported."""
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
        except ValueError:  # a name that is taken
            raise
        except Exception as error:  # whatever a package of somebody else raises
            words = " ".join(str(error).split())
            yield f"; {entry.name} of the installed {entry.value} cannot be loaded: {type(error).__name__}: {words}"
        else:
            if isinstance(found, SearchSpace):
                register_space(found)


def get_space(name: str) -> SearchSpace:
    """The space of that name: built in, registered, or of an installed package.

    Raises
    ------
    ValueError
        If there is none.
    """
    failures = list(_load_installed()) if name not in SPACES else []
    if name not in SPACES:
        raise ValueError(
            f"space={name!r} is unknown; known spaces: {', '.join(SPACES)}; one of your own has to be registered "
            f"first (register_space; on the command line --plugin FILE){''.join(failures)}"
        )
    return SPACES[name]
