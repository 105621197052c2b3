"""Which collections the code gives a validator, and which take none.

Source: asked of a server 6.0.5, which refuses a validator of a time series, by ``create`` and by ``collMod`` alike.
"""

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
    named = validated(project) | project.fields.time_series
    if None in named:
        return []
    fields = project.fields
    return [name for name in fields.collections if fields.documents(name) and name not in named]


def validated(project: Project) -> frozenset[str | None]:
    """The collections that the code gives a validator; None among them for one that only the running program knows."""
    return frozenset(_validated(project))


def time_series(project: Project) -> frozenset[str | None]:
    """The collections that the code makes as time series; None among them for one whose name is not known."""
    return frozenset(
        name
        for module, args in _calls(project, "create_collection")
        if "timeseries" in {keyword for keyword, _ in args}
        for name in _created(project, module, args)
    )


def _validated(project: Project) -> Iterator[str | None]:
    """The names of collections with a validator; None for one that only the running program knows."""
    for module, args in _calls(project, "create_collection"):
        if {keyword for keyword, _ in args} & {"validator", "**"}:
            yield from _created(project, module, args)
    for module, args in _calls(project, "command"):
        if args:
            yield from _of_command(project, module, project.modules[module], args)


def _calls(project: Project, method: str) -> Iterator[tuple[int, tuple[tuple[str | None, int], ...]]]:
    """The arguments of each call of a method of that name, outside of tests."""
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for call in facts.calls:
            node = facts.nodes[call.row]
            function = facts.nodes[node[1]]
            if function[0] == "attr" and function[2] == method:
                yield module, node[2]


def _created(project: Project, module: int, args: tuple[tuple[str | None, int], ...]) -> Iterator[str | None]:
    return _named(project, module, [row for keyword, row in args if keyword in (None, "name")][:1])


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
