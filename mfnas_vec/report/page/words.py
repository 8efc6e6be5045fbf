"""The question of a page, and its answer in three sentences."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from mfnas_vec.analysis.power import ALPHA
from mfnas_vec.analysis.searches import Search, chosen_on_test
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures.heatmap import values_of
from mfnas_vec.report.page.summary import Row, best_of_problem, decimals
from mfnas_vec.report.page.verdicts import Pairs
from mfnas_vec.report.ranks import Ranks
from mfnas_vec.report.text import count, range_text, selection_note
from mfnas_vec.tables.schema import COMPUTED, MEASURED

#: Keeps a number and its unit on one line.
SPACE = "\N{NO-BREAK SPACE}"


def joined(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def amount(value: float, units: str) -> str:
    """A test result with its unit."""
    return f"{value:.{decimals(units)}f}{SPACE}{units}".rstrip()


def distance(value: float, units: str) -> str:
    """A difference of two test results with its unit."""
    return f"{value:.{decimals(units)}f} {'percentage points' if units == '%' else units}".rstrip()


def searches_of(study: Study) -> list[Search]:
    """The searches on all problems."""
    return [search for found in study.searches.values() for search in found.values()]


def title_of(study: Study) -> str:
    """The default title of a page."""
    titles = [str(c.attrs["title"]) for c in study.contents if c.attrs.get("title") and c.kind != "run"]
    if len(study.contents) == 1 and titles:
        return titles[0]
    n = len(study.labels)
    named = joined(study.labels) if n <= 3 else count(n, "search", "searches")
    on = joined(study.problems) if len(study.problems) <= 2 else count(len(study.problems), "problem")
    return f"{named} on {on}"


def question_of(study: Study) -> str:
    """The question that the stores answer."""
    on = study.problems[0] if len(study.problems) == 1 else count(len(study.problems), "benchmark problem")
    if len(study.labels) == 1:
        return f"How good are the architectures that {study.labels[0]} finds on {on}, and what do they cost?"
    searches = searches_of(study)
    optimizers = {search.optimizer for search in searches}
    varied = [name for name, values in values_of(searches).items() if len(values) > 1]
    if len(optimizers) == 1 and varied:
        verb = "does" if len(varied) == 1 else "do"
        return f"How {verb} {joined(varied)} change what {optimizers.pop()} finds on {on}?"
    n = count(len(study.labels), "search", "searches")
    return f"Which of {n} finds the best architectures on {on}, and by how much?"


def summary_of(
    study: Study, rows: Sequence[Row], pairs: Sequence[Pairs], ranks: Ranks | None, not_tested: bool
) -> list[str]:
    """Three sentences: the best search, the significance of differences, the provenance of the numbers.

    A fourth one warns where test results chose answers.
    """
    leaked = chosen_on_test(searches_of(study))
    warning = [selection_note(leaked)] if leaked else []
    return [_best(study, rows, ranks), _limits(rows, pairs, ranks, not_tested), _origin(rows), *warning]


def _mark(rows: Sequence[Row]) -> str:
    """A remark on modelled values and on runs without a result."""
    kinds = [kind for kind in dict.fromkeys(row.provenance for row in rows) if kind not in (MEASURED, COMPUTED)]
    parts = [f"{joined(kinds)} values"] if kinds else []
    lost = sum(row.n_run - row.n_known for row in rows)
    if lost:
        parts.append(f"means leave out {count(lost, 'run')} without a result")
    return f" ({'; '.join(parts)})" if parts else ""


def _best(study: Study, rows: Sequence[Row], ranks: Ranks | None) -> str:
    known = [row for row in rows if row.n_known]
    if not known:
        return f"No run of {count(len(study.labels), 'search', 'searches')} ended with a known test result."
    n = range_text(row.n_run for row in rows)
    if ranks is not None:
        return _best_rank(known, ranks, n, study.names)
    problems = list(dict.fromkeys(row.problem for row in known))
    alone = len(study.labels) == 1
    parts = [_best_mean(best_of_problem(known, problem), alone, study.names) for problem in problems]
    first = known[0]
    if alone:
        head = f"Over {n} runs, {first.search} ends with a mean test result of"
        return f"{head} {joined(parts)}{_mark(known)}."
    head = f"Of {count(len(study.labels), 'search', 'searches')} with {n} runs each, the best mean test result is"
    return f"{head} {'; '.join(parts)}{_mark(known)}."


def _best_mean(ordered: Sequence[Row], alone: bool, names: Mapping[str, str]) -> str:
    """The best mean of a problem, and its lead over the next."""
    first, *others = ordered
    interval = "" if math.isnan(first.low) else f", 95 % interval {_span(first)}"
    if not others:
        whose = "" if alone else f" of {names[first.search]}"
        return f"{amount(first.mean, first.units)}{whose} on {first.problem} (n = {first.n_known:,}{interval})"
    gap = first.score - others[0].score
    same = [row.search for row in ordered if math.isclose(row.mean, first.mean, rel_tol=1e-12)]
    behind = "equal for all of them"
    if len(same) == 1:
        lead, other = distance(gap, first.units), names[others[0].search]
        behind = f"equal to {other} in these decimals" if float(lead.split()[0]) == 0 else f"{lead} better than {other}"
    return (
        f"{amount(first.mean, first.units)} of {joined([names[label] for label in same])} on {first.problem} "
        f"(n = {first.n_known:,}{interval}), {behind}"
    )


def _lower(row: Row) -> str:
    return "" if row.sign > 0 else ", where lower is better"


def _span(row: Row) -> str:
    places = decimals(row.units)
    return f"{row.low:.{places}f} to {row.high:.{places}f}"


def _best_rank(rows: Sequence[Row], ranks: Ranks, n: str, names: Mapping[str, str]) -> str:
    average, problems = {label: rank for label, rank, _ in ranks.rows}, ranks.problems
    least = min(average.values())
    same = [label for label, rank in average.items() if math.isclose(rank, least)]
    rest = [label for label in average if label not in same]
    next_one = f"; next {names[rest[0]]} with {average[rest[0]]:.2f}" if rest else ""
    has = "has the best average rank" if len(same) == 1 else "share the best average rank"
    who = joined([names[label] for label in same]) if len(same) <= 4 else count(len(same), "search", "searches")
    head = (
        f"Of {count(len(average), 'search', 'searches')} with {n} runs each on {count(len(problems), 'problem')}, "
        f"{who} {has} ({least:.2f}{next_one})"
    )
    if len(same) > 1:
        firsts = [best_of_problem(rows, problem)[0] for problem in problems]
        best_means = joined([f"{amount(row.mean, row.units)} on {row.problem}{_lower(row)}" for row in firsts])
        return f"{head}; the best means are {best_means}{_mark(rows)}."
    behind, first = {}, same[0]
    for problem in problems:
        ordered = best_of_problem(rows, problem)
        own = next(row for row in ordered if row.search == first)
        behind[problem] = (ordered[0].score - own.score, own)
    best = [problem for problem, (gap, _) in behind.items() if gap <= 1e-9]
    lags = [(gap / (abs(own.mean) or 1.0), gap, own) for gap, own in behind.values() if gap > 1e-9]
    means = joined([f"{amount(own.mean, own.units)} on {problem}{_lower(own)}" for problem, (_, own) in behind.items()])
    if not lags:
        return f"{head}, and the best mean on each: {means}{_mark(rows)}."
    worst = max(lags, key=lambda lag: lag[0])
    lead = f"the best mean on {len(best)} of them" if best else "the best mean on none of them"
    lag = f"at most {distance(worst[1], worst[2].units)} behind the best, on {worst[2].problem}"
    return f"{head} and {lead}: its means are {means}, {lag}{_mark(rows)}."


def _limits(rows: Sequence[Row], pairs: Sequence[Pairs], ranks: Ranks | None, not_tested: bool) -> str:
    if not pairs:
        if not_tested:
            return "These searches have too many pairs to test here, so the significance of differences is not known."
        return "There is a single search, so there is nothing to compare it with."
    n_pair = sum(len(each.verdicts) for each in pairs)
    n_decided = sum(each.n_decided for each in pairs)
    test = (
        f"Mann-Whitney U, Holm's correction, level {ALPHA:g}, n = {range_text(row.n_run for row in rows)} runs of each"
    )
    open_ones = n_pair - n_decided
    if open_ones == 0:
        which = f"All {n_pair:,} pairs of searches on a problem differ" if n_pair > 1 else "The two searches differ"
        text = f"{which} significantly ({test})"
    else:
        text = f"Of {n_pair:,} pairs of searches on a problem, {open_ones:,} do not differ significantly ({test})"
    if not_tested:
        text += "; some problems have too many pairs to test"
    if ranks is None:
        return f"{text}; results on one problem do not carry over to others."
    n_rank, limit = len(ranks.labels) * (len(ranks.labels) - 1) // 2, ranks.found.attrs["critical_difference"]
    apart = f"separate {count(len(ranks.apart), 'pair')} of {n_rank:,}" if ranks.apart else "separate no pair"
    return (
        f"{text}; across the {len(ranks.problems)} problems, average ranks {apart} (critical difference {limit:.2f})."
    )


def _origin(rows: Sequence[Row]) -> str:
    kinds = Counter(row.provenance for row in rows)
    doubtful = [kind for kind in kinds if kind not in (MEASURED, COMPUTED)]
    if not doubtful:
        return (
            f"All results use {joined(sorted(kinds))} values of the tables: "
            "they hold for these tables, budgets and settings only."
        )
    n = sum(kinds[kind] for kind in doubtful)
    which = "All" if n == len(rows) else f"{n:,} of {len(rows):,}"
    return (
        f"{which} results use {joined(doubtful)} values, as search metrics or as test results: "
        "they are not published or measured results, and do not show which search is best on the real benchmark."
    )
