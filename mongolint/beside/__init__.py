"""Other linters of a project: what their own configuration makes them tell, so that nothing is told twice.

They are never run; only their configuration is read.
"""

from __future__ import annotations

from typing import Protocol


class Neighbour(Protocol):
    """Another linter. ``selects``: whether it looks for what ``code`` stands for, in the file of this absolute path."""

    def selects(self, code: str, path: str) -> bool: ...


def neighbour(name: str) -> Neighbour:
    """The linter of this name: one of `mongolint.config.schema.NEIGHBOURS`."""
    from mongolint.beside.ruff import Ruff

    return {"ruff": Ruff}[name]()
