"""Checks of optimizers and search spaces, for the tests of their authors."""

from mfnas_vec.testing.optimizers import check_optimizer
from mfnas_vec.testing.spaces import check_space

__all__ = ["check_optimizer", "check_space"]
