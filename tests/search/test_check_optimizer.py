"""``check_optimizer`` passes what is right, built in or not, and finds what is wrong."""

from pathlib import Path

import pytest

from mfnas_vec.cli import catalogue
from mfnas_vec.search import OPTIMIZERS, load_plugin
from mfnas_vec.testing import check_optimizer

PLUGINS = Path(__file__).parents[1] / "plugins"
#: Settings that keep plain Python short.
SHORT = {
    "SH": {"n_candidate": 12},
    "REA+W": {"n_sample_warmup": 30, "metric_warmup": "synflow"},
    "MF-NAS": {"n_candidate": 6, "max_eval_stage1": 50},
    "R-MF-NAS": {"n_candidate": 6, "max_eval_stage1": 50},
}
NEEDED = {"metric": "val_acc", "metric_stage1": "synflow", "metric_stage2": "val_acc", "iepoch": 12, "n_candidate": 6}


def settings(name):
    fields = {field.name for field in OPTIMIZERS[name].fields}
    if "metric_stage1" in fields:  # a zero-cost one, which has no epochs
        fields.discard("iepoch")
    return {key: value for key, value in NEEDED.items() if key in fields} | SHORT.get(name, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.OPTIMIZERS)
def test_built_in(name):
    check_optimizer(name, **settings(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simulated_annealing", "genetic_algorithm", "tabu_search"])
def test_plug_ins(name):
    before = set(OPTIMIZERS)
    load_plugin(PLUGINS / f"{name}.py")
    (made,) = set(OPTIMIZERS) - before
    check_optimizer(made, **settings(made))


BROKEN = '''
import dataclasses

from mfnas_vec import optimizer
from mfnas_vec.search import SingleFidelity, begin, evaluate_row, going, row_of, sample


@dataclasses.dataclass(frozen=True, kw_only=True)
class Broken(SingleFidelity):
    """Settings."""


@optimizer("BROKEN", Broken, memory=lambda space, p: 4)
def broken(ctx, p):
    """Broken."""
    state, made, i = begin(), True, 0
    while made and going(ctx, state):
        code, row = sample(ctx)
        {line}
        _, state, made = evaluate_row(ctx, state, code, row)
        i += 1
    return state
'''


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "ctx.work.codes[3] += 1; code, row = ctx.work.codes[3], row_of(ctx.space, ctx.work.codes[3])",
            "is another than",
        ),
        ("row = (row + 1) % ctx.space.n_arch", "its row is another's"),
        ("ctx.work.values[4 + i] += 0.0", "out of bounds"),
        ("ctx.trace.seconds[ctx.run, :1] = 1e9", "seconds of run 0 fall"),
    ],
)
def test_what_is_wrong_is_found(tmp_path, line, message):
    path = tmp_path / "broken.py"
    path.write_text(BROKEN.replace("{line}", line), encoding="utf-8")
    load_plugin(path)
    with pytest.raises(AssertionError, match=message):
        check_optimizer("BROKEN", **settings("BROKEN"))


def test_only_compiled_searches_can_be_checked():
    with pytest.raises(ValueError, match="'OPTUNA-RS' has no compiled search"):
        check_optimizer("OPTUNA-RS")
    with pytest.raises(ValueError, match="optimizer='NONE' is unknown"):
        check_optimizer("NONE")
