"""Results: the Dataset of a batch of runs, its summary, its store."""

from mfnas_vec.results.assemble import RUN, STEP, TIMING_PREFIX, assemble
from mfnas_vec.results.store import write_result
from mfnas_vec.results.summary import Summary, summarize

__all__ = [
    "RUN",
    "STEP",
    "TIMING_PREFIX",
    "Summary",
    "assemble",
    "summarize",
    "write_result",
]
