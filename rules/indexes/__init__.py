"""Rules of the family ``indexes``."""
