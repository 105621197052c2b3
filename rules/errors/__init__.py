"""Rules of the family ``errors``."""
