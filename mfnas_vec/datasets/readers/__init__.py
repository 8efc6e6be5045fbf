"""Readers of untrusted files: nothing in them is executed, and what they may take is bounded."""
