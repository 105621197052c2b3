"""What becomes of numbers when two requests change them."""
