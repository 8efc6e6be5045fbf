"""``check_optimizer``: what every optimizer must do, whatever it searches for."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.runs.run import PreparedSearch, prepare
from mfnas_vec.runs.threads import run_blocks
from mfnas_vec.search import CORRECTED, GECCO2024, get_optimizer
from mfnas_vec.search.memory import NO_TRACE, UNLIMITED, Outcome, Trace, make_outcome, make_trace
from mfnas_vec.spaces import NO_ARCH, get_space
from mfnas_vec.tables import dense
from mfnas_vec.tables.build import build_table
from mfnas_vec.tables.coverage import WORST
from mfnas_vec.testing.plain import plain

#: Spaces of the tables: every code valid, several codes per architecture, invalid codes.
SPACES = ("nb201", "nbgraph", "nb101")
#: What their scores are like.
KINDS = ("different", "ties", "missing", "one architecture")
#: Epochs of their metrics: those of the published settings.
EPOCHS = (4, 12, 25, 36, 50, 100, 108, 200)
#: Runs that are compared with each other, and (slowly) with plain Python.
N_RUN, N_PLAIN = 9, 2
#: Evaluations of a run that are compared with plain Python, one by one.
MAX_STEPS = 4096
#: Budgets of a run: enough for several generations, few enough for plain Python.
MAX_EVAL, MAX_SECONDS = 60, 2000.0
#: The last bits of a sum of seconds.
ROUNDING = 1e-9


class _Case(NamedTuple):
    """One optimizer on one table under one protocol; says in an error which it is."""

    name: str
    table: xr.Dataset
    protocol: str
    settings: Mapping[str, Any]

    def prepare(self, **more: Any) -> PreparedSearch:
        """The search, with more settings."""
        return prepare(self.name, self.table, dict(self.settings) | more, protocol=self.protocol, missing=WORST)

    def refuse(self, what: str) -> AssertionError:
        """An error about this case."""
        where = f"table {self.table.attrs.get('name')}, protocol {self.protocol}, settings {dict(self.settings)}"
        return AssertionError(f"optimizer {self.name!r}: {what} ({where})")


def check_optimizer(
    name: str,
    *,
    tables: Sequence[xr.Dataset] | None = None,
    protocols: Sequence[str] = (GECCO2024, CORRECTED),
    **settings: Any,
) -> None:
    """Check that a registered optimizer with a compiled search is correct, as far as that can be checked from outside.

    - The compiled search makes the same evaluations as its source run by Python on the same random
      stream, bit for bit; Python also notices an index that is out of bounds.
    - A run alone is the run among others; threads and blocks change nothing.
    - Under ``corrected``, no budget is exceeded, and none of 0 spent.
    - Every evaluated architecture is valid, costs never fall, the answer was evaluated.
    - All this with different scores, many equal ones, missing ones, one architecture that has any.

    Parameters
    ----------
    name
        A name that ``get_optimizer`` knows.
    tables
        Tables to search; by default small ones of three spaces, made for this. They need not be complete.
    protocols
        Protocols to search under.
    **settings
        Settings in place of the defaults. Budgets are set by the checks where the optimizer has
        ``max_eval`` or ``max_time``, unless they are given.

    Raises
    ------
    AssertionError
        If something is wrong; the message says what, on which table and under which protocol.
    ValueError
        If there is no such optimizer, its search is not compiled, or a setting is impossible or missing.
    """
    optimizer = get_optimizer(name)
    if not hasattr(optimizer.search, "py_func"):
        raise ValueError(f"optimizer={name!r} has no compiled search to be checked")
    names = {field.name for field in optimizer.fields}
    values: dict[str, Any] = {"max_eval": MAX_EVAL, "max_time": MAX_SECONDS}
    values = {key: value for key, value in values.items() if key in names} | settings
    for table in _tables() if tables is None else tables:
        for protocol in protocols:
            case = _Case(name, table, protocol, values)
            _check_case(case)
            _check_no_budget(case, names)


def _tables() -> Iterator[xr.Dataset]:
    """A table of each space with scores of each kind."""
    for space in SPACES:
        n = get_space(space).n_arch
        for kind in KINDS if space != "nb101" else KINDS[:1]:
            random = np.random.default_rng(0)
            score = {
                "different": random.permutation(n) / n,
                "ties": random.integers(0, 3, n) / 3,
                "missing": np.where(random.random(n) < 0.4, np.nan, random.permutation(n) / n),
                "one architecture": np.where(np.arange(n) == n // 2, 0.5, np.nan),
            }[kind]
            epochs = np.array(EPOCHS)[:, None]
            rungs = score * (epochs / (epochs + 9))
            proxies = {"synflow": np.roll(score, 1), "params": random.integers(1, 9, n).astype(float)}
            yield build_table(
                space,
                {"val_acc": rungs, "test_acc": score, **proxies},
                epochs=list(EPOCHS),
                train_seconds=random.uniform(2, 9, n) * epochs,
                seconds={"synflow": random.random(n)},
                provenance="computed",
                units="fraction",
                name=f"{space} ({kind})",
            )


def _runs(search: PreparedSearch, n_run: int, n_thread: int = 1, block: int | None = None, first: int = 0) -> Any:
    """Outcome and trace of compiled runs."""
    outcome = make_outcome(n_run)
    run_blocks(search.job, 0, first, outcome, NO_TRACE, n_thread=n_thread, block_size=block)
    trace = make_trace(n_run, int(outcome.evaluations.max(initial=0)))
    run_blocks(search.job, 0, first, outcome, trace, n_thread=n_thread, block_size=block)
    return outcome, trace


def _check_case(case: _Case) -> None:
    search = case.prepare()
    # First by Python, which notices an index out of bounds: compiled code would just write there.
    made = _plain_runs(case, search)
    outcome, trace = _runs(search, N_RUN)
    for first in (0, N_RUN // 2, N_RUN - 1):
        alone = _runs(search, 1, first=first)
        among = [part[first : first + 1] for part in (*outcome, *trace)]
        if not _equal([part[:, : alone[1].code.shape[1]] if part.ndim > 1 else part for part in among], alone):
            raise case.refuse(f"run {first} alone is another than among {N_RUN} runs")
    for n_thread, block in ((1, 2), (2, 1), (2, 4)):
        if not _equal([*outcome, *trace], _runs(search, N_RUN, n_thread, block)):
            raise case.refuse(f"{n_thread} threads and blocks of {block} runs change its runs")
    _check_plain(case, (outcome, trace), made)
    _check_facts(case, search, outcome, trace)


def _equal(parts: Sequence[Any], other: tuple[Outcome, Trace]) -> bool:
    both: Iterator[Any] = zip(parts, (*other[0], *other[1]), strict=True)
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in both)


def _plain_runs(case: _Case, search: PreparedSearch) -> tuple[Outcome, Trace]:
    """Outcome and first steps of runs of the search's source, run by Python."""
    job = search.job
    outcome, trace = make_outcome(N_PLAIN), make_trace(N_PLAIN, MAX_STEPS)
    try:
        # Integers of 64 bits wrap around here as they do in compiled code.
        with np.errstate(all="ignore"):
            plain(job.kernel)(job.arguments, job.make_work(), outcome, trace, 0, 0, 0, N_PLAIN)
    except Exception as error:
        raise case.refuse(f"run by Python, its search raises {type(error).__name__}: {error}") from error
    return outcome, trace


def _check_plain(case: _Case, compiled: tuple[Outcome, Trace], made: tuple[Outcome, Trace]) -> None:
    """Compare the compiled runs with those of Python: all results, and the steps that both have."""
    names = (*Outcome._fields, *Trace._fields)
    both: Iterator[Any] = zip(names, (*compiled[0], *compiled[1]), (*made[0], *made[1]), strict=True)
    for name, a, b in both:
        n_step = min(a.shape[-1], b.shape[-1]) if a.ndim > 1 else 0
        pair = (a[:N_PLAIN, :n_step], b[:, :n_step]) if a.ndim > 1 else (a[:N_PLAIN], b)
        if not np.array_equal(*pair, equal_nan=b.dtype.kind == "f"):
            raise case.refuse(f"compiled, its search differs from its source run by Python, first in {name}")


def _check_facts(case: _Case, search: PreparedSearch, outcome: Outcome, trace: Trace) -> None:
    """What holds of every run, whatever the search."""
    space = dense.table_space(case.table)
    budget = search.job.arguments.budget
    for run in range(N_RUN):
        n = int(outcome.evaluations[run])
        codes = trace.code[run, :n]
        if (codes < 0).any() or (codes >= space.n_code).any() or (space.row(codes) == NO_ARCH).any():
            raise case.refuse(f"run {run} evaluates what is no architecture")
        seconds = trace.seconds[run, :n]
        if (np.diff(seconds) < 0).any():
            raise case.refuse(f"the seconds of run {run} fall")
        code = int(outcome.code[run])
        if code != NO_ARCH and (code not in codes or int(space.row(np.array([code]))[0]) != outcome.row[run]):
            raise case.refuse(f"the answer of run {run} was not evaluated, or its row is another's")
        if case.protocol == CORRECTED:
            if outcome.seconds[run] > budget.max_seconds * (1 + ROUNDING):
                raise case.refuse(f"run {run} spends {outcome.seconds[run]:g} of {budget.max_seconds:g} s")
            if budget.max_eval < UNLIMITED and "max_eval_stage1" not in search.values and n > _allowed(search, budget):
                raise case.refuse(f"run {run} makes {n} evaluations of {budget.max_eval}")


def _allowed(search: PreparedSearch, budget: Any) -> float:
    """Evaluations that a run may make: those of the budget, and of a warm-up, which has its own."""
    return float(budget.max_eval) + (search.values.get("n_sample_warmup", 0) if search.values.get("warm_up") else 0)


def _check_no_budget(case: _Case, names: set[str]) -> None:
    """With a budget of 0, nothing is spent."""
    for setting in sorted({"max_eval", "max_time"} & names):
        search = case.prepare(**{setting: 0})
        outcome, _ = _runs(search, 3)
        if setting == "max_time" and case.protocol == CORRECTED and not (outcome.seconds == 0).all():
            raise case.refuse("it spends seconds though max_time=0")
        if not all(map(math.isfinite, outcome.seconds)):
            raise case.refuse(f"its seconds are not finite with {setting}=0")
