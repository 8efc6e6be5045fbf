"""Importers: one upstream format each, from the original files to a table."""

import dataclasses
import importlib
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from mfnas_vec.datasets.importers.draft import MEAN, Options, Progress
from mfnas_vec.tables.store import open_table


@dataclasses.dataclass(frozen=True)
class Importer:
    """A format: the module that reads it, and what it is."""

    module: str
    title: str


IMPORTERS = {
    "mf-nas": Importer("mf_nas", "files of the published MF-NAS code: data.p and zero-cost scores of one problem"),
    "nasbench101": Importer("nasbench101", "NAS-Bench-101's TFRecord files"),
    "nats-tss": Importer("nats", "NATS-Bench topology (NAS-Bench-201): the folder of bz2 pickles"),
    "nats-sss": Importer("nats", "NATS-Bench size: the folder of bz2 pickles"),
    "nb-asr": Importer("nb_asr", "NAS-Bench-ASR's pickles"),
    "nbgraph-full": Importer("nbgraph", "NAS-Bench-Graph's per-epoch pickles of one data set (cora0.bench, ...)"),
    "suite-zero": Importer("suite_zero", "NAS-Bench-Suite-Zero's JSON of zero-cost scores, merged into a table"),
    "csv": Importer("tabular", "CSV, Parquet, netCDF or zarr with a column of architectures"),
}


def likely_name(format_name: str, paths: Sequence[str | Path], dataset: str | None, into: str | None) -> str | None:
    """Name of the table that an import will make, where that is known before reading the files."""
    if into is not None:
        return into
    word = dataset or ("cifar10" if format_name.startswith("nats-") else "")
    word = word.lower().replace("imagenet16-120", "imagenet16")
    if format_name == "mf-nas":
        for path in paths:
            found = [d for d in ("cifar100", "cifar10", "imagenet16") if f"[{d}" in Path(path).name.lower()]
            word = word or (found[0] if found else "")
            if "[nb101]" in Path(path).name.lower():
                return "nb101"
    if format_name in ("mf-nas", "nats-tss"):
        return f"nb201-{word}" if word else None
    if format_name == "nats-sss":
        return f"nats-sss-{word}"
    if format_name == "nbgraph-full":
        from mfnas_vec.datasets.importers.nbgraph import dataset_and_seed

        word = word or next((d for path in paths if (d := dataset_and_seed(Path(path))[0])), "")
        return f"nbgraph-{word}" if word else None
    return {"nasbench101": "nb101", "nb-asr": "nbasr"}.get(format_name)


def import_table(
    format_name: str,
    paths: Sequence[str | Path],
    *,
    space: str | None = None,
    dataset: str | None = None,
    trials: str = MEAN,
    metrics: Sequence[str] = (),
    provenance: str | None = None,
    units: str | None = None,
    into: str | xr.Dataset | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Read a benchmark's original files as a table.

    Parameters
    ----------
    format_name
        A name of ``IMPORTERS``.
    paths
        The files, or a folder of them.
    space, metrics, provenance
        Of "csv": the search space, the columns (all numeric ones by default) and where the numbers
        come from.
    dataset
        Data set of NAS-Bench-201, NATS-Bench or NAS-Bench-Graph, where the files do not say.
    trials
        "mean", or which repeated training to take: a seed (NATS-Bench, NAS-Bench-ASR, NAS-Bench-Graph)
        or a place in the file (NAS-Bench-101).
    units
        Of "csv": "percent" or "fraction", of accuracies and error rates (see ``build_table``).
    into
        A table, or its name, to merge zero-cost scores or columns into.
    progress
        Called with what has been done and what there is to do.

    Returns
    -------
    xarray.Dataset
        The table. Architectures the files lack are NaN; ``n_arch_known`` in the attributes of a
        variable says how many it knows where it does not know all.

    Raises
    ------
    ValueError
        If the format is unknown, or a file is missing, damaged or none of the format.
    """
    if format_name not in IMPORTERS:
        raise ValueError(f"format {format_name!r} is unknown; it is one of {', '.join(IMPORTERS)}")
    files = [Path(path) for path in paths]
    if not files:
        raise ValueError("no file is given")
    for file in files:
        if not file.exists():
            raise ValueError(f"{file} does not exist")
    base = open_table(into) if isinstance(into, str) else into
    options = Options(format_name, space, dataset, trials, tuple(metrics), provenance, base, progress, units)
    module = importlib.import_module(f"mfnas_vec.datasets.importers.{IMPORTERS[format_name].module}")
    try:
        table: xr.Dataset = module.read(files, options)
    except ValueError:
        raise
    except Exception as error:  # a damaged file fails in many ways
        cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ValueError(f"{files[0]} is damaged or not of the format {format_name}: {cause:.200}") from error
    return table
