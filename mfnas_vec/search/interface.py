"""What a search is written with: a context, a state, and the functions between them.

A search is a compiled function of a ``Context``, which does not change during a run, and of its
settings; it returns the ``State`` it ends in. Budget, cost, incumbent, uniqueness and trace are kept
by the functions here, so that no algorithm repeats them::

    @optimizer("RS", RandomSearch)
    def random_search(ctx, p):
        state = begin()
        made = True
        while made and going(ctx, state):
            code, row = sample(ctx)
            score, state, made = evaluate_row(ctx, state, code, row)
        return state

- An architecture is a *code* (its genes as one integer) and a *row* (its place in the table);
  ``row_of(ctx.space, code)`` maps one to the other, ``NO_ARCH`` where the code is invalid.
- Scores are to be maximised; a missing one is minus infinity.
- ``going`` asks for the budget as the protocol does; an evaluation that returns ``made`` false was
  refused, and the search ends.
- ``ctx.objective`` is the metric at its fidelities: one *rung* for a metric at one number of
  epochs, several for successive halving (``train_to``). ``ctx.proxy`` is the metric of an earlier,
  cheaper phase (a warm-up, a first stage); ``stage`` makes it the objective of an inner search.
- A search cannot allocate. It declares ``memory`` slots and finds them in ``ctx.work``.
- The decisions of the protocol are in ``ctx.budget.rules``.
"""

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import REFUSE, STOP
from mfnas_vec.search import rng
from mfnas_vec.search.genome import draw_mutant, draw_neighbour, draw_sample
from mfnas_vec.search.lookup import row_of
from mfnas_vec.search.memory import UNLIMITED, visit, write_step
from mfnas_vec.search.state import State, better, epochs_of, keep
from mfnas_vec.tables.dense import CUMULATIVE, LAST_INCREMENT


@njit_inline
def going(ctx, state):
    """Whether a search may continue: the rule of 2023 allows one evaluation too many."""
    budget = ctx.budget
    if budget.rules.budget == STOP:
        return state.n_eval < budget.max_eval and state.seconds < budget.max_seconds
    if budget.rules.budget == REFUSE:  # there every evaluation says whether it was the last
        return True
    return state.n_eval <= budget.max_eval and state.seconds <= budget.max_seconds


@njit_inline
def refuses(ctx, state, row):
    """Whether the rule of 2025 evaluates an architecture without charging or scoring it."""
    price = ctx.objective.seconds[0, row * ctx.objective.seconds_step]
    return ctx.budget.rules.budget == REFUSE and state.seconds + price > ctx.budget.max_seconds


@njit_inline
def counts(ctx, before, made, row):
    """Whether the score of an evaluation counts: under the rule of 2025, that of the last one, too."""
    return made or (ctx.budget.rules.budget == REFUSE and not refuses(ctx, before, row))


@njit_inline
def settle(ctx, state):
    """Write the incumbent of the state to the last step of the trace."""
    step = state.n_before + state.n_eval - 1
    if 0 <= step < ctx.trace.code.shape[1]:
        ctx.trace.incumbent[ctx.run, step] = state.code


@njit_inline
def probe(ctx, state, code, row):
    """``evaluate_row`` that leaves the incumbent unchanged: the search calls ``keep`` where a score may be better."""
    objective, budget = ctx.objective, ctx.budget
    place = np.uint64(row)
    price = ctx.price if ctx.flat else objective.seconds[0, place * np.uint64(objective.seconds_step)]
    seconds = state.seconds + price
    if not ctx.flat and budget.rules.budget == STOP:
        fits = state.n_eval < budget.max_eval and seconds <= budget.max_seconds
        if not fits:
            return -np.inf, state, False
    score = objective.score[0, place]
    refused = budget.rules.budget == REFUSE and seconds > budget.max_seconds
    if refused:
        score, seconds = -np.inf, state.seconds
    step = state.n_before + state.n_eval
    if not ctx.flat and step < ctx.n_watch:
        if step >= ctx.work.pool.size - 1 and ctx.n_watch == UNLIMITED:
            return -np.inf, state, False
        if step < ctx.trace.code.shape[1]:
            leader = state.code
            epochs = epochs_of(ctx, state)
            if not refused:
                _, leader, _ = better(state, score, code, row)
                epochs += ctx.epochs
            write_step(ctx.trace, ctx.run, step, code, ctx.epochs, score, state.spent + seconds, epochs, leader)
    n_eval = state.n_eval + 1
    n_unique = state.n_unique + visit(ctx.space, ctx.work, state.n_unique, code, row)
    n_pool = n_unique if n_eval <= budget.max_eval else state.n_pool
    made = True
    if budget.rules.budget == REFUSE:
        made = not refused and n_eval < budget.max_eval
        if refused:
            ctx.work.pool[np.uint64(state.n_unique)] = np.int32(~code)  # without a score
    extra_epochs = state.extra_epochs - ctx.epochs if refused else state.extra_epochs
    after = State(state.n_before, n_eval, n_unique, n_pool, extra_epochs, state.spent, seconds, *state[-4:])
    return score, after, made


@njit_inline
def evaluate_row(ctx, state, code, row):
    """Evaluate an architecture whose row is known, at the first rung.

    Returns
    -------
    tuple
        Score, state after it, and whether the search may continue: the corrected protocol does not make
        what the budget does not cover; that of 2025 says so after the last evaluation.
    """
    score, after, made = probe(ctx, state, code, row)
    return score, keep(after, score, code, row) if counts(ctx, state, made, row) else after, made


@njit_inline
def evaluate(ctx, state, code):
    """``evaluate_row`` of a valid code."""
    return evaluate_row(ctx, state, code, row_of(ctx.space, code))


@njit_inline
def train_to(ctx, state, code, row, rung, trained, charged):
    """Train an architecture on to a rung of the objective, and evaluate it there.

    Parameters
    ----------
    rung
        Index of the rung.
    trained, charged
        Epochs that it was trained before, and the fourth value of the call that did so; 0 and 0.0
        for an architecture that begins.

    Returns
    -------
    tuple
        Score, state, whether it was made, and what the accounting of the objective has to know when
        the training is continued. Corrected rules do not make what the budget does not cover; the
        published ones count the evaluation that reaches it, but neither charge nor keep it (that of
        2025: the evaluation that exceeds it, and without a score).
    """
    objective, budget = ctx.objective, ctx.budget
    place = np.uint64(row)
    until = objective.seconds[rung, place * np.uint64(objective.seconds_step)]
    price = until - charged
    seconds = state.seconds + price
    rule = budget.rules.budget
    if rule == STOP and (seconds > budget.max_seconds or state.n_eval >= budget.max_eval):
        return -np.inf, state, False, charged
    made = rule == STOP or seconds < budget.max_seconds or (rule == REFUSE and seconds == budget.max_seconds)
    score = objective.score[rung, place] if made or rule != REFUSE else -np.inf
    epochs_until = objective.epochs[rung]
    n_unique = state.n_unique
    if trained == 0:  # else it has been seen
        n_unique += visit(ctx.space, ctx.work, n_unique, code, row)
    extra_epochs = state.extra_epochs - ctx.epochs
    after = state
    if made:
        extra_epochs += epochs_until - trained
        after = keep(state, score, code, row)
        if objective.accounting == CUMULATIVE:
            charged = until
        elif objective.accounting == LAST_INCREMENT:
            charged = price
    else:
        seconds = state.seconds
    step = state.n_before + state.n_eval
    if step < ctx.trace.code.shape[1]:
        epochs = extra_epochs + (state.n_eval + 1) * ctx.epochs
        write_step(ctx.trace, ctx.run, step, code, epochs_until, score, state.spent + seconds, epochs, after.code)
    n_eval = state.n_eval + 1
    after = State(state.n_before, n_eval, n_unique, state.n_pool, extra_epochs, state.spent, seconds, *after[-4:])
    return score, after, made, charged


@njit_inline
def sample(ctx):
    """A uniform valid code, and its row."""
    return draw_sample(ctx.space, ctx.work.rng)


@njit_inline
def neighbour(ctx, code):
    """A uniform valid code that differs in one gene, and its row; the code itself if none is found."""
    return draw_neighbour(ctx.space, code, ctx.work.rng)


@njit_inline
def mutate(ctx, code, probability):
    """A valid mutant and its row: each gene changes with ``probability / n_gene``."""
    return draw_mutant(ctx.space, code, probability, ctx.work.rng)


@njit_inline
def uniform(ctx):
    """A uniform float of ``[0, 1)``."""
    return rng.unit(ctx.work.rng)


@njit_inline
def below(ctx, n):
    """A uniform integer of ``[0, n)``, ``1 <= n < 2**32``; nothing is drawn for ``n = 1``."""
    return rng.below(ctx.work.rng, n)
