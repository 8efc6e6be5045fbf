"""Results in the format of IOHprofiler, for IOHinspector and IOHanalyzer.

The format is that of IOHexperimenter (de Nobel et al., 2024, Evolutionary Computation 32(3)): a folder
per algorithm, in it a JSON file per function and data files with the lines of its runs.
"""

import ast
import builtins
import json
import math
import re
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec._files import new_folder
from mfnas_vec.analysis.anytime import check_table, incumbent_tests, is_timed
from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.searches import provenance_of
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.report.export.cells import Results, cells_of, stated
from mfnas_vec.runs.genotypes import genotypes
from mfnas_vec.runs.incumbents import BEST_SEEN
from mfnas_vec.runs.result import RUN, RUN_VARIABLES, STEP
from mfnas_vec.runs.trace import step_codes
from mfnas_vec.spaces.nbgraph import DATASETS as NBGRAPH_DATASETS
from mfnas_vec.tables.library import ORIGINS
from mfnas_vec.tables.schema import GENE
from mfnas_vec.tables.store import open_table

IOH = "ioh"
#: File that every such export has: folders without it are never replaced. No ``.txt``, which
#: IOHanalyzer takes for data.
MARK = "mfnas_vec_export.md"
#: Release of IOHexperimenter with this layout, which readers check.
_LAYOUT = "0.4.2"
_COLUMNS = ("evaluations", "raw_y", "seconds", "epochs")
#: Numbers of the problems that come with the package; others are numbered by their names.
_FUNCTION_IDS = {"nb101": 1, "nb201-cifar10": 2, "nb201-cifar100": 3, "nb201-imagenet16": 4, "nbasr": 5}
_FUNCTION_IDS |= {f"nbgraph-{dataset}": 6 + i for i, dataset in enumerate(NBGRAPH_DATASETS)}
_TRACE = tuple(f"trace_{name}" for name in ("code", "incumbent", "seconds", "epochs"))

ABOUT = """\
# Results of architecture searches in the format of IOHprofiler

Written by mfnas_vec. A folder per search (algorithm), in it a JSON file per problem (function), whose
dimension is the number of genes. IOHinspector reads all of it with DataManager().add_folder(...).

- raw_y is the test result of the architecture that the run itself holds to be best at that evaluation
  (the incumbent), by its search metric (the best score seen on any rung). It can fall, as the search
  does not see test results: monotonic=False loads it as it is, monotonic=True the best test result of
  any incumbent so far (and
  IOHinspector 0.0.8 then leaves out a run's first line if its raw_y is the last of the run before).
- Runs with a trace have a line at their first evaluation, one at each change of the incumbent, and
  one at their last evaluation.
- Runs without a trace (experiment attribute course: "end") have a line with their final result at
  their last evaluation. Readers need a line at evaluation 1, so there is one, with values not known.
- No architecture, no test result, or not known: raw_y is the worst, -inf where raw_y is maximised and
  inf where it is minimised, never NaN. In the JSON file, best.y is null and best.x empty.
- seconds and epochs are the simulated cost up to then; nan: not known.
- best in the JSON file is the final result of the run, and the evaluation since which it was the
  incumbent (without a trace: the last). run is the index of the run, search_score the value of the
  search metric.
- Experiment attributes state the provenance of the numbers: measured, computed or modelled. IOHinspector
  evaluates attributes as Python: texts that would become something else are in quotes.
- function_id is 1 to 5 for the problems of the package, else a number from the problem's name.
"""


class _Course(NamedTuple):
    """Lines of runs, ordered by run and evaluation."""

    evaluations: npt.NDArray[np.int64]
    raw_y: FloatArray
    seconds: FloatArray
    epochs: FloatArray
    #: Evaluation of each run since which its final incumbent was held.
    since: npt.NDArray[np.int64]


def export_ioh(
    results: Results,
    path: str | Path,
    *,
    tables: Mapping[str, xr.Dataset] | None = None,
    overwrite: bool = False,
) -> None:
    """Write results as a folder in the format of IOHprofiler; the file ``MARK`` in it states the conventions.

    It is written completely or not at all, and the same results give the same bytes.

    Parameters
    ----------
    results
        By problem, as ``run`` or a node of ``sweep`` and ``reproduce`` holds them. With a trace, every
        change of the incumbent is written; without one, the final result of each run.
    path, overwrite
        The folder to write. Only one that this function wrote is ever replaced.
    tables
        Of results with a trace, by problem: the table each was made on, which has the test results.
        By default the imported or embedded table of the problem's name, if it is the same.

    Raises
    ------
    ValueError
        If the table of a trace is not available or a different one, or the path exists (and may not
        be replaced) or cannot be written.
    """
    found = {problem: _known_table(problem, result, tables or {}) for problem, result in results.items()}
    folders: dict[str, str] = {}
    with new_folder(path, replace=MARK if overwrite else None) as scratch:
        (scratch / MARK).write_text(ABOUT, encoding="utf-8", newline="\n")
        for problem, result in results.items():
            timed = is_timed(result)
            for label, cell in cells_of(result):
                folder = scratch / folders.setdefault(label, _file_name(label, list(folders.values())))
                folder.mkdir(exist_ok=True)
                _write_cell(folder, problem, label, cell, table=found[problem], timed=timed)


def _known_table(problem: str, result: xr.Dataset, tables: Mapping[str, xr.Dataset]) -> xr.Dataset | None:
    """The table of a result with a trace."""
    if "trace_code" not in result.variables:
        return None
    if problem in tables:
        check_table(result, tables[problem])
        return tables[problem]
    digest = str(result.attrs.get("opened_from_digest", ""))
    for origin in ORIGINS if digest else ():
        try:
            table = open_table(f"{problem}@{origin}")
        except ValueError:
            continue
        if table.attrs.get("digest") == digest:
            return table
    raise ValueError(
        f"{problem}: a trace needs the table it was made on, for its test results, but the one of that name differs; "
        "give it (--table)"
    )


def _file_name(text: str, others: Sequence[str] = ()) -> str:
    """A portable name for a file or folder, different from others."""
    name = re.sub(r"[^A-Za-z0-9+=._-]+", "_", text)[:80].strip("._ ") or "_"
    taken = {other.lower() for other in others}
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n.lower() not in taken)


def _function_id(problem: str) -> int:
    """A number of 16 bits, the same in every export."""
    return _FUNCTION_IDS.get(problem, 1000 + zlib.crc32(problem.encode()) % 60_000)


def _text(value: str) -> str:
    """A text that stays a text if evaluated as Python, as IOHinspector does with attributes."""
    try:
        found = ast.parse(value.lstrip(" \t"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return value
    known = {"np", "pl", *sys.stdlib_module_names, *dir(builtins)}
    return value if isinstance(found, ast.Name) and found.id not in known else repr(value)


def _attributes(cell: xr.Dataset, traced: bool) -> list[dict[str, Any]]:
    """Experiment attributes: facts about all runs of a search."""
    attrs, test = cell.attrs, cell[TEST].attrs
    facts = {
        "provenance": provenance_of(cell),
        "test_provenance": str(test.get("provenance", "unstated")),
        "search_provenance": stated(cell, "search_provenance", "search_score", "provenance"),
        "seconds_provenance": stated(cell, "seconds_provenance", "cost_seconds", "provenance"),
        "test_variable": str(test.get("variable", TEST)),
        "test_units": str(test.get("units", "1")),
        "search_units": stated(cell, "search_units", "search_score", "units"),
        "search_direction": stated(cell, "search_direction", "search_score", "direction"),
        "course": "traced" if traced else "end",
        **{key: attrs[key] for key in ("optimum", "optimum_provenance", "protocol", "seed") if key in attrs},
        "dataset": str(attrs.get("dataset", "")),
        "table_digest": f"sha256 {attrs.get('opened_from_digest', '')}".strip(),
        "mfnas_vec_version": str(attrs.get("mfnas_vec_version", "")),
    }
    return [{key: _text(v) if isinstance(v, str) else v} for key, v in facts.items()]


def _write_cell(
    folder: Path, problem: str, label: str, cell: xr.Dataset, *, table: xr.Dataset | None, timed: bool
) -> None:
    """The JSON file and the lines of a search on a problem."""
    names = [*RUN_VARIABLES, *(_TRACE if table is not None else ())]
    runs = cell[names].load()
    sign = direction_sign(cell[TEST].attrs)
    course = _ends(runs) if table is None else _course(problem, runs, table)
    if not timed:
        course = course._replace(seconds=np.full(course.seconds.shape, np.nan))
    course = course._replace(raw_y=np.where(np.isnan(course.raw_y), -sign * np.inf, course.raw_y))
    genes = genotypes(runs).transpose(RUN, GENE).values
    n_gene, number, name = genes.shape[1], _function_id(problem), _file_name(problem)
    data = Path(f"data_f{number}_{name}") / f"IOHprofiler_f{number}_DIM{n_gene}.dat"
    (folder / data).parent.mkdir()
    (folder / data).write_text(_lines(course), encoding="utf-8", newline="\n")
    settings = cell["settings"].item() if "settings" in cell.coords else cell.attrs.get("settings", "")
    document = {
        "version": _LAYOUT,
        "suite": "mfnas_vec",
        "function_id": number,
        "function_name": problem,
        "maximization": sign > 0,
        "algorithm": {"name": label, "info": str(settings)},
        "experiment_attributes": _attributes(cell, table is not None),
        "run_attributes": [RUN, "search_score"],
        "attributes": list(_COLUMNS),
        "scenarios": [{"dimension": n_gene, "path": data.as_posix(), "runs": _runs(runs, genes, course.since)}],
    }
    text = json.dumps(document, allow_nan=False, ensure_ascii=False) + "\n"
    (folder / f"IOHprofiler_f{number}_{name}.json").write_text(text, encoding="utf-8", newline="\n")


def _ends(runs: xr.Dataset) -> _Course:
    """The final result of each run, after a line at evaluation 1 with unknown values."""
    evaluations = runs["evaluations"].values.astype(np.int64)
    twice = np.repeat(np.arange(evaluations.size), np.where(evaluations > 1, 2, 1))
    is_end = np.append(twice[1:] != twice[:-1], [True] * bool(twice.size))

    def at_end(name: str) -> FloatArray:
        return np.where(is_end, runs[name].values[twice].astype(np.float64), np.nan)

    at = np.where(is_end, np.maximum(evaluations[twice], 1), 1)
    return _Course(at, at_end(TEST), at_end("cost_seconds"), at_end("cost_epochs"), evaluations)


def _course(problem: str, runs: xr.Dataset, table: xr.Dataset) -> _Course:
    """The incumbents' test results of traced runs: at the first and last evaluation, and at every change."""
    code, incumbent = step_codes(runs, "code"), step_codes(runs, "incumbent")
    seconds, epochs = (runs[name].transpose(RUN, STEP).values for name in _TRACE[2:])
    taken = code >= 0
    n_step = taken.sum(axis=1)
    steps = np.arange(code.shape[1])
    changed = np.diff(incumbent, axis=1, prepend=-1) != 0
    kept = taken & (changed | (steps == 0) | (steps == n_step[:, None] - 1))
    tests = incumbent_tests(runs, table, BEST_SEEN)
    last = tests[np.arange(n_step.size), np.maximum(n_step - 1, 0)]
    if not np.array_equal(np.where(n_step > 0, last, np.nan), runs[TEST].values, equal_nan=True):
        raise ValueError(f"{problem}: the table has other test results than the runs: it is a different one")
    since = np.where(taken & changed, steps + 1, 0).max(axis=1, initial=0)
    # Every run needs a first line, even one without evaluations.
    row, step = np.nonzero(kept | ((steps == 0) & (n_step == 0)[:, None]))
    raw_y, seconds, epochs = (np.where(taken, values, np.nan)[row, step] for values in (tests, seconds, epochs))
    return _Course(step + 1, raw_y, seconds, epochs, since)


def _lines(course: _Course) -> str:
    """The data file: a header before every run."""
    header = " ".join(_COLUMNS) + "\n"
    columns = (values.tolist() for values in course[:4])
    return "".join(
        f"{header if evaluation == 1 else ''}{evaluation} {raw_y!r} {seconds!r} {epochs!r}\n"
        for evaluation, raw_y, seconds, epochs in zip(*columns, strict=True)
    )


def _runs(runs: xr.Dataset, genes: FloatArray, since: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """Entries of the runs in the JSON file."""
    index, evaluations = runs[RUN].values, runs["evaluations"].values.astype(np.int64)
    values = (index, evaluations, since, runs[TEST].values, runs["search_score"].values, genes)
    return [
        {
            "instance": 1,
            "evals": evals,
            "best": {
                "evals": best,
                "y": None if math.isnan(test) else test,
                "x": [int(gene) for gene in genes if gene >= 0],
            },
            RUN: index,
            "search_score": None if math.isnan(score) else score,
        }
        for index, evals, best, test, score, genes in zip(*(v.tolist() for v in values), strict=True)
    ]
