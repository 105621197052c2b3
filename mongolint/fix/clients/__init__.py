"""Fixes at the place where a client is made."""
