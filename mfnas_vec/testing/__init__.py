"""Checks of optimizers and search spaces of one's own, for the tests of whoever writes them."""

from mfnas_vec.testing.optimizers import check_optimizer
from mfnas_vec.testing.spaces import check_space

__all__ = ["check_optimizer", "check_space"]
