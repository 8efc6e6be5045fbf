"""The data of figures and reports: searches of result stores, their tables and traces."""

import contextlib
import copy
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.analysis.baselines import random_search, references, top_after_one_epoch
from mfnas_vec.analysis.replay import given_settings, replay
from mfnas_vec.analysis.searches import Search, read_searches, searches_of, split_place
from mfnas_vec.analysis.selection import BEST_EVALUATED, Leak, best_evaluated, leak_of
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.runs.pool import forks
from mfnas_vec.runs.trace import thin
from mfnas_vec.search import find_optimizer
from mfnas_vec.sweeps.contents import Contents, read_contents
from mfnas_vec.sweeps.plan import load_inputs
from mfnas_vec.tables.library import EMBEDDED, ORIGINS
from mfnas_vec.tables.optimum import best_of
from mfnas_vec.tables.sharing import sharing
from mfnas_vec.tables.store import open_table

#: Longest label, in letters, that is shown whole where space is limited.
_MOST_LETTERS = 36


def abbreviated(label: str) -> str:
    """A label without the middle of a long one.

    Examples
    --------
    >>> abbreviated("MF-NAS (params, k=32)")
    'MF-NAS (params, k=32)'
    """
    half = _MOST_LETTERS // 2
    return label if len(label) <= _MOST_LETTERS else f"{label[:half]}…{label[1 - half :]}"


class Study:
    """Result stores, read once.

    Parameters
    ----------
    places
        As of ``read_searches``.
    problems
        Some of the problems; those that every store has by default.
    labels
        Some of the searches, each a label or a list of labels with commas; all by default.
    tables
        Tables by problem; opened by the problem's name by default.

    Raises
    ------
    ValueError
        As of ``read_searches``, or if no search has a label.
    """

    #: By problem and label.
    searches: dict[str, dict[str, Search]]
    #: Whether imported tables are ignored.
    _embedded = False

    def __init__(
        self,
        places: Sequence[str],
        problems: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        tables: Mapping[str, xr.Dataset] | None = None,
    ) -> None:
        contents = [read_contents(split_place(place)[1]) for place in places]
        self._hold(read_searches(places, problems, contents), tables or {}, places, contents)
        if labels is not None:
            labels = [label for text in labels for label in self._labels_of(text)]
            kept = {p: {k: s for k, s in found.items() if k in labels} for p, found in self.searches.items()}
            self.searches = {problem: found for problem, found in kept.items() if found}
            self._forget_labels()

    def _hold(
        self,
        searches: dict[str, dict[str, Search]],
        tables: Mapping[str, xr.Dataset],
        places: Sequence[str] = (),
        contents: Sequence[Contents] = (),
    ) -> None:
        self.searches = searches
        #: Paths and contents of the stores; empty for results in memory.
        self.places, self.contents = list(places), list(contents)
        self._tables = dict(tables)
        self._inputs: dict[str, xr.Dataset] = {}
        self._baselines: dict[str, tuple[xr.Dataset | None, xr.Dataset | None]] = {}
        self._leaks: dict[tuple[str, str], Leak] = {}
        self._courses: dict[tuple[str, str], xr.Dataset] = {}

    def _labels_of(self, text: str) -> list[str]:
        """The labels of a list with commas, which labels may have, too: the longest that there is."""
        parts, found = text.split(","), []
        while parts:
            joined = [",".join(parts[:n]).strip() for n in range(len(parts), 0, -1)]
            label = next((label for label in joined if label in self.labels), None)
            if label is None:
                raise ValueError(f"no search has the label {parts[0].strip()!r}; there are {', '.join(self.labels)}")
            found.append(label)
            parts = parts[len(parts) - joined.index(label) :]
        return found

    def _forget_labels(self) -> None:
        for name in ("labels", "names"):
            self.__dict__.pop(name, None)

    @classmethod
    def of(cls, results: Any, *tables: xr.Dataset) -> "Study":
        """Results of ``run`` in memory, by the label that each is to have.

        Parameters
        ----------
        results
            As of ``searches_of``.
        *tables
            The tables that they were made on, if ``open_table`` does not find them by their names.

        Raises
        ------
        ValueError
            As of ``searches_of``.
        """
        study = cls.__new__(cls)
        study._hold(searches_of(results), {str(table.attrs.get("name", "custom")): table for table in tables})
        return study

    def on(self, problems: Sequence[str]) -> "Study":
        """A part of the study: some of its problems.

        Raises
        ------
        ValueError
            If it does not have such a problem.
        """
        for problem in problems:
            if problem not in self.searches:
                raise ValueError(f"problems={problem!r} is not of these results; they have {', '.join(self.searches)}")
        part = copy.copy(self)
        part.searches = {problem: found for problem, found in self.searches.items() if problem in problems}
        part._forget_labels()
        return part

    @property
    def problems(self) -> list[str]:
        """Problems in the order of the stores."""
        return list(self.searches)

    @functools.cached_property
    def labels(self) -> list[str]:
        """Labels of all searches, in the order of the stores."""
        return list(dict.fromkeys(label for found in self.searches.values() for label in found))

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """Labels where space is limited: long ones are abbreviated; no two are the same."""
        shortened = {label: abbreviated(label) for label in self.labels}
        shared = Counter(shortened.values())
        nth: Counter[str] = Counter()
        for label, name in shortened.items():
            if shared[name] > 1:
                nth[name] += 1
                shortened[label] = f"{name} #{nth[name]}"
        return shortened

    def _first(self, problem: str) -> xr.Dataset:
        return next(iter(self.searches[problem].values())).runs

    def attrs(self, problem: str) -> dict[str, Any]:
        """Attributes of the results on a problem."""
        return dict(self._first(problem).attrs)

    def test_attrs(self, problem: str) -> Mapping[Any, Any]:
        """Attributes of the test results on a problem."""
        return self._first(problem)[TEST].attrs

    def timed(self, problem: str) -> bool:
        """Whether the searches on a problem are charged seconds."""
        return any(float(s.runs["cost_seconds"].max()) > 0 for s in self.searches[problem].values())

    def cost_unit(self, problem: str, over: str) -> str:
        """The unit of a cost: where tables have no epochs, the cost in epochs counts trainings, each to the end."""
        if over == "epochs":
            return "trainings" if self._first(problem)["cost_epochs"].attrs.get("units") == "training" else over
        return {"seconds": "s"}.get(over, over)

    def table(self, problem: str) -> xr.Dataset:
        """The table of the results on a problem.

        Raises
        ------
        ValueError
            If it is not available.
        """
        if problem in self._tables:
            return self._tables[problem]
        wanted = str(self.attrs(problem).get("opened_from_digest", ""))
        for origin in (EMBEDDED,) if self._embedded else ORIGINS:
            with contextlib.suppress(ValueError):
                table = open_table(f"{problem}@{origin}")
                if not wanted or str(table.attrs.get("digest", "")) == wanted:
                    self._tables[problem] = table
                    return table
        raise ValueError(f"{problem}: the table of these results is not available; --tables PATH names it")

    def optimum(self, problem: str) -> float | None:
        """The best test result of a problem's table, if the table is known."""
        attrs = self.attrs(problem)
        if "optimum" in attrs:
            return float(attrs["optimum"])
        try:
            return float(best_of(self.table(problem))["optimum"])
        except ValueError:
            return None

    def median(self, problem: str) -> float | None:
        """The median test result of a problem's table, if the table is available."""
        try:
            return references(self.table(problem)).median
        except ValueError:
            return None

    def baselines(self, problem: str) -> tuple[xr.Dataset | None, xr.Dataset | None]:
        """Random search in closed form, and the best after one epoch, where the table has what they need."""
        if problem not in self._baselines:
            drawn = top = None
            with contextlib.suppress(ValueError):
                drawn = random_search(self.table(problem))
            with contextlib.suppress(ValueError):
                top = top_after_one_epoch(self.table(problem))
            self._baselines[problem] = drawn, top
        return self._baselines[problem]

    def _loaded(self, problem: str) -> xr.Dataset:
        """The inputs of the searches on a problem, in memory."""
        if problem not in self._inputs:
            table = self.table(problem)
            again = [s for s in self.searches[problem].values() if s.course is None and find_optimizer(s.optimizer)]
            wanted = [(s.optimizer, given_settings(s, table)) for s in again]
            self._inputs[problem] = load_inputs(table, wanted)
        return self._inputs[problem]

    def traced(self, problem: str, label: str) -> xr.Dataset:
        """A search with the changes of its incumbent (see ``thin``) and with ``BEST_EVALUATED``.

        It is made from the stored trace, else from a re-run.

        Raises
        ------
        ValueError
            As of ``replay``; or if the table is not available.
        """
        if (problem, label) not in self._courses:
            search = self.searches[problem][label]
            if search.course is None:
                course = replay(search, self._loaded(problem), missing=search.missing)
            else:
                best = best_evaluated(search.course, self.table(problem))
                course = thin(search.course).assign({BEST_EVALUATED: best})
            self._courses[problem, label] = course
        return self._courses[problem, label]

    def trace(self, workers: int, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Make in processes what ``traced`` and ``baselines`` return or raise, and call ``meanwhile`` here."""
        with forks(workers, self) as submit:
            futures = {problem: submit(_traces, problem) for problem in self.problems}
            meanwhile()
            for problem, future in futures.items():
                courses, self._baselines[problem] = future.result()
                self._courses |= {(problem, label): course for label, course in courses.items()}

    def leak(self, problem: str, label: str) -> Leak:
        """The selection leak of a search.

        Raises
        ------
        ValueError
            As of ``traced``.
        """
        if (problem, label) not in self._leaks:
            self._leaks[problem, label] = leak_of(self.traced(problem, label))
        return self._leaks[problem, label]


@sharing()
def _traces(study: Study, problem: str) -> tuple[dict[str, xr.Dataset], tuple[xr.Dataset | None, xr.Dataset | None]]:
    courses = {}
    for label in study.searches[problem]:
        with contextlib.suppress(ValueError):
            courses[label] = study.traced(problem, label)
    return courses, study.baselines(problem)
