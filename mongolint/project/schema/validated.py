"""Which collections the code gives a validator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import strings

if TYPE_CHECKING:
    from mongolint.project.model import Project

_COMMANDS = ("collMod", "create")


def unvalidated(project: Project) -> list[str]:
    """The collections that the code makes documents of and gives no validator; none where that is not known."""
    named = validated(project)
    if None in named:
        return []
    fields = project.fields
    return [name for name in fields.collections if fields.documents(name) and name not in named]


def validated(project: Project) -> frozenset[str | None]:
    """The collections that the code gives a validator; None among them for one that only the running program knows."""
    return frozenset(_validated(project))


def _validated(project: Project) -> Iterator[str | None]:
    """The names of collections with a validator; None for one that only the running program knows."""
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for call in facts.calls:
            node = facts.nodes[call.row]
            function = facts.nodes[node[1]]
            if function[0] != "attr" or function[2] not in ("create_collection", "command"):
                continue
            if function[2] == "create_collection":
                keywords = {keyword for keyword, _ in node[2]}
                if keywords & {"validator", "**"}:
                    yield from _named(
                        project, module, [row for keyword, row in node[2] if keyword in (None, "name")][:1]
                    )
            elif node[2]:
                yield from _of_command(project, module, facts, node[2])


def _of_command(
    project: Project, module: int, facts: ModuleFacts, args: tuple[tuple[str | None, int], ...]
) -> Iterator[str | None]:
    first = facts.nodes[args[0][1]]
    if first[0] == "const" and first[1] in _COMMANDS:
        yield from _named(project, module, [row for _, row in args[1:2]])
    elif first[0] in ("dict", "setitem", "mutated"):
        for name, place in project.reader.entries(module, args[0][1], None):
            if name in _COMMANDS:
                found: list[str | None] = [*strings(project.link.value(*place))]
                yield from found or [None]


def _named(project: Project, module: int, rows: list[int]) -> Iterator[str | None]:
    found: list[str | None] = [*strings(project.link.value(module, rows[0]))] if rows else []
    yield from found or [None]
