"""Zero-cost scores of NAS-Bench-Suite-Zero (automl/NASLib): ``zc_nasbench101.json``, ``zc_nasbench201.json``.

``{data set: {architecture: {metric: {"score", "time"}}}}``; a single data set has the name of the
benchmark. An architecture is a tuple of operation codes as text; on NAS-Bench-101 it is the 49 bits of
the adjacency matrix and seven operations, interior ones with codes 2 to 4. Peak memory: 200 MB and
about six times the size of the file; a file that would take more than 2 GB is refused.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import Draft, Options, check_score, merge, number
from mfnas_vec.datasets.readers.files import read_bytes
from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.spaces.nb101 import EDGES, N_VERTEX
from mfnas_vec.tables.schema import SECONDS_SUFFIX

SOURCE, LICENCE = "NAS-Bench-Suite-Zero (automl/NASLib)", "Apache-2.0"
#: Operation codes to genes: NAS-Bench-201 (skip, none, 3x3, 1x1, pool), NAS-Bench-101 (2 pool, 3 1x1, 4 3x3).
NB201_OPERATIONS = (1, 0, 3, 2, 4)
NB101_OPERATIONS = {4: 0, 3: 1, 2: 2}
#: Position of each gene's edge in their order of the six edges.
NB201_EDGES = (0, 1, 3, 2, 4, 5)
#: Scores at or below this mean "none".
NO_SCORE = -9e7
#: Most bytes of a JSON file: all of NAS-Bench-201 has 45 MB.
MAX_JSON = 256 * 2**20
#: Most memory of the content of a JSON file, estimated; and that of each container and item.
MAX_JSON_MEMORY = 2 * 2**30
_JSON_COST = {b"{": 232, b"[": 88, b",": 40}
#: Deepest nesting of the scores by architecture.
_MAX_DEPTH = 4
_CODES = re.compile(r"\(\s*\d{1,2}(\s*,\s*\d{1,2})*\s*,?\s*\)", re.ASCII)
_DATASETS = {
    "nasbench101": "cifar10",
    "nasbench201": "cifar10",
    "cifar10": "cifar10",
    "cifar100": "cifar100",
    "imagenet16-120": "imagenet16",
}
#: Only their seconds are imported: tables have costs computed from the definition, with another count of FLOPs.
_COSTS = frozenset({"params", "flops"})
_NOT_SCORES = frozenset({"idx", "arch", "val_accuracy", "id", "accuracy"})


def read_json(path: Path) -> Any:
    """The content of a JSON file, compressed or not; a ValueError if it is no JSON, or too large."""
    data = read_bytes(path, limit=MAX_JSON)
    memory = len(data) + sum(cost * data.count(sign) for sign, cost in _JSON_COST.items())
    if memory > MAX_JSON_MEMORY:
        raise ValueError(f"{path} is not read: its objects would take more than {MAX_JSON_MEMORY:,} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {str(error) or type(error).__name__}") from error


def _is_architecture(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("(")


def is_suite(content: Any) -> bool:
    """Whether a mapping has scores by data set."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(content, Mapping) or not content:
            return False
        key, content = next(iter(content.items()))
        if _is_architecture(key):
            return isinstance(content, Mapping)
    return False


def suite_datasets(content: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
    """Scores by data set, by our names, of a mapping that ``is_suite`` accepts; a ValueError if one occurs twice."""
    for _ in range(_MAX_DEPTH):
        key, value = next(iter(content.items()))
        if _is_architecture(key):
            return {"cifar10": content}
        inner = next(iter(value.values()), None) if isinstance(value, Mapping) else None
        if len(content) != 1 or not isinstance(inner, Mapping) or _is_architecture(next(iter(value))):
            break
        content = value
    by_name: dict[str, Mapping[Any, Any]] = {}
    for key, value in content.items():
        name = _DATASETS.get(str(key).lower(), str(key))
        if isinstance(value, Mapping) and value:
            if name in by_name:
                raise ValueError(f"the data set {name!r} comes twice")
            by_name[name] = value
    return by_name


def row_of(space: SearchSpace, key: Any) -> int:
    """Row of an architecture in the notation of the files, a tuple of small integers as text, or a ValueError."""
    if not isinstance(key, str):
        raise ValueError(f"an architecture is named by a {type(key).__name__}, not by text")
    if len(key) > 1000:
        raise ValueError("the name of an architecture is too long")
    if _CODES.fullmatch(key) is None:
        raise ValueError(f"{key!r:.60} is not an architecture")
    codes = [int(digits) for digits in re.findall(r"\d+", key)]
    if len(codes) != (len(NB201_EDGES) if space.name == "nb201" else N_VERTEX * (N_VERTEX + 1)):
        raise ValueError(f"{key!r:.60} is not an architecture of {space.name}")
    try:
        if space.name == "nb201":
            genes = [NB201_OPERATIONS[codes[place]] for place in NB201_EDGES]
        else:
            genes = [codes[N_VERTEX * a + b] for a, b in EDGES]
            genes += [NB101_OPERATIONS[op] for op in codes[N_VERTEX**2 + 1 : N_VERTEX**2 + N_VERTEX - 1]]
        row = int(space.row(space.encode(genes)))
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"{key!r:.60} is not an architecture of {space.name}") from error
    if row < 0:
        raise ValueError(f"{key!r:.60} is not a valid architecture of {space.name}")
    return row


def fill_scores(draft: Draft, content: Mapping[Any, Any], options: Options | None = None) -> None:
    """Fill scores and their seconds from the mapping of one data set."""
    for i, (key, values) in enumerate(content.items()):
        if options is not None and i % 1000 == 0:
            options.report_progress(i, len(content))
        if not isinstance(values, Mapping):
            raise ValueError(f"the scores of {key!r:.60} are not a mapping")
        row = row_of(draft.space, key)
        with naming(f"the scores of {key!r:.60}"):
            _fill_one(draft, row, values)


def _fill_one(draft: Draft, row: int, values: Mapping[Any, Any]) -> None:
    for name, value in values.items():
        if name in _NOT_SCORES or (isinstance(value, str) and name != "score"):
            continue
        ours = check_score(name)
        if ours not in _COSTS:
            score = number(value.get("score")) if isinstance(value, Mapping) else number(value)
            draft.score(ours)[row] = score if score > NO_SCORE else float("nan")
        if isinstance(value, Mapping) and "time" in value:
            draft.score(check_score(ours + SECONDS_SUFFIX))[row] = number(value["time"])


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Merge the scores of a file into a table: the given one, else the one of the same problem.

    Raises
    ------
    ValueError
        If the file has no scores of the table's problem.
    """
    if len(paths) != 1:
        raise ValueError("give one file of scores")
    content = read_json(paths[0])
    if not is_suite(content):
        raise ValueError(f"{paths[0]} holds no zero-cost scores by architecture")
    if options.base is None:
        raise ValueError("scores are merged into a table: give --into NAME")
    name, space = str(options.base.attrs["name"]), get_space(str(options.base.attrs["space"]))
    dataset = options.dataset or str(options.base.attrs.get("dataset", ""))
    with naming(paths[0]):
        found = suite_datasets(content)
    if dataset not in found:
        raise ValueError(f"{paths[0]} has no scores of {dataset!r}; it has {', '.join(found)}")
    draft = Draft(space, (), source=SOURCE, licence=LICENCE)
    with naming(paths[0]):
        fill_scores(draft, found[dataset], options)
    added = draft.finish(name, dataset, format_name="suite-zero", files=paths, trials="one score each")
    return merge(options.base, added[list(draft.arrays)])
