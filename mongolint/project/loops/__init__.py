"""What a loop repeats, whether its items are many, and what else it does each time."""
