"""The house rules: imports go one way, two modules import numba, no name stands for two things."""

import ast
import graphlib
from collections import Counter
from pathlib import Path

import pytest

import mfnas_vec
from mfnas_vec import _jit
from mfnas_vec._embedded import embedded_folder

PACKAGE = Path(mfnas_vec.__file__).parent

#: A package may import itself and what stands before it.
ORDER = [
    "_version",
    "_errors",
    "_jit",
    "_structs",
    "protocols",
    "_embedded",
    "_files",
    "spaces",
    "tables",
    "search",
    "runs",
    "testing",
    "adapters",
    "sweeps",
    "analysis",
    "published",
    "report",
    "datasets",
    "cli",
]


def _modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if (relative.parts[0] != "benchmarks_zarr" and relative.name != "__init__.py") or len(relative.parts) > 1:
            if relative.parts[0] == "benchmarks_zarr":
                continue
            yield relative.with_suffix("").parts[0], path


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.slow
def test_imports_go_one_way():
    seen = set()
    for home, path in _modules():
        seen.add(home)
        # Nothing sees the reference implementation; importers know tables and spaces only.
        last = "search" if home in ("reference", "datasets") else home
        allowed = ORDER[: ORDER.index(last) + (last == home)]
        for name in _imports(path):
            parts = name.split(".")
            if parts[0] == "mfnas_vec" and len(parts) > 1 and parts[1] in [*ORDER, "reference"]:
                assert parts[1] in [*allowed, home], f"{path.name} imports {name}"
    assert seen == {*ORDER, "reference"}


@pytest.mark.slow
def test_build_scripts_are_not_imported():
    scripts = {"benchmarks_zarr", *(path.stem for path in (embedded_folder() / "build").iterdir())}
    assert len(scripts) > 15
    for _, path in _modules():
        assert not {name.split(".")[0] for name in _imports(path)} & scripts, path


def test_compiled_code_is_kept_while_what_it_cannot_contain_is_edited():
    assert {"reference", *ORDER[ORDER.index("search") + 1 :]} == _jit.ABOVE


@pytest.mark.slow
def test_two_modules_import_numba():
    users = [path.name for _, path in _modules() if any(n.split(".")[0] == "numba" for n in _imports(path))]
    assert users == ["_jit.py", "_structs.py"]


def test_what_is_compiled_knows_arrays_only():
    compiled = {"genome", "interface", "lookup", "memory", "ranking", "rng"}
    paths = [path for home, path in _modules() if home == "search" and path.stem in compiled]
    assert len(paths) == len(compiled)
    for path in paths:
        assert not {n.split(".")[0] for n in _imports(path)} & {"xarray", "zarr", "pandas"}, path


def test_files_stay_short():
    for _, path in _modules():
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path


def _trees():
    return {path: ast.parse(path.read_text(encoding="utf-8")) for _, path in _modules()}


@pytest.mark.slow
def test_no_module_imports_the_root():
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert "mfnas_vec" not in [alias.name for alias in node.names], path
            assert not (isinstance(node, ast.ImportFrom) and node.module == "mfnas_vec"), path


@pytest.mark.slow
def test_no_import_cycle():
    modules = {".".join(("mfnas_vec", *path.relative_to(PACKAGE).with_suffix("").parts)) for _, path in _modules()}
    modules = {name.removesuffix(".__init__") for name in modules}
    graph = {}
    for path, tree in _trees().items():
        name = ".".join(("mfnas_vec", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        found = graph.setdefault(name, set())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found |= {full if full in modules else node.module for full in names} & modules
    assert len(graph) == len(modules)
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.slow
def test_no_two_classes_have_one_name():
    names = Counter(
        node.name for tree in _trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    assert {name for name, n in names.items() if n > 1} == set()


@pytest.mark.slow
def test_few_parameters_are_positional():
    """At most five. Compiled functions take no keywords."""
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not _is_compiled(node):
                given = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
                assert len(given) <= 5, f"{path.name}: {node.name}({', '.join(given)})"


def _is_compiled(node):
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any("njit" in text or text.startswith("optimizer(") for text in decorators) or node.name == "_runs"
