"""Grids from YAML: those of the package, user files, and configuration files of the published code."""

from collections.abc import Hashable, Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from mfnas_vec._errors import naming
from mfnas_vec.search import OPTIMIZERS
from mfnas_vec.search.registry import PUBLISHED
from mfnas_vec.search.settings import nearest
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.grid_content import grid_of

#: Largest YAML file, bytes.
MAX_BYTES = 1 << 20
#: Most values in a file.
MAX_NODES = 100_000

#: Problems of the published code's ``problem.yaml`` that this package has.
PUBLISHED_PROBLEMS = {
    "nb101": "nb101",
    "nb201_cifar10": "nb201-cifar10",
    "nb201_cifar100": "nb201-cifar100",
    "nb201_ImageNet16-120": "nb201-imagenet16",
    "nbasr": "nbasr",
}
#: Settings that a problem of the published code gives to its optimizers.
PUBLISHED_BUDGETS = ("max_time", "max_eval")


class _Loader(yaml.SafeLoader):
    """Plain data; a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", node.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def shipped_grids() -> dict[str, str]:
    """Names of the grids that come with the package, and their titles."""
    return {name: str(_parse(file.read_bytes(), file.name).get("title", "")) for name, file in _shipped_files().items()}


def _shipped_files() -> dict[str, Traversable]:
    """Files of the grids that come with the package, by name."""
    folder = files("mfnas_vec.sweeps") / "grids"
    groups = sorted((group for group in folder.iterdir() if group.is_dir()), key=lambda f: f.name)
    return {
        f"{group.name}/{file.name.removesuffix('.yaml')}": file
        for group in groups
        for file in sorted(group.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".yaml")
    }


def load_grid(sources: str | Path | Sequence[str | Path]) -> Grid:
    """A shipped grid by name, or the grid of YAML files.

    One file is a grid. Two files are the published code's configurations of algorithms and of
    problems, in either order.

    Raises
    ------
    ValueError
        If there is no such grid or file, or it is not a grid.
    """
    paths = [sources] if isinstance(sources, (str, Path)) else list(sources)
    if len(paths) == 2:
        return published_grid([(str(path), _read(path)) for path in paths])
    if len(paths) != 1:
        raise ValueError(f"{len(paths)} files: a grid is one YAML file, or a published algo.yaml and problem.yaml")
    path = paths[0]
    shipped = _shipped_files()
    if str(path) in shipped:
        return grid_of(_parse(shipped[str(path)].read_bytes(), str(path)), str(path))
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such file, nor a shipped grid; {nearest(str(path), list(shipped))}")
    content = _read(path)
    if content and all(isinstance(key, str) for key in content) and not {"optimizers", "problems"} & set(content):
        if _is_algorithms(content):
            raise ValueError(f"{path} holds settings of algorithms only: give the published problem.yaml, too")
        if set(content) & set(PUBLISHED_PROBLEMS):
            raise ValueError(f"{path} holds problems only: give the published algo.yaml, too")
    with naming(str(path)):
        grid = grid_of(content, Path(path).stem)
    return grid


def _read(path: str | Path) -> dict[str, Any]:
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"{path} has more than {MAX_BYTES} bytes, too many for a grid")
    return _parse(data, str(path))


def _parse(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = yaml.load(data, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    except (RecursionError, ValueError, OverflowError, TypeError) as error:
        raise ValueError(f"{name} is not YAML of a grid: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{name} must hold a mapping of names")
    _check_size(content, name)
    return content


def _check_size(content: Any, name: str) -> None:
    """Bound the number of values after aliases are expanded."""
    count, waiting = 0, [content]
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise ValueError(f"{name} holds more than {MAX_NODES} values")
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set)):
            waiting += value


def _is_algorithms(content: Mapping[str, Any]) -> bool:
    return bool(set(content) & set(OPTIMIZERS)) and "optimizers" not in content


def published_grid(contents: Sequence[tuple[str, Mapping[str, Any]]]) -> Grid:
    """The grid of the published code's ``algo.yaml`` and ``problem.yaml``, unchanged.

    Algorithms and problems that this package does not have (those for other spaces or several
    objectives) are left out. The budgets of a problem apply to the optimizers that have such settings.
    ``contents`` are names and contents of the two files, in either order; others are refused.
    """
    algorithms = [content for _, content in contents if _is_algorithms(content)]
    problems = [content for _, content in contents if set(content) & set(PUBLISHED_PROBLEMS)]
    if len(algorithms) != 1 or len(problems) != 1:
        names = " and ".join(name for name, _ in contents)
        raise ValueError(f"{names}: two files must be the published code's algo.yaml and problem.yaml")
    optimizers = {label: own for label, own in algorithms[0].items() if label in PUBLISHED}
    settings = {field.name for label in optimizers for field in OPTIMIZERS[label].fields}
    budgets = {
        PUBLISHED_PROBLEMS[name]: {
            k: own[k] for k in PUBLISHED_BUDGETS if isinstance(own, Mapping) and k in own and k in settings
        }
        for name, own in problems[0].items()
        if name in PUBLISHED_PROBLEMS and isinstance(own, Mapping)
    }
    # The published code spells "no limit" as a very large number.
    for own in budgets.values():
        if isinstance(own.get("max_eval"), int) and own["max_eval"] > 2**31 - 2:
            own["max_eval"] = None
    return grid_of({"name": "published-files", "problems": budgets, "optimizers": optimizers})
