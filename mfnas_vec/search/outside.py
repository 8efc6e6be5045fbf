"""Where optimizers from outside are: files that were loaded, and installed packages that declare some.

An installed package declares entry points ``mfnas_vec.optimizers``, each the name of an optimizer and
the module (or an object in it) that registers it.
"""

import hashlib
import importlib.metadata
import re
import types
from collections.abc import Iterator
from typing import NamedTuple

#: Group of the entry points of installed packages.
GROUP = "mfnas_vec.optimizers"
#: Package name of the modules that files become.
_PREFIX = "mfnas_plugin_"


class Plugin(NamedTuple):
    """A file of the user's: all that another process needs to load it."""

    #: Name of the file, without folder.
    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def module(self) -> str:
        """Name of the module that the file becomes: another text is another module."""
        return f"{_PREFIX}{re.sub(r'[^0-9A-Za-z]', '_', self.name.removesuffix('.py'))}_{self.digest[:16]}"


class Loaded(NamedTuple):
    """A file that was loaded, and what it registered."""

    plugin: Plugin
    #: Where it was read; a newer text from there replaces it.
    path: str
    module: types.ModuleType
    #: Names of the search spaces that it registered.
    spaces: tuple[str, ...]


#: Every file that was loaded, by the name of its module.
LOADED: dict[str, Loaded] = {}


def loaded() -> tuple[Plugin, ...]:
    """Every file that was loaded, in that order."""
    return tuple(found.plugin for found in LOADED.values())


def plugin_of(module: str) -> Plugin | None:
    """The plug-in file that became a module."""
    found = LOADED.get(module)
    return None if found is None else found.plugin


def installed() -> dict[str, importlib.metadata.EntryPoint]:
    """The optimizers that installed packages declare, by name; nothing is imported."""
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def load_installed(name: str) -> None:
    """Import what declares an optimizer; a ``ValueError`` if that fails."""
    point = installed()[name]
    try:
        point.load()
    except Exception as error:  # whatever a package of somebody else raises
        package = point.value if point.dist is None else f"{point.dist.name} {point.dist.version}"
        words = " ".join(str(error).split())
        raise ValueError(f"optimizer={name!r} of {package} cannot be loaded: {type(error).__name__}: {words}") from None


def failures() -> Iterator[str]:
    """Load every installed optimizer; the error of each that fails."""
    for name in installed():
        try:
            load_installed(name)
        except ValueError as error:
            yield str(error)
