"""What becomes of the results of operations: pages, lists, counts, documents read and used in part."""
