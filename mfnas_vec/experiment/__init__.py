"""Experiments: batches of runs."""

from mfnas_vec.experiment.run import run

__all__ = ["run"]
