"""What the declared indexes of a project tell together, what stands in their declarations, and names of libraries."""
