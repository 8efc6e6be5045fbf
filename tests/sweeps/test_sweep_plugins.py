"""Plug-in files in sweeps: resumed after a kill, on workers, compared, drawn, reported."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from support.sweeps import contents, start, write_grid

from mfnas_vec import build_table, save_table, sweep
from mfnas_vec.analysis.study import Study
from mfnas_vec.cli import main
from mfnas_vec.report.figures.panels import looks
from mfnas_vec.search import load_plugin, outside

pytestmark = pytest.mark.slow

FILES = [Path(__file__).parents[1] / "plugins" / f"{name}.py" for name in ("simulated_annealing", "genetic_algorithm")]
FILES.append(FILES[0].with_name("tabu_search.py"))
GRID = """
title: plug-ins
problems: {nb201-cifar10: , nbasr: {iepoch: 10}}
n_run: 9000
optimizers:
  RS: {max_time: 500, max_eval: 20, problems: nb201-cifar10}
  SA: {max_eval: 20, cooling: [0.9, 0.99]}
  GA-2P: {pop_size: 5, max_eval: 20}
  TABU: {max_eval: 20}
"""


@pytest.fixture
def registered():
    """The plug-ins, loaded."""
    for file in FILES:
        load_plugin(file)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The store of the sweep, made at once by the command line."""
    folder = tmp_path_factory.mktemp("whole")
    run_command(command(folder, folder / "r.zarr"))
    return folder / "r.zarr"


def command(folder, out, *more):
    loads = [word for file in FILES for word in ("--plugin", file)]
    return ["sweep", write_grid(folder, GRID), "--out", out, *loads, *more]


def run_command(args):
    process = start(*args)
    printed, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return printed


def test_a_killed_sweep_is_resumed(tmp_path, whole):
    out = tmp_path / "r.zarr"
    process = start(*command(tmp_path, out, "--threads", "1"))
    while not list(out.rglob("arch/c/*/*/*")) and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(list(out.rglob("arch/c/*/*/*"))) < len(list(whole.rglob("arch/c/*/*/*")))
    run_command(command(tmp_path, out, "--resume"))
    assert contents(out) == contents(whole)


@pytest.mark.cluster
def test_workers_get_the_files(tmp_path, whole):
    pytest.importorskip("distributed", reason="Dask is in the extra 'cluster'")
    run_command(command(tmp_path, tmp_path / "r.zarr", "--workers", "2"))
    assert contents(tmp_path / "r.zarr") == contents(whole)


def test_an_edited_file_is_another_sweep(tmp_path, whole):
    edited = tmp_path / "simulated_annealing.py"
    edited.write_text(FILES[0].read_text(encoding="utf-8") + "# Edited.\n", encoding="utf-8")
    before = contents(whole)
    args = [edited if word == FILES[0] else word for word in command(tmp_path, whole, "--resume")]
    process = start(*args)
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 2
    assert errors.count("\n") == 1
    assert "its source of optimizers from outside differs (SA)" in errors
    assert contents(whole) == before


def test_the_store_knows_digests_but_no_code(whole):
    (root,) = [text for name, text in contents(whole).items() if name == "zarr.json"]
    assert b'"plugins": [' in root or b'"plugins":[' in root.replace(b"\n", b"").replace(b" ", b"")
    assert not any(b"@optimizer" in data for data in contents(whole).values())


@pytest.mark.cluster
def test_what_this_process_alone_knows_is_refused_on_workers(tmp_path, registered, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is in the extra 'cluster'")
    monkeypatch.setattr(outside, "LOADED", {})
    with pytest.raises(ValueError, match="optimizer 'GA-2P' is known to this process only: workers need its file"):
        sweep(write_grid(tmp_path, GRID), tmp_path / "r.zarr", workers=1)
    assert not (tmp_path / "r.zarr").exists()


def test_compare_plot_and_report(tmp_path, whole, capsys, registered):
    assert main(["compare", str(whole)]) == 0
    printed = capsys.readouterr().out
    loads = [word for file in FILES for word in ("--plugin", str(file))]
    figure, page = tmp_path / "anytime.svg", tmp_path / "page.html"
    assert main(["plot", "anytime", str(whole), "--out", str(figure), *loads]) == 0
    assert main(["report", str(whole), "--out", str(page), *loads]) == 0
    text = page.read_text(encoding="utf-8")
    for label in ("SA (cooling=0.9)", "GA-2P", "TABU"):
        assert label in printed
        assert label in figure.read_text(encoding="utf-8")
        assert label in text
    assert "Simulated annealing" in text
    assert "--plugin simulated_annealing.py" in text


def test_each_has_a_colour_and_a_marker(whole, registered):
    found = looks(Study([str(whole)]))
    assert len({(look.colour, look.marker, str(look.dash)) for look in found.values()}) == len(found) == 5
    of = {label.split(" (")[0]: look.colour for label, look in found.items()}
    assert len(set(of.values())) == len(of) == 4


def test_without_the_file_the_curves_cannot_be_made(tmp_path, whole):
    process = start("plot", "anytime", whole, "--out", tmp_path / "a.svg")
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 2
    assert "--plugin" in errors


SPACE = """
from mfnas_vec import CategoricalSpace, register_space

register_space(CategoricalSpace("toy", {"width": [8, 16, 32], "depth": [1, 2, 3, 4]}))
"""


@pytest.mark.cluster
def test_workers_get_the_file_of_a_space(tmp_path):
    file = tmp_path / "space.py"
    file.write_text(SPACE, encoding="utf-8")
    load_plugin(file)
    score = np.arange(12.0)
    save_table(build_table("toy", {"mine": score, "test_acc": 50 + score}, provenance="computed"), tmp_path / "t.zarr")
    grid = write_grid(
        tmp_path,
        f"""
problems: ["{tmp_path / "t.zarr"}"]
n_run: 20
optimizers:
  RS: {{metric: mine, max_eval: 5}}
""",
    )
    run_command(["sweep", grid, "--out", tmp_path / "r.zarr", "--plugin", file, "--workers", "1"])
    run_command(["sweep", grid, "--out", tmp_path / "own.zarr", "--plugin", file])
    assert contents(tmp_path / "r.zarr") == contents(tmp_path / "own.zarr")
