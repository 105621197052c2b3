"""Documents of which a function uses a few fields only, and that go nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import NONE
from mongolint.mongo.methods import TABLES
from mongolint.project.results.flow import Flow, flow

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts, Row
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

STEPS = frozenset(name for name, method in TABLES["cursor"].items() if method.kind == "cursor-step")
_ASKING = frozenset(["Is", "IsNot", "Equal", "NotEqual"])


class PartialUse(NamedTuple):
    """A read of whole documents; ``fields`` are all that is used of them, in the order met.

    ``tested``: it is asked whether a document is true, which one without any field is not. ``lists``: the arrays of
    documents that each of several documents is read with, and of which nothing is used. ``projected``: there is a
    projection, which leaves out no more than ``_id``.
    """

    operation: Operation
    fields: tuple[str, ...]
    tested: bool
    lists: tuple[str, ...] = ()
    projected: bool = False


def partial_use(project: Project, operation: Operation) -> PartialUse | None:
    """The fields that the function uses of what it reads; None where more may be used, or fewer are fetched."""
    projected = leaves_out_id(project, operation)
    if not reads_whole(project, operation, projected):
        return None
    module, seen = operation.module, Seen()
    if operation.name == "find_one":
        complete = of_document(project, module, flow(project, module, operation.row), seen)
    else:
        complete = _of_cursor(project, module, operation.row, seen) and bool(seen.fields)
    lists = _unused_lists(project, operation, seen.fields) if complete and operation.name == "find" else ()
    if not complete or (takes_most(project, operation, seen.fields) and not lists):
        return None
    return PartialUse(operation, tuple(seen.fields), seen.tested, lists, projected)


def _unused_lists(project: Project, operation: Operation, taken: Collection[str]) -> tuple[str, ...]:
    """The arrays of documents that are read for nothing."""
    if len(operation.collection_names) != 1:
        return ()
    fields = project.fields.of(operation.collection_names[0]).fields
    holders = {name.partition(".")[0] for name, each in fields.items() if "." in name and each.written}
    used = {name.partition(".")[0] for name in taken}
    return tuple(name for name in fields if name in holders - used and "array" in fields[name].kinds)


def leaves_out_id(project: Project, operation: Operation) -> bool:
    """Whether the projection is ``{"_id": 0}``, written at the call: all that is large is fetched with it, too."""
    given = project.results.argument(operation, operation.method.projection)
    if given is None or given.module != operation.module:
        return False
    facts = project.modules[given.module]
    node = facts.nodes[given.row]
    if node[0] != "dict" or len(node[1]) != 1:
        return False
    ((key, value),) = node[1]
    return key is not None and facts.constant(key) == "_id" and facts.nodes[value] in (("const", 0), ("const", False))


def reads_whole(project: Project, operation: Operation, projected: bool = False) -> bool:
    """Whether a function reads documents without a projection (one that counts), and others cannot give one."""
    node = project.modules[operation.module].nodes[operation.row]
    if operation.name not in ("find", "find_one") or node[0] != "call" or not operation.scope:
        return False
    if any(keyword in ("*", "**") for keyword, _ in node[2]):
        return False
    given = project.results.argument(operation, operation.method.projection)
    if given is not None and not projected and project.link.value(*given) != (NONE,):
        return False
    return not project.made_clients.is_by_hand(operation)


def takes_most(project: Project, operation: Operation, taken: Collection[str]) -> bool:
    """Whether a document has hardly more than the fields that are taken of it, as far as all code that writes it shows.

    What grows is more than its one name.
    """
    if len(operation.collection_names) != 1:
        return False
    name = operation.collection_names[0]
    known = project.fields.of(name)
    written = {"_id", *(each.partition(".")[0] for each, field in known.fields.items() if field.written)}
    left = written.difference(taken)
    if known.open or len(written) == 1 or left & large_fields(project, name):
        return False
    return len(left) <= len(written - left)


def large_fields(project: Project, collection: str) -> set[str]:
    """The fields of a collection in which something grows."""
    fields = project.fields
    names = (*(each.field for each in fields.growing(collection)), *(name for name, _ in fields.rewritten(collection)))
    return {name.partition(".")[0] for name in names}


@dataclass(slots=True)
class Seen:
    """What was seen so far: fields, whether a document is tested, calls that were followed."""

    fields: dict[str, None] = field(default_factory=dict)
    tested: bool = False
    calls: set[int] = field(default_factory=set)


def _of_cursor(project: Project, module: int, row: int, seen: Seen) -> bool:
    """Whether a cursor is only iterated over, and its documents used by the fields alone."""
    facts = project.modules[module]
    found = flow(project, module, row)
    if found.leaves or found.tested or not found.users:
        return False
    for user, _ in found.users:
        node = facts.nodes[user]
        if node[0] == "attr" and (node[2] in STEPS or node[2] == "to_list"):
            called = [call for call, _ in flow(project, module, user).users]
            if any(facts.nodes[call][0] != "call" for call in called):
                return False
            for call in called:
                if call not in seen.calls:
                    seen.calls.add(call)
                    if not (of_list if node[2] == "to_list" else _of_cursor)(project, module, call, seen):
                        return False
        elif is_call_of(facts, "list", user, row):
            if not of_list(project, module, user, seen):
                return False
        elif node[0] == "iter":
            if not of_document(project, module, flow(project, module, user), seen):
                return False
        else:
            return False
    return True


def of_list(project: Project, module: int, row: int, seen: Seen) -> bool:
    """Whether a list of documents is only gone through, counted and asked whether it is empty."""
    facts = project.modules[module]
    found = flow(project, module, row)
    if found.leaves or not found.users:
        return False
    for user, used in found.users:
        node = facts.nodes[user]
        if node[0] == "iter":
            if not of_document(project, module, flow(project, module, user), seen):
                return False
        elif not (node[0] == "not" or _asks_if(node, used) or is_call_of(facts, "len", user, used)):
            return False
    return True


def is_call_of(facts: ModuleFacts, name: str, row: int, given: int) -> bool:
    """Whether a row is a call of a function that nobody binds here, with one value: ``list(cursor)``."""
    node = facts.nodes[row]
    if node[0] != "call" or node[2] != ((None, given),):
        return False
    function = facts.nodes[node[1]]
    return bool(function[0] == "free" and function[2] == name)


def of_document(project: Project, module: int, found: Flow, seen: Seen, *, may_return: bool = False) -> bool:
    """Whether a document is only asked for fields by name, and whether it is there; notes the fields."""
    facts = project.modules[module]
    if found.kept or (found.returned and not may_return):
        return False
    if not (found.users or found.tested or found.returned):
        return False
    seen.tested = seen.tested or found.tested
    for user, used in found.users:
        node = facts.nodes[user]
        if node[0] == "item" and node[1] == used and isinstance(facts.constant(node[2]), str):
            seen.fields[str(facts.constant(node[2]))] = None
        elif node[0] == "attr" and node[2] == "get":
            for call, _ in flow(project, module, user).users:
                args = facts.nodes[call][2] if facts.nodes[call][0] == "call" else ()
                name = facts.constant(args[0][1]) if args and args[0][0] is None else None
                if not isinstance(name, str):
                    return False
                seen.fields[name] = None
        elif node[0] == "compare" and node[1] in (("In",), ("NotIn",)) and node[2][1] == used:
            name = facts.constant(node[2][0])
            if not isinstance(name, str):
                return False
            seen.fields[name] = None
        elif node[0] == "compare":
            if not all(operator in _ASKING for operator in node[1]) or not _is_none(project, module, node[2], used):
                return False
        elif node[0] == "not" or _asks_if(node, used):
            seen.tested = True
        else:
            return False
    return True


def _asks_if(node: Row, used: int) -> bool:
    """``1 if found else 2``; ``found and found["name"]``, which is what was found only where that is nothing."""
    if node[0] == "ifexp":
        return bool(node[1] == used)
    return bool(node[0] == "bool" and node[1] == "and" and node[2][-1] != used)


def _is_none(project: Project, module: int, rows: tuple[int, ...], used: int) -> bool:
    facts = project.modules[module]
    return all(row == used or facts.nodes[row] == ("const", None) for row in rows)
