"""What the code knows of the fields of a collection: which there are, of what types, written and read where."""
