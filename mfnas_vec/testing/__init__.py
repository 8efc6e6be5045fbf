"""Checks of search spaces of one's own, for the tests of whoever writes them."""

from mfnas_vec.testing.spaces import check_space

__all__ = ["check_space"]
