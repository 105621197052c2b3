"""The fields that code takes out of the documents that it has read: ``book["title"]``, ``book.get("title")``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.link.atoms import Cursor, External, FunctionRef
from mongolint.link.states.memory import held_by
from mongolint.project.fields.shapes import Use
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.model import Project

_MAX_DEPTH = 40
# They give a document as it is, or was, in the collection
_DOCUMENT = ("find_one", "find_one_and_update", "find_one_and_replace", "find_one_and_delete", "find_one_or_404")
_TAKING = ("get", "pop")
_PASSING = ("builtins.list", "builtins.sorted", "builtins.reversed", "builtins.tuple", "builtins.dict", "builtins.next")
_Found = tuple[Operation, ...]


def taken(project: Project) -> Iterator[tuple[str, str, Use]]:
    """Each such place: collection, field, use."""
    for module in range(len(project.modules)):
        if module not in project.tests:
            yield from _taken_in(project, module)


@held_by
def _taken_in(project: Project, module: int) -> list[tuple[str, str, Use]]:
    facts, sources, found = project.modules[module], _Sources(project), []
    for row, node in facts.of_kind("item", "call"):
        base, key = _access(facts, node)
        if base is None or not isinstance(key, str) or key.startswith("$") or _is_put(facts, base, key):
            continue
        for operation in sources.documents(module, base):
            if operation.collection is not None and operation.collection.name is not None:
                use = Use("value", project.span(module, row), _tolerance(facts, row))
                found.append((operation.collection.name, key, use))
    return found


def _tolerance(facts: ModuleFacts, row: int) -> str:
    """How a value is taken: "" if it has to be there."""
    node = facts.nodes[row]
    return "get" if node[0] == "call" and (facts.nodes[node[1]][2] == "get" or len(node[2]) > 1) else ""


def _is_put(facts: ModuleFacts, row: int, key: str) -> bool:
    """Whether the code itself has put a field into the document that it has read."""
    node = facts.nodes[row]
    while node[0] in ("setitem", "mutated", "delitem"):
        if node[0] == "setitem" and facts.constant(node[2]) == key:
            return True
        node = facts.nodes[node[1]]
    return False


def _access(facts: ModuleFacts, node: Row) -> tuple[int | None, object]:
    """The row of what is taken from, and the key."""
    if node[0] == "item":
        return node[1], facts.constant(node[2])
    if node[0] == "call" and node[2]:
        function, (keyword, first) = facts.nodes[node[1]], node[2][0]
        if function[0] == "attr" and function[2] in _TAKING and keyword is None:
            return function[1], facts.constant(first)
    return None, None


class _Sources:
    """The operations from which values come."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._kept: dict[tuple[str, int, int], _Found] = {}
        self._depth = 0

    def documents(self, module: int, row: int) -> _Found:
        """Those of which a value may be a document."""
        return self._once("one", module, row, self._documents)

    def several(self, module: int, row: int) -> _Found:
        """Those of which a value may be the documents: a cursor, or a list made of one."""
        return self._once("several", module, row, self._several)

    def _once(self, kind: str, module: int, row: int, find: Callable[[int, int, Row], _Found]) -> _Found:
        key = (kind, module, row)
        if key not in self._kept and self._depth < _MAX_DEPTH:
            self._kept[key] = ()
            self._depth += 1
            self._kept[key] = find(module, row, self.project.modules[module].nodes[row])
            self._depth -= 1
        return self._kept.get(key, ())

    def _documents(self, module: int, row: int, node: Row) -> _Found:
        match node[0]:
            case "await" | "mutated" | "setitem" | "delitem":
                return self.documents(module, node[1])
            case "typed" if node[2] is not None:
                return self.documents(module, node[2])
            case "phi":
                return _joined(self.documents(module, part) for part in node[1])
            case "bool":
                return _joined(self.documents(module, part) for part in node[2])
            case "iter":
                return self.several(module, node[1])
            case "item" if isinstance(self.project.modules[module].constant(node[2]), int):
                return self.several(module, node[1])
            case "call":
                operation = self.project.operation_at(module, row)
                if operation is not None:
                    return (operation,) if operation.name in _DOCUMENT else ()
                return self._returned(module, node, self.documents)
        return ()

    def _several(self, module: int, row: int, node: Row) -> _Found:
        match node[0]:
            case "await" | "mutated":
                return self.several(module, node[1])
            case "typed" if node[2] is not None:
                return self.several(module, node[2])
            case "phi":
                return _joined(self.several(module, part) for part in node[1])
            case "comp" if node[1] == "list" and node[2]:
                return self.documents(module, node[2][-1])
            case "call":
                function = self.project.modules[module].nodes[node[1]]
                if function[0] == "attr" and function[2] == "to_list":
                    return self.several(module, function[1])
                return self._cursors(module, row) or self._returned(module, node, self.several)
            case "param" | "free" | "attr":
                return self._cursors(module, row)
        return ()

    def _cursors(self, module: int, row: int) -> _Found:
        found = (
            self.project.operation_at(atom.module, atom.row)
            for atom in self.project.link.value(module, row)
            if type(atom) is Cursor and atom.kind == "cursor"
        )
        return tuple(operation for operation in found if operation is not None)

    def _returned(self, module: int, node: Row, read: Callable[[int, int], _Found]) -> _Found:
        """What a helper returns, or a function of Python that hands on what it is given."""
        found: list[_Found] = []
        for atom in self.project.link.value(module, node[1]):
            if type(atom) is FunctionRef:
                found += [read(atom.module, row) for row, _ in self.project.link.scope(*atom[:2]).returns]
            elif type(atom) is External and atom.name in _PASSING and node[2]:
                found.append(read(module, node[2][0][1]))
        return _joined(found)


def _joined(found: Iterable[_Found]) -> _Found:
    return tuple({id(operation): operation for each in found for operation in each}.values())
