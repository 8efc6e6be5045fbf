"""Grids: what a YAML file may say, and what is refused."""

import math

import numpy as np
import pytest

from mfnas_vec.published.numbers import MF_NAS
from mfnas_vec.sweeps.grid_content import grid_of
from mfnas_vec.sweeps.grid_files import load_grid, shipped_grids
from mfnas_vec.sweeps.plan import TableSource, make_plan

ALGO = """
RS:
  using_zc_metric: False
  metric: val_acc
  iepoch: 12
GA:
  pop_size: 10
  crossover_method: 2X
REA+W:
  using_zc_metric: false
  metric: val_acc
  iepoch: 12
  pop_size: 10
  tournament_size: 10
  prob_mutation: 1.0
  warm_up: true
  n_sample_warmup: 2000
  metric_warmup: synflow
MF-NAS:
  optimizer_stage1: RS
  using_zc_metric_stage1: true
  metric_stage1: synflow
  max_eval_stage1: 2000
  using_zc_metric_stage2: false
  metric_stage2: val_acc
  list_iepoch:
  - 12
  - 25
  - 50
  - 100
  - 200
  n_candidate: '32'
"""
PROBLEM = """
nb201_cifar10:
  max_time: 9999999999
  max_eval: 9999999999
  dataset: cifar10
  mo_objective: [err, flops]
nb201_ImageNet16-120:
  max_time: 20000
  max_eval: 500
  dataset: ImageNet16-120
nbasr:
  max_time: 9999999999
  max_eval: 25
  dataset: TIMIT
darts:
  max_epoch: 600
"""


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
def test_shipped_grids_have_their_combinations():
    assert set(shipped_grids()) == {
        "compare/outside",
        "mnist1d/ablation-zc",
        "mnist1d/main",
        "nbgraph/main",
        "paper/main",
        "paper/ablation-zc",
        "paper/ablation-zc-nb101",
        "paper/ablation-zc-nbasr",
        "paper/ablation-ls",
        "paper/ablation-loss",
        "paper/multi-fidelity",
        "paper/protocols",
    }
    plans = {name: make_plan(load_grid(name), {}) for name in shipped_grids()}
    assert {name: sum(len(plan.cells) for plan in found) for name, found in plans.items()} == {
        "compare/outside": 9,
        "mnist1d/ablation-zc": 13 * 4 + 1,
        "mnist1d/main": 14,
        "nbgraph/main": 9 * 9,
        "paper/main": 9 * 5,
        "paper/ablation-zc": 13 * 4 * 3,
        "paper/ablation-zc-nb101": 8 * 5,
        "paper/ablation-zc-nbasr": 9 * 5,
        "paper/ablation-ls": 2 * 6 * 3,
        "paper/ablation-loss": 2 * 13 * 3,
        "paper/multi-fidelity": 7 * 5,
        "paper/protocols": 73 * 5,
    }
    assert [plan.problem for plan in plans["paper/main"]] == list(MF_NAS)
    optimizers = ["RS", "FLS", "BLS", "SH", "REA", "REA+W", *["MF-NAS"] * 3]
    assert [cell.optimizer for cell in plans["paper/main"][0].cells] == optimizers


def test_published_files_are_read_as_they_are(tmp_path):
    files = [write(tmp_path / "algo.yaml", ALGO), write(tmp_path / "problem.yaml", PROBLEM)]
    grid = load_grid(files)
    assert grid == load_grid(files[::-1])
    assert list(grid.problems) == ["nb201-cifar10", "nb201-imagenet16", "nbasr"]
    assert [entry.label for entry in grid.entries] == ["RS", "REA+W", "MF-NAS"]
    assert grid.entries[2].settings["list_iepoch"] == [[12, 25, 50, 100, 200]]
    assert grid.entries[2].settings["n_candidate"] == [32]
    assert grid.problems["nb201-cifar10"] == {"max_time": 9999999999.0, "max_eval": None}
    plans = make_plan(grid.on_problems(["nb201-imagenet16"]), {})
    rs, _, mf_nas = plans[0].cells
    assert (rs.settings["max_eval"], rs.settings["max_time"]) == (500, 20000.0)
    assert "max_eval" not in mf_nas.settings
    # Algorithms' settings are of one space: on another they are refused before anything runs.
    with pytest.raises(ValueError, match=r"^nbasr RS: .*val_acc"):
        make_plan(grid, {})
    with pytest.raises(ValueError, match=r"give the published problem\.yaml, too"):
        load_grid(files[0])
    with pytest.raises(ValueError, match=r"give the published algo\.yaml, too"):
        load_grid(files[1])
    with pytest.raises(ValueError, match="must be the published code's"):
        load_grid([files[0], files[0]])


def test_a_list_varies_a_setting():
    grid = grid_of(
        {
            "problems": ["nb201-cifar10"],
            "optimizers": {
                "RS": None,
                "SH": {"list_iepoch": [[12, 200], [200]]},
                "MF-NAS": {"k": [16, 64], "max_time": [None, "2e4"]},
            },
        }
    )
    (plan,) = make_plan(grid, {})
    found = {name: values.tolist() for name, values in plan.dims.items()}
    assert math.isnan(found["n_candidate"].pop())
    assert found == {
        "optimizer": ["RS", "SH", "MF-NAS"],
        "list_iepoch": ["n/a", "12,200", "200", "12,25,50,100,200"],
        "n_candidate": [16, 32, 64],
        "max_time": [20000.0, math.inf],
    }
    assert len(plan.cells) == 1 + 2 + 4
    # Optimizers that do not vary a setting stand where their own value is.
    assert [cell.position for cell in plan.cells][:3] == [(0, 0, 3, 0), (1, 1, 1, 0), (1, 2, 1, 0)]


def test_settings_of_a_problem_hold_where_the_optimizer_says_nothing():
    grid = grid_of(
        {
            "problems": {"nb201-cifar10": {"max_time": 100}, "nb201-cifar100": None},
            "optimizers": {
                "RS": {},
                "FLS": {"max_time": 50},
                "only": {"optimizer": "BLS", "problems": "nb201-cifar100"},
            },
        }
    )
    first, second = make_plan(grid, {})
    assert [cell.settings.get("max_time") for cell in first.cells] == [100.0, 50.0]
    assert [cell.optimizer for cell in second.cells] == ["RS", "FLS", "BLS"]


GOOD = {"problems": ["nb201-cifar10"], "optimizers": {"MF-NAS": {}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem": []}, "has no 'problem'; did you mean problems"),
        ({"problems": []}, "a grid needs 'problems'"),
        ({"problems": 3}, "'problems' must be names of tables, not 3"),
        ({"problems": ["nb201-cifar10", "nb201-cifar10"]}, "names one twice"),
        ({"problems": ["../x"]}, "must be the name of a table"),
        ({"problems": {"nb201-cifar10": {"max_tim": 1}}}, "did you mean max_time"),
        ({"problems": {"nb201-cifar10": {"n_candidate": 3}}, "optimizers": {"RS": None}}, "none of its optimizers has"),
        ({"problems": {"nb201-cifar10": {"k": 3, "n_candidate": 4}}}, "'n_candidate' is another name of 'n_candidate'"),
        ({"problems": {"nb201-cifar10": 0}}, "must be a mapping of names, not 0"),
        ({"problems": ["zarr.json"]}, "a name that result stores keep"),
        ({"problems": ["__x"]}, "a name that result stores keep"),
        ({"problems": ["c:\\d"]}, "must be the name of a table"),
        ({"optimizers": {"RS": 0}}, "'RS' must be a mapping of names, not 0"),
        ({"optimizers": {"x": {"optimizer": ["RS", "SH"]}}}, "must be the name of one"),
        ({"optimizers": {"MFNAS": {}}}, "'MFNAS' is unknown; did you mean MF-NAS"),
        ({"optimizers": ["RS"]}, "'optimizers' must be a mapping"),
        ({"optimizers": {"RS": 3}}, "'RS' must be a mapping of names, not 3"),
        ({"optimizers": {3: {}}}, "has the key 3, which is no text"),
        ({"optimizers": {"MF-NAS": {"metric_stag1": "params"}}}, "did you mean metric_stage1"),
        ({"optimizers": {"MF-NAS": {"k": [32, 32]}}}, "names a value twice"),
        ({"optimizers": {"MF-NAS": {"k": []}}}, "k has no values"),
        ({"optimizers": {"MF-NAS": {"k": 1, "n_candidate": 2}}}, "'n_candidate' is another name"),
        ({"optimizers": {"MF-NAS": {"k": 0}}}, "n_candidate=0 must be an integer in 1"),
        ({"optimizers": {"MF-NAS": {"k": "many"}}}, "n_candidate='many' must be"),
        ({"optimizers": {"RS": {"problems": "nb101"}}}, "problems=\\['nb101'\\]: 'nb101' is not in the grid"),
        ({"n_run": 0}, "n_run=0 must be"),
        ({"n_run": 100_000_001}, "n_run=100000001 must be an integer in 1..100000000"),
        ({"n_run": "500"}, "n_run='500' must be"),
        ({"seed": -1}, "seed=-1 must be"),
        ({"protocol": "gecco"}, "protocol='gecco' must be one of"),
        ({"missing": "best"}, "missing='best' must be one of"),
    ],
)
def test_an_impossible_grid_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        grid_of(GOOD | change)


@pytest.mark.parametrize(
    ("optimizers", "message"),
    [
        ({"MF-NAS": {"metric_stage1": ["params", "synflwo"]}}, "MF-NAS metric_stage1=synflwo: .*did you mean synflow"),
        ({"RS": {"metric": "params", "iepoch": 12}}, "iepoch=12 has no effect"),
        ({"RS": {"max_time": [None, math.inf], "max_eval": 5}}, "two combinations of its settings mean the same"),
        ({"RS": {"metric": "synflow", "using_zc_metric": [None, True]}}, "mean the same"),
        ({"RS": {"iepoch": [12, 13]}}, "RS iepoch=13"),
        ({"MF-NAS": {"k": list(range(1, 1001)), "max_eval_stage1": list(range(1, 1001))}}, "1000000 combinations"),
    ],
)
def test_a_grid_is_checked_against_its_tables(optimizers, message):
    with pytest.raises(ValueError, match=message):
        make_plan(grid_of(GOOD | {"optimizers": optimizers}), {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problems: [a\n", "is not YAML"),
        ("a: 1\na: 2\n", "'a' is given twice"),
        ("- 1\n", "must hold a mapping"),
        ("? [a, b]\n: 1\n", "is not YAML"),
        ("!!python/object/apply:os.system ['echo']\n", "is not YAML"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n"
            + "".join(f"{chr(99 + i)}: &{chr(99 + i)} [{', '.join([f'*{chr(98 + i)}'] * 9)}]\n" for i in range(8)),
            "holds more than 100000 values",
        ),
        ("a: " + "[" * 5000, "is not YAML"),
        ("x" * (1 << 20) + "x", "too many for a grid"),
    ],
    ids=["syntax", "twice", "list", "key", "code", "bomb", "depth", "size"],
)
def test_hostile_yaml_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load_grid(write(tmp_path / "grid.yaml", text))


def test_unknown_grids_name_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="did you mean paper/main"):
        load_grid("paper/mian")
    with pytest.raises(ValueError, match=r"cannot read|no such file"):
        load_grid(tmp_path)


def test_tables_in_memory_can_be_planned(cifar10):
    grid = grid_of({"problems": ["nb201-cifar10"], "optimizers": {"RS": {}}})
    plan = make_plan(grid, {"nb201-cifar10": TableSource(cifar10)})[0]
    assert plan.shape == (1,)
    assert np.isfinite(plan.table["test_acc"]).all()
