"""Edits of what is declared or named: an index that goes, an option that goes, a hint with another name."""
