"""Collections of which the code does not show what they are: which calls are operations on them all the same."""
