"""Write the generated parts of the README and of the pages in docs: settings, tables, results, speed, scaling.

    python bench/render.py [--check]

Each part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. With ``--check``
nothing is written; the exit code says whether all are up to date.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xarray as xr
from figures import is_current, speed_figure
from mfnas_bench.text import markdown_table as markdown
from render_results import measured_part, mnist1d_part, mnist1d_proxies_part, nbgraph_part, results_part
from render_speed import headline_part, published_part, scaling_part, speed_part

from mfnas_vec import open_table
from mfnas_vec.report.text import default_texts
from mfnas_vec.search import OPTIMIZERS
from mfnas_vec.tables.dense import test_variable
from mfnas_vec.tables.optimum import best_of
from mfnas_vec.tables.provenance import parse_entries
from mfnas_vec.tables.schema import COMPUTED, MEASURED, MODELLED, SECONDS_SUFFIX, TRAIN_SECONDS
from mfnas_vec.tables.store import read_manifest, table_names

ROOT = Path(__file__).parents[1]
FIGURE = ROOT / "bench" / "speed.svg"


def settings_part() -> str:
    """Every setting, the optimizers that have it and its published default per table."""
    tables = {name: open_table(name) for name in table_names()}
    users: dict[tuple[str, str, str], list[str]] = {}
    for optimizer in OPTIMIZERS.values():
        defaults = default_texts(optimizer, tables)
        for setting in optimizer.fields:
            default = defaults[setting.name]
            if setting.name == "warm_up":
                default = "true for REA+W, false for REA"
            if setting.optional and default == "none" and setting.kind == "bool":
                default = "follows the metric"
            alias = "".join(f" (or `{a}`)" for a, n in optimizer.aliases.items() if n == setting.name)
            row = (f"`{setting.name}`{alias}", default, setting.help)
            users.setdefault(row, []).append(optimizer.name)
    head = ["setting", "optimizers", "published default", "meaning"]
    return markdown([head, *([name, ", ".join(names), *rest] for (name, *rest), names in users.items())])


def provenance_part() -> str:
    """What of every embedded table is measured, computed, modelled."""
    tables: dict[tuple[str, ...], list[str]] = {}
    for name, entry in read_manifest().items():
        cells: dict[str, list[str]] = {MEASURED: [], COMPUTED: [], MODELLED: []}
        for variable, attrs in entry["variables"].items():
            if variable.endswith(SECONDS_SUFFIX) and variable != TRAIN_SECONDS:
                variable = "seconds of scores"
            epochs: dict[str, list[int]] = {}
            for epoch, kind in parse_entries(attrs).items():
                epochs.setdefault(kind, []).append(epoch)
            for kind in epochs or [attrs["provenance"]]:
                where = f" (epoch {epochs[kind][0]})" if len(epochs.get(kind, [])) == 1 else ""
                where = where or (" (earlier epochs)" if epochs else "")
                text = variable if " " in variable else f"`{variable}`{where}"
                if text not in cells[kind]:
                    cells[kind].append(text)
        tables.setdefault(tuple(", ".join(cell) or "-" for cell in cells.values()), []).append(f"`{name}`")
    rows = [[", ".join(names), *cells] for cells, names in tables.items()]
    return markdown([["table", MEASURED, COMPUTED, MODELLED], *rows])


def sweeps_part() -> str:
    """The table of ``bench/sweeps.json``."""
    report = json.loads((ROOT / "bench" / "sweeps.json").read_text(encoding="utf-8"))
    m = report["machine"]
    rows = [["sweep", "searches", "seconds", "peak memory", "store"]]
    for r in report["sweeps"]:
        rows.append(
            [
                r["title"],
                f"{r['searches']:,}",
                f"{r['seconds']:.1f}",
                f"{r['peak_memory_mb']:.0f} MB",
                f"{r['bytes'] / 1e6:.1f} MB",
            ]
        )
    return (
        f"{markdown(rows)}\n\n"
        f"Whole processes, kernels compiled before, medians of {len(report['sweeps'][0]['seconds_all'])}, on "
        f"{m['processor']}, {m['threads']} threads;\n"
        f"Python {m['python']}, numba {m['numba']}, NumPy {m['numpy']}, xarray {m['xarray']}, zarr {m['zarr']}."
    )


def _licences(entry: dict[str, Any]) -> str:
    found = {licence for v in entry["variables"].values() for licence in (v["licence"], *_by_epoch(v, "licence"))}
    return ", ".join(sorted(found))


def _by_epoch(attrs: dict[str, Any], what: str) -> list[str]:
    return [text.partition(": ")[2] for text in attrs.get(f"{what}_by_epoch", [])]


def benchmarks_part() -> str:
    """A section per embedded table: its page, size, dimensions, sources, the best architecture there is."""
    sections = []
    for name, entry in read_manifest().items():
        table = open_table(name)
        best = best_of(table)
        test = test_variable(table)
        chosen = None if "epoch" in table.dims else metric_best(table, test)
        epochs = _epochs(table["epoch"].values.tolist()) if "epoch" in table.dims else "none"
        sources = [v.get("source", "") for v in entry["variables"].values()]
        sources += [s for v in entry["variables"].values() for s in _by_epoch(v, "source")]
        rows = [
            ["", ""],
            ["space", f"`{entry['space']}`"],
            ["architectures", f"{entry['n_arch']:,}"],
            ["epochs", epochs],
            ["best test result", f"{best['optimum']:.2f} (`{test}`, {best['optimum_provenance']})"],
            *([["test result of the best on validation", chosen]] if chosen else []),
            ["sources", "; ".join(dict.fromkeys(filter(None, sources)))],
            ["licences", _licences(entry)],
            ["size", f"{entry['n_byte'] / 1e6:.2f} MB"],
        ]
        page = f'<a href="_static/tables/{name}.html">How hard and how biased it is</a>'
        sections.append(f"### {name}\n\n{entry['title']}. {page}: the page of `mfnas report`.\n\n{markdown(rows)}")
    return "\n\n".join(sections)


def _epochs(epochs: list[int]) -> str:
    """Epochs of a table; all from the first to the last as a range."""
    first, last = epochs[0], epochs[-1]
    return f"{first} to {last}" if epochs == list(range(first, last + 1)) else ", ".join(map(str, epochs))


def metric_best(table: xr.Dataset, test: str) -> str:
    """Test result of the architectures with the best validation result; the mean of those that share it."""
    values = table[test.replace("test", "val")].values
    found = table[test].values[values == values.max()]
    return f"{found.mean():.2f}" + (f" (mean of {found.size})" if found.size > 1 else "")


#: Where each part stands, and what makes it.
PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "headline": ("README.md", headline_part),
    "settings": ("docs/reference/settings.md", settings_part),
    "provenance": ("docs/benchmarks.md", provenance_part),
    "benchmarks": ("docs/benchmarks.md", benchmarks_part),
    "nbgraph": ("docs/results.md", nbgraph_part),
    "mnist1d": ("docs/results.md", mnist1d_part),
    "mnist1d_proxies": ("docs/results.md", mnist1d_proxies_part),
    "results": ("docs/results.md", results_part),
    "measured": ("docs/results.md", measured_part),
    "speed": ("docs/performance.md", speed_part),
    "published_speed": ("docs/performance.md", published_part),
    "scaling": ("docs/performance.md", scaling_part),
    "sweeps": ("docs/performance.md", sweeps_part),
}


def render(text: str, parts: dict[str, Callable[[], str]]) -> str:
    """A page with its generated parts made again."""
    for name, part in parts.items():
        pattern = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        found = pattern.findall(text)
        if len(found) != 1:
            raise SystemExit(f"the part {name!r} must stand once in its page")
        ((before, after),) = found
        made = f"{before}{part()}\n{after}"
        text = pattern.sub(lambda _, made=made: made, text)
    return text


def main() -> None:
    """Write or check the pages and the figure of speed."""
    report = json.loads((ROOT / "bench" / "speed.json").read_text(encoding="utf-8"))
    drawn = FIGURE.read_text(encoding="utf-8") if FIGURE.is_file() else ""
    stale = [] if is_current(drawn, report) else [FIGURE.name]
    made = {}
    for page in dict.fromkeys(page for page, _ in PARTS.values()):
        text = (ROOT / page).read_text(encoding="utf-8")
        made[page] = render(text, {name: part for name, (there, part) in PARTS.items() if there == page})
        stale += [page] if made[page] != text else []
    if "--check" in sys.argv[1:]:
        raise SystemExit(f"{' and '.join(stale)} out of date: run python bench/render.py" if stale else 0)
    for page, text in made.items():
        (ROOT / page).write_text(text, encoding="utf-8")
    FIGURE.write_text(speed_figure(report), encoding="utf-8")


if __name__ == "__main__":
    main()
