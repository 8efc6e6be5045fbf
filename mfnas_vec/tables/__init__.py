"""Benchmark tables: what is known about each architecture."""
