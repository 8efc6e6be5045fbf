"""Optimizers from outside: found, run, cached, refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mfnas_vec import optimizer, run
from mfnas_vec.cli import main
from mfnas_vec.runs.run import prepare
from mfnas_vec.search import OPTIMIZERS, SingleFidelity, get_optimizer, load_plugin
from mfnas_vec.search.sources import code_digest
from mfnas_vec.spaces import SPACES

PLUGINS = Path(__file__).parents[1] / "plugins"
ANNEALING = PLUGINS / "simulated_annealing.py"


def written(folder, text, name="mine.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_annealing_is_short():
    code = ANNEALING.read_text(encoding="utf-8").split('"""', 2)[2]
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(("import ", "from "))]
    assert len(lines) <= 30


def test_a_file_is_loaded_once_and_again_when_edited(tmp_path):
    text = ANNEALING.read_text(encoding="utf-8")
    path = written(tmp_path, text)
    first = load_plugin(path)
    assert load_plugin(path) is first
    assert get_optimizer("SA").plugin.name == "mine.py"
    digest = get_optimizer("SA").source
    written(tmp_path, text.replace("= 0.99", "= 0.9"))
    assert load_plugin(path) is not first
    assert get_optimizer("SA").source != digest
    assert {f.name: f.default for f in get_optimizer("SA").fields}["cooling"] == 0.9


def test_names_are_taken_once(tmp_path):
    load_plugin(ANNEALING)
    text = ANNEALING.read_text(encoding="utf-8")
    before = dict(OPTIMIZERS)
    with pytest.raises(ValueError, match=r"other.py: line \d+: optimizer 'SA' exists already, from mfnas_plugin_"):
        load_plugin(written(tmp_path, text + "\n", "other.py"))
    with pytest.raises(ValueError, match=r"optimizer 'RS' exists already, from mfnas_vec\.search\.random_search"):
        load_plugin(written(tmp_path, text.replace('"SA"', '"RS"')))
    assert before == OPTIMIZERS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n\nraise OSError('disk')\n", "line 3: OSError: disk"),
        ("def f(:\n", "line 1: SyntaxError: invalid syntax"),
        ("import no_such_module\n", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("x = 1\n", "it registers nothing"),
    ],
)
def test_a_file_that_does_not_run_is_refused_in_one_line(tmp_path, capsys, text, message):
    path = written(tmp_path, text)
    before = set(sys.modules)
    assert main(["optimizers", "--plugin", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"plugin {path}" in error
    assert message in error
    assert not [name for name in set(sys.modules) - before if name.startswith("mfnas_plugin_")]


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_plugin(tmp_path / "none.py")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not UTF-8"):
        load_plugin(tmp_path / "binary.py")
    with pytest.raises(ValueError, match="too many for a plug-in"):
        load_plugin(written(tmp_path, "#" * (2**20 + 1)))


@pytest.mark.slow
def test_a_search_that_cannot_be_compiled_says_so(tmp_path, capsys):
    text = ANNEALING.read_text(encoding="utf-8").replace("temperature = p.temperature", "temperature = p.warmth")
    path = written(tmp_path, text)
    assert main(["run", "--table", "nb201-cifar10", "--optimizer", "SA", "--plugin", str(path), "--n_run", "2"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("mfnas: error: the search 'annealing' cannot be compiled")
    assert "warmth" in error


CODE = """
import sys
from mfnas_vec import open_table, run
from mfnas_vec.runs.run import prepare
from mfnas_vec.search import load_plugin
load_plugin(sys.argv[1])
table = open_table("nb201-cifar10")
result = run("SA", table, n_run=20, max_eval=30)
kernel = prepare("SA", table, {}).job.kernel
print(sum(kernel.stats.cache_misses.values()), sum(kernel.stats.cache_hits.values()), result["arch"].values.tolist())
"""


def made(path, cache):
    env = os.environ | {"MFNAS_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    misses, hits, arch = done.stdout.split(maxsplit=2)
    return int(misses), int(hits), arch


@pytest.mark.slow
def test_compiled_code_is_kept_and_never_stale(tmp_path):
    text = ANNEALING.read_text(encoding="utf-8")
    path = written(tmp_path, text)
    misses, hits, first = made(path, tmp_path / "cache")
    assert (misses, hits) == (1, 0)
    # The same file elsewhere, and with other comments, is the same code.
    (tmp_path / "elsewhere").mkdir()
    copy = written(tmp_path / "elsewhere", "# A comment.\n" + text, "copy.py")
    assert made(copy, tmp_path / "cache") == (0, 1, first)
    # An edit of the same length within the same second.
    stamp = path.stat()
    written(tmp_path, text.replace("score >= current_score", "score <= current_score"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    misses, hits, edited = made(path, tmp_path / "cache")
    assert (misses, hits) == (1, 0)
    assert edited != first


HELPED = '''
"""Random search that keeps to a helper's word."""

import dataclasses

import helper
from mfnas_vec import optimizer
from mfnas_vec.search import SingleFidelity, begin, evaluate_row, going, sample


@dataclasses.dataclass(frozen=True, kw_only=True)
class Helped(SingleFidelity):
    """Settings."""


@optimizer("HELPED", Helped)
def helped(ctx, p):
    """Helped."""
    state, made = begin(), True
    while made and going(ctx, state) and helper.more(state.n_eval):
        code, row = sample(ctx)
        _, state, made = evaluate_row(ctx, state, code, row)
    return state
'''
HELPER = """
from mfnas_vec.search import inlined

LIMIT = (7, 1)


@inlined
def more(n):
    return n < LIMIT[0]
"""


def test_the_digest_follows_helpers_and_constants(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for i, helper in enumerate((HELPER, HELPER, HELPER.replace("(7, 1)", "(8, 1)"), HELPER.replace("<", "<="))):
        sys.modules.pop("helper", None)
        # Names of their own, so that each file is run: the helper alone differs.
        written(tmp_path, helper, "helper.py")
        sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
        module = load_plugin(written(tmp_path, HELPED.replace('"HELPED"', f'"HELPED{i}"'), f"helped{i}.py"))
        sys.dont_write_bytecode = before
        monkeypatch.delitem(sys.modules, "helper")
        digests.append(code_digest(module.helped))
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_what_no_digest_is_known_of_is_not_kept(cifar10, tmp_path, monkeypatch):
    assert code_digest(object()) == code_digest(object())  # a class of Python's own stands for itself

    class Own:
        pass

    assert code_digest(Own()) is None
    assert code_digest((1, 2.0, "a")) != code_digest((1, 2.0, "b"))
    assert code_digest((1, True)) != code_digest((True, 1))


def test_functions_of_no_module_are_distinguished():
    def made(limit):
        names = {}
        exec(f"def more(n):\n    return n < {limit}", names)
        return names["more"]

    assert made(1).__module__ is None
    assert code_digest(made(1)) == code_digest(made(1))
    assert code_digest(made(1)) != code_digest(made(2))


def test_an_entry_point_is_an_optimizer(tmp_path, monkeypatch, capsys):
    text = ANNEALING.read_text(encoding="utf-8")
    written(tmp_path, text.replace('"SA"', '"SA-INSTALLED"'), "their_search.py")
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n", encoding="utf-8")
    points = "[mfnas_vec.optimizers]\nSA-INSTALLED = their_search\nBROKEN = no_such_module\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert get_optimizer("SA-INSTALLED").title == "Simulated annealing"
    assert get_optimizer("SA-INSTALLED").source
    with pytest.raises(ValueError, match=r"optimizer='BROKEN' of theirs 1.0 cannot be loaded: ModuleNotFoundError"):
        get_optimizer("BROKEN")
    with pytest.raises(ValueError, match="did you mean SA-INSTALLED"):
        get_optimizer("SA-INSTALED")
    assert main(["optimizers"]) == 0
    printed = capsys.readouterr()
    assert "SA-INSTALLED" in printed.out
    assert "BROKEN" in printed.err
    monkeypatch.delitem(sys.modules, "their_search")


def test_settings_that_are_none_are_refused():
    with pytest.raises(ValueError, match="must be a dataclass"):
        optimizer("X", dict)


def test_bounds_and_defaults_come_from_the_dataclass(cifar10):
    load_plugin(ANNEALING)
    with pytest.raises(ValueError, match="temperature=0 must be a number > 0 and <= 1e\\+09"):
        run("SA", cifar10, n_run=1, temperature=0)
    values = prepare("SA", cifar10, {}).values
    assert values["max_time"] == 20_000
    assert values["temperature"] == 1.0
    assert issubclass(get_optimizer("SA").settings, SingleFidelity)


SPACE = """
from mfnas_vec import CategoricalSpace, register_space

register_space(CategoricalSpace("toy", {"width": [8, 16], "depth": %s}))
"""


def test_a_file_may_bring_a_space(tmp_path):
    path = written(tmp_path, SPACE % "[1, 2]")
    load_plugin(path)
    assert SPACES["toy"].n_arch == 4
    path.write_text(SPACE % "[1, 2, 3]", encoding="utf-8")
    load_plugin(path)  # an edited file takes the place of what it was
    assert SPACES["toy"].n_arch == 6
    with pytest.raises(ValueError, match="exists already, with another definition"):
        load_plugin(written(tmp_path, SPACE % "[1, 2, 4, 8]", "other.py"))
    load_plugin(written(tmp_path, SPACE % "[1, 2, 3]" + "# The same.\n", "again.py"))
    assert SPACES["toy"].n_arch == 6


def test_what_a_failing_file_registered_is_forgotten(tmp_path):
    with pytest.raises(ValueError, match="line 5: ZeroDivisionError"):
        load_plugin(written(tmp_path, SPACE % "[1, 2]" + "1 / 0\n"))
    assert "toy" not in SPACES


@pytest.mark.slow
def test_commands_that_open_a_table_take_the_file_of_its_space(tmp_path, user_tables, capsys):
    space, values = written(tmp_path, SPACE % "[1, 2, 3]"), tmp_path / "values.csv"
    values.write_text(
        "arch,score,test_acc\n" + "".join(f"{w}:{d},{w + d},{w * d}\n" for w in (8, 16) for d in (1, 2, 3))
    )
    imported = ["import", "csv", values, "--ss", "toy", "--name", "own", "--provenance", "measured"]
    load, out = ["--plugin", space], tmp_path / "t.csv"
    for words in (imported, ["info", "own"], ["export", "own", "--out", out]):
        assert main(["tables", *map(str, [*words, *load])]) == 0, words
    assert "8:3,11,24" in out.read_text().replace(".0", "")
    capsys.readouterr()
    SPACES.pop("toy")
    assert main(["tables", "verify", "own"]) == main(["tables", "list"]) == 0
    assert main(["tables", "info", "own"]) == 2
    said = capsys.readouterr().err
    assert "has to be registered first (register_space; on the command line --plugin FILE)" in said
