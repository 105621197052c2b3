"""Updates: what they make of the documents that were read before."""
