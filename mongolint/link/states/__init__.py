"""What of the modules a question has seen, and how questions went in earlier states of a project."""
