"""A self-contained page on one benchmark table (extra ``report``)."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec._files import new_file
from mfnas_vec.analysis.baselines import random_search, references
from mfnas_vec.analysis.benchmark import QUANTILES, SIZE, TOPS, basins, correlations, fitness_distance, seed_share
from mfnas_vec.analysis.landscape import METRIC, provenance_of_metric, score_of
from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.report.figures.benchmark import draw_benchmark
from mfnas_vec.report.page.illustrations import Styles, parts_of, styled
from mfnas_vec.report.page.render import check_packages, render
from mfnas_vec.report.page.summary import decimals
from mfnas_vec.search import get_optimizer
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import UNSTATED, provenance
from mfnas_vec.tables.store import open_table

#: Numbers of evaluations of random search on the page.
_DRAWS = (1, 10, 100, 1000)
#: Local optima that are listed.
_MOST_OPTIMA = 10


def benchmark_page(table: xr.Dataset) -> str:
    """The page on a table, as HTML: the same table gives the same bytes.

    Raises
    ------
    ValueError
        If a package of the extra ``report`` is missing, or it is no benchmark table with a test result.
    """
    check_packages()
    space, name = dense.table_space(table), dense.test_variable(table)
    test, scores = dense.test_results(table), score_of(table, name)
    sign, unit = dense.sign(table, name), unit_text(table[name].attrs)
    metric = str(get_optimizer("RS").settings.defaults(table)["metric"])
    if metric not in table:
        raise ValueError(f"the table has no {metric!r}, by which searches on it choose")
    found, marks = correlations(table), references(table)
    optima, drawn = basins(space, scores), random_search(table, _DRAWS)
    known = test[~np.isnan(test)]
    quantiles = np.quantile(sign * known, QUANTILES)
    validation = next(i for i in reversed(range(found.sizes[METRIC])) if found[METRIC].values[i] == metric)
    styles = Styles()
    places = decimals(unit)
    columns = ("metric", "epoch", "rho", "rho_top5", "rho_top1", "size", "provenance")
    listed = sorted(zip(*(found[key].values.tolist() for key in columns), strict=True), key=_order)
    title = str(table.attrs.get("title", table.attrs.get("name", space.name)))
    content = {
        "title": f"Benchmark: {title}",
        "name": str(table.attrs.get("name", "custom")),
        "kind": provenance(table, name),
        "places": places,
        "unit": "" if unit == "1" else unit,
        "facts": [
            ("Space", space.name),
            ("Architectures", f"{space.n_arch:,}"),
            ("With a test result", f"{known.size:,}"),
            ("Genes", f"{space.n_gene}"),
            ("Test result", str(table[name].attrs.get("long_name", name))),
        ],
        "marks": marks,
        "metric": metric,
        "validation": {key: found[key].values[validation] for key in columns if key not in ("metric", "provenance")},
        "quantiles": [(f"{100 * q:g} %", float(sign * value)) for q, value in zip(QUANTILES, quantiles, strict=True)],
        "n_close": [(share, int((scores >= np.nanmax(scores) - share).sum())) for share in (0.1, 0.5, 1.0)],
        "figure": styled(parts_of("benchmark", draw_benchmark(table, metric, found)), styles),
        "rows": listed,
        "tops": [f"{100 * share:g} %" for share in TOPS],
        "has_size": SIZE in table,
        "random": [
            (n, float(drawn[TEST][i]), float(drawn["best_evaluated"][i]))
            for i, n in enumerate(drawn["evaluations"].values)
        ],
        "distance": fitness_distance(space, scores),
        "optima": optima,
        "listed": [
            (space.to_string(space.decode(space.arch_code[[row]])[0].tolist()), float(test[row]), int(size))
            for row, size in zip(optima.row[:_MOST_OPTIMA].tolist(), optima.size, strict=False)
        ],
        "seeds": seed_share(table),
        "variables": [_variable(table, str(v)) for v in sorted(map(str, table.data_vars))],
        "digest": str(table.attrs.get("digest", UNSTATED)),
        "note": str(table.attrs.get("note", "")),
    }
    return render(content, styles.css(), "benchmark.html.j2")


def _order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Zero-cost metrics by their rank correlation, the best first, then training-based ones by epoch."""
    name, epoch, rho = row[:3]
    return (False, -rho if rho == rho else 2.0, name) if np.isnan(epoch) else (True, name, epoch)


def _variable(table: xr.Dataset, name: str) -> tuple[str, str, str, str, str]:
    attrs = table[name].attrs
    kind = provenance_of_metric(table, name)
    words = (str(attrs.get("long_name", "")), str(attrs.get("source", UNSTATED)), str(attrs.get("licence", UNSTATED)))
    return name, kind, *words


def write_benchmark_page(name: str, path: str | Path, *, embedded: bool = False, overwrite: bool = False) -> None:
    """Write the page on a table of a name or path, completely or not at all; ``embedded`` ignores imported tables.

    Raises
    ------
    ValueError
        As of ``benchmark_page``; if there is no such table, or the file exists (unless ``overwrite``).
    """
    check_packages()
    with new_file(path, overwrite=overwrite) as scratch:
        text = benchmark_page(open_table(name, embedded=embedded))
        Path(scratch).write_text(text, encoding="utf-8", newline="\n")
