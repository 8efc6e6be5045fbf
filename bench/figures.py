"""The figure of the README's part on speed, from ``speed.json``: the same bytes every time."""

import hashlib
import io
import itertools
import json
from typing import Any

#: One colour for each problem, distinct for colour-blind readers, too (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73")
STYLES = ("--", "-", ":")


def digest_of(report: dict[str, Any]) -> str:
    """Digest of what the figure shows; it stands in the figure."""
    shown = [[p["problem"], p["n_thread"], p["n_run"], p["searches_per_second"]] for p in _points(report)]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]


def _points(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [p for p in report["points"] if p["optimizer"] == "MF-NAS"]


def speed_figure(report: dict[str, Any]) -> str:
    """SVG of MF-NAS searches per second against the number of runs, by problem and threads."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    settings = {
        "svg.hashsalt": "mfnas_vec",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with plt.rc_context(settings):
        figure, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
        points = _points(report)
        for problem, colour in zip(dict.fromkeys(p["problem"] for p in points), itertools.cycle(COLOURS), strict=False):
            for n_thread, style in zip(report["threads"], itertools.cycle(STYLES), strict=False):
                mine = [p for p in points if (p["problem"], p["n_thread"]) == (problem, n_thread)]
                label = f"{problem}, {n_thread} thread{'s' * (n_thread != 1)}"
                runs, speed = [p["n_run"] for p in mine], [p["searches_per_second"] for p in mine]
                axes.plot(runs, speed, style, color=colour, marker="o", markersize=3, linewidth=1.2, label=label)
        axes.set(xscale="log", yscale="log", xlabel="runs in the batch", ylabel="MF-NAS searches per second")
        axes.grid(linewidth=0.4, color="#cccccc")
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
        made = io.StringIO()
        metadata = {"Date": None, "Creator": None, "Description": digest_of(report)}
        figure.savefig(made, format="svg", facecolor="white", metadata=metadata)
        plt.close(figure)
    return "\n".join(line.rstrip() for line in made.getvalue().splitlines()) + "\n"


def is_current(svg: str, report: dict[str, Any]) -> bool:
    """Whether a figure shows the numbers of a report; other versions of matplotlib draw other bytes of it."""
    return digest_of(report) in svg
