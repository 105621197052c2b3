"""Fixes of updates: operators that change a field where it is."""
