"""Rules of the family ``queries``."""
