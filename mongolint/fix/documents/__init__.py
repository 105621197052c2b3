"""Fixes of what documents hold."""
