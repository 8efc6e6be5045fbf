"""Names of optimizers, tables and figures, without imports, so that help appears at once."""

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
#: Kinds of figures, with their descriptions.
FIGURES = {
    "anytime": "regret of the incumbent against search cost",
    "final": "distribution of the test results that searches end with",
    "cost": "mean test result against mean search cost",
    "heatmap": "mean test results over two varied settings of a sweep",
    "ecdf": "share of runs that reach a target, against search cost",
    "targets": "share of runs and targets reached, against search cost",
    "attainment": "test result that half of the runs have attained, against search cost",
    "ranks": "which search is best at which budget",
    "leak": "test result of the architecture chosen vs. the best one evaluated",
    "proxy": "zero-cost scores of a table against its test results, with rank correlations",
    "landscape": "how similar neighbours are in each metric of a table, and its local optima",
}
IMPORT_FORMATS = ("mf-nas", "nasbench101", "nats-tss", "nats-sss", "nb-asr", "nbgraph-full", "suite-zero", "csv")
#: The problems of the paper.
PROBLEMS = ("nb101", "nb201-cifar10", "nb201-cifar100", "nb201-imagenet16", "nbasr")
#: The embedded tables.
TABLES = tuple(
    f"{space}-{dataset}" if dataset else space for space, names in DATASETS.items() for dataset in names or ("",)
)
