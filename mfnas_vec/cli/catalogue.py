"""Names of what the package has, without importing it, so that help is there at once."""

import re
from collections.abc import Iterator
from pathlib import Path


def _registered() -> Iterator[str]:
    """The optimizers that the files of ``mfnas_vec.search`` register, by their text."""
    for path in (Path(__file__).parents[1] / "search").glob("*.py"):
        yield from re.findall(r'^@optimizer\(\s*"([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)


#: Data sets of each space; the first is the default.
DATASETS: dict[str, tuple[str, ...]] = {
    "nb101": (),
    "nb201": ("cifar10", "cifar100", "imagenet16", "mnist1d"),
    "nbasr": (),
    "nbgraph": ("cora", "citeseer", "pubmed", "cs", "physics", "photo", "computers", "arxiv", "proteins"),
}
#: Other names of data sets.
DATASET_NAMES = {"cifar-10": "cifar10", "cifar-100": "cifar100", "imagenet16-120": "imagenet16"}
PUBLISHED = ("RS", "FLS", "BLS", "SH", "REA", "REA+W", "MF-NAS")
OPTIMIZERS = (*PUBLISHED, *sorted(set(_registered()) - set(PUBLISHED)))
FIGURES = (
    "anytime",
    "final",
    "cost",
    "heatmap",
    "ecdf",
    "targets",
    "attainment",
    "ranks",
    "leak",
    "proxy",
    "landscape",
)
IMPORT_FORMATS = ("mf-nas", "nasbench101", "nats-tss", "nats-sss", "nb-asr", "nbgraph-full", "suite-zero", "csv")
#: The problems of the paper.
PROBLEMS = ("nb101", "nb201-cifar10", "nb201-cifar100", "nb201-imagenet16", "nbasr")
#: The embedded tables.
TABLES = tuple(
    f"{space}-{dataset}" if dataset else space for space, names in DATASETS.items() for dataset in names or ("",)
)
