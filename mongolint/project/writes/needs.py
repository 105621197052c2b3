"""Indexes that the data needs, whatever is asked of it: unique ones, and those that end documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from mongolint.fastclasses import dataclass
from mongolint.link.atoms import Collection
from mongolint.project.indexes import IndexDeclaration

# Fields that say that a document is gone
MARKS_DELETED = re.compile(r"^(is_?)?(deleted|removed)(_?(at|on|date))?$", re.I)


@dataclass(frozen=True, slots=True)
class Constraint:
    """An index to be declared.

    ``doubt``: why a person has to write it, in a clause. ``remark``: what else it refuses, in a clause.
    """

    collection: Collection
    keys: tuple[tuple[str, int], ...]
    options: Mapping[str, Any] = field(compare=False)
    doubt: str = field(default="", compare=False)
    remark: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name or ""

    @property
    def fields(self) -> str:
        """The keys in words."""
        return ", ".join(name for name, _ in self.keys)

    @property
    def reason(self) -> str:
        """Why the fix that declares it is not safe."""
        if "unique" not in self.options:
            return "the server then deletes the documents when their date has passed"
        partial = self.options.get("partialFilterExpression", {})
        lacking = " or ".join(name for name, value in partial.items() if isinstance(value, dict) and "$in" not in value)
        left_out = f"; documents without {lacking} are left out of it" if lacking else ""
        start = "and with it a start of the application that builds it"
        remark = f"; {self.remark}" if self.remark else ""
        fails = f"building a unique index fails where duplicates are stored, {start}: look for them first"
        return f"{fails}{left_out}{remark}"

    @property
    def code(self) -> str:
        """The call that makes it."""
        pairs = ", ".join(f'("{name}", {direction})' for name, direction in self.keys)
        options = "".join(f", {name}={plain(value)}" for name, value in self.options.items())
        return f"create_index([{pairs}]{options})"


def plain(value: Any, quote: str = '"') -> str:
    """Plain data as Python."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain(key, quote)}: {plain(held, quote)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(plain(held, quote) for held in value) + "]"
    if isinstance(value, str) and value.isprintable() and not set(value) & set("\\'\""):
        return quote + value + quote
    return repr(value)


def may_be_unique(index: IndexDeclaration) -> bool:
    """Whether an index is unique, as far as its options are known."""
    given = index.options.get("unique", False)
    return given is None or bool(given) or index.open


def keeps_unique(indexes: Iterable[IndexDeclaration], fields: Iterable[str]) -> bool:
    """Whether some index may let no two documents have the same values of ``fields``."""
    wanted = set(fields)
    return any({name for name, _ in index.keys or ()} <= wanted and may_be_unique(index) for index in indexes)


def same(one: Collection, other: Collection) -> bool:
    """Whether two collections may be the same, of those whose names are known."""
    names = {one.database.name, other.database.name} - {None}
    return one.name is not None and one.name == other.name and len(names) < 2
