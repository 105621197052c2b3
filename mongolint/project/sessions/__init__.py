"""Sessions and transactions: where they begin, what runs in them, and what runs without."""
