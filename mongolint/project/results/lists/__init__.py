"""Lists that are a part of what there is."""
