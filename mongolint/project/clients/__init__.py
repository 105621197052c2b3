"""Clients: with which options they are made, how often, and who watches what they do."""
