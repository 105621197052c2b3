"""Fixes that concern transactions: the session handed on, checks of the database made once."""
