"""How deep and how large the containers of a pickle are, found from its instructions."""

from collections.abc import Iterable
from typing import Any

#: Deepest nesting of containers.
MAX_DEPTH = 64
#: Most items of a container, those of containers in it included.
MAX_SIZE = 100_000_000
#: Instructions that make a container of so many items, or of all above the last mark.
_COLLECTS = {"TUPLE": None, "LIST": None, "DICT": None, "FROZENSET": None, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_COLLECTS |= {"REDUCE": 2, "NEWOBJ": 2, "STACK_GLOBAL": 2}
#: Instructions that put so many items, or all above the last mark, into the container below them.
_FILLS = {"APPENDS": None, "SETITEMS": None, "ADDITEMS": None, "APPEND": 1, "BUILD": 1, "SETITEM": 2}
_GETS = frozenset(["BINGET", "LONG_BINGET", "GET"])
_PUTS = frozenset(["MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"])
_EMPTY = frozenset(["EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "GLOBAL"])


class RefusedError(ValueError):
    """A pickle that is refused for what its instructions do."""


class Item:
    """What lies on the stack of a program: how deep and how large it is, shared parts counted each time."""

    __slots__ = ("depth", "placed", "size")

    def __init__(self, depth: int = 0, size: int = 1, placed: bool = False) -> None:
        self.depth, self.size, self.placed = depth, size, placed


#: Items that cannot be filled.
_LEAF = Item(placed=True)
_MARK = Item(placed=True)


class Depths:
    """How deep and how large the containers are that a program makes.

    Deep ones overflow the machine's stack; large ones made of few bytes take forever to hash. To keep the
    numbers true, a container must not be filled once it lies in another one.
    """

    def __init__(self, most: int = MAX_SIZE) -> None:
        self._most = most
        self.stack: list[Item] = []
        self.memo: dict[int, Item] = {}

    def _take(self, n: int | None) -> tuple[int, int]:
        """Take ``n`` items, or all above the last mark: their greatest depth and their size together."""
        deepest = total = 0
        taken = 0
        while taken != n and (item := self.stack.pop()) is not _MARK:
            deepest, total, taken = max(deepest, item.depth), total + item.size, taken + 1
            item.placed = True
        return deepest, total

    def _fill(self, n: int | None) -> None:
        """Put items into the container below them."""
        depth, size = self._take(n)
        top = self.stack[-1]
        if top.placed:
            raise RefusedError("it fills a container that lies in another already, or in itself")
        top.depth, top.size = max(top.depth, depth + 1), top.size + size
        self._check(top)

    def _collect(self, n: int | None) -> None:
        """Make a container of items."""
        depth, size = self._take(n)
        self.stack.append(Item(depth + 1, size + 1))
        self._check(self.stack[-1])

    def _check(self, item: Item) -> None:
        if item.depth > MAX_DEPTH:
            raise RefusedError(f"more than {MAX_DEPTH} containers lie one in another")
        if item.size > self._most:
            raise RefusedError(f"a container holds more than {self._most:,} items, shared ones counted each time")

    def are_leaves(self, entries: Iterable[int]) -> bool:
        """Whether the memo entries are there, and none is a container."""
        return all(self.memo.get(entry) is _LEAF for entry in entries)

    def add_leaves(self, n: int) -> None:
        """Follow ``n`` instructions that each put a leaf on the stack."""
        self.stack += [_LEAF] * n

    def run(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        stack = self.stack
        if name in _PUTS:
            self.memo[len(self.memo) if argument is None else argument] = stack[-1]
        elif name in _GETS:
            stack.append(self.memo[argument])
        elif name in _EMPTY:
            stack.append(Item())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in _FILLS:
            self._fill(_FILLS[name])
        elif name in _COLLECTS:
            self._collect(_COLLECTS[name])
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            self._take(None)
        elif name not in ("PROTO", "FRAME", "STOP"):
            stack.append(_LEAF)
