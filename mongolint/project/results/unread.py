"""Documents that a write sends back, and that nobody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.results.flow import flow

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# What does the same and sends no document, and how many of its arguments stand in the same order
_WITHOUT = {
    "find_one_and_update": ("update_one", 2),
    "find_one_and_replace": ("replace_one", 2),
    "find_one_and_delete": ("delete_one", 1),
}
# Keywords that both know, and those that only say which document is sent
_SHARED = frozenset(["filter", "update", "replacement", "upsert", "collation", "hint", "session", "let", "comment"])
_SHARED_BY_UPDATES = frozenset(["array_filters"])
ONLY_SENT = frozenset(["projection", "return_document"])


class Unread(NamedTuple):
    """``name``: the method that sends no document."""

    operation: Operation
    name: str


def unread(project: Project, operation: Operation) -> Unread | None:
    """The write whose document is not even kept in a variable, where another method does the same without it."""
    name, count = _WITHOUT.get(operation.name, ("", 0))
    facts = project.modules[operation.module]
    node = facts.nodes[operation.row]
    if not name or node[0] != "call" or facts.nodes[node[1]][0] != "attr":
        return None
    keywords = [keyword for keyword, _ in node[2]]
    known = _SHARED | ONLY_SENT | (_SHARED_BY_UPDATES if name == "update_one" else frozenset())
    # A sort chooses the document, and a time limit is no argument of the other method
    if keywords.count(None) > count or not set(keywords) - {None} <= known:
        return None
    found = flow(project, operation.module, operation.row)
    if found.users or found.leaves or found.tested or any(use.row in found.rows for use in facts.uses):
        return None
    is_bound = any(found.rows & set(held) for scope in facts.scopes for held in scope.defs.values())
    return None if is_bound else Unread(operation, name)
