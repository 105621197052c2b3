"""Edits of filters."""
