"""The tables of results in docs/results.md, from ``bench/results.json``."""

import json
import re
from pathlib import Path
from typing import Any

from mfnas_bench.text import markdown_table as markdown

from mfnas_vec.published.numbers import MF_NAS
from mfnas_vec.tables.schema import MODELLED


def _results() -> Any:
    return json.loads(Path(__file__).with_name("results.json").read_text(encoding="utf-8"))


def _cell(record: dict[str, Any]) -> str:
    return f"{record['mean']:.2f}\u00a0±\u00a0{record['sd']:.2f}"  # on one line of a narrow column


def nbgraph_part() -> str:
    """Searches on NAS-Bench-Graph, and what there was to find."""
    report = _results()["nbgraph"]
    problems = list(dict.fromkeys(r["problem"] for r in report))
    rows = [["search", *(p.removeprefix("nbgraph-") for p in problems), "trainings", "distinct"]]
    for search in dict.fromkeys(r["search"] for r in report):
        own = [r for r in report if r["search"] == search]
        spans = []
        for key in ("epochs", "distinct"):
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


def mnist1d_part() -> str:
    """Searches on MNIST-1D, and what there was to find."""
    report = _results()["mnist1d"]
    rows = [["search", "test accuracy", "seconds", "epochs", "distinct"]]
    for r in report:
        rows.append([r["search"], _cell(r), f"{r['seconds']:.2f}", f"{r['epochs']:.0f}", f"{r['distinct']:.0f}"])
    for title, key in (("best on validation", "best_on_validation"), ("best on test", "optimum")):
        rows.append([f"*{title}*", f"{report[0][key]:.2f}", "", "", ""])
    kinds = " and ".join(sorted({r["test_provenance"] for r in report}))
    return (
        f"{markdown(rows)}\n\nTest accuracy in percent, **{kinds}**, mean ± standard deviation of "
        f"{report[0]['n_run']} runs, seed {report[0]['seed']};\nseconds of processor time, epochs of training and "
        "distinct architectures (scored ones included), mean of a run."
    )


def mnist1d_proxies_part() -> str:
    """MF-NAS on MNIST-1D by zero-cost metric and number of candidates."""
    report = _results()["mnist1d_proxies"]
    cells = {r["search"]: _cell(r) for r in report}
    pairs = [match.groups() for search in cells if (match := re.fullmatch(r"MF-NAS \((\w+), k=(\d+)\)", search))]
    sizes = sorted({int(k) for _, k in pairs})
    rows = [["first stage by", *(f"k = {k}" for k in sizes)]]
    for metric in dict.fromkeys(metric for metric, _ in pairs):
        rows.append([metric.replace("_", "\\_"), *(cells[f"MF-NAS ({metric}, k={k})"] for k in sizes)])
    rows.append(["*largest network*", *[cells["largest network"]] * len(sizes)])
    return markdown(rows)


def results_part() -> str:
    """The published table vs. that of the embedded tables."""
    report = _results()
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
    report = _results()
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
