"""Rules of the family ``transactions``."""
