"""Fields that filters name after a value: ``{f"members.{user_id}": {"$gte": 2}}``, a name of its own for each user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.link.atoms import Const

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation


def named_after(project: Project, operation: Operation) -> list[str]:
    """The names of such fields in the filter of an operation, with what is filled in: ``members.<user_id>``."""
    return list(dict.fromkeys(name for name, _, _ in _named(project, operation)))


def is_all(project: Project, operation: Operation) -> bool:
    """Whether the filter of an operation has, besides such fields, those alone whose names the code shows."""
    row, module = _filter(project, operation)
    node = project.modules[module].nodes[row] if row is not None else ("none",)
    if node[0] != "dict":
        return False
    facts = project.modules[module]
    for key, _ in node[1]:
        name = facts.constant(key) if key is not None else None
        if isinstance(name, str):
            if name.startswith("$"):
                return False
        elif key is None or not _name(project, module, key):
            return False
    return True


def unlike(project: Project, operation: Operation) -> list[str]:
    """The names of those that may be anything but one value, which fits documents without such a field, too."""
    found = []
    for name, module, value in _named(project, operation):
        facts = project.modules[module]
        node = facts.nodes[value]
        for key, held in node[1] if node[0] == "dict" and len(node[1]) == 1 else ():
            given = facts.nodes[held]
            if key is not None and facts.constant(key) == "$ne" and given[0] == "const" and given[1] is not None:
                found.append(name)
    return list(dict.fromkeys(found))


def _named(project: Project, operation: Operation) -> Iterator[tuple[str, int, int]]:
    """Each such field with what it is compared with, as a row of a module."""
    if operation.module in project.tests:
        return
    row, module = _filter(project, operation)
    for key, value in _entries(project.modules[module], row) if row is not None else ():
        name = _name(project, module, key)
        if name:
            yield name, module, value


def _filter(project: Project, operation: Operation) -> tuple[int | None, int]:
    """The filter as a row of a module; that of a pipeline is its first stage."""
    place = project.results.argument(operation, operation.method.filter or operation.method.pipeline)
    if place is None:
        return None, operation.module
    is_plain = not operation.method.pipeline
    return place.row if is_plain else matched(project.modules[place.module], place.row), place.module


def matched(facts: ModuleFacts, row: int) -> int | None:
    """The filter of a pipeline that begins with one."""
    node = facts.nodes[row]
    stage = facts.nodes[node[2][0]] if node[0] == "seq" and node[2] else ("none",)
    pairs = stage[1] if stage[0] == "dict" else ()
    return next((value for key, value in pairs if key is not None and facts.constant(key) == "$match"), None)


def _entries(facts: ModuleFacts, row: int) -> Iterator[tuple[int, int]]:
    """The rows of the keys of a filter with their values, on each path."""
    pending, seen = [row], {row}
    while pending:
        node = facts.nodes[pending.pop()]
        below: tuple[int | None, ...] = ()
        if node[0] == "dict":
            yield from ((key, value) for key, value in node[1] if key is not None)
        elif node[0] == "phi":
            below = node[1]
        elif node[0] == "typed":
            below = (node[2],)
        elif node[0] == "setitem":
            yield node[2], node[3]
            below = (node[1],)
        pending += [each for each in below if each is not None and each not in seen]
        seen.update(each for each in below if each is not None)


def _name(project: Project, module: int, key: int) -> str:
    """The name that a key makes, if a whole part of its path is a value that the code does not know; else ""."""
    facts = project.modules[module]
    node = facts.nodes[key]
    rows = node[1] if node[0] == "fstr" else ()
    name, is_computed = "", False
    for number, row in enumerate(rows):
        text = facts.constant(row)
        if isinstance(text, str):
            name += text
            continue
        behind = facts.constant(rows[number + 1]) if number + 1 < len(rows) else "."
        value = project.link.value(module, row)
        if not name.endswith(".") or not str(behind or "").startswith(".") or any(type(a) is Const for a in value):
            return ""
        name, is_computed = f"{name}<{_shown(facts, row)}>", True
    return name if is_computed else ""


def _shown(facts: ModuleFacts, row: int) -> str:
    """A value in short: ``user.id``."""
    node = facts.nodes[row]
    if node[0] == "attr":
        return f"{_shown(facts, node[1])}.{node[2]}"
    if node[0] == "call" and len(node[2]) == 1:
        return _shown(facts, node[2][0][1])
    return str(node[2]) if node[0] in ("param", "free", "from") else "…"
