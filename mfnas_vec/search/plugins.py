"""Optimizers and spaces from outside: from a file of one's own, or from an installed package.

A file is read once and run as it was read: its text is what a cluster's workers get, and its digest
is what a sweep's store remembers. Only a file that the user names is run, never one that a result
store names. An installed package declares entry points ``mfnas_vec.optimizers``, each the name of
an optimizer and the module (or an object in it) that registers it.
"""

import hashlib
import importlib
import importlib.metadata
import linecache
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mfnas_vec.search.sources import names_of

#: Largest plug-in file, bytes.
MAX_BYTES = 1 << 20
#: Group of the entry points of installed packages.
GROUP = "mfnas_vec.optimizers"
#: Package name of the modules that files become.
_PREFIX = "mfnas_plugin_"


class Plugin(NamedTuple):
    """A file of one's own: all that another process needs to load it."""

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


class _Loaded(NamedTuple):
    plugin: Plugin
    #: Where it was read; another text of the same place takes its place.
    path: str
    module: types.ModuleType
    #: Names of the search spaces that it registered.
    spaces: tuple[str, ...]


#: Every file that was loaded, by the name of its module.
_LOADED: dict[str, _Loaded] = {}


def load_plugin(path: str | Path) -> types.ModuleType:
    """Run a file that registers optimizers (``@optimizer``) or search spaces (``register_space``).

    Loading a file again does nothing, unless it was edited: then what it registered is replaced.

    Parameters
    ----------
    path
        A Python file of at most 1 MB. It should stand alone: a cluster's workers get this file only.

    Returns
    -------
    module
        The file as a module.

    Raises
    ------
    ValueError
        If the file cannot be read, does not run, or registers a name that exists already.

    Examples
    --------
    >>> from mfnas_vec.search.plugins import load_plugin
    >>> load_plugin("no_such_file.py")
    Traceback (most recent call last):
        ...
    ValueError: plugin no_such_file.py cannot be read: No such file or directory
    """
    place = Path(path)
    try:
        with place.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ValueError(f"plugin {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"plugin {path} is no Python file: it is not UTF-8 text") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"plugin {path} has more than {MAX_BYTES} bytes, too many for a plug-in")
    return run_plugin(Plugin(place.name, text), str(place.resolve()))


def run_plugin(plugin: Plugin, path: str = "") -> types.ModuleType:
    """Run the text of a plug-in, unless that was done before; ``path`` says where it was read.

    Raises
    ------
    ValueError
        As of ``load_plugin``.
    """
    from mfnas_vec.search.registry import OPTIMIZERS
    from mfnas_vec.spaces import SPACES, register_space

    known = _LOADED.get(plugin.module)
    if known is not None:
        return known.module
    before = dict(OPTIMIZERS), dict(SPACES)
    earlier = [name for name, loaded in _LOADED.items() if path and loaded.path == path]
    for name in [name for name, found in OPTIMIZERS.items() if found.home in earlier]:
        del OPTIMIZERS[name]
    for name in (name for module in earlier for name in _LOADED[module].spaces):
        SPACES.pop(name, None)
    others = set(OPTIMIZERS), set(SPACES)
    module = types.ModuleType(plugin.module)
    # The text in memory, so that messages show its lines even if the file has changed since.
    shown = path or plugin.name
    module.__file__ = shown
    sys.modules[plugin.module] = module
    try:
        code = compile(plugin.text, shown, "exec")
        exec(code, module.__dict__)
        spaces = tuple(name for name in SPACES if name not in others[1])
        # A space that was known with the same definition may be registered again.
        if not spaces and set(OPTIMIZERS) == others[0] and register_space.__name__ not in names_of(code):
            raise ValueError("it registers nothing; decorate a search with @optimizer(name, Settings)")
    except (Exception, SystemExit) as error:
        del sys.modules[plugin.module]
        _restore(OPTIMIZERS, before[0])
        _restore(SPACES, before[1])
        raise ValueError(f"plugin {shown}: {_told(error, shown)}") from None
    for name in earlier:
        del _LOADED[name]
    linecache.cache[shown] = (len(plugin.text), None, plugin.text.splitlines(keepends=True), shown)
    _LOADED[plugin.module] = _Loaded(plugin, path, module, spaces)
    return module


def _restore(registry: dict[str, Any], before: dict[str, Any]) -> None:
    registry.clear()
    registry.update(before)


def _told(error: BaseException, path: str) -> str:
    """An error of a plug-in in one line, with the line of the file."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    words = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    kind = "" if isinstance(error, ValueError) and words else f"{type(error).__name__}: "
    return f"line {line}: {kind}{words}" if line else f"{kind}{words}"


def loaded() -> tuple[Plugin, ...]:
    """Every file that was loaded, in that order."""
    return tuple(found.plugin for found in _LOADED.values())


def plugin_of(module: str) -> Plugin | None:
    """The plug-in file that became a module."""
    found = _LOADED.get(module)
    return None if found is None else found.plugin


def installed() -> dict[str, importlib.metadata.EntryPoint]:
    """The optimizers that installed packages declare, by name; nothing is imported."""
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def load_installed(name: str) -> None:
    """Import what declares an optimizer.

    Raises
    ------
    ValueError
        If it cannot be imported.
    """
    point = installed()[name]
    try:
        point.load()
    except Exception as error:  # whatever a package of somebody else raises
        words = " ".join(str(error).split())
        raise ValueError(
            f"optimizer={name!r} of {_package(point)} cannot be loaded: {type(error).__name__}: {words}"
        ) from None


def _package(point: importlib.metadata.EntryPoint) -> str:
    return point.value if point.dist is None else f"{point.dist.name} {point.dist.version}"


def failures() -> Iterator[str]:
    """Load every installed optimizer; says of each that fails, why."""
    for name in installed():
        try:
            load_installed(name)
        except ValueError as error:
            yield str(error)
