"""The map of collections, query shapes and indexes, for a terminal and as a page."""
