import numpy as np
import pytest

from mfnas_vec import SPACES, build_table, open_table
from mfnas_vec.analysis.landscape import landscape, neighbour_rows


def neighbours_of(space, row):
    """Plainly: every single changed gene of the smallest genotype."""
    genotype = space.decode(int(space.arch_code[row]))
    found = set()
    for gene, cardinality in enumerate(space.cardinality):
        for value in range(int(cardinality)):
            other = genotype.copy()
            other[gene] = value
            found.add(int(space.row(space.encode(other))))
    return found - {row, -1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nb101", "nb201", "nbasr"])
def test_neighbours_are_one_gene_apart(name):
    space = SPACES[name]
    rows = np.random.default_rng(0).choice(space.n_arch, 20, replace=False)
    found = {int(row): set() for row in rows}
    for neighbour in neighbour_rows(space):
        for row in found:
            found[row].add(int(neighbour[row]))
    for row, those in found.items():
        assert those - {-1} == neighbours_of(space, row)


def table_of(scores):
    space = SPACES["nb201"]
    return build_table(
        "nb201",
        {"val_acc": np.zeros((1, space.n_arch)), "test_acc": np.zeros(space.n_arch), "mine": scores},
        epochs=[1],
        train_seconds=np.ones((1, space.n_arch)),
        provenance="computed",
        units="percent",
    )


def test_an_additive_landscape_is_as_smooth_as_the_formula_says():
    """Of a sum over n genes of a values each, neighbours correlate by 1 - a / (n (a - 1)); the code is one."""
    found = landscape(table_of(np.arange(SPACES["nb201"].n_arch, dtype=float)), ["mine"])
    assert float(found["correlation"][0]) == pytest.approx(1 - 5 / (6 * 4), abs=1e-12)
    assert int(found["n_optimum"][0]) == 1
    assert found["provenance"].values.tolist() == ["computed"]


def test_noise_has_no_correlation_and_many_optima():
    """Of 24 neighbours and itself, the best is an architecture itself once in 25 times."""
    space = SPACES["nb201"]
    found = landscape(table_of(np.random.default_rng(0).random(space.n_arch)), ["mine"])
    assert abs(float(found["correlation"][0])) < 0.01
    assert int(found["n_optimum"][0]) == pytest.approx(space.n_arch / 25, rel=0.1)


@pytest.mark.slow
def test_optima_are_those_found_one_by_one():
    table = open_table("nbasr")
    space = SPACES["nbasr"]
    values = -table["test_per"].values
    expected = sum(all(values[n] <= values[row] for n in neighbours_of(space, row)) for row in range(space.n_arch))
    assert int(landscape(table, ["test_per"])["n_optimum"][0]) == expected


def test_missing_scores_are_no_optima_and_hide_none():
    scores = np.arange(SPACES["nb201"].n_arch, dtype=float)
    scores[-1] = np.nan
    found = landscape(table_of(scores), ["mine"])
    # The best is missing: optima are what only it would beat, one gene at the value before the last.
    assert int(found["n_known"][0]) == scores.size - 1
    assert int(found["n_optimum"][0]) == 6


def test_unknown_metrics_are_refused():
    with pytest.raises(ValueError, match="metrics='nosuch' is not in the table"):
        landscape(open_table("nb201-cifar10"), ["nosuch"])
