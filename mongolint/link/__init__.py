"""Linking: what an expression is, across files, answered on demand. Knows no query and no rule."""
