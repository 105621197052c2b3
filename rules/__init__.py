"""mongolint's own rules: a folder per family, a file per rule."""
