"""Settings: a frozen dataclass with annotated bounds, and all that follows from its fields.

Names have a meaning. ``metric`` and ``metric_...`` name a metric; where a field
``using_zc_metric...`` of the same ending exists, it says whether that metric is a zero-cost one.
``iepoch`` has no effect on a zero-cost metric, the first one. ``max_eval`` and ``max_time`` are the
budget. A field without a default has the published value of the problem, if there is one.
``Meta(extra=...)`` knows "alias", another name, and "needs", a setting that must be on.
"""

import dataclasses
import difflib
import functools
import math
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.search.defaults import published_values
from mfnas_vec.search.fields import Field, Values, field_of
from mfnas_vec.search.memory import UNLIMITED
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.state import Budget
from mfnas_vec.tables import dense
from mfnas_vec.tables.schema import is_test_result

#: Largest budget of evaluations; one more must still be an int64, and 32-bit steps must suffice.
MAX_EVALUATIONS = 2**31 - 2

#: Whether a metric is a zero-cost one; ``None`` follows the metric.
ZeroCost = bool | None

METRIC = "metric"
USING_ZC = "using_zc_"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of the settings of every optimizer: subclass it as a frozen dataclass.

    A number or truth value in a ``ClassVar`` is no setting, but reaches the compiled code, too.
    """

    @classmethod
    @functools.cache
    def fields(cls) -> tuple[Field, ...]:
        """Every setting, in the order of declaration.

        Raises
        ------
        ValueError
            If a field has a type that no setting has.
        """
        hints = typing.get_type_hints(cls, include_extras=True)
        found = []
        for field in dataclasses.fields(cls):
            factory: Any = field.default_factory
            default = field.default if factory is dataclasses.MISSING else factory()
            found.append(field_of(cls.__name__, field.name, hints[field.name], default))
        return tuple(found)

    @classmethod
    def defaults(cls, table: xr.Dataset) -> Values:
        """Every setting's default on a table; ``dataclasses.MISSING`` where there is none."""
        known = published_values(table)
        values: Values = {}
        for field in cls.fields():
            value = field.default
            if value is dataclasses.MISSING:
                value = known.get(field.name, None if field.optional else value)
            values[field.name] = list(value) if isinstance(value, (list, tuple)) else value
        return values

    @classmethod
    def resolve(cls, table: xr.Dataset, given: Mapping[str, Any]) -> Values:
        """All settings, checked: the defaults for the table, then the given ones.

        Raises
        ------
        ValueError
            If a setting is missing or has no effect, or if settings contradict each other or the table.
        """
        values = {name: given.get(name, value) for name, value in cls.defaults(table).items()}
        fields = {field.name: field for field in cls.fields()}
        for name, value in values.items():
            if value is dataclasses.MISSING:
                metrics = f"; it has {', '.join(dense.metric_names(table))}" if name.startswith(METRIC) else ""
                label = table.attrs.get("name", "the table")
                raise ValueError(f"{name} is needed, {fields[name].allowed}: {label} has no published value{metrics}")
        for name in given:
            switch = fields[name].needs
            if switch is not None and not values[switch]:
                raise ValueError(f"{name}={given[name]!r} has no effect with {switch}={values[switch]!r}")
        paired = [name for name in fields if name.startswith(METRIC) and USING_ZC + name in fields]
        for metric in paired:
            zero_cost, name = USING_ZC + metric, str(values[metric])
            values[zero_cost] = check_metric(table, name, metric, values[zero_cost], zero_cost)
            if metric == paired[0] and values[zero_cost] and "iepoch" in given:
                raise ValueError(f"iepoch={given['iepoch']!r} has no effect with {metric}={name!r}, a zero-cost metric")
        return values

    def inputs(self, table: xr.Dataset, protocol: str) -> Any:
        """The ``Inputs`` of a search with these settings.

        Raises
        ------
        ValueError
            If the table lacks one.
        """
        raise NotImplementedError(f"{type(self).__name__}.inputs: subclass SingleFidelity or MultiFidelity")

    def search(self, registered: Any) -> Any:
        """The compiled search that these settings ask for: the registered one, unless a subclass knows another."""
        return registered

    def budget(self, protocol: str) -> Budget:
        """What a run may spend; ``None`` means no bound."""
        max_eval, max_time = getattr(self, "max_eval", None), getattr(self, "max_time", None)
        return Budget(
            UNLIMITED if max_eval is None else max_eval,
            math.inf if max_time is None else float(max_time),
            rules_of(protocol),
        )

    def numbers(self) -> dict[str, int | float | bool]:
        """What the compiled code is given: numbers, truth values, indices of choices."""
        found = {f.name: f.number(getattr(self, f.name)) for f in self.fields()}
        for name, hint in typing.get_type_hints(type(self), include_extras=True).items():
            if typing.get_origin(hint) is typing.ClassVar and isinstance(getattr(self, name), (int, float)):
                found[name] = getattr(self, name)
        return {name: number for name, number in found.items() if number is not None}


def nearest(word: str, names: Sequence[str]) -> str:
    """A hint for a misspelt name: the nearest ones, else all."""
    close = [name for name in names if name.lower() == word.lower()]
    close = close or difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(names)}"


def check_metric(table: xr.Dataset, name: str, setting: str, zero_cost: bool | None, zc_setting: str) -> bool:
    """Whether a metric is a zero-cost one, after checking that it exists and fits the other setting."""
    metrics = dense.metric_names(table)
    if name not in metrics:
        if is_test_result(name):
            raise ValueError(f"{setting}={name!r} is a test result: searches are judged by it and may not read it")
        label = table.attrs.get("name", "the table")
        raise ValueError(f"{setting}={name!r} is not a metric of {label}; {nearest(name, list(metrics))}")
    is_zero_cost = metrics[name]
    if zero_cost is not None and zero_cost != is_zero_cost:
        kind = "zero-cost (training-free)" if is_zero_cost else "training-based"
        raise ValueError(
            f"{zc_setting}={zero_cost} contradicts {setting}={name!r}, which is {kind}: set {zc_setting}={is_zero_cost}"
        )
    return is_zero_cost
