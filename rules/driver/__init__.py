"""Rules about how the driver is used."""
