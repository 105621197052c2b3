"""Commands that set a project up: its configuration, and rules of its own."""
