"""Pickles of plain data: containers, numbers, strings, NumPy arrays and scalars, nothing else.

A pickle is a program. Two things keep it harmless here. Before it runs, every instruction is
checked: none may claim more bytes than there are, reach for a memo entry that does not exist, or make
more objects than memory allows. While it runs, a name of code is looked up in a short list of
stand-ins of our own (see ``pickle_values``); any other name is refused.
"""

import io
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any, NoReturn

from mfnas_vec.datasets.readers.files import MAX_BYTES, read_bytes
from mfnas_vec.datasets.readers.pickle_depths import MAX_SIZE, Depths, RefusedError
from mfnas_vec.datasets.readers.pickle_values import Call, CopyBudget, NumpyArray

#: Largest estimated memory of the objects of a pickle, in bytes.
MAX_MEMORY = 2 * 2**30
#: Bytes that an integer may have.
_MAX_LONG = 16

# Estimated bytes of what an instruction makes, its argument apart.
_COST = {"FRAME": 0, "PROTO": 0, "STOP": 0, "MARK": 8, "MEMOIZE": 16, "BINPUT": 16, "LONG_BINPUT": 16, "PUT": 16}
_COST |= {"BINGET": 8, "LONG_BINGET": 8, "GET": 8, "NONE": 8, "NEWTRUE": 8, "NEWFALSE": 8, "BININT1": 8}
_COST |= {"APPEND": 8, "APPENDS": 8, "SETITEM": 64, "SETITEMS": 64, "POP": 0, "POP_MARK": 0}
_COST |= {"EMPTY_DICT": 232, "DICT": 232, "EMPTY_LIST": 88, "LIST": 88, "EMPTY_SET": 216, "FROZENSET": 216}
_DEFAULT_COST = 72
#: Long runs that may follow an instruction: more floats; items of a mapping, each a key of the memo and a float.
_RUNS = {"BINFLOAT": re.compile(rb"(?:G.{8}){1,1000}", re.DOTALL)}
_RUNS["MARK"] = re.compile(rb"(?:h.G.{8}){1,1000}", re.DOTALL)
#: Instructions that no pickle of plain data needs.
_REFUSED = frozenset(
    ["INST", "OBJ", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "DUP", "NEXT_BUFFER", "READONLY_BUFFER", "NEWOBJ_EX"]
)

_NAMES = {("numpy", "ndarray"): "ndarray", ("numpy", "dtype"): "dtype", ("_codecs", "encode"): "encode"}
_NAMES[("collections", "OrderedDict")] = "mapping"
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _NAMES[(_module, "_reconstruct")] = "array"
    _NAMES[(_module, "scalar")] = "scalar"
for _module in ("numpy.core.numeric", "numpy._core.numeric"):
    _NAMES[(_module, "_frombuffer")] = "buffer"
for _module in ("builtins", "__builtin__"):
    _NAMES[(_module, "bytes")] = "bytes"
    _NAMES[(_module, "set")] = _NAMES[(_module, "frozenset")] = "set"


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, memory: int) -> None:
        super().__init__(stream)
        self._budget = CopyBudget(memory)

    def find_class(self, module: str, name: str) -> Any:
        known = _NAMES.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}; a pickle of plain data names no code")
        return Call(known, self._budget)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to objects outside of it")


def check_program(data: bytes, *, start: int = 0, scale: int = 1) -> int:
    """Check every instruction of the pickle at ``start`` without running it.

    ``scale`` times the usual memory and items of a container are allowed.

    Returns
    -------
    int
        Where it ends.

    Raises
    ------
    ValueError
        If an instruction is not one of plain data, or the whole would take too much memory.
    """
    memory = frame_end = 0
    most = MAX_MEMORY * scale
    depths = Depths(MAX_SIZE * scale)
    stream = io.BytesIO(data)  # shares the bytes: files are large
    stream.seek(start)
    try:
        for instruction, argument, place in pickletools.genops(stream):
            name, position = instruction.name, int(place or 0)
            if name in _REFUSED:
                raise RefusedError(f"it holds the instruction {name}, which plain data does not need")
            memory += _COST.get(name, _DEFAULT_COST)
            if isinstance(argument, (str, bytes, bytearray)):
                memory += 4 * len(argument)
            elif isinstance(argument, int):
                if name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= argument <= len(depths.memo):
                    raise RefusedError(f"memo entry {argument} is written before entry {len(depths.memo)}")
                if argument.bit_length() > 8 * _MAX_LONG:
                    raise RefusedError("it holds a number of too many digits")
            if memory > most:
                raise RefusedError(f"its objects would take more than {most:,} bytes")
            if name == "FRAME":
                if position < frame_end:
                    raise RefusedError("a frame begins within another")
                frame_end = position + 9 + int(argument or 0)
            elif position < frame_end < stream.tell():
                # The unpickler would drop the rest of the frame, and run another program than this one.
                raise RefusedError("a frame ends within an instruction")
            depths.run(name, argument)
            if name == "STOP":
                return position + 1
            if name in _RUNS and (more := _RUNS[name].match(data, stream.tell())) is not None:
                # Tables are long: a run at once. A frame may end between two of its instructions.
                begin, end = more.span()
                key, width = (2, 11) if name == "MARK" else (0, 9)
                if key and not depths.are_leaves(set(data[begin + 1 : end : width])):
                    continue
                if begin < frame_end < end and (frame_end - begin) % width not in (0, key):
                    raise RefusedError("a frame ends within an instruction")
                n = (end - begin) // width
                memory += n * (_DEFAULT_COST + (_COST["BINGET"] if key else 0))
                depths.add_leaves(n * (2 if key else 1))
                stream.seek(end)
    except RefusedError:
        raise
    except Exception as error:  # a damaged program fails in many ways
        raise ValueError(f"it is damaged: {error or type(error).__name__}") from error
    raise ValueError("it is damaged: it has no end")


def loads(data: bytes, *, start: int = 0, scale: int = 1) -> tuple[Any, int]:
    """The object of a pickle of plain data at ``start``, and where the pickle ends.

    Its objects may take ``scale`` times ``MAX_MEMORY``.

    Raises
    ------
    ValueError
        If the pickle is damaged, names code, or would take too much memory.
    """
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        end = check_program(data, start=start, scale=scale)
        return _PlainUnpickler(stream, MAX_MEMORY * scale).load(), end
    except ValueError:
        raise
    except Exception as error:  # unpicklers raise many types for a damaged pickle
        raise ValueError(str(error) or type(error).__name__) from error


def read_pickles(path: Path, n: int = 1, *, limit: int = MAX_BYTES, scale: int = 1) -> list[Any]:
    """The first ``n`` pickles of a file of at most ``limit`` bytes; ``scale`` and errors as of ``loads``."""
    data = read_bytes(path, limit=limit)
    found, at = [], 0
    try:
        for _ in range(n):
            value, at = loads(data, start=at, scale=scale)
            found.append(value)
    except ValueError as error:
        raise ValueError(f"{path} is not read as a pickle: {error}") from error
    return found


def plain(value: Any) -> Any:
    """An array in place of what stands for one; anything else as it is."""
    return value.array if isinstance(value, NumpyArray) else value
