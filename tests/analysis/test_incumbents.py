"""The incumbent of a search in rungs against the definition, worked out from the trace another way."""

import numpy as np
import pytest
import xarray as xr

from mfnas_vec import open_table, run
from mfnas_vec.analysis.anytime import anytime
from mfnas_vec.runs.incumbents import BEST_SEEN, COMPLETED_RUNG, answers
from mfnas_vec.runs.trace import incumbent_codes, thin

EPOCHS = (4, 12, 25, 200)


def steps_of(result, i):
    """Code, epochs and score of each evaluation of a run."""
    names = ("code", "fidelity", "score")
    columns = [result[f"trace_{name}"].values[i, : int(result["evaluations"][i])] for name in names]
    return list(zip(*columns, strict=True))


def last_completed(steps, n_first, sizes):
    """Incumbents of a halving: its first stage has n_first evaluations, its rungs the given sizes."""
    found, best = [], (-np.inf, -1)
    for code, _, score in steps[:n_first]:
        best = (score, code) if score > best[0] else best
        found.append(best[1])
    done = n_first
    for size in sizes:
        rung = steps[done : done + size]
        held = found[-1] if found else None
        for j in range(size):
            so_far = max(rung[: j + 1], key=lambda step: step[2])[0]
            found.append(so_far if j == size - 1 or held is None else held)
        done += size
    return found


@pytest.mark.parametrize(("name", "n_first"), [("SH", 0), ("MF-NAS", 2001)])
def test_between_rungs_the_incumbent_is_the_best_of_the_last_completed_one(cifar10, name, n_first):
    settings = {"n_candidate": 16, "list_iepoch": list(EPOCHS)} | ({"metric_stage1": "synflow"} if n_first else {})
    result = run(name, cifar10, n_run=20, trace=True, max_time=None, **settings)
    held, _ = answers(result)
    for i in range(20):
        steps = steps_of(result, i)
        assert [sum(epochs == e for _, epochs, _ in steps) for e in EPOCHS] == [16, 8, 4, 2]
        expected = last_completed(steps, len(steps) - 30, (16, 8, 4, 2))
        if name == "SH":  # during its first rung, the best of it so far
            expected[:16] = [max(steps[: j + 1], key=lambda step: step[2])[0] for j in range(16)]
        assert held[i, : len(steps) - 1].tolist() == expected[:-1]
        assert held[i, len(steps) - 1] == int(result["code"][i])
        assert len(steps) - 30 >= n_first


def test_hyperband_keeps_its_best_fully_trained_one(cifar10):
    result = run("Hyperband", cifar10, n_run=10, trace=True, max_epochs=4000)
    held, _ = answers(result)
    for i in range(10):
        steps = steps_of(result, i)
        top = max(epochs for _, epochs, _ in steps)
        since = next(j for j, step in enumerate(steps) if step[1] == top)
        # From the end of the first full bracket on, the best of those trained to the end.
        full = [j for j, step in enumerate(steps) if step[1] == top]
        stop = next((j for j in range(since, len(steps)) if steps[j][1] != top), len(steps) - 1)
        for j in range(stop, len(steps) - 1):
            best = max((steps[k] for k in full if k <= j), key=lambda step: step[2])
            assert held[i, j] == best[0]


@pytest.mark.parametrize("name", ["RS", "REA", "FLS", "BLS"])
def test_searches_at_one_number_of_epochs_have_one_incumbent(cifar10, name):
    result = run(name, cifar10, n_run=20, trace=True)
    np.testing.assert_array_equal(*(incumbent_codes(result, rule) for rule in (COMPLETED_RUNG, BEST_SEEN)))


def test_after_a_warm_up_the_best_trained_architecture_counts_at_once(cifar10):
    result = run("REA+W", cifar10, n_run=20, trace=True)
    held, _ = answers(result)
    for i in range(20):
        steps = steps_of(result, i)
        trained = [j for j, step in enumerate(steps) if step[1] > 0]
        for j in trained:
            best = max(steps[trained[0] : j + 1], key=lambda step: step[2])
            assert held[i, j] == best[0]


def test_a_first_stage_on_another_trained_metric_is_not_mixed_with_the_first_rung(cifar10):
    settings = {"metric_stage1": "train_loss", "iepoch": 4, "list_iepoch": [4, 12], "n_candidate": 8}
    result = run("MF-NAS", cifar10, n_run=10, trace=True, max_time=None, max_eval_stage1=50, **settings)
    held, _ = answers(result)
    for i in range(10):
        steps = steps_of(result, i)
        n = len(steps) - 12
        stage = steps[:n]
        assert held[i, n - 1] == min(stage, key=lambda step: abs(step[2]))[0]
        assert (held[i, n - 1 : n + 7] == held[i, n - 1]).all()
        assert held[i, n + 7] == max(steps[n : n + 8], key=lambda step: step[2])[0]


def test_curves_of_both_rules_end_with_what_the_search_returned(cifar10):
    result = run("MF-NAS", cifar10, n_run=50, trace=True)
    for rule in (COMPLETED_RUNG, BEST_SEEN):
        for trace in (result, thin(result)):
            curves = anytime(trace, cifar10, over="evaluations", incumbent=rule, search_score=False)
            last = curves["test_performance"].isel(cost=-1).values
            np.testing.assert_array_equal(last, result["test_performance"].values)
    with pytest.raises(ValueError, match="incumbent='last' must be one of completed-rung, best-seen"):
        anytime(result, cifar10, incumbent="last")


def test_scores_are_those_of_the_incumbent_at_the_last_completed_rung(cifar10):
    result = run("SH", cifar10, n_run=10, trace=True, n_candidate=16, max_time=None, list_iepoch=list(EPOCHS))
    curve = anytime(result, cifar10, over="evaluations", at=np.arange(1, 30))["search_score"]
    for i in range(10):
        scores = [step[2] for step in steps_of(result, i)]
        expected = np.r_[np.maximum.accumulate(scores[:16]), [max(scores[:16])] * 7, [max(scores[16:24])] * 4]
        np.testing.assert_array_equal(curve.values[:27, i], expected)


def test_a_minimised_metric_and_leading_dimensions():
    asr = open_table("nbasr@embedded")
    one = run("SH", asr, n_run=5, trace=True)
    both = xr.concat([one, one], "batch", join="exact", combine_attrs="override")
    held, scores = answers(both)
    assert held.shape == (2, *one["trace_code"].shape)
    np.testing.assert_array_equal(held[0], answers(one)[0])
    for i in range(5):
        steps = steps_of(one, i)
        first = [step for step in steps if step[1] == steps[0][1]]
        assert held[0, i, len(first) - 1] == min(first, key=lambda step: step[2])[0]
        assert scores[0, i, len(first) - 1] == -min(step[2] for step in first)
