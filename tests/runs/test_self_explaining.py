"""Stores that are opened with xarray alone say what they are."""

import pytest
import xarray as xr

from mfnas_vec import run, sweep
from mfnas_vec.runs.store import write_result

KINDS = {"measured", "computed", "modelled"}
#: What the numbers of a search are, where they are no mere counts of it.
NUMBERS = {"search_score", "test_performance", "cost_seconds", "trace_score", "trace_seconds"}
#: Rows, codes, indices and texts have no units.
UNITS = {"cost_epochs", "evaluations", "unique_evaluations", "trace_epochs", "trace_fidelity"} | NUMBERS - {
    "trace_score"
}


@pytest.fixture(scope="module", params=["run", "sweep"])
def tree(request, cifar10, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    path = folder / "r.zarr"
    if request.param == "run":
        write_result(run("MF-NAS", cifar10, n_run=2, max_eval_stage1=20, trace=True), path)
    else:
        optimizers = {"RS": {"max_eval": [3, None]}, "MF-NAS": {"metric_stage1": ["params", "synflow"]}}
        sweep({"problems": ["nb201-cifar10"], "n_run": 2, "optimizers": optimizers}, path)
    return xr.open_datatree(path, engine="zarr")


def nodes(tree):
    return list(tree.children.values()) or [tree]


@pytest.mark.slow
def test_root_and_groups_say_what_they_are(tree):
    for node in {id(n): n for n in (tree, *nodes(tree))}.values():
        assert node.attrs["title"]
        assert len(node.attrs["description"]) > 20
        for value in node.attrs.values():
            items = value if isinstance(value, list) else [value]
            assert all(isinstance(item, (str, int, float)) for item in items)
    for node in nodes(tree):
        assert "NaN" in node.attrs["description"]
        assert ("exists" in node.attrs["description"]) == ("exists" in node.variables)


def test_every_variable_is_described(tree):
    for node in nodes(tree):
        found = node.to_dataset()
        for name, variable in found.variables.items():
            assert variable.attrs["long_name"], name
            if name in UNITS:
                assert variable.attrs["units"], name
            else:
                assert "units" not in variable.attrs, name
        for name in NUMBERS & set(found.variables):
            attrs = found[name].attrs
            coordinates = [found[c] for c in attrs.get("ancillary_variables", "").split() if c.endswith("provenance")]
            kinds = {attrs["provenance"]} if "provenance" in attrs else set()
            for coordinate in coordinates:
                kinds |= set(coordinate.values.ravel().tolist()) - {"n/a"}
            assert kinds, name
            assert kinds <= KINDS, name
        for variable in found.variables.values():
            for name in variable.attrs.get("ancillary_variables", "").split():
                assert name in found.coords
