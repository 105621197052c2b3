"""Twins of helpers: a function that gets many beside one that gets one."""
