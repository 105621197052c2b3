"""Which collections hold ids of documents of others, and what becomes of them when those are deleted."""
