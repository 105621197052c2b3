"""The language server: the engine of the command line, kept in memory and told of every keystroke."""
