"""Rules of the family ``house``."""
