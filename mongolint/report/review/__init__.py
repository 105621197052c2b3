"""A review as a document: the record of the engine, with the code that it speaks of."""
