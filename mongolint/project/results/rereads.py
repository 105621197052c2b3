"""Documents that are read again right after they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import Call
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import reached_rows
from mongolint.project.results.flow import flow
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# What only tells of the write
_TELLING = frozenset(["debug", "info", "warning", "error", "exception", "print"])


class Reread(NamedTuple):
    """A document that ``read`` fetches, which ``write`` has just changed or stored.

    ``checked``: the result of the write is looked at in between. ``kind``: an update can return the document itself; of
    an insert the program holds it.
    """

    write: Operation
    read: Operation
    kind: Literal["update", "insert"]
    checked: bool


def reread(project: Project, read: Operation) -> Reread | None:
    """The write after which ``read`` reads the same document, with nothing else in between."""
    if read.name != "find_one" or not _is_call(project, read) or not read.scope:
        return None
    write = _last_before(project, read)
    if write is None or write.collections != read.collections or write.session != read.session:
        return None
    tracer = project.writes.tracer
    target = inserts.target_of(tracer, read, None)
    if target is None or not target.is_that_of(tracer, write, None):
        return None
    if write.name == "insert_one":
        return Reread(write, read, "insert", False) if _asks_inserted(project, write, read) else None
    if not _same_document(project, write, read):
        return None
    return Reread(write, read, "update", bool(_uses_of_result(project, write)))


def _is_call(project: Project, operation: Operation) -> bool:
    return bool(project.link.node(operation.module, operation.row)[0] == "call")


def _last_before(project: Project, read: Operation) -> Operation | None:
    """The write that runs before a read in the same block, if only its result is looked at in between."""
    facts = project.modules[read.module]
    before = [call for call in facts.calls if call.scope == read.scope and call.row < read.row]
    inner = _argument_rows(project, read)
    for call in sorted(before, key=lambda call: call.row, reverse=True):
        operation = project.operation_at(read.module, call.row)
        if operation is not None and operation.name in ("update_one", "insert_one") and _is_call(project, operation):
            return operation if call.context == read.context or _stays(project, call, read) else None
        if call.row not in inner and not _is_harmless(project, read.module, call):
            return None
    return None


def _argument_rows(project: Project, read: Operation) -> set[int]:
    facts = project.modules[read.module]
    return set(reached_rows(facts, read.row))


def _stays(project: Project, call: Call, read: Operation) -> bool:
    """Whether a read runs whenever the write before it did: it stands in the same block."""
    facts = project.modules[read.module]
    around, own = facts.chain(call.context), facts.chain(read.context)
    return len(around) == len(own) and all(one is other for one, other in zip(around, own, strict=True))


def _is_harmless(project: Project, module: int, call: Call) -> bool:
    """Whether a call between a write and a read only tells of it, or runs where the read does not follow."""
    facts = project.modules[module]
    if any(entry.kind == "then" and entry.leaves for entry in facts.chain(call.context)):
        return True
    return project.callee_name(module, call.row) in _TELLING


def _uses_of_result(project: Project, write: Operation) -> list[tuple[int, int]]:
    found = flow(project, write.module, write.row)
    return [*found.users, *([(write.row, write.row)] if found.leaves or found.tested else [])]


def _asks_inserted(project: Project, write: Operation, read: Operation) -> bool:
    """``find_one({"_id": result.inserted_id})``."""
    if set(read.filter.required) != {"_id"} or read.filter.open or read.filter.clauses:
        return False
    place = read.filter.places.get("_id")
    if place is None or place.module != write.module:
        return False
    node = project.link.node(place.module, place.row)
    return node[0] == "attr" and node[2] == "inserted_id" and node[1] in flow(project, write.module, write.row).rows


def _same_document(project: Project, write: Operation, read: Operation) -> bool:
    """Whether both filters name one and the same document."""
    first, second = write.filter, read.filter
    if first.open or second.open or first.optional or second.optional or first.clauses or second.clauses:
        return False
    if first.required != second.required or not _names_one(project, write):
        return False
    if any(kind != "equality" for kind in first.required.values()):
        return False
    tracer = project.writes.tracer
    for name in first.required:
        one, other = first.places.get(name), second.places.get(name)
        if one is None or other is None or one.env is not None or other.env is not None:
            return False
        if one != other and tracer.term(Spot(*one[:2], None)) != tracer.term(Spot(*other[:2], None)):
            return False
    return True


def _names_one(project: Project, operation: Operation) -> bool:
    """Whether a filter names one document: by ``_id``, a unique key, or a field that the code takes for one."""
    if project.names_its_documents(operation):
        return True
    needed = [need for need in project.writes.constraints if need.options.get("unique") and not need.doubt]
    return any(
        need.name in operation.collection_names and {name for name, _ in need.keys} <= set(operation.filter.required)
        for need in needed
    )
