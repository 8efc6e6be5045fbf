"""Optimizers and spaces from a file of your own.

A file is read once and run as it was read: its text is what a cluster's workers get, and its digest
is what a sweep's store remembers. Only a file that the user names is run, never one that a result
store names.
"""

import linecache
import sys
import types
from pathlib import Path
from typing import Any

from mfnas_vec.search.outside import LOADED, Loaded, Plugin
from mfnas_vec.search.registry import OPTIMIZERS
from mfnas_vec.search.sources import names_of
from mfnas_vec.spaces import SPACES, register_space

#: Largest plug-in file, bytes.
MAX_BYTES = 1 << 20


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
    """Run the text of a plug-in, unless that was done before; ``path`` says where it was read."""
    known = LOADED.get(plugin.module)
    if known is not None:
        return known.module
    before = dict(OPTIMIZERS), dict(SPACES)
    earlier = [name for name, loaded in LOADED.items() if path and loaded.path == path]
    for name in [name for name, found in OPTIMIZERS.items() if found.home in earlier]:
        del OPTIMIZERS[name]
    for name in (name for module in earlier for name in LOADED[module].spaces):
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
        raise ValueError(f"plugin {shown}: {_reason(error, shown)}") from None
    for name in earlier:
        del LOADED[name]
    linecache.cache[shown] = (len(plugin.text), None, plugin.text.splitlines(keepends=True), shown)
    LOADED[plugin.module] = Loaded(plugin, path, module, spaces)
    return module


def _restore(registry: dict[str, Any], before: dict[str, Any]) -> None:
    registry.clear()
    registry.update(before)


def _reason(error: BaseException, path: str) -> str:
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
