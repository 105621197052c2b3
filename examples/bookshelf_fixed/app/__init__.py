"""Bookshelf: authors outline their books and answer questions about each chapter."""
