"""Results and tables for people to read."""
