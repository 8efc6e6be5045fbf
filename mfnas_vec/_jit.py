"""The only place that calls ``numba.njit``: compile options and the on-disk cache.

Numba's own cache notices an edit of the file that holds a function, but not of the other files
the function was compiled from. The cache folder is therefore keyed by a digest of the whole
package source up to the searches: an unchanged package starts warm, an edited one never runs stale
code. Folders that import searches cannot be part of them, and do not count.
"""

import functools
import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher

LOGGER = logging.getLogger("mfnas_vec")

#: Folder for compiled kernels; the environment variable overrides the user's cache folder.
CACHE_VARIABLE = "MFNAS_CACHE_DIR"


#: Folders that stand above the searches in the order of imports, and those beside them.
ABOVE = frozenset(
    {"reference", "runs", "testing", "adapters", "sweeps", "analysis", "published", "report", "datasets", "cli"}
)


def source_digest(root: Path | None = None) -> str:
    """Digest of every Python file that a compiled search may be made of, and of the numba version.

    Parameters
    ----------
    root
        Folder whose files all count; by default this package, less the folders ``ABOVE``.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256 digest.
    """
    folder, left_out = (Path(__file__).parent, ABOVE) if root is None else (root, frozenset())
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] in left_out:
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def cache_directory(sources: Path | None = None) -> Path | None:
    """Folder of compiled kernels, or ``None`` where no folder can be written.

    ``sources`` is a folder outside the package whose kernels use nothing of the package but this module;
    by default the kernels are the package's.
    """
    base = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("mfnas_vec", appauthor=False)
    name = f"kernels-{source_digest()}"
    if sources is not None:
        name = f"kernels-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}-{source_digest(sources)}"
    folder = Path(base) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    return folder


class _PartLibrary(JITCodeLibrary):
    """The code of a part, which is linked into kernels and never called by itself.

    Kernels optimize what they are linked from, so a part need not, nor become machine code.
    """

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


class _PartCompiler(Compiler):
    """Numba's compiler for parts of kernels."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *more: Any) -> None:
        super().__init__(typingctx, targetctx, library or _PartLibrary(targetctx.codegen(), "part"), *more)
        self.state.flags.no_compile = True

    def compile_extra(self, func: Any) -> Any:
        """Compile one function; callers find it by an entry that nobody calls, and need no Python objects of it."""
        found = super().compile_extra(func)._replace(entry_point=object(), environment=None)
        self.state.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
        return found


class _Part(CPUDispatcher):
    """A part of kernels: it has no entry from Python, which would take as long to compile as the part.

    Called from Python nevertheless, as tests do, it is compiled once more by itself.
    """

    def __call__(self, *args: Any) -> Any:
        return _with_entry(self.py_func)(*args)

    def add_overload(self, cres: Any) -> None:
        """Keep the code for some types."""
        self.overloads[tuple(cres.signature.args)] = cres


class _Cache(FunctionCache):
    """Numba's cache of compiled functions, which loads one without all that numba could compile it from.

    That takes longer than the rest of many a command: it imports parts of scipy. Compiling sees to it itself.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for some types, if it is kept."""
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


# No reference counts: their atomic updates cost more than the evaluations themselves.
# No fastmath: the reference implementation must agree bit for bit.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    jit: Any = numba.njit  # annotated without the option "_nrt"
    return jit(function, **_OPTIONS, **options)


@functools.cache
def _with_entry(function: Callable[..., Any]) -> Any:
    return _compile(function)


def _compile_part(function: Callable[..., Any], **options: Any) -> Any:
    bare = {"nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _Part(function, {}, _OPTIONS | bare | options, pipeline_class=_PartCompiler)


def _compile_cached(function: Callable[..., Any], folder: Path | None, **options: Any) -> Any:
    settings: Any = numba.config
    previous = settings.CACHE_DIR
    # Only our own functions go to our folder: the setting is read when a function is decorated.
    settings.CACHE_DIR = "" if folder is None else str(folder)
    try:
        found = _compile(function, **options)
        if folder is not None:
            found._cache = _Cache(function)
        return found
    finally:
        settings.CACHE_DIR = previous


def njit(function: Callable[..., Any], *, keep: bool = True) -> Any:
    """Compile a kernel on its first call, without the GIL, and (``keep``) keep the machine code on disk.

    Kernels take arrays, scalars and (named) tuples of both, and cannot allocate.
    """
    return _compile_cached(function, cache_directory() if keep else None)


def njit_numeric(function: Callable[..., Any]) -> Any:
    """Compile arithmetic on long arrays outside the package, such as the layers of a network.

    Products and sums may be fused and reordered, so that sums use vector registers: the same
    machine gives the same bytes, another one may differ in the last bits. Not for searches.
    """
    folder = Path(function.__code__.co_filename).parent
    return _compile_cached(function, cache_directory(folder), fastmath={"contract", "nsz", "reassoc"})


def njit_inline(function: Callable[..., Any]) -> Any:
    """Compile a part of kernels into each place that calls it."""
    return _compile_part(function, forceinline=True)


def njit_call(function: Callable[..., Any]) -> Any:
    """Compile a rarely taken part of kernels, which they call."""
    return _compile_part(function)


def start_compiler() -> None:
    """Let numba set itself up, which takes a second at its first compilation."""
    _compile(lambda: None)()


#: What the first call of a kernel raises if its source cannot be compiled.
CompilationError = NumbaError

_PLACE = re.compile(r'File "([^"]+)", line (\d+)')
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def error_text(error: Exception) -> str:
    """What is wrong with a source, in one line, and where, as far as the compiler says."""
    text = _COLOUR.sub("", str(error))
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("Failed in", "During:", "[", "File", "<source"))]
    places = _PLACE.findall(text)
    where = f" ({Path(places[-1][0]).name}, line {places[-1][1]})" if places else ""
    return (said[0] if said else type(error).__name__)[:300] + where


def _kept(kernel: Any) -> bool:
    """Whether the code of a kernel is kept on disk."""
    return cache_directory() is not None and bool(kernel.stats.cache_path)


def is_compiled(kernel: Any) -> bool:
    """Whether a kernel is ready: compiled in this process or kept on disk by an earlier one."""
    if getattr(kernel, "signatures", True):
        return True
    if not _kept(kernel):
        return False
    function = kernel.py_func
    stem = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}-"
    return any(path.name.startswith(stem) for path in Path(kernel.stats.cache_path).glob("*.nbi"))


def announce_compilation(kernel: Any, name: str) -> bool:
    """Inform the user, through the package's logger, that a first call will compile.

    Returns
    -------
    bool
        Whether the kernel still has to be compiled.
    """
    if is_compiled(kernel):
        return False
    keep = "kept for later runs" if _kept(kernel) else "it cannot be kept"
    if cache_directory() is None:
        keep = "no cache folder can be written: not kept"
    LOGGER.warning("compiling the %s kernel (some seconds; %s) ...", name, keep)
    return True
