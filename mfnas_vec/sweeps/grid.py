"""A grid: what a sweep runs."""

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

import xarray as xr

from mfnas_vec.runs.run import check_count, check_seed
from mfnas_vec.search import GECCO2024
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.settings import nearest
from mfnas_vec.tables.coverage import REFUSE, WORST

#: Most runs of a combination: opening the results loads their indices into memory.
MAX_RUNS = 100_000_000


@dataclasses.dataclass(frozen=True)
class Entry:
    """An optimizer of a grid, with the values that its settings take."""

    label: str
    optimizer: str
    #: One value fixes a setting, several vary it.
    settings: dict[str, list[Any]]
    #: Problems it is run on; ``None`` means all.
    problems: tuple[str, ...] | None = None
    #: Its own protocol; ``None`` means that of the grid.
    protocol: str | None = None

    @property
    def varied(self) -> list[str]:
        """Settings with several values."""
        return [name for name, values in self.settings.items() if len(values) > 1]

    def is_run_on(self, problem: str) -> bool:
        """Whether it is run on a problem of the grid."""
        return self.problems is None or problem in self.problems


@dataclasses.dataclass(frozen=True)
class Grid:
    """Problems times optimizers times settings, each with the same runs."""

    name: str
    title: str
    #: Settings of a problem's own, by problem (a table's name).
    problems: dict[str, dict[str, Any]]
    entries: tuple[Entry, ...]
    n_run: int = 500
    seed: int = 0
    protocol: str = GECCO2024
    missing: str = REFUSE
    #: Tables of problems that were given by path or opened.
    tables: dict[str, str | xr.Dataset] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    def json_of_cells(self) -> str:
        """Problems, optimizers and settings as text, the same for equal ones."""
        entries = [dataclasses.asdict(entry) for entry in self.entries]
        for entry in entries:
            if entry["protocol"] is None:
                del entry["protocol"]
        return json.dumps([self.problems, entries])

    def protocol_of(self, entry: Entry) -> str:
        """The protocol that an entry is run under."""
        return self.protocol if entry.protocol is None else entry.protocol

    def with_values(self, **given: Any) -> "Grid":
        """The grid with those of ``n_run, seed, protocol, missing`` that are not ``None``, checked."""
        return dataclasses.replace(self, **{k: v for k, v in given.items() if v is not None}).checked()

    def checked(self) -> "Grid":
        """The grid itself, if its values are allowed; else a ``ValueError``."""
        check_count("n_run", self.n_run, 1, MAX_RUNS)
        check_seed(self.seed)
        rules_of(self.protocol)
        if self.missing not in (REFUSE, WORST):
            raise ValueError(f"missing={self.missing!r} must be one of {REFUSE}, {WORST}")
        return self

    def on_problems(self, names: Iterable[str] | None) -> "Grid":
        """The grid on some of its problems only."""
        if names is None:
            return self
        wanted = list(names)
        for name in wanted:
            if name not in self.problems:
                raise ValueError(f"problem {name!r} is not in the grid; {nearest(name, list(self.problems))}")
        kept = {name: own for name, own in self.problems.items() if name in wanted}
        tables = {name: table for name, table in self.tables.items() if name in wanted}
        entries = [entry for entry in self.entries if any(map(entry.is_run_on, kept))]
        return dataclasses.replace(self, problems=kept, entries=tuple(entries), tables=tables)
