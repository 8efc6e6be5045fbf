"""Build the embedded NAS-Bench-ASR table: computed costs; all results and scores modelled.

    python -m pip install '.[build-tables]'
    python benchmarks_zarr/build/nbasr.py DATA_FOLDER

There are no results of single architectures to fit to. What is published are Pareto fronts (test
error against parameters and FLOPs, validation error against FLOPs), the optimum, and what MF-NAS
finds. The model takes its levels from those: the least error of each number of linear and of
convolutional nodes is that of the fronts, skip connections, operations and chance of the
architecture add to it, no architecture is better than the fronts allow for its costs, and each
front point belongs to one of the architectures that have exactly its costs. How much is added,
learning curves and zero-cost scores are assumptions: nothing was held out, there is no data to.
"""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from manifest import write_manifest
from nbasr_network import SKIPS, graph_of, network_cost
from stores import write_table
from surrogate import FloatArray, hashed_normals, normal_scores, rounded, spearman

from mfnas_vec.spaces import get_space
from mfnas_vec.spaces.nbasr import OPERATIONS
from mfnas_vec.tables.build import empty_table, variable_attrs
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, MODELLED

EPOCHS = np.arange(1, 41)
LINEAR = OPERATIONS.index("linear")
CONVOLUTIONS = ("conv5", "conv5d2", "conv7", "conv7d2")
#: Least test error (percent) by number of linear and convolutional nodes. From the fronts; (1, 0),
#: (2, 0) and (3, 0), which are on none, lie above them, (3, 0) as the published MF-NAS results say.
LEAST = {
    (0, 0): 24.08,
    (0, 1): 23.79,
    (0, 2): 22.91,
    (0, 3): 22.84,
    (1, 0): 22.9,
    (1, 1): 22.06,
    (1, 2): 21.43,
    (2, 0): 21.9,
    (2, 1): 21.41,
    (3, 0): 21.65,
}
#: Error of a network whose cells let nothing through.
DISCONNECTED = 90.0
#: Points that the validation error after one epoch lies above the final one.
FIRST_FALL = 26.0
#: Skip connections of most of the best architectures on the fronts.
BEST_SKIPS = 4
#: Assumed sizes (percent points).
USUAL, PER_SKIP, SKIP_PATTERN_SD, OPERATION_SD, GRAPH_SD, SOFTNESS = 0.5, 0.02, 0.25, 0.3, 0.45, 0.3
#: Validation error from test error: through the optimum and the smallest network of both fronts.
VAL_LEVEL, VAL_SLOPE, VAL_KNEE, VAL_SD = (21.51, 20.8), 0.38, 24.1, 0.1
#: Spearman correlation of scores with quality, about as Abdelfattah et al. (ICLR 2021) report for this benchmark.
CORRELATION = {"jacov": -0.37, "plain": 0.0, "fisher": 0.02, "grad_norm": 0.07, "snip": 0.01}
OWN = "MIT"
FRONTS = "calibrated to Pareto fronts of NAS-Bench-ASR published in ELO-Lab/LOMONAS and results of ELO-Lab/MF-NAS"
ASSUMED = "assumptions of this project, with correlations about as in Abdelfattah et al., ICLR 2021"


class Graphs(NamedTuple):
    """What the model looks at, per architecture."""

    operations: list[tuple[int, ...]]  # of the nodes that matter
    n_linear: npt.NDArray[np.int64]
    n_skip: npt.NDArray[np.int64]
    pattern: list[str]  # of skip connections
    costs: npt.NDArray[np.int64]  # [arch, 2], parameters and FLOPs
    synflow: FloatArray  # log of the sum over ways of products of weights


def describe(genes: npt.NDArray[np.int8]) -> Graphs:
    """Look at all graphs."""
    operations, skips, patterns, costs, synflow = [], [], [], [], []
    log_weight = np.array([np.log(v) for v in (800.0, 40.0, 40.0, 56.0, 56.0)])
    for genotype in genes.tolist():
        matrix, labels = graph_of(genotype)
        ops = tuple(label for label in labels if label >= 0)
        operations.append(ops)
        used = [genotype[gene] for gene, _, _ in SKIPS]
        n_edge = sum(map(sum, matrix))
        skips.append(max(0, n_edge - len(ops) - 1))
        patterns.append("".join(map(str, used)))
        costs.append(network_cost(genotype))
        flow = np.zeros(len(labels))
        if labels:
            flow[0] = 1
        for v in range(1, len(labels)):
            gain = np.exp(log_weight[labels[v]]) / 10 if labels[v] >= 0 else 1.0
            flow[v] = gain * sum(flow[u] for u in range(v) if matrix[u][v])
        synflow.append(18 * np.log(flow[-1]) if labels else -np.inf)
    n_linear = np.array([ops.count(LINEAR) for ops in operations])
    return Graphs(operations, n_linear, np.array(skips), patterns, np.array(costs), np.array(synflow))


def front_bound(points: list[tuple[float, float]], cost: npt.NDArray[np.int64]) -> FloatArray:
    """Least error that a front allows for a cost, shape ``(n_arch,)``."""
    bound = np.full(cost.size, np.inf)
    for error, at in points:
        bound = np.where(cost >= at * (1 - 1e-9), np.minimum(bound, error), bound)
    return bound


def put_on_fronts(error: FloatArray, fronts: list[tuple[list[tuple[float, float]], Any]]) -> FloatArray:
    """Raise what is better than a front allows; give each front point to the best of its costs."""
    bound = np.max([front_bound(points, cost) for points, cost in fronts], axis=0)
    result = np.maximum(error, bound + 0.02 * (1 + np.tanh(error - bound)))
    for points, cost in fronts:
        for value, at in points:
            group = np.flatnonzero(np.abs(cost - at) <= 1e-9 * at)
            group = group[bound[group] <= value + 1e-9]
            taken = group[np.abs(result[group] - value) < 1e-9]
            if taken.size == 0:
                result[group[np.argmin(result[group])]] = value
    return result


def model_test(graphs: Graphs, keys: list[str], fronts: dict[str, Any]) -> FloatArray:
    """Test error after the last epoch in percent, shape ``(n_arch,)``."""
    names = ["-".join(map(str, ops)) for ops in graphs.operations]
    n_node = np.array([len(ops) for ops in graphs.operations])
    least = np.array([LEAST[a, n - a] for a, n in zip(graphs.n_linear.tolist(), n_node.tolist(), strict=True)])
    added = USUAL + PER_SKIP * (graphs.n_skip - BEST_SKIPS * n_node / 3) ** 2
    added += SKIP_PATTERN_SD * hashed_normals(graphs.pattern, "nbasr/skips")
    added += OPERATION_SD * hashed_normals(names, "nbasr/operations")
    added += GRAPH_SD * hashed_normals(keys, "nbasr/graph")
    error = least + SOFTNESS * np.log1p(np.exp(added / SOFTNESS))
    cut = np.isneginf(graphs.synflow)
    error[cut] = DISCONNECTED + hashed_normals(keys, "nbasr/disconnected")[cut]
    both = [
        (_points(fronts["TestPER_FLOPs"]), graphs.costs[:, 1]),
        (_points(fronts["TestPER_Params"]), graphs.costs[:, 0]),
    ]
    return put_on_fronts(error, both)


def _points(front: dict[str, Any]) -> list[tuple[float, float]]:
    return [(100 * error, cost) for error, cost in front["points"]]


def model_val(test: FloatArray, graphs: Graphs, keys: list[str], fronts: dict[str, Any]) -> FloatArray:
    """Validation error at ``EPOCHS`` in percent, shape ``(n_epoch, n_arch)``."""
    low = VAL_LEVEL[1] + VAL_SLOPE * (np.minimum(test, VAL_KNEE) - VAL_LEVEL[0])
    final = low + np.maximum(test - VAL_KNEE, 0) + VAL_SD * hashed_normals(keys, "nbasr/val_per")
    final = put_on_fronts(final, [(_points(fronts["ValPER_FLOPs"]), graphs.costs[:, 1])])
    # Falls as the curve of the one architecture that the public README of NAS-Bench-ASR shows.
    speed = 0.95 + 0.03 * hashed_normals(keys, "nbasr/speed")
    last = EPOCHS[-1]
    fall = np.exp(-speed * ((EPOCHS - 1) ** 0.65)[:, None])
    noise = np.array([hashed_normals(keys, f"nbasr/val_per/{e}") for e in EPOCHS])
    size = 0.3 * (1 - EPOCHS / last)[:, None] ** 0.7
    curve = final + np.minimum(FIRST_FALL, DISCONNECTED - np.minimum(final, DISCONNECTED)) * fall + size * noise
    curve[-1] = final
    return np.clip(curve, 0, 100)


def model_scores(graphs: Graphs, test: FloatArray, keys: list[str]) -> dict[str, FloatArray]:
    """Zero-cost scores, shape ``(n_arch,)``."""
    alive = np.isfinite(graphs.synflow)
    quality = normal_scores(-test)
    size = np.log(graphs.costs[:, 0] / graphs.costs[:, 0].min())
    scores = {
        "synflow": np.where(alive, 60 + graphs.synflow + 4 * hashed_normals(keys, "nbasr/synflow"), 0.0),
        "l2_norm": 200 + 150 * size + hashed_normals(keys, "nbasr/l2_norm"),
    }
    for name, rho in CORRELATION.items():
        z = rho * quality + np.sqrt(1 - rho**2) * hashed_normals(keys, f"nbasr/{name}")
        scores[name] = {"jacov": -100 + 5 * z, "plain": 0.1 * z}.get(name, np.exp(2 + 0.8 * z))
        dead = {"jacov": float(scores["jacov"].min()) - 1}.get(name, 0.0)
        scores[name] = np.where(alive, scores[name], dead)
    return scores


def build(fronts: dict[str, Any]) -> xr.Dataset:
    """The table, calibrated to the fronts."""
    space = get_space("nbasr")
    keys = space.arch_key()
    graphs = describe(space.decode(space.arch_code))
    test = model_test(graphs, keys, fronts)
    val = model_val(test, graphs, keys, fronts)

    table = empty_table(space, name="nbasr", dataset="timit")
    table = table.assign_coords({EPOCH: (EPOCH, EPOCHS, {"long_name": "epochs of training done"})})
    table.attrs["title"] = "NAS-Bench-ASR, TIMIT"
    table.attrs["note"] = (
        "this table was calibrated to the published Pareto fronts and to the published MF-NAS results themselves; "
        "there are no results of single architectures"
    )
    note = "no results of single architectures are known here: levels from published Pareto fronts, the rest assumed"
    common = {"source": FRONTS, "licence": OWN, "comment": note}
    ranks = [spearman(v, val[-1]) for v in val]
    more = {"table_rank_correlation_with_40": ranks, "table_rank_correlation_with_test_per": spearman(val[-1], test)}
    table["val_per"] = ((EPOCH, ARCH), val, variable_attrs("val_per", MODELLED, **common) | more)
    table["test_per"] = ((ARCH,), test, variable_attrs("test_per", MODELLED, **common))
    definition = {"source": "definition of the network (Mehrotra et al., ICLR 2021)", "licence": OWN}
    for i, name in enumerate(("params", "flops")):
        table[name] = ((ARCH,), graphs.costs[:, i] / 1e6, variable_attrs(name, COMPUTED, **definition))
    for name, score in model_scores(graphs, test, keys).items():
        note = "assumed: there are no scores to fit to"
        attrs = variable_attrs(name, MODELLED, source=ASSUMED, licence=OWN, comment=note)
        table[name] = ((ARCH,), rounded(score), attrs | {"table_rank_correlation_with_quality": spearman(score, -test)})
    return table


def main() -> None:
    """Build the table and the manifest."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    fronts = json.loads((Path(sys.argv[1]) / "nbasr_fronts.json").read_text(encoding="utf-8"))
    write_table(build(fronts), "nbasr", {"val_per": ("int16", 0.01), "test_per": ("int16", 0.01)})
    write_manifest()


if __name__ == "__main__":
    main()
