"""What the declared indexes of a project tell together, and what stands in their declarations."""
