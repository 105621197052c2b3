"""Fixes of how results are asked for: in order, not too many, only in part, not twice."""
