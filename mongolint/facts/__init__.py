"""What one module says, as plain data: taken in one walk over its tree, cacheable, holding no tree."""
