"""Statistics, anytime curves, comparisons and landscapes: Dataset in, Dataset out."""
