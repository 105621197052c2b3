"""Batched forms of queries that a loop repeats."""
