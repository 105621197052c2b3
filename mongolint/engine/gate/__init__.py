"""Which findings a run lets pass: those of a baseline, those that a change did not bring, those given a comment."""
