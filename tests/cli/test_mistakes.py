"""Natural mistakes on the command line get a clear answer; natural spellings are understood."""

import logging

import numpy as np
import pandas as pd
import pytest
from support.commands import mfnas, refused

from mfnas_vec import SPACES, open_table, run, save_table, sweep
from mfnas_vec.analysis.sources import open_study
from mfnas_vec.report.export.latex import latex
from mfnas_vec.report.figures import draw
from mfnas_vec.runs.store import write_result
from mfnas_vec.tables.store import verify_table

N = SPACES["nb201"].n_arch
RS = ["run", "--ss", "nb201", "--optimizer", "RS", "--n_run", "3", "--set", "max_eval=5", "max_time=none"]


def write_csv(path, n_row, columns):
    lines = [",".join(["genotype", *columns])]
    for row in range(n_row):
        lines.append(",".join([SPACES["nb201"].digits(row), *(f"{value(row):.3f}" for value in columns.values())]))
    path.write_text("\n".join(lines) + "\n")
    return path


def import_csv(capsys, path, *words):
    code, out, err = mfnas(capsys, "tables", "import", "csv", path, "--provenance", "measured", *words)
    assert code == 0, err
    return out


@pytest.mark.slow
def test_the_first_line_of_run_has_the_table_and_its_source(capsys, tmp_path, cifar10):
    assert mfnas(capsys, *RS)[1].splitlines()[0].endswith("; table nb201-cifar10, embedded")
    save_table(cifar10, tmp_path / "own.zarr")
    words = ["run", "--table", tmp_path / "own.zarr", *RS[3:]]
    assert mfnas(capsys, *words)[1].splitlines()[0].endswith(f"; table {tmp_path / 'own.zarr'}")


@pytest.mark.slow
def test_a_partial_import_does_not_take_the_place_of_the_embedded_table(capsys, tmp_path, user_tables, caplog):
    path = write_csv(tmp_path / "f.csv", 50, {"test_acc": lambda row: 50 + row / 2, "mine": float})
    output = import_csv(capsys, path, "--ss", "nb201", "--name", "nb201-cifar10")
    assert "published optimum" not in output
    assert "every search is refused without --missing worst: test_acc" in output
    assert "it is partial, so that the embedded table stays: --table nb201-cifar10@imported" in output
    with caplog.at_level(logging.WARNING, logger="mfnas_vec"):
        assert mfnas(capsys, *RS)[1].splitlines()[0].endswith("; table nb201-cifar10, embedded")
    assert "knows some architectures only of mine, test_acc: the embedded one is used" in caplog.text
    assert "mine" not in open_table("nb201-cifar10")
    words = ["run", "--table", "nb201-cifar10@imported", "--optimizer", "RS", "--n_run", "3", "--set", "metric=mine"]
    assert "'test_acc' is known for 50 of 15,625" in refused(capsys, *words)
    out = mfnas(capsys, *words, "max_eval=40", "--missing", "worst")[1]
    assert out.splitlines()[0].endswith("; table nb201-cifar10, imported from tabular files")
    assert "imported, partial: nb201-cifar10@imported" in mfnas(capsys, "tables", "list")[1]
    tree = sweep(
        {
            "problems": "nb201-cifar10@imported",
            "optimizers": {"RS": {"metric": "mine", "max_eval": 9}},
            "n_run": 2,
            "missing": "worst",
        }
    )
    assert list(tree.children) == ["nb201-cifar10"]


@pytest.mark.slow
def test_a_complete_import_is_used_and_can_be_ignored_and_removed(capsys, tmp_path, user_tables, monkeypatch):
    path = write_csv(tmp_path / "f.csv", N, {"mine": float})
    output = import_csv(capsys, path, "--into", "nb201-cifar10")
    # Test results were there before: nothing was imported that a published optimum is of.
    assert "published optimum" not in output
    assert "used in place of the embedded table: --table nb201-cifar10@embedded" in output
    assert "refused" not in output
    assert mfnas(capsys, *RS)[1].splitlines()[0].endswith("; table nb201-cifar10, imported from tabular files")
    assert mfnas(capsys, *RS, "--table", "embedded")[1].splitlines()[0].endswith("; table nb201-cifar10, embedded")
    assert "mine" in mfnas(capsys, "tables", "info", "nb201-cifar10")[1]
    assert "mine" not in mfnas(capsys, "tables", "info", "nb201-cifar10@embedded")[1]
    # Embedded results are drawn and reported with an imported table of the name at hand, too.
    write_result(
        run("RS", open_table("nb201-cifar10@embedded"), n_run=3, max_eval=5, max_time=None), tmp_path / "r.zarr"
    )
    study = open_study([str(tmp_path / "r.zarr")], embedded=True)
    assert "mine" not in study.table("nb201-cifar10")
    for kind, words in (("ecdf", ["--over", "epochs"]), ("proxy", [])):
        source = tmp_path / "r.zarr" if kind == "ecdf" else "nb201-cifar10"
        out = tmp_path / f"{kind}.svg"
        assert mfnas(capsys, "plot", kind, source, "--tables", "embedded", "--out", out, *words)[0] == 0
    out = mfnas(capsys, "tables", "verify", "nb201-cifar10")[1]
    assert out == "nb201-cifar10: checksums match the manifest\nnb201-cifar10: checksums match those of the import\n"
    assert verify_table("nb201-cifar10") == ["embedded", "imported"]
    assert mfnas(capsys, *RS, "--tables", "embedded")[1].splitlines()[0].endswith("; table nb201-cifar10, embedded")
    assert "removed" in mfnas(capsys, "tables", "remove", "nb201-cifar10")[1]
    assert not list(user_tables.iterdir())
    assert "only those can be removed" in refused(capsys, "tables", "remove", "nb201-cifar10")
    assert verify_table("nb201-cifar10") == ["embedded"]


def test_scores_alone_cannot_be_searched_and_the_import_says_it(capsys, tmp_path, user_tables):
    output = import_csv(capsys, write_csv(tmp_path / "f.csv", 9, {"mine": float}), "--ss", "nb201")
    assert "every search is refused: there is no test_acc or test_per" in output
    assert "embedded" not in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*RS[:5], "--set", "max_eval=5", "max_eval=6"], "--set max_eval is given twice"),
        (
            ["run", "--ss", "nb201", "--optimizer", "MF-NAS", "--set", "k=64", "n_candidate=32"],
            "--set k=... n_candidate=...: both are the setting n_candidate",
        ),
        (["run", "--ss", "nb201", "--dataset", "cifar1O", "--optimizer", "RS"], "did you mean cifar10?"),
        (["run", "--table", "nb201-cifar10@mine", "--optimizer", "RS"], "after '@' must be imported or embedded"),
        (["run", "--table", "nb201-cifar10@imported", "--optimizer", "RS"], "is no imported table"),
        (["run", "--table", "NB201-CIFAR10", "--optimizer", "RS"], "did you mean nb201-cifar10?"),
        (["run", "--table", "./nothing.zarr", "--optimizer", "RS"], "is neither a table nor a folder; tables: nb101"),
        (["run", "--table", __file__, "--optimizer", "RS"], "is a file, not a table"),
        (["compare", "a", "b", "--tables", "embedded"], "--tables is for --leak"),
    ],
)
def test_mistakes_of_run(capsys, words, message):
    assert message in refused(capsys, *words)


@pytest.mark.parametrize(
    "words",
    [
        ["--ss", "NB201", "--dataset", "CIFAR-10", "--optimizer", "rs"],
        ["--ss", "nb201", "--dataset", "Cifar10", "--optimizer", "Rs", "--protocol", "GECCO2024"],
    ],
)
def test_other_spellings_are_understood(capsys, words):
    code, out, _ = mfnas(capsys, "run", *words, "--n_run", 2, "--set", "max_eval=5", "max_time=none")
    assert code == 0
    assert out.startswith("RS on nb201-cifar10: 2 runs, seed 0, protocol gecco2024; table nb201-cifar10, embedded")


@pytest.mark.slow
def test_names_of_optimizers_and_data_sets_whatever_the_case(capsys):
    words = ["run", "--ss", "nb201", "--dataset", "ImageNet16-120", "--optimizer", "mf_nas", "--set", "k=none"]
    assert "n_candidate" in refused(capsys, *words)  # the optimizer was found, and its setting refused
    assert "k" in mfnas(capsys, "optimizers", "mf-nas")[1]


def test_the_list_of_tables_is_no_wider_than_a_page(capsys):
    assert max(map(len, mfnas(capsys, "tables", "list")[1].splitlines())) < 200


def test_a_file_is_no_result_store(capsys, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a")
    assert f"{path}: no result store: it is a file" in refused(capsys, "info", path)
    assert "no result store: it does not exist" in refused(capsys, "info", tmp_path / "nothing")


@pytest.mark.slow
def test_what_exists_mentions_overwrite(capsys, tmp_path):
    out = tmp_path / "r.zarr"
    assert mfnas(capsys, *RS, "--out", out)[0] == 0
    assert "exists already; --overwrite" in refused(capsys, *RS, "--out", out)
    for words in (["export", out, "--format", "CSV"], ["plot", "Final", out]):
        target = tmp_path / ("x.svg" if words[0] == "plot" else "x.csv")
        assert mfnas(capsys, *words, "--out", target)[0] == 0
        assert "exists already; --overwrite" in refused(capsys, *words, "--out", target)


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "grid.zarr"
    settings = {"max_eval": [5, 20], "iepoch": [12, 200], "metric": ["val_acc", "val_loss"], "max_time": None}
    sweep({"problems": ["nb201-cifar10"], "n_run": 3, "optimizers": {"RS": settings}}, path)
    return path


@pytest.mark.slow
def test_labels_with_commas_can_be_chosen(grid):
    everything = open_study([str(grid)]).labels
    one, other = everything[0], everything[-1]
    assert "," in one
    for chosen in ([one, other], [f"{one},{other}"], [f"{one}, {other}"]):
        assert open_study([str(grid)], None, chosen).labels == [one, other]
    with pytest.raises(ValueError, match="no search has the label 'nonsense'"):
        open_study([str(grid)], None, [f"{one},nonsense"])


@pytest.mark.slow
def test_searches_may_be_repeated(capsys, grid, tmp_path):
    labels = open_study([str(grid)]).labels[:2]
    words = ["plot", "final", grid, "--out", tmp_path / "x.svg", "--searches", labels[0], "--searches", labels[1]]
    assert mfnas(capsys, *words)[0] == 0


@pytest.mark.slow
def test_a_heat_map_of_chosen_axes_is_of_means_over_the_others(capsys, grid, tmp_path):
    message = refused(capsys, "plot", "heatmap", grid, "--out", tmp_path / "x.svg")
    assert "choose rows and columns among" in message
    words = ["plot", "heatmap", grid, "--out", tmp_path / "x.svg", "--rows", "metric", "--columns"]
    code, out, _ = mfnas(capsys, *words, "max_eval")
    assert code == 0
    assert "and over iepoch" in out
    assert "'k' was not varied; varied here: " in refused(capsys, *words, "k", "--overwrite")
    study = open_study([str(grid)])
    drawing = draw("heatmap", study, rows="metric", columns="max_eval")
    means = {}
    for s in study.searches["nb201-cifar10"].values():
        key = s.place["metric"], s.place["max_eval"]
        means.setdefault(key, []).append(float(s.runs["test_performance"].mean()))
    assert f"{max(map(np.mean, means.values())):.2f} with" in drawing.alt


@pytest.mark.slow
def test_a_target_in_fractions_warns(capsys, grid, tmp_path, caplog):
    words = ["plot", "ecdf", grid, "--over", "epochs", "--out", tmp_path / "x.svg", "--target"]
    with caplog.at_level(logging.WARNING, logger="mfnas_vec"):
        assert mfnas(capsys, *words, 0.94)[0] == 0
    assert "did you mean 94?" in caplog.text
    caplog.clear()
    assert mfnas(capsys, *words, 94, "--overwrite")[0] == 0
    assert "did you mean" not in caplog.text


def test_csv_has_no_noise_of_floats_and_words_for_stop_reasons(capsys, tmp_path, cifar10):
    result = run("RS", cifar10, n_run=4, max_eval=5, max_time=None)
    result["search_score"][:] = 92.1 + 1.4e-14
    write_result(result, tmp_path / "r.zarr")
    assert repr(92.1 + 1.4e-14) == "92.10000000000001"
    assert mfnas(capsys, "export", tmp_path / "r.zarr", "--format", "csv", "--out", tmp_path / "x.csv")[0] == 0
    text = (tmp_path / "x.csv").read_text()
    assert "92.10000000000001" not in text
    frame = pd.read_csv(tmp_path / "x.csv")
    assert frame["search_score"].tolist() == [92.1] * 4
    assert frame["stop_reason"].tolist() == ["evaluations"] * 4


def test_latex_is_a_booktabs_table_with_the_best_in_bold(cifar10):
    results = {"p": run("RS", cifar10, n_run=4, max_eval=5, max_time=None)}
    lines = latex(results).splitlines()
    assert [line for line in lines if "rule" in line] == ["\\toprule", "\\midrule", "\\bottomrule"]
    mean, sd = (float(getattr(results["p"]["test_performance"], f)()) for f in ("mean", "std"))
    assert f"RS & \\textbf{{{mean:.2f} $\\pm$ {sd:.2f}}} \\\\" in lines
    end = lines.index("\\end{tabular}")
    assert "of 4 runs" in lines[end + 1]
    assert not any("of 4 runs" in line for line in lines[:end])
