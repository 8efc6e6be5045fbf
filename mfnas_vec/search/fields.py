"""One setting: type, bounds and meaning, from the annotation of a field; its check and its text."""

import dataclasses
import itertools
import math
import typing
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from mfnas_vec.search.memory import UNLIMITED

Values = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting, as its annotation says: type, bounds, meaning.

    ``kind`` is "int", "float", "bool", "name" or "epochs" (a list of integers). A setting with
    ``optional`` may be ``None``.
    """

    name: str
    kind: str
    hint: Any
    #: The default; ``dataclasses.MISSING`` where the problem decides.
    default: Any
    help: str = ""
    bounds: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)
    choices: tuple[str, ...] = ()
    optional: bool = False
    alias: str | None = None
    #: The setting without which this one has no effect.
    needs: str | None = None

    def check(self, value: Any) -> Any:
        """The value in its canonical type.

        Raises
        ------
        ValueError
            If the value is not allowed; the message names setting, value and what is allowed.
        """
        try:
            found = msgspec.convert(_plain(value, self.kind), self.hint)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError):
            raise self._refuse(value) from None
        if self.kind == "epochs" and found is not None and any(a >= b for a, b in itertools.pairwise(found)):
            raise self._refuse(value)
        return found

    @property
    def allowed(self) -> str:
        """What the setting takes, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {"bool": "true or false", "name": "the name of a metric"}.get(self.kind)
        if words is None:
            noun = {"int": "an integer", "float": "a number", "epochs": "ascending integers"}[self.kind]
            words = f"{noun} {_bounds_text(*self.bounds)}".rstrip()
        return words + (", or none" if self.optional else "")

    def parse(self, text: str) -> Any:
        """The value of a text as typed on a command line.

        Raises
        ------
        ValueError
            If the text is not of the setting's kind.
        """
        word = text.strip().lower()
        if self.optional and word in ("none", "null", ""):
            return None
        try:
            if self.kind == "bool":
                return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[word]
            if self.kind == "int":
                return int(word)
            if self.kind == "float":
                return float(word)
            if self.kind == "epochs":
                return [int(part) for part in word.strip("[]").replace(",", " ").split()]
        except (ValueError, KeyError):
            raise self._refuse(text) from None
        return text.strip()

    def number(self, value: Any) -> int | float | bool | None:
        """The value for compiled code: the index of a choice, ``None`` as no bound; ``None`` if it has no use there."""
        if value is None:
            absent = {"int": UNLIMITED, "float": math.inf, "bool": False, "name": -1 if self.choices else None}
            return absent.get(self.kind)
        if self.choices:
            return self.choices.index(value)
        return {"int": int, "float": float, "bool": bool}.get(self.kind, lambda _: None)(value)

    def _refuse(self, value: Any) -> ValueError:
        return ValueError(f"{self.name}={value!r} must be {self.allowed}")


def _bounds_text(ge: float | None, gt: float | None, le: float | None, lt: float | None) -> str:
    if ge is not None and le is not None:
        return f"in {ge:g}..{le:.0f}" if le == int(le) else f"in {ge:g}..{le:g}"
    bounds = ((">=", ge), (">", gt), ("<=", le), ("<", lt))
    return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def _plain(value: Any, kind: str) -> Any:
    """NumPy's and other numbers as Python's; all else as it is."""
    if isinstance(value, np.bool_):
        return bool(value)
    if kind == "epochs" and isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item, "int") for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if kind == "int" and hasattr(value, "__index__"):
        return int(value.__index__())
    return float(value) if kind == "float" else value


_KINDS: dict[Any, str] = {
    msgspec.inspect.IntType: "int",
    msgspec.inspect.FloatType: "float",
    msgspec.inspect.BoolType: "bool",
    msgspec.inspect.StrType: "name",
    msgspec.inspect.LiteralType: "name",
    msgspec.inspect.ListType: "epochs",
}


def field_of(owner: str, name: str, hint: Any, default: Any) -> Field:
    """The declaration of a field; refuses types that settings do not have."""
    found: Any = msgspec.inspect.type_info(hint)
    declared: Values = {}
    optional = False
    while isinstance(found, (msgspec.inspect.Metadata, msgspec.inspect.UnionType)):
        if isinstance(found, msgspec.inspect.Metadata):
            declared = {**(found.extra_json_schema or {}), **(found.extra or {}), **declared}
            found = found.type
        else:
            types = [t for t in found.types if not isinstance(_bare(t), msgspec.inspect.NoneType)]
            optional = len(types) < len(found.types)
            if len(types) > 1:
                break
            found = types[0]
    kind = _KINDS.get(type(found))
    number = _bare(found.item_type) if kind == "epochs" else found
    choices = _choices(hint) if isinstance(found, msgspec.inspect.LiteralType) else ()
    if kind is None or (kind == "epochs" and not isinstance(number, msgspec.inspect.IntType)):
        raise ValueError(
            f"{owner}.{name} is {hint!r}; a setting is int, float, bool, str, Literal or list[int], perhaps with None"
        )
    ge, gt, le, lt = (getattr(number, bound, None) for bound in ("ge", "gt", "le", "lt"))
    return Field(
        name,
        kind,
        hint,
        default,
        str(declared.get("description", "")),
        (ge, gt, le, lt),
        choices,
        optional,
        declared.get("alias"),
        declared.get("needs"),
    )


def _choices(hint: Any) -> tuple[str, ...]:
    """The values of a Literal, in the order of its declaration, which msgspec does not keep."""
    inside = typing.get_args(hint)
    return inside if typing.get_origin(hint) is typing.Literal else next(filter(None, map(_choices, inside)), ())


def _bare(found: Any) -> Any:
    return found.type if isinstance(found, msgspec.inspect.Metadata) else found
