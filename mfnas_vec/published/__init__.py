"""The paper: its numbers, its grid, and verdicts on their reproduction."""
