"""Rules for mongolint, with codes TEN."""
