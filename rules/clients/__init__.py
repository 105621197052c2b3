"""Rules about clients: how they are made, and with which options."""
