"""A collection of which something is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongolint.project.model import Project


class Held:
    """What is known of a collection, tests aside.

    Attributes:
        map: the collection as the map of indexes tells it.
        run: its operations.
        known: its fields.
    """

    def __init__(self, project: Project, held: Mapping[str, Any]) -> None:
        self.project = project
        self.map = held
        self.name: str = held["name"]
        self.run = [each for each in project.operations_on(self.name) if each.module not in project.tests]
        self.known = project.fields.of(self.name)

    @property
    def names(self) -> set[str]:
        """The methods that are called on it."""
        return {operation.name for operation in self.run}

    @property
    def expires(self) -> bool:
        """Whether an index may end its documents."""
        indexes = (index for index in self.project.indexes if index.collection_name == self.name)
        return any(index.open or "expireAfterSeconds" in index.options for index in indexes)
