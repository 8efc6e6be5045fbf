"""Contexts and states of searches in several stages, and of a search on a flat price."""

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import OVERSHOOT
from mfnas_vec.search.state import Budget, Context, State
from mfnas_vec.spaces.arrays import NO_ARCH


@njit_inline
def stage(ctx, objective, max_eval, max_seconds):
    """The context of an inner search, on another objective with a budget of its own."""
    budget = Budget(max_eval, max_seconds, ctx.budget.rules)
    price, epochs = objective.seconds[0, 0], objective.epochs[0]
    return Context(
        ctx.space, objective, ctx.proxy, budget, ctx.work, ctx.trace, ctx.run, price, epochs, ctx.n_watch, False
    )


@njit_inline
def next_stage(ctx, state, epochs):
    """The state in which the stage of a context begins: no incumbent, seconds from 0, ``epochs`` so far."""
    extra_epochs, spent = epochs - state.n_eval * ctx.epochs, state.spent + state.seconds
    return State(*(*state[:4], extra_epochs, spent, 0.0, state.stop, -np.inf, NO_ARCH, NO_ARCH))


@njit_inline
def is_flat(ctx):
    """Whether all evaluations cost the same, no trace is wanted and no evaluation is ever refused."""
    return ctx.objective.seconds_step == 0 and ctx.budget.rules.budget == OVERSHOOT and ctx.n_watch == 0


@njit_inline
def flatten(ctx):
    """The context of a search on a flat price, compiled apart: only where ``is_flat`` says so."""
    return Context(*(*ctx[:-1], True))
