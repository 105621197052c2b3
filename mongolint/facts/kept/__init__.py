"""Facts as bytes, and what is kept of them from run to run."""
