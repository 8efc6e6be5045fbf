import json
import sys
from pathlib import Path

import numpy as np
import pytest
from mfnas_bench.harness import Effort, bench, make_effort
from mfnas_bench.machine import describe, governor
from mfnas_bench.processes import measure_process, print_compile_seconds
from mfnas_bench.targets import IMPORTS, Target, judge, judge_commands
from mfnas_bench.text import report_text, three_digits

from mfnas_vec.cli import main

ROOT = Path(__file__).parents[2]
TINY = Effort(runs=(1, 4), threads=(1, 2), repeats=2, point_seconds=0.01)


@pytest.fixture(scope="module")
def report():
    return bench(["nb201-cifar10"], ["RS", "MF-NAS"], effort=TINY, processes=False)


@pytest.mark.slow
def test_every_optimizer_number_of_runs_and_of_threads_is_a_point(report):
    keys = [(p["optimizer"], p["n_run"], p["n_thread"]) for p in report["points"]]
    assert sorted(keys) == sorted((o, n, t) for o in ("RS", "MF-NAS") for n in (1, 4) for t in (1, 2))
    for p in report["points"]:
        assert p["n_repeat"] == 2 or p["fewer_repeats"]
        assert p["searches_per_second"] == pytest.approx(p["n_run"] / p["seconds"]["median"])
        assert p["ns_per_evaluation"] * p["evaluations_per_second"] == pytest.approx(1e9)
        assert ("ratio_limit" in p) == (p["n_run"] == 4)
        assert ("speed_up" in p) == (p["n_thread"] == 2)
    assert json.loads(json.dumps(report)) == report


def test_evaluations_are_those_of_the_runs(report):
    from mfnas_vec import open_table, run

    found = int(run("RS", open_table("nb201-cifar10"), n_run=4)["evaluations"].sum())
    assert {p["evaluations"] for p in report["points"] if (p["optimizer"], p["n_run"]) == ("RS", 4)} == {found}


@pytest.mark.slow
def test_a_point_that_takes_too_long_says_so():
    effort = Effort(runs=(64,), repeats=50, point_seconds=1e-9)
    (point,) = bench(["nb201-cifar10"], ["SH"], effort=effort, processes=False)["points"]
    assert point["n_repeat"] == 1
    assert point["fewer_repeats"]


def test_report_as_text_and_markdown(report):
    for markdown in (False, True):
        text = report_text(report, markdown=markdown)
        assert text.count("MF-NAS") >= 2
        assert report["machine"]["processor"] in text
        assert ("|---|" in text) == markdown


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.123"), (5.43, "5.43"), (54.3, "54.3"), (1234.5, "1,230"), (1.5e6, "1.5 M"), (999.7e6, "1,000 M")],
)
def test_short_numbers(value, text):
    assert three_digits(value) == text


def _point(optimizer="FLS", problem="nb201-x", n_run=500, n_thread=1, **more):
    return {"optimizer": optimizer, "problem": problem, "n_run": n_run, "n_thread": n_thread} | more


def test_the_worst_optimizer_of_a_problem_is_judged():
    points = [_point("FLS", ratio_limit=2.0), _point("BLS", ratio_limit=3.0), _point("RS", ratio_limit=9.0)]
    target = Target("t", "ratio_limit", 2.5, False, ("FLS", "BLS"), ("nb201",))
    (found,) = judge(points, [target])
    assert (found["optimizer"], found["value"], found["met"]) == ("BLS", 3.0, False)
    assert judge([_point("FLS", ratio_limit=2.5)], [target])[0]["met"]
    assert judge([_point("FLS", problem="nb101", ratio_limit=1.0)], [target]) == []


def test_a_speed_up_is_of_two_threads_and_the_largest_batch_that_repeats():
    target = Target("t", "speed_up", 1.85, True)
    points = [
        *(
            _point(n_run=n, seconds={"median": s})
            for n, s in ((64, 6e-3), (2_000, 4e-3), (10_000, 6e-3), (100_000, 1.0))
        ),
        _point(n_run=2_000, n_thread=2, speed_up=1.0),
        _point(n_run=64, n_thread=2, speed_up=1.9),
        _point(n_run=10_000, n_thread=2, speed_up=1.8),
        _point(n_run=100_000, n_thread=2, speed_up=1.9),
        _point(n_run=10_000, n_thread=8, speed_up=1.0),
    ]
    (found,) = judge(points, [target])
    assert (found["value"], found["met"]) == (1.8, False)
    assert judge([_point(n_run=500)], [target]) == []


def test_commands_are_judged_by_the_imports():
    seconds = {IMPORTS: 0.5, "mfnas run": 0.7, "mfnas reproduce": 0.9}
    found = {t["title"]: (t["value"], t["met"]) for t in judge_commands(seconds)}
    assert found == {
        "mfnas reproduce: times the imports": (1.8, True),
        "mfnas run: times the imports": (1.4, False),
    }


def test_the_share_of_full_throughput_is_that_of_one_thread():
    points = [
        _point(n_run=n, n_thread=t, searches_per_second=s)
        for n, t, s in [(64, 1, 70.0), (500, 1, 80.0), (10_000, 1, 100.0), (64, 2, 190.0), (500, 2, 200.0)]
    ]
    (found,) = judge(points, [Target("t", "share_of_full", 0.8, True)])
    assert (found["value"], found["met"]) == (0.7, False)
    assert judge(points[1:], [Target("t", "share_of_full", 0.8, True)]) == []


def test_the_reference_is_compared_on_two_threads_where_there_are():
    points = [
        _point(ratio_reference=500.0),
        _point(n_thread=2, ratio_reference=1000.0),
        _point(n_thread=64, ratio_reference=9e9),
    ]
    assert judge(points, [Target("t", "ratio_reference", 1000, True)])[0]["value"] == 1000.0
    assert judge(points[:1], [Target("t", "ratio_reference", 1000, True)])[0]["value"] == 500.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threads", "two"], "--threads=two"),
        (["--threads", "0"], "n_thread=0"),
        (["--repeats", "0"], "repeats=0"),
        (["--optimizers", "XX"], "XX"),
        (["--guard", "none.json"], "cannot be read"),
        (["--guard", "g.json", "--quick"], "--quick"),
        (["--out", "no/folder/x.json"], "does not exist"),
    ],
)
def test_impossible_arguments_are_refused_in_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_file_is_not_replaced_unasked(tmp_path, capsys):
    path = tmp_path / "speed.json"
    path.write_text("mine", encoding="utf-8")
    assert main(["bench", "--out", str(path)]) == 2
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("option", ["--out", "--guard"])
def test_a_folder_is_refused_before_anything_is_measured(option, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mfnas_bench.harness.bench", None)
    assert main(["bench", option, str(tmp_path), "--overwrite"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_file_in_a_folder_that_cannot_be_written_is_refused_first(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("mfnas_bench.harness.bench", None)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    assert main(["bench", "--out", str(tmp_path / "r.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_check_of_nothing_is_no_success(report, monkeypatch, capsys):
    monkeypatch.setattr("mfnas_bench.harness.bench", lambda *_, **__: report | {"targets": []})
    assert main(["bench", "--check"]) == 2
    assert "no target" in capsys.readouterr().err


def test_tables_are_opened_by_the_names_that_were_given(monkeypatch):
    from mfnas_vec.tables.store import embedded_folder

    asked = []
    monkeypatch.setattr(
        "mfnas_bench.harness.measure_processes", lambda names, **_: asked.append(names) or {"commands": {}}
    )
    path = str(embedded_folder() / "nbasr.zarr")
    found = bench([path], ["RS"], effort=TINY)
    assert asked == [[path]]
    assert {p["problem"] for p in found["points"]} == {"nbasr"}


@pytest.mark.parametrize(("met", "code"), [(True, None), (False, 1)])
def test_check_exits_with_one_when_a_target_is_not_met(met, code, report, tmp_path, monkeypatch, capsys):
    made = report | {"targets": judge(report["points"], [Target("t", "ratio_reference", 0.0 if met else 1e12, True)])}
    monkeypatch.setattr("mfnas_bench.harness.bench", lambda *_, **__: made)
    out = tmp_path / "r.json"
    arguments = ["bench", "--check", "--out", str(out)]
    if code is None:
        assert main(arguments) == 0
    else:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == code
    assert json.loads(out.read_text(encoding="utf-8"))["targets"][0]["met"] is met
    assert ("yes" if met else "no") in capsys.readouterr().out


def test_threads_and_repeats_of_an_effort():
    assert make_effort(quick=True, threads=[2, 1, 2], repeats=4).threads == (1, 2)
    assert make_effort(quick=False).runs == (1, 64, 500, 10_000, 100_000)
    with pytest.raises(ValueError, match="repeats=0"):
        make_effort(quick=True, repeats=0)


@pytest.mark.slow
def test_a_process_is_measured_and_its_failure_reported():
    found = measure_process([sys.executable, "-c", "print('out', bytearray(60_000_000)[0])"])
    assert found["printed"].strip() == "out 0"
    assert found["peak_memory_mb"] > 57  # the array alone
    assert found["seconds"] > 0
    with pytest.raises(ValueError, match="no such thing"):
        measure_process([sys.executable, "-c", "raise SystemExit('no such thing')"])


@pytest.mark.slow
def test_the_quick_command_measures_processes_too(tmp_path, capsys):
    out = tmp_path / "r.json"
    assert (
        main(["bench", "--quick", "--problems", "nbasr", "--optimizers", "RS", "--repeats", "1", "--out", str(out)])
        == 0
    )
    printed = capsys.readouterr().out
    assert "opening nbasr" in printed
    found = json.loads(out.read_text(encoding="utf-8"))
    assert {p["n_run"] for p in found["points"]} == {1, 64, 500}
    assert min(p["median"] for p in found["processes"]["commands"].values()) > 0
    assert set(found["load_average"]) == {"start", "end"}
    assert {t["title"] for t in found["targets"]} >= {"RS, SH: times the limit"}


@pytest.mark.slow
def test_every_kernel_is_timed_by_the_process_that_compiles(capsys):
    print_compile_seconds()
    seconds = json.loads(capsys.readouterr().out)
    assert {"local_search_runs", "mf_nas_runs", "evolution_runs"} <= set(seconds)
    assert min(seconds.values()) > 0


def test_what_the_machine_does_not_report_is_unknown(tmp_path):
    assert governor(tmp_path / "none") == "unknown"
    (tmp_path / "governor").write_text("performance\n", encoding="utf-8")
    assert governor(tmp_path / "governor") == "performance"
    assert {"processor", "threads", "governor", "numba", "python"} <= set(describe())


def _bench_module(name, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(ROOT / "bench")
    return importlib.import_module(name)


@pytest.mark.slow
def test_the_figure_is_the_same_bytes_every_time(monkeypatch, report):
    figures = _bench_module("figures", monkeypatch)
    drawn = figures.speed_figure(report)
    assert drawn == figures.speed_figure(report)
    assert figures.is_current(drawn, report)
    other = json.loads(json.dumps(report))
    other["points"][-1]["searches_per_second"] *= 2
    assert not figures.is_current(drawn, other)
    assert len(drawn) < 60_000


def test_what_cannot_be_run_is_refused_before_anything_is_measured(monkeypatch):
    from mfnas_bench import harness

    from mfnas_vec import build_table

    ones = np.ones((1, 15_625))
    metrics = {"val_acc": ones, "test_acc": ones[0]}
    # Enough for random search, but not for the rungs of successive halving.
    table = build_table("nb201", metrics, epochs=[12], train_seconds=ones, provenance="computed", units="percent")
    monkeypatch.setattr(harness, "open_table", lambda name: table.assign_attrs(name=name))
    monkeypatch.setattr(harness, "measure_points", None)
    with pytest.raises(ValueError, match="the table has no epoch 25"):
        bench(["mine"], ["RS", "SH"], effort=TINY, processes=False)
