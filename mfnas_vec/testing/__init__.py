"""Checks of optimizers of one's own, for the tests of whoever writes them."""

from mfnas_vec.testing.optimizers import check_optimizer

__all__ = ["check_optimizer"]
