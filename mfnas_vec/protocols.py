"""Protocols: the rules on which revisions of the published code differ, one named decision each.

``GECCO2024`` is the published code of 23 November 2023, ``HEAD2025`` that of 2 November 2025.
``CORRECTED`` is the algorithms as their papers describe them, under a budget that is never exceeded.
A protocol is a tuple of plain values, so compiled code takes it as it is.
"""

from typing import NamedTuple

# Budget rules.
#: Checked before each move of a search only: the evaluation that exceeds the budget counts.
OVERSHOOT = 0
#: An evaluation that would exceed the budget is not made, and the search ends.
STOP = 1
#: An evaluation that would exceed the budget of seconds is made, neither charged nor scored, and ends the search.
REFUSE = 2


class Protocol(NamedTuple):
    """The decisions of a protocol."""

    budget: int
    # Local search
    strict_moves: bool  # move to strictly higher scores only, not to equal ones
    distinct_neighbours: bool  # evaluate one neighbour per architecture and position
    overlooks_end_on_move: bool  # first improvement under REFUSE: an accepted move does not check the budget
    # Successive halving
    trains_last: bool  # a single survivor is trained on the next rung, too
    test_winner: bool  # the answer is the candidate of the last rung with the highest *test* value
    stale_scores: bool  # candidates that a cut rung did not reach compete with their previous scores
    empty_if_cut: bool  # a halving of a loss or an error rate that the budget cuts has no answer
    last_increment: bool  # NAS-Bench-101: a candidate is credited its last increment only
    # Evolution
    distinct_population: bool  # the first population are distinct architectures
    distinct_warm_up: bool  # the samples of the warm-up are distinct architectures
    charged_warm_up: bool  # the seconds of the warm-up are charged
    persistent_warm_up: bool  # a warm-up continues after a sample that the budget does not cover
    # Genetic algorithm
    discards_crossover: bool  # mutation starts from the population, not from the children of crossover
    overlooks_end_at_start: bool  # a budget used up by the first population does not end the run
    # MF-NAS and R-MF-NAS
    timed_stage1: bool  # the budget of seconds binds the first stage, too
    counted_stage1: bool  # the epochs of the first stage are counted
    double_shortfall: bool  # missing starts are made up for twice: more than k candidates
    drops_first_listed: bool  # the start left out is the first that is listed, not the very first
    keeps_shared_middles: bool  # middles that are starts stay where no other middle is left
    fills_up: bool  # missing candidates are taken from the ranking
    # Costs and scores
    half_cifar10: bool  # NAS-Bench-201, CIFAR-10: training costs half its seconds
    missing_proxy_best: bool  # NAS-Bench-ASR: a zero-cost score that is missing ranks best


GECCO2024 = Protocol(
    budget=OVERSHOOT,
    strict_moves=False,
    distinct_neighbours=False,
    overlooks_end_on_move=False,
    trains_last=False,
    test_winner=False,
    stale_scores=False,
    empty_if_cut=False,
    last_increment=True,
    distinct_population=False,
    distinct_warm_up=False,
    charged_warm_up=False,
    persistent_warm_up=False,
    discards_crossover=False,
    overlooks_end_at_start=False,
    timed_stage1=False,
    counted_stage1=False,
    double_shortfall=False,
    drops_first_listed=False,
    keeps_shared_middles=False,
    fills_up=True,
    half_cifar10=False,
    missing_proxy_best=False,
)

CORRECTED = GECCO2024._replace(
    budget=STOP,
    last_increment=False,
    charged_warm_up=True,
    timed_stage1=True,
    counted_stage1=True,
)

HEAD2025 = Protocol(
    budget=REFUSE,
    strict_moves=True,
    distinct_neighbours=True,
    overlooks_end_on_move=True,
    trains_last=True,
    test_winner=True,
    stale_scores=True,
    empty_if_cut=True,
    last_increment=True,
    distinct_population=True,
    distinct_warm_up=True,
    charged_warm_up=True,
    persistent_warm_up=True,
    discards_crossover=True,
    overlooks_end_at_start=True,
    timed_stage1=True,
    counted_stage1=False,
    double_shortfall=True,
    drops_first_listed=True,
    keeps_shared_middles=True,
    fills_up=False,
    half_cifar10=True,
    missing_proxy_best=True,
)

PROTOCOLS = {"gecco2024": GECCO2024, "head2025": HEAD2025, "corrected": CORRECTED}
