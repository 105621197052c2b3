"""Deletes that leave documents behind which refer to what was deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import NONE, ClassRef, Collection, ExternalObject, Instance, informative
from mongolint.link.states.memory import held, held_by
from mongolint.mongo.drivers import FILES
from mongolint.project.operations import Operation
from mongolint.project.references.links import Reference

if TYPE_CHECKING:
    from mongolint.project.model import Project

_DELETING = ("delete_one", "delete_many", "find_one_and_delete", "remove")
# Records of what was, or was paid, which outlive it
_RECORDS = frozenset(
    [
        *("audit", "log", "history", "archive", "metric", "stat", "trash", "deleted", "backup", "tombstone"),
        *("payment", "transaction", "invoice", "receipt", "ledger", "billing"),
    ]
)
# Those that are kept because of what is deleted
_MEANT = _RECORDS - {"log", "metric", "stat"}
_HANDING_ON = frozenset(
    ["delay", "apply_async", "send_task", "add_task", "publish", "emit", "dispatch", "enqueue", "trigger", "send"]
)
_TAKING_OUT = frozenset(["delete", "remove", "purge", "cleanup", "clean", "cascade", "clear", "drop", "destroy"])
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_MAX_CALLERS = 40

Function = tuple[int, int]


class Orphans(NamedTuple):
    """A delete, and the references that it leaves; ``unused``: deletes of such documents that nothing runs."""

    operation: Operation
    left: tuple[Reference, ...]
    unused: tuple[Operation, ...]


class Deletes:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @held
    def _operations(self) -> list[Operation]:
        return [operation for operation in self.project.operations if operation.module not in self.project.tests]

    @held
    def orphans(self) -> list[Orphans]:
        """The deletes that leave orphans."""
        return self._all(self._stays)

    @held
    def records(self) -> list[Orphans]:
        """The deletes that leave what was recorded of it, and is read: until it expires, or as a log that stays."""
        return self._all(self._is_record)

    def beside(self, operation: Operation, collection: str) -> str | None:
        """The attribute, ``self.notes``, by which the object that holds an operation's collection holds another one.

        "" where no object of the project holds it; None where it does not hold the other.
        """
        link, module = self.project.link, operation.module
        node = link.node(module, link.node(module, operation.row)[1])
        node = link.node(module, node[1]) if node[0] == "attr" else node
        held = [atom for atom in link.value(module, node[1]) if type(atom) is Instance] if node[0] == "attr" else []
        if not held:
            return ""
        base = link.node(module, node[1])
        if base[0] == "param":
            for owner in link.hierarchy.order(ClassRef(*held[0][:2])):
                for store in link.modules[owner.module].stores:
                    if link.method_class(owner.module, store.scope) == owner:
                        value = [atom for atom in link.attribute(held[0], str(store.name)) if atom != NONE]
                        if len(value) == 1 and type(value[0]) is Collection and value[0].name == collection:
                            return f"{base[2]}.{store.name}"
        return None

    def with_files(self, collection: str) -> Operation | None:
        """A delete from a collection beside which files of GridFS are deleted: its documents refer to some."""
        wanted = (other for other in self._operations if other.name in _DELETING and other.runs_on(collection))
        return next((other for other in wanted if self._deletes_files(other)), None)

    def _deletes_files(self, beside: Operation) -> bool:
        link, module = self.project.link, beside.module
        for call in self.project.modules[module].calls:
            called = link.node(module, link.node(module, call.row)[1])
            if call.scope == beside.scope and called[0] == "attr" and called[2] == "delete":
                held = link.value(module, called[1])
                if any(type(atom) is ExternalObject and atom.name in FILES for atom in held):
                    return True
        return False

    def _all(self, is_left: Callable[[str], bool]) -> list[Orphans]:
        deletes = [operation for operation in self._operations if operation.name in _DELETING]
        wanted = [operation for operation in deletes if self._is_of_one(operation)]
        return [found for operation in wanted if (found := self._of(operation, is_left)) is not None]

    @held_by
    def _is_of_one(self, operation: Operation) -> bool:
        """Whether an operation deletes what a key names, for good and not to undo what was just done."""
        project = self.project
        if operation.collection is None or project.is_script(operation.module):
            return False
        facts = project.modules[operation.module]
        if any(entry.kind in ("handler", "finally") for entry in facts.chain(operation.context)):
            return False
        here = (operation.module, operation.scope)
        return bool(operation.scope) and not any(
            other.name in ("insert_one", "insert_many") and other.collection == operation.collection
            for other in self._run_by(here)
        )

    def _of(self, operation: Operation, is_left: Callable[[str], bool]) -> Orphans | None:
        known = self.project.fields.references
        collection = str(operation.collection_names[0])
        equal = {name for name, kind in operation.filter.required.items() if kind in ("equality", "in")}
        found = [each for each in known if each.parent == collection and each.key in equal and is_left(each.child)]
        found = [each for each in found if not any(other.child == collection for other in found)]
        if not found or self._reached_by_nobody(operation):
            return None
        around = self._around(operation)
        if any(self._may_do_more(function) for function in around):
            return None
        seen = [other for function in around for other in self._run_by(function)]
        left: list[Reference] = []
        unused: list[Operation] = []
        for each in found:
            if any(_is_about(other, each) for other in seen if other is not operation):
                continue
            elsewhere = [other for other in self._operations if other.name in _DELETING and _is_about(other, each)]
            dead = [other for other in elsewhere if self._reached_by_nobody(other)]
            # Another way to delete all that refer is perhaps a part of this one
            if not any(_asks_for(other, each) for other in elsewhere if other not in dead):
                left.append(each)
                unused += [other for other in dead if _asks_for(other, each)]
        return Orphans(operation, tuple(left), tuple({id(each): each for each in unused}.values())) if left else None

    def _stays(self, collection: str) -> bool:
        """Whether documents of a collection are read later, and neither expire nor are meant to outlive others."""
        return self._is_read(collection) and not (_RECORDS & _words(collection) or self._expires(collection))

    def _is_record(self, collection: str) -> bool:
        """Whether documents of a collection are read later, and stay as a log or until they expire."""
        if not self._is_read(collection) or _MEANT & _words(collection):
            return False
        return bool(_RECORDS & _words(collection)) or self._expires(collection)

    @held_by
    def _is_read(self, collection: str) -> bool:
        return any(
            other.method.kind == "read" and other.module not in self.project.tests
            for other in self.project.operations_on(collection)
        )

    def _expires(self, collection: str) -> bool:
        return any(i.collection_name == collection and "expireAfterSeconds" in i.options for i in self.project.indexes)

    @held_by
    def _reached_by_nobody(self, operation: Operation) -> bool:
        module, scope = operation.module, operation.scope
        runner = self.project.reached(module, scope, operation.context).runner
        return runner in ("nothing", "script") or self.project.reachability.is_ruled_out(module, scope, operation.row)

    def _around(self, operation: Operation) -> list[Function]:
        """The function that deletes, and those that call it, in which the rest may be done."""
        found: dict[Function, None] = {(operation.module, operation.scope): None}
        pending = list(found)
        while pending and len(found) < _MAX_CALLERS:
            module, scope = pending.pop(0)
            for use in self.project.reachability.uses.of(module, scope):
                caller = (use.module, use.scope)
                if use.scope and caller not in found and use.module not in self.project.tests:
                    found[caller] = None
                    pending.append(caller)
        return list(found)

    @held_by
    def _may_do_more(self, function: Function) -> bool:
        """Whether a function hands work on, or calls something that the model cannot name and that sounds like it."""
        module, scope = function
        facts = self.project.modules[module]
        for call in facts.calls:
            name = str(facts.nodes[facts.nodes[call.row][1]][-1])
            if call.scope != scope or self.project.operation_at(module, call.row) is not None:
                continue
            if name in _HANDING_ON:
                return True
            if any(word.lower() in _TAKING_OUT for word in _WORD.findall(name)):
                value = self.project.link.value(module, facts.nodes[call.row][1])
                if not informative(value):
                    return True
        return False

    @held_by
    def _run_by(self, function: Function) -> list[Operation]:
        """The operations that a function runs, through others too."""
        project, (module, scope) = self.project, function
        own = project.operations_in(module) if module not in project.tests else ()
        found = {id(operation): operation for operation in own if operation.scope == scope}
        for call in project.modules[module].calls:
            if call.scope == scope:
                found.update({id(reach.operation): reach.operation for reach in project.reach(module, call.row)})
        return list(found.values())


def _words(collection: str) -> set[str]:
    return {word.lower().removesuffix("s") for word in _WORD.findall(collection)}


def _is_about(operation: Operation, reference: Reference) -> bool:
    """Whether an operation looks for or deletes the documents that refer: it may well care for them."""
    if operation.name in (*_DELETING, "drop", "bulk_write") and not operation.collection_names:
        return True
    if not operation.runs_on(reference.child):
        return False
    return operation.name in (*_DELETING, "drop", "bulk_write") or _asks_for(operation, reference)


def _asks_for(operation: Operation, reference: Reference) -> bool:
    return reference.field in operation.filter.required or reference.field in operation.filter.optional
