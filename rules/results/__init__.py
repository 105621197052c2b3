"""Rules of the family ``results``."""
