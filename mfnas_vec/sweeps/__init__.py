"""Grids of searches: plan, store, resume, clusters."""
