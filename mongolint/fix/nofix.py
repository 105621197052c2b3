"""The one error of this package."""

from __future__ import annotations


class NoFix(Exception):  # noqa: N818  # an outcome, not an error
    """Why a fix cannot be written here: one clause, shown to the user."""
