"""The other half of a unique index: what an insert does when it finds the document there already (MDB202)."""
