"""The items of the NAS best practices checklist that results on tables can answer.

Source: M. Lindauer and F. Hutter, "Best Practices for Scientific Research on Neural Architecture Search",
JMLR 21(243), 2020.
"""

from mfnas_vec.analysis.searches import chosen_on_test
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.page.about import stated
from mfnas_vec.report.page.words import joined, searches_of
from mfnas_vec.report.text import range_text
from mfnas_vec.search import find_optimizer


def checklist_of(study: Study) -> list[tuple[str, str]]:
    """Items and their answers."""
    searches = searches_of(study)
    outside = dict.fromkeys(s.label for s in searches if s.optimizer and not _is_built_in(s.optimizer))
    code = f"not part of it: {joined(list(outside))}" if outside else "all optimizers are part of it"
    varied = sorted({name for s in searches for name in s.place})
    tuning = f"varied here, and all of it shown: {joined(varied)} ({len(study.labels):,} searches)"
    leaked = chosen_on_test(searches)
    untimed = [problem for problem in study.problems if not study.timed(problem)]
    seconds = "seconds are simulated training time of the tables"
    if untimed:
        seconds = f"{seconds}; no seconds on {joined(untimed)}" if untimed != study.problems else "no table has seconds"
    return [
        ("Code of the search and of the evaluation", f"mfnas_vec {joined(stated(study, 'mfnas_vec_version'))}; {code}"),
        ("Data, splits and training", "those of the benchmark tables, by their digests under Provenance"),
        ("All settings of the searches", "under Settings; the commands are under How to reproduce"),
        ("Seeds", f"seed {joined(stated(study, 'seed'))}; each run has its own random stream of seed and run index"),
        (
            "Number of runs",
            f"{range_text(s.runs.sizes['run'] for s in searches)} of each search; intervals and tests are over runs",
        ),
        ("Same evaluation for all searches", "yes: searches on a problem read one table, which is checked"),
        ("Compared with random search", _random(study)),
        (
            "Tuning of settings",
            f"{tuning if varied else 'none in these results'}; what was tried before them is not recorded",
        ),
        ("Performance over time, not only at the end", f"under Figures; {seconds}"),
        (
            "Hardware and time of these results",
            f"no network was trained: all runs together stand for {_simulated(study)}; the machine and "
            "the time of the simulation change no number and are not recorded",
        ),
        (
            "Were test results used to choose?",
            f"yes, by {joined(leaked)}: these results are biased"
            if leaked
            else "no: searches choose by their search metric, test results only judge; see Selection leak",
        ),
    ]


def _is_built_in(name: str) -> bool:
    known = find_optimizer(name)
    return known is not None and known.plugin is None


def _simulated(study: Study) -> str:
    """Simulated cost of all runs."""
    spent: dict[str, float] = {}
    for problem, searches in study.searches.items():
        for unit, name in ((study.cost_unit(problem, "epochs"), "cost_epochs"), ("seconds", "cost_seconds")):
            spent[unit] = spent.get(unit, 0.0) + sum(float(s.runs[name].sum()) for s in searches.values())
    return joined([f"{total:,.0f} {unit}" for unit, total in spent.items() if total]) or "no training"


def _random(study: Study) -> str:
    found = dict.fromkeys(search.label for search in searches_of(study) if search.optimizer == "RS")
    exact = [problem for problem in study.problems if study.baselines(problem)[0] is not None]
    parts = [f"yes, {joined(list(found))}"] if found else []
    if exact:
        parts.append(f"{'in' if parts else 'yes, in'} closed form on {joined(exact)}")
    return "; ".join(parts) or "no"
