"""A user's table: CSV, Parquet or an xarray store with a column that names architectures.

That column is called ``genotype``, ``arch``, ``arch_str``, ``arch_key``, ``hash`` or ``key`` and holds gene
digits, published names, hashes or readable forms. Numeric columns are metrics; ``NAME_EPOCH`` (``val_acc_12``)
is NAME after that many epochs, ``NAME_seconds`` is the cost of a score. Accuracies and error rates are percent, or
fractions where ``units`` says so; other values are not converted: to compare them with other tables, give parameters
and FLOPs in millions, and seconds.
Unnamed columns (and pandas' ``Unnamed: 0``) are skipped; two of one name are refused. Peak memory: a few times
the file.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import Draft, Options, check_score, merge
from mfnas_vec.datasets.importers.frames import KEYS, read_frame
from mfnas_vec.spaces import NO_ARCH, SearchSpace, get_space
from mfnas_vec.tables.build import RESERVED, in_units, stated_units
from mfnas_vec.tables.checks import check_values
from mfnas_vec.tables.coverage import mark_coverage
from mfnas_vec.tables.schema import PROVENANCES, SCHEMA, SECONDS_SUFFIX, TEST_VARIABLES, TRAIN_SECONDS


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import the metrics of a file, into a table if one is given, else as a new table.

    Raises
    ------
    ValueError
        If there is no column of architectures, a metric is missing or not a number, an architecture is
        unknown or occurs twice, or numbers are impossible (see ``build_table``).
    """
    if len(paths) != 1:
        raise ValueError("give one file")
    path = paths[0]
    if options.space is None and options.base is None:
        raise ValueError("give the search space (--ss) or the table to merge into (--into)")
    if options.provenance not in PROVENANCES:
        raise ValueError(f"provenance={options.provenance!r} must be one of {', '.join(PROVENANCES)}")
    space = get_space(options.space or str(options.base.attrs["space"] if options.base is not None else ""))
    frame = read_frame(path)
    key = next((k for k in KEYS if k in frame.columns), None)
    if key is None:
        raise ValueError(f"{path} has no column of architectures; call it one of {', '.join(KEYS)}")
    rows = _rows(path, space, [str(v).strip() for v in frame[key].tolist()], padded=key == "genotype")
    metrics = list(options.metrics) or [c for c in map(str, frame.columns) if c != key and _is_numeric(frame[c])]
    if not metrics:
        raise ValueError(f"{path} has no numeric column; it has {', '.join(map(str, frame.columns))}")
    epochs, columns = _columns(path, frame, metrics, options)
    draft = Draft(space, epochs, source=path.name, licence="unstated")
    for name, epoch, column in columns:
        if name in RESERVED:
            raise ValueError(f"{name!r} cannot be the name of a metric")
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
        bad = np.isnan(values) & frame[column].notna().to_numpy()
        if bad.any():
            raise ValueError(f"{path}: {column!r} is not a number in row {int(np.flatnonzero(bad)[0]) + 1}")
        if epoch is None:
            whole = options.base is None and (name in TEST_VARIABLES or not epochs)  # results of whole trainings
            draft.score(name if whole else check_score(name))[rows] = values
        else:
            draft.curve(name)[epochs.index(epoch), rows] = values
    label = str(options.base.attrs["name"]) if options.base is not None else re.sub(r"[^\w.-]", "_", path.stem)
    table = draft.finish(label, options.dataset or "", format_name="tabular", files=paths, trials="as in the file")
    kept = table[list(draft.arrays)]
    stated = stated_units(options.units, list(draft.arrays))
    for name in draft.arrays:
        attrs = kept[name].attrs
        attrs["provenance"] = options.provenance
        if not name.endswith(SECONDS_SUFFIX):
            kept[name] = (kept[name].dims, in_units(name, kept[name].values, stated, attrs), attrs)
    check_values(kept)
    if options.base is None:
        return mark_coverage(kept.assign_attrs(table.attrs))
    return merge(options.base, kept.drop_vars(["genotype", "arch_key"], errors="ignore").assign_attrs(table.attrs))


def _is_numeric(column: "pd.Series[str]") -> bool:
    values = pd.to_numeric(column, errors="coerce")
    return bool(values.notna().any() and (values.notna() | column.isna()).all())


def _rows(path: Path, space: SearchSpace, keys: list[str], *, padded: bool) -> list[int]:
    """Rows of architectures; decimal names are gene digits that lost zeros if ``padded``, else published names."""
    rows, seen = [], set()
    for i, key in enumerate(keys):
        is_digits = key.isdecimal() and (padded or space._name_row(key) == NO_ARCH)
        digits = key.rjust(space.n_gene, "0") if is_digits else key
        with naming(f"{path}, row {i + 1}"):
            row = space.row_of_key(digits if len(digits) == space.n_gene else key)
            if row in seen:
                raise ValueError(f"architecture {key!r} comes twice")
        seen.add(row)
        rows.append(row)
    return rows


def _columns(
    path: Path, frame: pd.DataFrame, metrics: list[str], options: Options
) -> tuple[list[int], list[tuple[str, int | None, str]]]:
    """Epochs, and (metric, epoch or None, column) of every requested metric."""
    found: list[tuple[str, int | None, str]] = []
    for metric in metrics:
        if metric in frame.columns:
            name, _, tail = metric.rpartition("_")
            curve = tail.isdecimal() and len(tail) < 6 and (name in SCHEMA or name == TRAIN_SECONDS)
            found.append((name, int(tail), metric) if curve else (metric, None, metric))
            continue
        pattern = re.compile(re.escape(metric) + r"_(\d{1,5})$")
        curve_columns = [(m, c) for c in map(str, frame.columns) if (m := pattern.match(c))]
        if not curve_columns:
            raise ValueError(f"{path} has no column {metric!r}; it has {', '.join(map(str, frame.columns))}")
        found += [(metric, int(m.group(1)), c) for m, c in curve_columns]
    for name, epoch, _ in list(found):
        price = name + SECONDS_SUFFIX
        if epoch is None and price in frame.columns and price not in [c for _, _, c in found]:
            found.append((price, None, price))
    columns: dict[tuple[str, int | None], str] = {}
    for name, epoch, column in found:
        if epoch == 0:
            raise ValueError(f"{path}: {column!r} is of epoch 0; epochs are counted from 1")
        if columns.setdefault((name, epoch), column) != column:
            target = f"{name!r}" if epoch is None else f"{name!r} at epoch {epoch}"
            raise ValueError(f"{path}: {columns[name, epoch]!r} and {column!r} are both {target}")
    epochs = sorted({epoch for _, epoch, _ in found if epoch is not None})
    if options.base is not None and epochs:
        known = options.base["epoch"].values.tolist() if "epoch" in options.base else []
        if epochs != known:
            raise ValueError(f"the file has epochs {epochs}, the table to merge into {known}; they must be the same")
    return epochs, found
