"""What every optimizer shares: declared settings, their checks, and the call of a kernel."""

import dataclasses
import difflib
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.kernels.state import UNLIMITED, Budget, Outcome, Trace, Work, make_work
from mfnas_vec.tables import dense
from mfnas_vec.tables.schema import TEST_VARIABLES

GECCO2024 = "gecco2024"
CORRECTED = "corrected"
PROTOCOLS = (GECCO2024, CORRECTED)

Values = dict[str, Any]

#: Largest budget of evaluations; one more must still be an int64, and 32-bit steps must suffice.
MAX_EVALUATIONS = 2**31 - 2


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting: its type, its bounds, what it means.

    ``kind`` is "int", "float", "bool", "epochs" (a list of integers) or "name". A setting with
    ``optional`` may be ``None``.
    """

    name: str
    kind: str
    help: str
    minimum: float = 0
    maximum: float = math.inf
    choices: tuple[str, ...] = ()
    optional: bool = False

    def check(self, value: Any) -> Any:
        """The value in its canonical type.

        Raises
        ------
        ValueError
            If the value is not allowed; the message names setting, value and what is allowed.
        """
        if value is None:
            if self.optional:
                return None
            raise ValueError(f"{self.name}=None must be {self.allowed}")
        return self._checkers()[self.kind](value)

    @property
    def allowed(self) -> str:
        """What the setting takes, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {"bool": "true or false", "name": "the name of a metric"}.get(self.kind)
        if words is None:
            noun = {"int": "an integer", "float": "a number", "epochs": "ascending integers"}[self.kind]
            bound = f">= {self.minimum:g}" if self.maximum == math.inf else f"in {self.minimum:g}..{self.maximum:.0f}"
            words = f"{noun} {bound}"
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

    def _refuse(self, value: Any) -> ValueError:
        return ValueError(f"{self.name}={value!r} must be {self.allowed}")

    def _checkers(self) -> Mapping[str, Callable[[Any], Any]]:
        return {
            "int": self._check_int,
            "float": self._check_float,
            "bool": self._check_bool,
            "name": self._check_name,
            "epochs": self._check_epochs,
        }

    def _check_int(self, value: Any) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise self._refuse(value)
        number = int(value.__index__())
        if not self.minimum <= number <= self.maximum:
            raise self._refuse(value)
        return number

    def _check_float(self, value: Any) -> float:
        if isinstance(value, (bool, str)):
            raise self._refuse(value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self._refuse(value) from None
        if not self.minimum <= number <= self.maximum:  # also refuses NaN
            raise self._refuse(value)
        return number

    def _check_bool(self, value: Any) -> bool:
        if type(value).__name__ not in ("bool", "bool_"):
            raise self._refuse(value)
        return bool(value)

    def _check_name(self, value: Any) -> str:
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            raise self._refuse(value)
        return value

    def _check_epochs(self, value: Any) -> list[int]:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise self._refuse(value)
        epochs = [self._check_int(v) for v in value]
        if not epochs or any(a >= b for a, b in itertools.pairwise(epochs)):
            raise self._refuse(value)
        return epochs


@dataclasses.dataclass(frozen=True)
class Job:
    """A kernel and its arguments, ready to run any block of runs."""

    kernel: Any
    #: The first is the space's arrays.
    arguments: tuple[Any, ...]
    #: Places the kernel needs in a ranking or a population.
    n_place: int
    #: Evaluations that a run makes at most, or about (local search ends its sweep first).
    n_eval_bound: float
    #: (variable, epoch or None) of every score the search reads.
    inputs: tuple[tuple[str, int | None], ...]
    #: Metric of ``Outcome.score``, and the factor that makes it a score to be maximised.
    metric: str
    sign: float
    #: Those of ``inputs`` whose price is not charged.
    unpaid: tuple[tuple[str, int | None], ...] = ()
    #: Working memory of blocks that have ended, for those to come: fresh memory is slow at first.
    #: Never handed on by ``dataclasses.replace``: other arguments may need more of it.
    spare: list[Work] = dataclasses.field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, seed: int, first_run: int, n_run: int, outcome: Outcome, trace: Trace) -> None:
        """Make ``n_run`` runs of a seed from ``first_run`` on; run i fills row i - first_run."""
        try:
            work = self.spare.pop()
        except IndexError:  # asked for at once by several threads
            work = make_work(self.arguments[0], self.n_place)
        self.kernel(*self.arguments, work, seed, first_run, n_run, outcome, trace)
        self.spare.append(work)


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """An optimizer: its settings, their defaults for a table, and how a job is made of them."""

    name: str
    title: str
    settings: tuple[Setting, ...]
    defaults: Callable[[xr.Dataset], Values]
    prepare: Callable[[xr.Dataset, Values, bool], Job]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: (setting that names a metric, setting that says whether it is a zero-cost one).
    metrics: tuple[tuple[str, str], ...] = ()
    #: The setting that, when true, leaves ``iepoch`` without effect.
    untrained: str = "using_zc_metric"
    #: Settings that have no effect unless a switch is on.
    switches: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def resolve(self, table: xr.Dataset, settings: Mapping[str, Any]) -> Values:
        """All settings, checked: the published defaults for the table, then the given ones.

        Raises
        ------
        ValueError
            If a setting is unknown, given twice, of the wrong kind or out of bounds, or if
            settings contradict each other or the table.
        """
        known = {s.name: s for s in self.settings}
        given: Values = {}
        for key, value in settings.items():
            name = self.aliases.get(key, key)
            if name not in known:
                raise ValueError(self._unknown(key, known))
            if name in given:
                raise ValueError(f"{key!r} is another name of {name!r}, which is given too")
            given[name] = known[name].check(value)
        values = {name: given.get(name, value) for name, value in self.defaults(table).items()}
        for name in given:
            switch = self.switches.get(name)
            if switch is not None and not values[switch]:
                raise ValueError(f"{name}={given[name]!r} has no effect with {switch}={values[switch]!r}")
        for metric, zero_cost in self.metrics:
            name = str(values[metric])
            values[zero_cost] = check_metric(table, name, metric, values[zero_cost], zero_cost)
            if zero_cost == self.untrained and values[zero_cost] and "iepoch" in given:
                raise ValueError(f"iepoch={given['iepoch']!r} has no effect with {metric}={name!r}, a zero-cost metric")
        return values

    def job(self, table: xr.Dataset, values: Values, protocol: str) -> Job:
        """The kernel call of resolved settings on a table.

        Raises
        ------
        ValueError
            If a metric or an epoch is not in the table, or the protocol is unknown.
        """
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol={protocol!r} must be one of {', '.join(PROTOCOLS)}")
        return self.prepare(table, values, protocol == CORRECTED)

    def setting(self, name: str) -> Setting:
        """The declaration of a setting or of its alias.

        Raises
        ------
        ValueError
            If the optimizer has no such setting.
        """
        known = {s.name: s for s in self.settings}
        key = self.aliases.get(name, name)
        if key not in known:
            raise ValueError(self._unknown(name, known))
        return known[key]

    def _unknown(self, key: str, known: Iterable[str]) -> str:
        names = [*known, *self.aliases]
        return f"{self.name} has no setting {key!r}; {nearest(key, names)}"


def eval_bound(values: Values, objective: dense.Objective) -> float:
    """Evaluations that a budget of evaluations, seconds or both allows."""
    bound = math.inf if values["max_eval"] is None else values["max_eval"] + 1
    cheapest = float(objective.seconds.min())
    return bound if values["max_time"] is None or not cheapest > 0 else min(bound, values["max_time"] / cheapest + 1)


def nearest(word: str, names: Sequence[str]) -> str:
    """A hint for a misspelt name: the nearest ones, else all."""
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"it has {', '.join(names)}"


def check_metric(table: xr.Dataset, name: str, setting: str, zero_cost: bool | None, zc_setting: str) -> bool:
    """Whether a metric is a zero-cost one, after checking that it exists and fits the other setting.

    Raises
    ------
    ValueError
        If the table lacks the metric or ``zc_setting`` contradicts it.
    """
    metrics = dense.metric_names(table)
    if name not in metrics:
        if name in TEST_VARIABLES:
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


def make_budget(max_eval: int | None, max_time: float | None, corrected: bool) -> Budget:
    """A kernel's budget; ``None`` means no bound."""
    return Budget(UNLIMITED if max_eval is None else max_eval, math.inf if max_time is None else max_time, corrected)


def check_ends(values: Values, objective: dense.Objective) -> None:
    """Refuse a search that would never end.

    Raises
    ------
    ValueError
        If there is no budget of evaluations, nor one of seconds that every evaluation uses up.
    """
    if values["max_eval"] is not None:
        return
    if values["max_time"] in (None, math.inf):
        raise ValueError(f"max_eval=None and max_time={values['max_time']!r}: the search would never end; set one")
    cheapest = float(objective.seconds.min())
    if not cheapest > 0:
        raise ValueError(
            f"max_eval=None with max_time={values['max_time']!r}: evaluations of this metric may cost no seconds, "
            "so the search might never end; set max_eval"
        )
    if values["max_time"] / cheapest > MAX_EVALUATIONS:
        raise ValueError(
            f"max_time={values['max_time']!r} lets a run make more than {MAX_EVALUATIONS} evaluations of "
            f"{cheapest:g} s: it would practically never end; lower it or set max_eval"
        )
