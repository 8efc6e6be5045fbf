"""Zero-cost scores of NAS-Bench-Suite-Zero (automl/NASLib): ``zc_nasbench101.json``, ``zc_nasbench201.json``.

``{data set: {architecture: {metric: {"score", "time"}}}}``, a single data set under the name of the
benchmark; an architecture is a tuple of operation codes as text. On NAS-Bench-101 it is the 49 bits of
the adjacency matrix and seven operations, with codes 2 to 4 of the interior ones. Peak memory: 200 MB and
about six times the size of the file.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.spaces.nb101 import EDGES, N_VERTEX
from mfnas_vec.tables.importers.draft import Draft, Options, merge, number, ours
from mfnas_vec.tables.readers.files import read_bytes
from mfnas_vec.tables.schema import SECONDS_SUFFIX

SOURCE, LICENCE = "NAS-Bench-Suite-Zero (automl/NASLib)", "Apache-2.0"
#: Operation codes to ours: NAS-Bench-201 (skip, none, 3x3, 1x1, pool), NAS-Bench-101 (2 pool, 3 1x1, 4 3x3).
NB201_OPERATIONS = (1, 0, 3, 2, 4)
NB101_OPERATIONS = {4: 0, 3: 1, 2: 2}
#: Place of our edges in its order of the six edges.
NB201_EDGES = (0, 1, 3, 2, 4, 5)
#: At or below this a score stands for "none".
NO_SCORE = -9e7
MAX_JSON = 2**30
_DATASETS = {
    "nasbench101": "cifar10",
    "nasbench201": "cifar10",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "imagenet16-120": "imagenet16",
}
#: Taken for their seconds only: tables have costs computed from the definition, FLOPs are counted otherwise here.
_COSTS = frozenset({"params", "flops"})
_NOT_SCORES = frozenset({"idx", "arch", "val_accuracy", "id", "accuracy"})


def read_json(path: Path) -> Any:
    """The content of a JSON file, compressed or not.

    Raises
    ------
    ValueError
        If it is none, or too large.
    """
    data = read_bytes(path, limit=MAX_JSON)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {str(error) or type(error).__name__}") from error


def is_suite(content: Mapping[Any, Any]) -> bool:
    """Whether a mapping is one of scores by data set."""
    key, value = next(iter(content.items()))
    if str(key).startswith("("):
        return isinstance(value, Mapping)
    return isinstance(value, Mapping) and bool(value) and is_suite(value)


def suite_datasets(content: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
    """Scores by data set, with our names of the data sets."""
    key, value = next(iter(content.items()))
    if str(key).startswith("("):
        return {"cifar10": content}
    inner = next(iter(value.values()), None) if isinstance(value, Mapping) else None
    if len(content) == 1 and isinstance(inner, Mapping) and not str(next(iter(value))).startswith("("):
        return suite_datasets(value)
    named = {_DATASETS.get(str(k).lower(), str(k)): v for k, v in content.items() if isinstance(v, Mapping)}
    return {k: v for k, v in named.items() if v}


def row_of(space: SearchSpace, key: str) -> int:
    """Row of an architecture as the files write it.

    Raises
    ------
    ValueError
        If it is none of the space.
    """
    if len(key) > 1000:
        raise ValueError("an architecture is longer than any")
    try:
        codes = [int(v) for v in ast.literal_eval(key)]
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"{key!r:.60} is no architecture") from error
    try:
        if space.name == "nb201":
            genes = [NB201_OPERATIONS[codes[place]] for place in NB201_EDGES]
            if len(codes) != len(NB201_EDGES) or min(codes) < 0:
                raise ValueError
        else:
            genes = [codes[N_VERTEX * a + b] for a, b in EDGES]
            genes += [NB101_OPERATIONS[op] for op in codes[N_VERTEX**2 + 1 : N_VERTEX**2 + N_VERTEX - 1]]
        row = int(space.row(space.encode(genes)))
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"{key!r:.60} is no architecture of {space.name}") from error
    if row < 0:
        raise ValueError(f"{key!r:.60} is no valid architecture of {space.name}")
    return row


def fill_scores(draft: Draft, content: Mapping[Any, Any], options: Options | None = None) -> None:
    """Fill scores, and the seconds each took, from one data set's mapping."""
    for i, (key, values) in enumerate(content.items()):
        if options is not None and i % 1000 == 0:
            options.tell(i, len(content))
        if not isinstance(values, Mapping):
            raise ValueError(f"the scores of {key!r:.60} are no mapping")
        row = row_of(draft.space, str(key))
        for name, value in values.items():
            if name in _NOT_SCORES or (isinstance(value, str) and name != "score"):
                continue
            if name not in _COSTS:
                score = number(value.get("score")) if isinstance(value, Mapping) else number(value)
                draft.score(ours(str(name)))[row] = score if score > NO_SCORE else float("nan")
            if isinstance(value, Mapping) and "time" in value:
                draft.score(ours(str(name)) + SECONDS_SUFFIX)[row] = number(value["time"])


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Merge the scores of a file into a table: the one given, else that of the same problem.

    Raises
    ------
    ValueError
        If the file has no scores of the table's problem.
    """
    if len(paths) != 1:
        raise ValueError("give one file of scores")
    content = read_json(paths[0])
    if not isinstance(content, Mapping) or not content or not is_suite(content):
        raise ValueError(f"{paths[0]} holds no zero-cost scores by architecture")
    if options.base is None:
        raise ValueError("scores are merged into a table: give --into NAME")
    name, space = str(options.base.attrs["name"]), get_space(str(options.base.attrs["space"]))
    dataset = options.dataset or str(options.base.attrs.get("dataset", ""))
    found = suite_datasets(content)
    if dataset not in found:
        raise ValueError(f"{paths[0]} has no scores of {dataset!r}; it has {', '.join(found)}")
    draft = Draft(space, (), source=SOURCE, licence=LICENCE)
    fill_scores(draft, found[dataset], options)
    added = draft.finish(name, dataset, format_name="suite-zero", files=paths, trials="one score each")
    return merge(options.base, added[list(draft.arrays)])
