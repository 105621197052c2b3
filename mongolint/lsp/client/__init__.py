"""What a client says of itself, and says that the protocol's library does not know."""
