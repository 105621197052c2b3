"""Documents as code builds them: filters, updates, sorts, key patterns, pipelines."""

from mongolint.project.documents.reader import REGEXES, Reader
from mongolint.project.documents.shapes import EMPTY, OPEN, Clause, Document, Item, Place, either

__all__ = ["EMPTY", "OPEN", "REGEXES", "Clause", "Document", "Item", "Place", "Reader", "either"]
