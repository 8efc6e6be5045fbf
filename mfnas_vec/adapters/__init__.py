"""Optimizers of other libraries as searches for ``simulate``."""
