"""Finds rules, loads projects, runs rules over them. Knows no rule and no output."""
