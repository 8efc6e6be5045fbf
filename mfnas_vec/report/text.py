"""Plain text for the terminal."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.analysis.bootstrap import LEAST_RUNS
from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.runs.result import SELECTED_ON
from mfnas_vec.search import Optimizer
from mfnas_vec.tables.coverage import partial_variables
from mfnas_vec.tables.dense import table_space
from mfnas_vec.tables.provenance import BY_EPOCH, UNSTATED, parse_entries, provenance
from mfnas_vec.tables.schema import COMPUTED, MEASURED, SECONDS_SUFFIX


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows of cells as aligned columns; ``right`` lists the columns to flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def count(n: int, what: str, plural: str = "") -> str:
    """A number and its noun.

    Examples
    --------
    >>> count(2, "search", "searches")
    '2 searches'
    """
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def range_text(numbers: Iterable[int]) -> str:
    """Some numbers: the least and the largest, or the only one."""
    low, *_, high = sorted({*numbers}) * 2
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def value_text(value: Any) -> str:
    """A setting's value as a user would type it."""
    if value is None:
        return "none"
    if value is dataclasses.MISSING:
        return "to be given"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def interval_text(summary: Summary) -> str:
    """The interval of a mean; without one, the number of runs that have a result."""
    if summary.has_interval:
        return f"{summary.low:.2f} to {summary.high:.2f}"
    return f"- (n = {summary.n_tested})"


def cost_text(seconds: float) -> str:
    """Simulated seconds; below ten with decimals."""
    return f"{seconds:,.2f}" if seconds < 10 else f"{seconds:,.0f}"


def result_text(result: xr.Dataset, wall_seconds: float, source: str = "") -> str:
    """Test results, costs and provenance of a batch of runs, ``source`` (of the table) in the first line."""
    s: Summary = summarize(result)
    attrs = result.attrs
    test = result["test_performance"].attrs
    unit = unit_text(test)
    interval = (
        f"95 % interval of the mean {interval_text(s)}"
        if s.has_interval
        else f"no interval: {count(s.n_tested, 'run')} with a result, at least {LEAST_RUNS} are needed"
    )
    found = (f"{s.mean:.2f} ± {s.sd:.2f} {unit}", f"{interval}; {test['provenance']}") if s.n_tested else ("none", "")
    kind = result["cost_seconds"].attrs["provenance"]
    trained = result["cost_epochs"].attrs["units"]  # epoch, or whole training
    timed = s.seconds or s.evaluations == 0
    cost = f"{cost_text(s.seconds)} s" if timed else "not timed"
    seconds = "" if kind == COMPUTED or not timed else f"; seconds {kind}"
    rows = [
        (test["long_name"], *found),
        ("search cost", cost, f"{s.epochs:,.0f} {trained}s, simulated, mean of a run{seconds}"),
        ("evaluations", f"{s.evaluations:,.0f}", f"{s.unique_evaluations:,.0f} distinct, mean of a run"),
        (
            "wall time",
            f"{wall_seconds:.2f} s",
            f"{1e3 * attrs['timing_kernel_seconds']:.1f} ms of it in the kernel, all runs",
        ),
    ]
    head = (
        f"{attrs['optimizer']} on {attrs['problem']}: {s.n_run:,} run{'s' * (s.n_run != 1)}, "
        f"seed {attrs['seed']}, protocol {attrs['protocol']}" + (f"; {source}" if source else "")
    )
    settings = ", ".join(f"{k}={value_text(v)}" for k, v in json.loads(attrs["settings"]).items())
    lines = [head, f"  {settings}", ""]
    lines += ["  " + line for line in aligned(rows).splitlines()]
    notes = _provenance_notes(result)
    if s.n_tested < s.n_found:
        notes.insert(0, f"{s.n_found - s.n_tested} runs found an architecture without a test result in the table.")
    if s.n_found < s.n_run:
        notes.insert(0, f"{s.n_run - s.n_found} runs found no architecture within the budget.")
    if attrs.get(SELECTED_ON) == "test":
        notes.insert(0, selection_note([str(attrs["optimizer"])]))
    if notes:
        lines += ["", *(f"  note: {note}" for note in notes)]
    return "\n".join(lines)


def selection_note(labels: Sequence[str]) -> str:
    """The warning that test results chose the answers of searches."""
    return (
        f"WARNING: test results chose the answers of {', '.join(labels)} (the candidate of the last rung with the "
        "highest test value, as the code published in 2025 does): their test performance is biased, and no fair "
        "comparison with searches that do not see test results."
    )


def _provenance_notes(result: xr.Dataset) -> list[str]:
    """A line for each kind of input that is neither measured nor computed."""
    inputs = [str(entry).rpartition(": ")[::2] for entry in result.attrs["inputs"]]
    test = result["test_performance"].attrs
    inputs.append((test["variable"], test["provenance"]))
    by_kind: dict[str, list[str]] = {}
    for name, kind in dict.fromkeys(inputs):  # test results may be among the inputs
        if kind not in (MEASURED, COMPUTED):
            by_kind.setdefault(kind, []).append(name)
    return [
        f"{kind} inputs: {', '.join(names)}. This is not a published or measured result."
        for kind, names in by_kind.items()
    ]


def tables_text(manifest: Mapping[str, Any], imported: Mapping[str, xr.Dataset]) -> str:
    """The available tables, one per line, and which of two of the same name is used."""
    rows = [("TABLE", "SPACE", "ARCHITECTURES", "SIZE", "MEASURED", "TITLE", "")]
    for name, entry in manifest.items():
        kinds = _measured(entry["variables"])
        size = f"{entry['n_byte'] / 1e6:.1f} MB"
        hidden = name in imported and not partial_variables(imported[name])
        used = "embedded, not used" if hidden else "embedded"
        rows.append((name, entry["space"], f"{entry['n_arch']:,}", size, kinds, entry["title"], used))
    for name, table in imported.items():
        kinds = _measured({str(v): table[v].attrs for v in sorted(table.data_vars, key=str)})
        size = f"{sum(v.nbytes for v in table.variables.values()) / 1e6:.1f} MB"
        cells = (str(table.attrs.get("space")), f"{table.sizes['arch']:,}", size, kinds)
        partial = name in manifest and partial_variables(table)
        used = f"imported, partial: {name}@imported" if partial else "imported"
        rows.append((name, *cells, str(table.attrs.get("title", "")), used))
    return aligned(rows, right=(2, 3))


def _measured(variables: Mapping[str, Mapping[str, Any]]) -> str:
    """The measured variables of a table, or their number."""
    names = [name for name, attrs in variables.items() if MEASURED in _kinds(attrs)]
    return ", ".join(names) or "-" if len(names) <= 4 else f"{len(names)} of {len(variables)} variables"


def _kinds(attrs: Mapping[str, Any]) -> list[str]:
    return [*parse_entries(attrs).values()] or [str(attrs.get("provenance", UNSTATED))]


def table_text(table: xr.Dataset) -> str:
    """The variables of a table and their provenance.

    Raises
    ------
    ValueError
        If it is not a benchmark table.
    """
    table_space(table)
    attrs = table.attrs
    lines = [f"{attrs.get('name', 'custom')}: {attrs.get('title', attrs.get('space', ''))}"]
    lines.append(
        f"  {table.sizes['arch']:,} architectures of {attrs.get('space')}, digest {attrs.get('digest', '-')[:16]}"
    )
    rows = [("VARIABLE", "DIMS", "UNITS", "DIRECTION", "PROVENANCE")]
    details = []
    for name in sorted(map(str, table.data_vars)):
        a = table[name].attrs
        kind = str(a.get("provenance", UNSTATED))
        if BY_EPOCH in a and "epoch" in table[name].dims:
            by_kind: dict[str, list[str]] = {}
            for epoch in table["epoch"].values.tolist():
                by_kind.setdefault(provenance(table, name, epoch), []).append(str(epoch))
            kind = "; ".join(f"{k} at epoch {', '.join(e)}" for k, e in by_kind.items())
        dims = ", ".join(map(str, table[name].dims)) or "-"
        rows.append((name, dims, str(a.get("units", "1")), str(a.get("direction", "-")), kind))
        if "comment" in a or "source" in a:
            origin = f"{a.get('source', 'unstated')} ({a.get('licence', 'licence unstated')})"
            if not name.endswith(SECONDS_SUFFIX) or name == "train_seconds":
                details.append(f"  {name}: {a.get('comment', a.get('long_name', ''))}. Source: {origin}")
    lines += ["", *("  " + line for line in aligned(rows).splitlines())]
    if details:
        lines += ["", *details]
    return "\n".join(lines)


def optimizers_text(optimizers: Mapping[str, Optimizer]) -> str:
    """All optimizers, one per line."""
    return aligned([("OPTIMIZER", "DESCRIPTION"), *((o.name, o.title) for o in optimizers.values())])


def optimizer_text(optimizer: Optimizer, tables: Mapping[str, xr.Dataset]) -> str:
    """The settings of an optimizer with their defaults on some tables."""
    defaults = default_texts(optimizer, tables)
    rows, of_tables = [("SETTING", "ALLOWED", "DEFAULT", "MEANING")], []
    for setting in optimizer.fields:
        default = defaults[setting.name]
        if "; " in default:
            of_tables.append((setting.name, default))
            default = "by table"
        alias = "".join(f" (or {a})" for a, n in optimizer.aliases.items() if n == setting.name)
        rows.append((setting.name + alias, setting.allowed, default, setting.help))
    parts = [f"{optimizer.name}: {optimizer.title}", aligned(rows)]
    return "\n\n".join([*parts, aligned([("SETTING", "DEFAULT BY TABLE"), *of_tables])] if of_tables else parts)


def default_texts(optimizer: Optimizer, tables: Mapping[str, xr.Dataset]) -> dict[str, str]:
    """The default of each setting; where tables differ, every value and the tables (or spaces) that have it."""
    defaults = {name: optimizer.settings.defaults(table) for name, table in tables.items()}
    found = {}
    for setting in optimizer.fields:
        by_value: dict[str, list[str]] = {}
        for name, values in defaults.items():
            by_value.setdefault(value_text(values[setting.name]), []).append(name)
        found[setting.name] = "; ".join(
            v if len(by_value) == 1 else f"{v} ({', '.join(_spaces(n, tables))})" for v, n in by_value.items()
        )
    return found


def _spaces(names: Sequence[str], tables: Mapping[str, xr.Dataset]) -> list[str]:
    """Names of tables; where all tables of a space are among them, the name of the space."""
    space = {name: str(table.attrs["space"]) for name, table in tables.items()}
    whole = {s for s in space.values() if all(name in names for name in space if space[name] == s)}
    return list(dict.fromkeys(space[name] if space[name] in whole else name for name in names))
