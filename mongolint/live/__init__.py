"""What a running server holds: pulled into a snapshot, read back, compared with code. Only here is a driver used."""
