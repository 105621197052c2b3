"""What is wrong with fields: each module answers for all collections of a project."""
