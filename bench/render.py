"""Write the generated parts of the README: settings, tables, results, speed, scaling, an example's output.

    python bench/render.py [--check]

Each part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. With ``--check``
nothing is written; the exit code says whether the README is up to date.
"""

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from figures import is_current, speed_figure
from mfnas_bench.text import markdown_table as markdown
from render_speed import scaling_part, speed_part

from mfnas_vec import open_table
from mfnas_vec.published.numbers import MF_NAS
from mfnas_vec.report.text import value_text
from mfnas_vec.search import OPTIMIZERS
from mfnas_vec.tables.provenance import parse_entries
from mfnas_vec.tables.schema import COMPUTED, MEASURED, MODELLED, SECONDS_SUFFIX, TRAIN_SECONDS
from mfnas_vec.tables.store import read_manifest, table_names

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FIGURE = ROOT / "bench" / "speed.svg"


def _spaces(names: list[str], tables: dict[str, Any]) -> list[str]:
    """Names of tables; of a space, where all its tables are among them."""
    space = {name: str(table.attrs["space"]) for name, table in tables.items()}
    whole = {s for s in space.values() if all(name in names for name in space if space[name] == s)}
    return list(dict.fromkeys(space[name] if space[name] in whole else name for name in names))


def settings_part() -> str:
    """Every setting, the optimizers that have it and its published default per table."""
    tables = {name: open_table(name) for name in table_names()}
    users: dict[tuple[str, str, str], list[str]] = {}
    for optimizer in OPTIMIZERS.values():
        defaults = {name: optimizer.settings.defaults(table) for name, table in tables.items()}
        for setting in optimizer.fields:
            by_value: dict[str, list[str]] = {}
            for name, values in defaults.items():
                by_value.setdefault(value_text(values[setting.name]), []).append(name)
            default = "; ".join(
                v if len(by_value) == 1 else f"{v} ({', '.join(_spaces(n, tables))})" for v, n in by_value.items()
            )
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


def _cell(record: dict[str, Any]) -> str:
    return f"{record['mean']:.2f} ± {record['sd']:.2f}"


def nbgraph_part() -> str:
    """Searches on NAS-Bench-Graph, and what there was to find."""
    report = json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))["nbgraph"]
    problems = list(dict.fromkeys(r["problem"] for r in report))
    rows = [["search", *(p.removeprefix("nbgraph-") for p in problems), "trainings", "distinct"]]
    for search in dict.fromkeys(r["search"] for r in report):
        own = [r for r in report if r["search"] == search]
        spans = []
        for key in ("trainings", "distinct"):
            counts = [round(r[key]) for r in own if r["problem"] != "nbgraph-proteins"]
            spans.append(f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}")
        rows.append([search.replace("_", "\\_"), *(_cell(r) for r in own), *spans])
    best = {r["problem"]: r for r in report}
    for title, key in (("best on validation", "best_on_validation"), ("best on test", "optimum")):
        rows.append([f"*{title}*", *(f"{r[key]:.2f}" for r in best.values()), "", ""])
    kinds = " and ".join(sorted({r["test_provenance"] for r in report}))
    return (
        f"{markdown(rows)}\n\nTest accuracy in percent (proteins: ROC-AUC), **{kinds}**, mean ± standard deviation of "
        f"{report[0]['n_run']} runs, seed {report[0]['seed']}. Trainings and distinct architectures\n(proxies "
        "included), mean of a run, without proteins."
    )


def results_part() -> str:
    """The published table beside that of the embedded tables."""
    report = json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))
    problems = list(dict.fromkeys(r["problem"] for r in report["embedded"]))
    rows = [["optimizer", "numbers", *problems]]
    for optimizer in dict.fromkeys(r["optimizer"] for r in report["embedded"]):
        found = {r["problem"]: r for r in report["embedded"] if r["optimizer"] == optimizer}
        if found[problems[0]]["published_mean"] != "":
            cells = [f"{r['published_mean']:.2f} ± {r['published_sd']:.2f}" for r in found.values()]
            rows.append([optimizer, "published", *cells])
        rows.append([optimizer, "here", *(_cell(r) for r in found.values())])
    best = {r["problem"]: r for r in report["embedded"]}
    rows.append(["optimum", "published", *(f"{r['published_optimum']:.2f}" for r in best.values())])
    rows.append(["optimum", "here", *(f"{r['optimum']:.2f}" for r in best.values())])
    first = report["embedded"][0]
    verdicts = " and ".join(sorted({r["verdict"] for r in report["embedded"]}))
    return (
        f"{markdown(rows)}\n\nTest accuracy in percent (`nbasr`: phoneme error rate), mean ± standard deviation of "
        f"{first['n_run']} runs, seed {first['seed']}.\nAll results here: **{verdicts}**."
    )


def measured_part() -> str:
    """Results with all that is measured of NAS-Bench-201."""
    report = json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))
    problems = list(dict.fromkeys(r["problem"] for r in report["measured"]))
    rows = [["optimizer", *problems]]
    for optimizer in dict.fromkeys(r["optimizer"] for r in report["measured"]):
        cells = []
        for problem in problems:
            record = next(r for r in report["measured"] if (r["problem"], r["optimizer"]) == (problem, optimizer))
            published = MF_NAS[problem].get(optimizer.rpartition("(")[2].rstrip(")"))
            text = _cell(record) + (" (m)" if record["stage1_provenance"] == MODELLED else "")
            if published is not None:
                text += f"; published {published.mean:.2f} ± {published.sd:.2f}"
            cells.append(text)
        rows.append([optimizer, *cells])
    first = report["measured"][0]
    return (
        f"{markdown(rows)}\n\nTest accuracy (measured) in percent, mean ± standard deviation of {first['n_run']} runs, "
        f"seed {first['seed']}. (m): the zero-cost score of the first stage is a modelled one.\nREA+W warms up on "
        "`synflow`, modelled on CIFAR-100."
    )


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


def example_part() -> str:
    """The Python example with its real output."""
    source = (ROOT / "bench" / "example.py").read_text(encoding="utf-8")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "example.py", "exec"), {"__name__": "__main__"})
    return f"```python\n{source.strip()}\n```\n\nprints\n\n```text\n{printed.getvalue().rstrip()}\n```"


def notebook_part() -> str:
    """The example of a notebook with its real output; its figure is written beside it."""
    source = (ROOT / "bench" / "notebook.py").read_text(encoding="utf-8")
    printed = io.StringIO()
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        os.chdir(folder)
        try:
            exec(compile(source, "notebook.py", "exec"), {"__name__": "__main__"})
            if "--check" not in sys.argv[1:]:
                shutil.copyfile("mine.svg", ROOT / "bench" / "mine.svg")
        finally:
            os.chdir(here)
    text = printed.getvalue().partition("\n\n  note:")[0]
    return (
        f"```python\n{source.strip()}\n```\n\nprints, and notes on the method,\n\n```text\n{text.rstrip()}\n```\n\n"
        "![Regret of three searches against search cost](bench/mine.svg)"
    )


PARTS = {
    "settings": settings_part,
    "provenance": provenance_part,
    "nbgraph": nbgraph_part,
    "results": results_part,
    "measured": measured_part,
    "speed": speed_part,
    "scaling": scaling_part,
    "sweeps": sweeps_part,
    "example": example_part,
    "notebook": notebook_part,
}


def render(text: str) -> str:
    """The README with its generated parts made anew."""
    for name, part in PARTS.items():
        pattern = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise SystemExit(f"README.md must have the part {name!r} once")
        before, after = pattern.search(text).groups()
        made = part()
        text = pattern.sub(lambda _: f"{before}{made}\n{after}", text)  # noqa: B023
    return text


def main() -> None:
    """Write or check the README and its figure."""
    text = README.read_text(encoding="utf-8")
    made = render(text)
    report = json.loads((ROOT / "bench" / "speed.json").read_text(encoding="utf-8"))
    drawn = FIGURE.read_text(encoding="utf-8") if FIGURE.is_file() else ""
    if "--check" in sys.argv[1:]:
        stale = [p.name for p, same in ((README, made == text), (FIGURE, is_current(drawn, report))) if not same]
        raise SystemExit(f"{' and '.join(stale)} out of date: run python bench/render.py" if stale else 0)
    README.write_text(made, encoding="utf-8")
    FIGURE.write_text(speed_figure(report), encoding="utf-8")


if __name__ == "__main__":
    main()
