"""What is read of a project: which files it has, which of them matter, and what scripts declare."""
