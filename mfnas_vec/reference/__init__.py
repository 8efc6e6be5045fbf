"""The same algorithms in plain Python: what the kernels are tested against."""
