"""Where rules come from, and what is told of them."""
