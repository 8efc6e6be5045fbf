"""Every optimizer by its name: built in, from an installed package, or from a file of your own."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import xarray as xr

from mfnas_vec._jit import njit_inline
from mfnas_vec.search.fields import Field, Values
from mfnas_vec.search.outside import Plugin, installed, load_installed, plugin_of
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.runner import Job, make_job
from mfnas_vec.search.settings import Settings, nearest
from mfnas_vec.search.sources import code_digest, is_outside

#: Slots of working memory that a search needs, of the space's arrays and the search's numbers.
Memory = Callable[[Any, Any], int]

#: The order of the published optimizers, in which they are listed; others follow.
PUBLISHED = ("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS")


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """An optimizer: its settings and its search."""

    name: str
    title: str
    settings: type[Settings]
    #: The compiled search, a function of context and settings.
    search: Any
    memory: Memory

    @property
    def home(self) -> str:
        """Name of the module it is from: that of the settings, where the search is one of this package."""
        plain = getattr(self.search, "py_func", self.search)
        return str(getattr(plain if is_outside(plain) else self.settings, "__module__", ""))

    @property
    def plugin(self) -> Plugin | None:
        """The file it is from, if it was loaded from one."""
        return plugin_of(self.home)

    @property
    def source(self) -> str:
        """Digest of its source, if it is from outside this package: of the file, else of the code; else empty."""
        if self.plugin is not None:
            return self.plugin.digest
        if self.home.partition(".")[0] == "mfnas_vec" or not hasattr(self.search, "py_func"):
            return ""
        return code_digest(self.search, self.memory, tuple(field.name for field in self.fields)) or ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The declarations of its settings."""
        return self.settings.fields()

    @property
    def aliases(self) -> dict[str, str]:
        """Other names of settings."""
        return {f.alias: f.name for f in self.fields if f.alias is not None}

    def resolve(self, table: xr.Dataset, settings: Mapping[str, Any]) -> Values:
        """All settings, checked: the defaults for the table, then the given ones.

        Raises
        ------
        ValueError
            If a setting is unknown, given twice, missing, of the wrong kind or out of bounds, or if
            settings contradict each other or the table.
        """
        given: Values = {}
        for key, value in settings.items():
            field = self.setting(key)
            if field.name in given:
                raise ValueError(f"{key!r} is another name of {field.name!r}, which is given too")
            given[field.name] = field.check(value)
        return self.settings.resolve(table, given)

    def job(self, table: xr.Dataset, values: Values, protocol: str) -> Job:
        """The compiled call of resolved settings on a table.

        Raises
        ------
        ValueError
            If a metric or an epoch is not in the table, or the protocol is unknown.
        """
        rules_of(protocol)
        return self.make_job(self.settings(**values), table, protocol)

    def make_job(self, settings: Settings, table: xr.Dataset, protocol: str) -> Job:
        """The compiled call of checked settings."""
        return make_job(self.search, self.memory, settings, table, protocol)

    def setting(self, name: str) -> Field:
        """The declaration of a setting or of its alias.

        Raises
        ------
        ValueError
            If the optimizer has no such setting.
        """
        for field in self.fields:
            if name in (field.name, field.alias):
                return field
        raise ValueError(f"{self.name} has no setting {name!r}; {nearest(name, self.setting_names)}")

    @property
    def setting_names(self) -> list[str]:
        """Names of all settings, then their aliases."""
        return [*(f.name for f in self.fields), *self.aliases]


#: Every optimizer by its published name.
OPTIMIZERS: dict[str, Optimizer] = {}


def optimizer(
    name: str, settings: type[Settings], *, title: str | None = None, memory: Memory | None = None
) -> Callable[[Any], Any]:
    """Register a search function under a name.

    Parameters
    ----------
    name
        What users call it.
    settings
        A frozen dataclass, a subclass of ``SingleFidelity`` or ``MultiFidelity``.
    title
        One line for listings; the first line of the function's docstring by default.
    memory
        Slots of working memory (the arrays of ``ctx.work`` that are over ``slot``), as a function of
        the space's arrays and of the search's numbers; none by default.

    Raises
    ------
    ValueError
        If there is another optimizer of that name, or the settings are none.
    """
    if not (isinstance(settings, type) and issubclass(settings, Settings) and dataclasses.is_dataclass(settings)):
        raise ValueError(f"optimizer {name!r}: settings={settings!r} must be a dataclass, a subclass of Settings")
    settings.fields()

    def register(function: Any) -> Any:
        search = function if hasattr(function, "py_func") else njit_inline(function)
        known = OPTIMIZERS.get(name)
        if known is not None and _home(known.search) != _home(search):
            raise ValueError(f"optimizer {name!r} exists already, from {_home(known.search)[0]}; take another name")
        words = title or (search.py_func.__doc__ or name).strip().splitlines()[0].rstrip(".")
        OPTIMIZERS[name] = Optimizer(name, words, settings, search, memory or (lambda space, p: 0))
        return search

    return register


def _home(search: Any) -> tuple[str, str]:
    function = getattr(search, "py_func", search)
    return function.__module__, function.__qualname__


#: Optimizers that need a library of their own, and the module that registers them.
OPTIONAL = {"OPTUNA-TPE": "mfnas_vec.adapters.optuna", "OPTUNA-RS": "mfnas_vec.adapters.optuna"}


def get_optimizer(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises
    ------
    ValueError
        If there is none, or its library is not installed.
    """
    if not isinstance(name, str):
        raise ValueError(f"optimizer={name!r} must be the name of one, such as 'RS'")
    if name not in OPTIMIZERS and name in installed():
        load_installed(name)
    if name in OPTIONAL and name not in OPTIMIZERS:
        try:
            importlib.import_module(OPTIONAL[name])
        except ImportError as error:
            raise ValueError(f"optimizer={name!r}: {error}") from None
    if name not in OPTIMIZERS:
        known = list(dict.fromkeys([*OPTIMIZERS, *installed()]))
        raise ValueError(f"optimizer={name!r} is unknown; {nearest(name, known)}")
    return OPTIMIZERS[name]


def is_portable(name: str) -> bool:
    """Whether another process can find an optimizer: built in, from a plug-in file, or installed."""
    found = get_optimizer(name)
    built_in = found.home.partition(".")[0] == "mfnas_vec" and (hasattr(found.search, "py_func") or name in OPTIONAL)
    return built_in or found.plugin is not None or name in installed()


def find_optimizer(name: str) -> Optimizer | None:
    """The optimizer of that name, ``None`` where there is none here."""
    try:
        return get_optimizer(name)
    except ValueError:
        return None


def load_built_in(folder: Iterable[str], package: str) -> None:
    """Import every module of the package, each of which may register optimizers, and sort them."""
    for module in pkgutil.iter_modules(folder):
        importlib.import_module(f"{package}.{module.name}")
    order = {name: place for place, name in enumerate(PUBLISHED)}
    known = sorted(OPTIMIZERS.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    OPTIMIZERS.clear()
    OPTIMIZERS.update(known)
