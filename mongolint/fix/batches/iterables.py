"""Whether what a loop goes through can be gone through twice, and whether its keys can repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.link.atoms import Cursor
from mongolint.link.rowtools import alternatives

if TYPE_CHECKING:
    from mongolint.project.model import Project

_LISTS = frozenset(["list", "sorted", "tuple", "set", "frozenset", "dict", "range", "deque"])
_VIEWS = frozenset(["items", "keys", "values", "split", "splitlines", "copy", "fromkeys"])
_LIST_TYPES = frozenset(["list", "List", "Sequence", "tuple", "Tuple", "set", "Set", "dict", "Dict", "frozenset"])


def is_cursor(project: Project, module: int, row: int) -> bool:
    """Whether a row is a cursor."""
    return any(type(atom) is Cursor for atom in project.link.value(module, row))


def is_repeatable(project: Project, module: int, row: int) -> bool:
    """Whether a row is surely a list, or something else that can be gone through again."""
    facts = project.modules[module]
    pending, seen = [row], {row}
    while pending:
        for each in alternatives(facts, pending.pop()):
            below = _before(facts.nodes[each])
            if below is None and not _is_repeatable(project, module, each):
                return False
            if below is not None and below not in seen:
                seen.add(below)
                pending.append(below)
    return True


def _before(node: Row) -> int | None:
    """The row of that which was changed, or added to, to get a list."""
    if node[0] == "mutated":
        return int(node[1])
    return int(node[2]) if node[0] == "binop" else None


def _is_repeatable(project: Project, module: int, row: int) -> bool:
    facts = project.modules[module]
    node = facts.nodes[row]
    match node[0]:
        case "seq" | "dict" | "setitem":
            return True
        case "comp":
            return bool(node[1] != "generator")
        case "const":
            return isinstance(node[1], str | bytes)
        case "typed":
            return _is_list_type(project, module, node[1])
        case "param":
            param = next((p for p in facts.scopes[node[1]].params if p.name == node[2]), None)
            if param is None or param.annotation is None:
                return False
            return param.kind in ("positional", "keyword") and _is_list_type(project, module, param.annotation)
        case "await":
            inner = facts.nodes[node[1]]
            function = facts.nodes[inner[1]] if inner[0] == "call" else ("none",)
            return bool(function[0] == "attr" and function[2] in ("to_list", "distinct"))
        case "call":
            return _is_list_call(project, module, row)
    return False


def _is_list_call(project: Project, module: int, row: int) -> bool:
    facts = project.modules[module]
    function = facts.nodes[facts.nodes[row][1]]
    if function[0] == "free":
        return function[2] in _LISTS and not project.link.global_name(module, function[2])
    return bool(function[0] == "attr" and (function[2] in _VIEWS or function[2] in ("to_list", "distinct")))


def _is_list_type(project: Project, module: int, row: int) -> bool:
    """Whether an annotation names a list: ``list[str]``, ``List[User] | None``."""
    node = project.modules[module].nodes[row]
    if node[0] == "item":
        return _is_list_type(project, module, node[1])
    if node[0] == "attr":
        return node[2] in _LIST_TYPES
    if node[0] in ("free", "from"):
        return node[2] in _LIST_TYPES
    return False


def is_generator(project: Project, module: int, row: int) -> bool:
    """Whether a row may be made by a generator, whose code runs while it is gone through."""
    facts = project.modules[module]
    for each in alternatives(facts, row):
        node = facts.nodes[each]
        if node[0] == "comp" and node[1] == "generator":
            return True
        if node[0] == "call":
            for function in project.link.functions_called(module, each):
                if project.modules[function.module].scopes[function.scope].yields:
                    return True
            if any(is_generator(project, module, arg) for _, arg in node[2]):
                return True
    return False


def has_distinct_items(project: Project, module: int, row: int) -> bool:
    """Whether no two items of a row are equal: keys of a dict, a set, ``_id`` is for the caller to judge."""
    facts = project.modules[module]
    node = facts.nodes[row]
    if node[0] == "seq" and node[1] == "set":
        return True
    if node[0] == "comp":
        return node[1] in ("set", "dict")
    if node[0] == "dict":
        return True
    if node[0] == "call":
        function = facts.nodes[node[1]]
        if function[0] == "free" and function[2] in ("set", "frozenset", "dict"):
            return True
        if function[0] == "free" and function[2] in ("list", "sorted", "tuple") and len(node[2]) >= 1:
            return has_distinct_items(project, module, node[2][0][1])
        return bool(function[0] == "attr" and function[2] in ("keys", "fromkeys"))
    return False


def goes_through_documents(project: Project, module: int, row: int) -> bool:
    """Whether the items are the documents of one query, so that their ``_id`` are distinct."""
    facts = project.modules[module]
    node = facts.nodes[row]
    if node[0] == "await":
        return goes_through_documents(project, module, node[1])
    if node[0] == "call":
        function = facts.nodes[node[1]]
        if function[0] == "attr" and function[2] == "to_list":
            return is_cursor(project, module, function[1])
        if function[0] == "free" and function[2] == "list" and len(node[2]) == 1:
            return is_cursor(project, module, node[2][0][1])
    return is_cursor(project, module, row) and node[0] != "phi"
