"""Published results: their numbers, their grids, and verdicts on their reproduction."""
