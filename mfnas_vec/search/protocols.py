"""The protocols that searches are run under, by name."""

import difflib
import re

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import OVERSHOOT, REFUSE, STOP, Protocol
from mfnas_vec.protocols import PROTOCOLS as RULES

GECCO2024 = "gecco2024"
HEAD2025 = "head2025"
CORRECTED = "corrected"
PROTOCOLS = (GECCO2024, HEAD2025, CORRECTED)

_BUDGETS = {"overshoot": OVERSHOOT, "stop": STOP, "refuse": REFUSE}
_DECISIONS = [name for name in Protocol._fields if name != "budget"]
_CHANGE = re.compile(r"([+-])([a-z0-9_]+)")


def rules_of(protocol: str) -> Protocol:
    """The decisions of a protocol, or of one with some decisions changed.

    Parameters
    ----------
    protocol
        One of ``PROTOCOLS``, perhaps followed by changes: ``+decision`` makes it true, ``-decision``
        false; ``+overshoot``, ``+stop`` or ``+refuse`` is the rule of the budget. For example
        ``gecco2024+strict_moves`` or ``head2025-test_winner``.

    Raises
    ------
    ValueError
        If the protocol or a decision is unknown.
    """
    name = re.split("[+-]", str(protocol), maxsplit=1)[0]
    if name not in RULES:
        raise ValueError(f"protocol={protocol!r} must be one of {', '.join(PROTOCOLS)}")
    changes = str(protocol)[len(name) :]
    if _CHANGE.sub("", changes):
        raise ValueError(f"protocol={protocol!r}: changes of {name} are written +decision or -decision")
    rules = RULES[name]
    for sign, decision in _CHANGE.findall(changes):
        if decision in _BUDGETS and sign == "+":
            rules = rules._replace(budget=_BUDGETS[decision])
        elif decision in _DECISIONS:
            rules = rules._replace(**{decision: sign == "+"})
        else:
            known = [*_DECISIONS, *_BUDGETS]
            near = difflib.get_close_matches(decision, known, n=3, cutoff=0.5) or known
            raise ValueError(f"protocol={protocol!r} has no decision {decision!r}; did you mean {' or '.join(near)}?")
    return rules


@njit_inline
def usual(rules):
    """The rules of ``gecco2024`` or ``corrected``: what they agree on is known when code is compiled."""
    budget = STOP if rules.budget == STOP else OVERSHOOT
    # In the order of the fields: numba takes no more than a few by name.
    return Protocol(
        budget,
        False,  # strict_moves
        False,  # distinct_neighbours
        False,  # overlooks_end_on_move
        False,  # trains_last
        False,  # test_winner
        False,  # stale_scores
        False,  # empty_if_cut
        rules.last_increment,
        False,  # distinct_population
        False,  # distinct_warm_up
        rules.charged_warm_up,
        False,  # persistent_warm_up
        False,  # discards_crossover
        False,  # overlooks_end_at_start
        rules.timed_stage1,
        rules.counted_stage1,
        False,  # double_shortfall
        False,  # drops_first_listed
        False,  # keeps_shared_middles
        True,  # fills_up
        False,  # half_cifar10
        False,  # missing_proxy_best
    )
