"""Which query shapes each collection gets, and which index serves which."""
