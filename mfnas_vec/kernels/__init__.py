"""Numba kernels: all runs of an optimizer, on arrays only."""
