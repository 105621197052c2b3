"""Which indexes a project lacks."""
