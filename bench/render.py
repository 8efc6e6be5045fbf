"""Write the generated parts of the README: settings, tables, speed, an example's output.

    python bench/render.py [--check]

Each part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. With ``--check``
nothing is written; the exit code says whether the README is up to date.
"""

import contextlib
import io
import json
import re
import sys
from pathlib import Path

from mfnas_vec import open_table
from mfnas_vec.optimizers import OPTIMIZERS
from mfnas_vec.report.text import value_text
from mfnas_vec.tables.provenance import parse_entries
from mfnas_vec.tables.store import read_manifest, table_names

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def markdown(rows: list[list[str]]) -> str:
    """A Markdown table; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def settings_part() -> str:
    """Every setting, the optimizers that have it and its published default per table."""
    tables = {name: open_table(name) for name in table_names()}
    rows: dict[str, list[str]] = {}
    users: dict[str, list[str]] = {}
    for optimizer in OPTIMIZERS.values():
        defaults = {name: optimizer.defaults(table) for name, table in tables.items()}
        for setting in optimizer.settings:
            by_value: dict[str, list[str]] = {}
            for name, values in defaults.items():
                by_value.setdefault(value_text(values[setting.name]), []).append(name)
            default = "; ".join(v if len(by_value) == 1 else f"{v} ({', '.join(n)})" for v, n in by_value.items())
            if setting.name == "warm_up":
                default = "true for REA+W, false for REA"
            if setting.optional and default == "none" and setting.kind == "bool":
                default = "follows the metric"
            if setting.name in rows and rows[setting.name][2] != setting.help:
                raise SystemExit(f"{setting.name} is explained in two ways")
            alias = "".join(f" (or `{a}`)" for a, n in optimizer.aliases.items() if n == setting.name)
            rows[setting.name] = [f"`{setting.name}`{alias}", default, setting.help]
            users.setdefault(setting.name, []).append(optimizer.name)
    head = ["setting", "optimizers", "published default", "meaning"]
    return markdown([head, *([r[0], ", ".join(users[name]), *r[1:]] for name, r in rows.items())])


def provenance_part() -> str:
    """Every variable of every embedded table and where it comes from."""
    names: dict[tuple[str, ...], list[str]] = {}
    for table, entry in read_manifest().items():
        for variable, attrs in entry["variables"].items():
            kinds = parse_entries(attrs)
            for kind in dict.fromkeys(kinds.values()) or [attrs["provenance"]]:
                epochs = [epoch for epoch, k in kinds.items() if k == kind]
                where = f" at epoch {', '.join(map(str, epochs))}" if epochs else ""
                sources = dict(entry.split(": ", 1) for entry in attrs.get("source_by_epoch", []))
                licences = dict(entry.split(": ", 1) for entry in attrs.get("licence_by_epoch", []))
                first = str(epochs[0]) if epochs else ""
                source, licence = sources.get(first, attrs["source"]), licences.get(first, attrs["licence"])
                names.setdefault((variable, kind + where, source, licence), []).append(table)
    every = len(read_manifest())
    rows = [["variable", "provenance", "source", "licence", "tables"]]
    for (variable, kind, source, licence), tables in sorted(names.items()):
        rows.append([f"`{variable}`", kind, source, licence, "all" if len(tables) == every else ", ".join(tables)])
    return markdown(rows)


def speed_part() -> str:
    """The speed table of ``bench/speed.json``."""
    report = json.loads((ROOT / "bench" / "speed.json").read_text(encoding="utf-8"))
    m = report["machine"]
    rows = [
        [
            "table",
            "optimizer",
            "runs",
            "evaluations",
            "kernel time",
            "per evaluation",
            "plain twin, one run",
            "faster per run",
        ]
    ]
    for r in report["kernels"]:
        rows.append(
            [
                r["table"],
                r["optimizer"],
                f"{r['n_run']}",
                f"{r['evaluations']:,}",
                f"{1e3 * r['kernel_seconds']:.2f} ms",
                f"{r['ns_per_evaluation']:.1f} ns",
                f"{1e3 * r['twin_seconds_per_run']:.2f} ms",
                f"{r['times_faster_per_run']:,.0f} x",
            ]
        )
    processes = ", ".join(f"`{name}` {p['median']:.2f} s" for name, p in report["processes"].items())
    return (
        f'{markdown(rows)}\n\nWhole processes: {processes} (`imports` is `python -c "import numba, xarray, zarr"`).\n'
        f"Medians of {report['repeats']} repeats on {m['processor']}, {m['threads']} threads; Python {m['python']}, "
        f"numba {m['numba']}, NumPy {m['numpy']}, xarray {m['xarray']}, zarr {m['zarr']}. Plain twins run one search\n"
        "at a time on one thread."
    )


def example_part() -> str:
    """The Python example with its real output."""
    source = (ROOT / "bench" / "example.py").read_text(encoding="utf-8")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "example.py", "exec"), {"__name__": "__main__"})
    return f"```python\n{source.strip()}\n```\n\nprints\n\n```text\n{printed.getvalue().rstrip()}\n```"


PARTS = {
    "settings": settings_part,
    "provenance": provenance_part,
    "speed": speed_part,
    "example": example_part,
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
    """Write or check the README."""
    text = README.read_text(encoding="utf-8")
    made = render(text)
    if "--check" in sys.argv[1:]:
        raise SystemExit(0 if made == text else "README.md is out of date: run python bench/render.py")
    README.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
