"""Many runs at once: one search on one table, its trace, its result as a Dataset."""
