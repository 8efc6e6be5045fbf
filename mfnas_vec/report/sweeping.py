"""Text on sweeps and result stores for the command line."""

import json
from collections.abc import Mapping
from typing import Any

from mfnas_vec.runs.conventions import NOT_APPLICABLE
from mfnas_vec.sweeps.contents import Contents, Part
from mfnas_vec.sweeps.estimate import Estimate
from mfnas_vec.sweeps.grid import Grid


def grids_text(grids: Mapping[str, str]) -> str:
    """The shipped grids."""
    width = max(map(len, grids))
    lines = [f"  {name:<{width}}  {title}" for name, title in grids.items()]
    return "\n".join(["shipped grids (mfnas sweep NAME --out PATH):", *lines])


def size_text(n_byte: float) -> str:
    """A number of bytes for people."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = next((i for i in range(len(units)) if n_byte < 1000 ** (i + 1)), len(units) - 1)
    number = n_byte / 1000**power
    return f"{number:.1f} {units[power]}" if power and number < 10 else f"{number:.0f} {units[power]}"


def duration_text(seconds: float) -> str:
    """A duration for people."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def estimate_text(grid: Grid, shapes: Mapping[str, int], found: Estimate) -> str:
    """Size and estimated cost of a sweep."""
    cells = ", ".join(f"{problem} {n}" for problem, n in shapes.items())
    return "\n".join(
        [
            f"{grid.title or grid.name}: all checks passed, nothing run or written",
            f"  combinations  {sum(shapes.values()):,} ({cells})",
            f"  searches      {found.n_search:,} ({grid.n_run:,} runs each, seed {grid.seed}, {grid.protocol})",
            f"  time          about {duration_text(found.seconds)} in this process, estimated from a few runs",
            f"  memory        about {size_text(found.memory)}",
            f"  disk          at most {size_text(found.disk)}",
        ]
    )


def contents_text(path: str, contents: Contents) -> str:
    """Contents of a result store."""
    attrs = contents.attrs
    lines = [f"{path}: {'complete' if contents.complete else 'UNFINISHED'}, made by mfnas {contents.kind}"]
    if contents.kind == "sweep":
        lines.append(f"  {attrs['title']}")
    parts = contents.parts
    first: Mapping[str, Any] = parts[0].dataset.attrs if parts else attrs
    lines.append(
        f"  seed {first.get('seed')}, protocol {first.get('protocol')}, mfnas_vec {attrs['mfnas_vec_version']}"
        + (f", {parts[0].n_run:,} runs of each combination" if parts else "")
    )
    lines += [line for part in parts for line in _part_lines(part)]
    if not contents.complete:
        lines.append(f"  mfnas sweep ... --out {path} --resume completes it")
    return "\n".join(lines)


def _part_lines(part: Part) -> list[str]:
    dataset = part.dataset
    dims = [str(dim) for dim in dataset["arch"].dims if dim != "run"]
    spans = [f"{dim} ({', '.join(_short(v) for v in dataset[dim].values)})" for dim in dims if dim in dataset.coords]
    done = "" if part.n_finished == part.n_block else f", {part.n_finished:,} of {part.n_block:,} blocks finished"
    test = dataset["test_performance"].attrs
    if "search_provenance" in dataset.coords:
        kinds = {str(v) for name in ("search_provenance", "seconds_provenance") for v in dataset[name].values.flat}
        kinds.discard(NOT_APPLICABLE)
    else:
        kinds = {str(dataset[name].attrs["provenance"]) for name in ("search_score", "cost_seconds")}
    settings = dataset.attrs.get("settings")
    return [
        f"  {part.problem}: {part.n_cell:,} combination{'s' * (part.n_cell != 1)} x {part.n_run:,} runs{done}",
        f"    {' x '.join(spans)}" if spans else f"    {dataset.attrs['optimizer']} {json.loads(settings or '{}')}",
        f"    test results {test.get('provenance')}; search metrics and seconds {', '.join(sorted(kinds))}",
    ]


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return "-" if text in (NOT_APPLICABLE, "nan") else text
