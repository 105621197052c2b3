"""What a program reads from its configuration files: which file, and what stands there."""
