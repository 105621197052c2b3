"""mongolint: a linter for Python code that talks to MongoDB through PyMongo or Motor."""

__version__ = "0.1.0"
