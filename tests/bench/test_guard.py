"""Counted instructions of kernels, compared with committed ones."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from mfnas_bench import guard

from mfnas_vec.cli import main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


PAIR = ("nb101", "RS")


def test_what_slips_is_named():
    assert guard.slips({PAIR: 120.0}, {PAIR: 100.0}, 1.2) == []
    (line,) = guard.slips({PAIR: 120.1}, {PAIR: 100.0}, 1.2)
    assert line == "RS on nb101: 120.1 instructions per evaluation, 100.0 before; allowed 1.2 times that"
    assert "not in the file" in guard.slips({PAIR: 1.0}, {}, 2.0)[0]
    assert "but not here" in guard.slips({}, {PAIR: 1.0}, 2.0)[0]
    assert guard.slips({PAIR: float("nan")}, {PAIR: 1.0}, 2.0)


#: In the place of Valgrind: counts as Callgrind writes them, for the batches of two pairs.
FAKE = """#!{python}
import sys
path = next(word.partition("=")[2] for word in sys.argv if word.startswith("--callgrind-out-file="))
for i, total in enumerate([9000, 500, 900, 8000, 700, 1700], 1):
    with open(f"{{path}}.{{i}}", "w") as stream:
        stream.write(f"version: 1\\ntotals: {{total}}\\n")
print(200, 500, sep="\\n")
"""


def test_a_count_is_of_the_additional_runs(monkeypatch, tmp_path):
    fake = tmp_path / "valgrind"
    fake.write_text(FAKE.format(python=sys.executable), encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(fake))
    monkeypatch.setattr(guard.platform, "machine", lambda: "x86_64")
    pairs = [("nbasr", "RS"), ("nbasr", "SH")]
    assert guard.count(pairs) == {pairs[0]: 400 / 200, pairs[1]: 1000 / 500}


def test_without_valgrind_nothing_is_counted(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert main(["bench", "--guard", str(ROOT / "bench/guard.json")]) == 2
    assert "install valgrind" in capsys.readouterr().err


def test_counts_that_were_not_written_are_reported(tmp_path):
    with pytest.raises(ValueError, match="wrote no counts"):
        guard._total(tmp_path / "counts.1")


@pytest.mark.parametrize(("code", "message"), [("1 / 0", "ZeroDivisionError"), ("print('x')", "invalid literal")])
def test_a_count_that_fails_says_why(code, message):
    with pytest.raises(ValueError, match=message):
        guard._lines([sys.executable, "-c", code], lambda _: None)


@pytest.mark.parametrize("grown", [1.1, 1.3])
def test_a_slowdown_beyond_the_band_exits_with_one(grown, monkeypatch, capsys):
    known, _ = guard.read_guard(json.loads((ROOT / "bench/guard.json").read_text(encoding="utf-8")))
    monkeypatch.setattr(guard, "count", lambda pairs, _: known | {PAIR: grown * known[PAIR]})
    command = ["bench", "--guard", str(ROOT / "bench/guard.json")]
    if grown < guard.BAND:
        assert main(command) == 0
        return
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1
    assert "RS on nb101" in capsys.readouterr().out


def test_the_committed_guard_knows_every_kernel():
    known, band = guard.read_guard(json.loads((ROOT / "bench/guard.json").read_text(encoding="utf-8")))
    assert set(known) == set(guard.PAIRS)
    assert band == guard.BAND


OTHERS = '{"band": 2, "instructions": {"mine": {"RS": 1}}}'


@pytest.mark.parametrize(
    "content",
    [
        OTHERS,
        '{"band": 2, "instructions": {}}',
        "[]",
        '{"band": 2}',
        '{"band": "x", "instructions": {}}',
        '{"band": 2, "instructions": [1]}',
    ],
)
def test_a_file_that_is_no_guard_is_refused_before_anything_is_measured(content, tmp_path, capsys):
    path = tmp_path / "g.json"
    path.write_text(content, encoding="utf-8")
    assert main(["bench", "--guard", str(path)]) == 2
    assert "holds no counts" in capsys.readouterr().err
