"""The code of docs/outside-optimizers.md is run as it stands."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs/outside-optimizers.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_blocks_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in BLOCK.findall(TEXT):
        exec(block, names)
    written = (tmp_path / "page.html").read_text(encoding="utf-8")
    printed = capsys.readouterr().out
    for label in ("Optuna TPE", "RS", "REA"):
        assert f">{label}<" in written
        assert label in printed
    simulated = dict(re.findall(r"(\d) workers: (\d+) s", printed))
    assert int(simulated["1"]) > 2 * int(simulated["4"])
    climbed = names["results"]["nb201-cifar10"].to_dataset().sel(optimizer="CLIMB")["evaluations"].mean("run")
    assert float(climbed.sel(max_time=20_000)) > 3 * float(climbed.sel(max_time=5_000))
    assert (names["found"]["cost_seconds"] <= 5000).all()


def test_the_example_of_optuna_is_short():
    (example,) = BLOCK.findall(TEXT.split("<!-- example optuna -->")[1])[:1]
    assert len(example.strip().splitlines()) <= 15
