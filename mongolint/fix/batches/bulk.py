"""One ``bulk_write`` or ``insert_many`` for the writes of a loop (shapes A1 and S7).

``bulk_write`` of the same operations in the same order leaves the same documents as the loop did: each touches the
first match only, ``$push`` and ``$inc`` count repeated ids, filters see what the operations before did. Measured on
a server; `update_many` would change each of these. It is sent where the loop ends, also when it ends early by what is
written to end it; that an item lacks a field is a bug either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fastclasses import dataclass
from mongolint.fix.batches.expressions import (
    arguments,
    changed_names,
    holds_comment,
    may_raise,
    may_refuse,
    names_bound,
    names_read,
    own_nodes,
    root,
)
from mongolint.fix.batches.itemerrors import ItemErrors
from mongolint.fix.batches.iterables import is_generator
from mongolint.fix.batches.loopsite import CHUNK, LoopSite, Patch
from mongolint.fix.batches.writing import collection_word
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import line_end
from mongolint.project.loops.repetitions import Repetition
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# The request that does what a method does, for the arguments that both have. Those of find_one_and_* that
# only shape the returned document are dropped with it.
REQUESTS = {
    "update_one": "UpdateOne",
    "update_many": "UpdateMany",
    "replace_one": "ReplaceOne",
    "delete_one": "DeleteOne",
    "delete_many": "DeleteMany",
    "insert_one": "InsertOne",
    "find_one_and_update": "UpdateOne",
    "find_one_and_replace": "ReplaceOne",
    "find_one_and_delete": "DeleteOne",
}
_CARRIED = frozenset(
    ["filter", "update", "replacement", "document", "upsert", "array_filters", "collation", "hint", "session"]
)
_DROPPED = frozenset(["projection", "return_document"])
# Errors of one write that a bulk_write reports as BulkWriteError, which is none of them
_NARROW_ERRORS = frozenset(["DuplicateKeyError", "WriteError", "WTimeoutError", "WriteConcernError", "InvalidId"])


def collect(draft: Draft, repetition: Repetition) -> None:
    """Collect the writes of a loop and send them at once.

    Raises:
        NoFix: that would change what the loop does.
    """
    site = LoopSite(draft, repetition)
    writes = _Writes(site)
    writes.check()
    writes.rewrite()


@dataclass
class _Group:
    """The writes of a loop to one collection. ``held``: the list that collects them."""

    receiver: str
    operation: Operation
    calls: list[cst.Call]
    session: str = ""
    held: str = ""


class _Writes:
    """The writes of one loop: those to one collection after the other, in the order in which the loop makes them."""

    def __init__(self, site: LoopSite) -> None:
        self.site = site
        self.tree = site.tree
        self.groups: list[_Group] = []
        found = [(site.call, site.operation), *self._others()]
        for call, operation in sorted(found, key=lambda each: self.tree.span(each[0])):
            self._join(self._write(call), operation)
        self._check_reads()
        self.calls = [call for group in self.groups for call in group.calls]
        self.errors: ItemErrors | None = None
        self._batch = ""
        self.only_inserts = site.operation.name == "insert_one" and len(self.calls) == 1

    def _check_reads(self) -> None:
        """Nothing in the loop may read what is written, because that is written later."""
        written = {name for group in self.groups for name in group.operation.collection_names}
        for _, operation in self.site.other_operations():
            if operation.method.kind != "write" and written & set(operation.collection_names):
                raise NoFix(f"{operation.name} on {operation.target} in the same loop has to see what was written")

    def _join(self, call: cst.Call, operation: Operation) -> None:
        """Put a write to the others of its collection."""
        site = self.site
        func = call.func
        if not isinstance(func, cst.Attribute):
            raise NoFix("the method is called under another name")
        if call is site.call:
            receiver = site.receiver
        elif names_read(func.value) & site.bound:
            raise NoFix("another collection is written to for each item")
        else:
            receiver = self.tree.text(func.value)
        for group in self.groups:
            if group.receiver == receiver:
                group.calls.append(call)
                return
            if not set(group.operation.collection_names).isdisjoint(operation.collection_names):
                raise NoFix("the collection is written to under two names")
        self.groups.append(_Group(receiver, operation, [call]))

    def _write(self, call: cst.Call) -> cst.Call:
        """The call, if it is a statement whose value nobody uses."""
        parent = self.tree.parent(call)
        expression = parent if isinstance(parent, cst.Await) else call
        holder = self.tree.parent(expression)
        if not isinstance(holder, cst.Expr):
            raise NoFix("the result of the write is used")
        line = self.tree.parent(holder)
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            raise NoFix("the statement shares its line with another")
        return call

    def _others(self) -> Iterator[tuple[cst.Call, Operation]]:
        """The other writes of the loop: their order has to stay."""
        site = self.site
        for call, operation in site.other_operations():
            direct = (operation.module, operation.row) == (site.module, call.row)
            if operation.method.kind == "write" and direct:
                yield self.tree.at(site.facts.spans[call.row], cst.Call), operation
            elif site.same_collection(operation):
                raise NoFix(f"{operation.name} on {operation.target} in the same loop has to see what was written")
            elif operation.method.kind == "write":
                raise NoFix(f"a helper writes to {operation.target} in between")

    def check(self) -> None:
        """Raises: NoFix: a condition of the batched form does not hold."""
        site = self.site
        site.check_awaited()
        if site.repetition.elsewhere:
            raise NoFix("each iteration also talks to another system, and the write records what it did")
        if site.leaves(cst.Yield):
            raise NoFix("the loop gives values away while it writes")
        for call in self.calls:
            self._check_place(call)
        # What stands around the write is surer than what a call may do
        unclear = site.unclear_call()
        if unclear:
            raise NoFix(f"{unclear}() may read what was written")
        for call in self.calls:
            self._check_arguments(call)
        self._check_handlers()
        self._check_callers()
        self._check_others()
        if self.errors:
            self.only_inserts = False
        if site.operation.name == "insert_one":
            self._check_document()

    def _check_place(self, call: cst.Call) -> None:
        for node in self.tree.ancestors(call):
            if node is self.site.loop:
                return
            if isinstance(node, cst.Try) and len(self.calls) == 1 and self.errors is None:
                self.errors = ItemErrors(self.site, node, call)
            elif isinstance(node, cst.Try | cst.TryStar):
                raise NoFix("each write has its own error handling")
            if isinstance(node, cst.With):
                raise NoFix("each write has its own with block")
            if isinstance(node, cst.For | cst.While):
                raise NoFix("the write is in a loop within the loop")

    def _check_handlers(self) -> None:
        """Errors of a batch have another class, and come later."""
        site = self.site
        below: cst.CSTNode = site.loop
        for node in self.tree.ancestors(site.loop):
            if isinstance(node, cst.Try) and any(below is each for each in [node.body]):
                for handler in node.handlers:
                    names = {n.value for n in _all_names(handler.type)} if handler.type else set()
                    if names & _NARROW_ERRORS:
                        raise NoFix(f"{min(names & _NARROW_ERRORS)} is caught here and would be a BulkWriteError")
            if isinstance(node, cst.FunctionDef | cst.Lambda):
                return
            below = node

    def _check_callers(self) -> None:
        """A caller that answers to a duplicate key would no longer see one."""
        site = self.site
        caught = site.draft.project.caught_by_callers(site.module, site.scope) & _NARROW_ERRORS
        if caught:
            raise NoFix(f"a caller catches {min(caught)}, which would be a BulkWriteError")

    def _check_others(self) -> None:
        """Writes to other collections come before or behind all of these, no longer in between."""
        site = self.site
        iterable = site.repetition.loop.iterable
        if iterable is not None and is_generator(site.draft.project, site.module, iterable):
            raise NoFix("the loop goes through what a generator makes while it runs")
        if len(self.groups) > 1 and any("insert" in _method(call) for call in self.calls):
            raise NoFix("an insert that fails decides whether the other writes of its iteration run")

    def _check_arguments(self, call: cst.Call) -> None:
        name = _method(call)
        if name not in REQUESTS:
            raise NoFix(f"{name} has no bulk request")
        positional, keywords = arguments(self.tree, call)
        if name.startswith("find_one_and") and len(positional) > (1 if name.endswith("delete") else 2):
            raise NoFix("its arguments are not named")
        unknown = set(keywords) - _CARRIED - (_DROPPED if name.startswith("find_one_and") else set())
        if unknown:
            raise NoFix(f"bulk requests have no {min(unknown)}")
        session = self.tree.text(keywords["session"].value) if "session" in keywords else ""
        group = next(group for group in self.groups if call in group.calls)
        if call is not group.calls[0] and session != group.session:
            raise NoFix("the writes run in different sessions")
        group.session = session
        self._check_freshness(call, [arg.value for arg in call.args])

    def _check_freshness(self, call: cst.Call, values: Sequence[cst.BaseExpression]) -> None:
        """What is sent later has to be what it is now."""
        site = self.site
        changed_later = changed_names(self._after(call))
        used = {name for value in values for name in names_read(value)}
        inside = names_bound(site.body) | site.targets
        for name in sorted(used):
            if name in changed_later and name in inside:
                raise NoFix(f"{name} is changed after the write")
            if name in changed_names(site.body) and not self._is_fresh(name):
                raise NoFix(f"{name} may be one object that every iteration changes")
            if name not in inside and {name, *self._parts_of(name)} & changed_names(site.body):
                raise NoFix(f"{name} is one object that every iteration changes")

    def _parts_of(self, name: str) -> set[str]:
        """The names from which a variable of the function was built."""
        around = self.tree.nearest(self.site.loop, cst.FunctionDef, cst.Module)
        return {
            part
            for node in own_nodes(around.body if isinstance(around, cst.FunctionDef) else around)
            if isinstance(node, cst.Assign) and any(root(t.target) == name for t in node.targets)
            for part in names_read(node.value)
        }

    def _is_fresh(self, name: str) -> bool:
        """Whether each iteration has an object of its own under a name that it changes."""
        values = [
            node.value
            for each in self.site.body
            for node in own_nodes(each)
            if isinstance(node, cst.Assign) and any(isinstance(t.target, cst.Name) for t in node.targets)
            if any(root(t.target) == name for t in node.targets)
        ]
        return all(not isinstance(value, cst.Name | cst.Attribute | cst.Subscript) for value in values)

    def _after(self, call: cst.Call) -> list[cst.CSTNode]:
        """The statements of the body behind a call."""
        end = self.tree.span(call)[1]
        found: list[cst.CSTNode] = []
        for each in self.site.body:
            for node in own_nodes(each):
                if isinstance(node, cst.SimpleStatementLine) and self.tree.span(node)[0] > end:
                    found.append(node)
        return found

    def _check_document(self) -> None:
        """``insert_one`` puts an ``_id`` into the document: nobody may look for it before the batch is sent."""
        call = self.calls[0]
        if not call.args:
            raise NoFix("the document is not there")
        name = root(call.args[0].value)
        site = self.site
        if isinstance(call.args[0].value, cst.Name):
            if name not in site.bound:
                raise NoFix(f"{name} is one document that is inserted again and again")
            for node in self._after(call):
                if name in names_read(node):
                    raise NoFix(f"{name} is used after it is inserted, when it has its _id")
        elif not isinstance(call.args[0].value, cst.Dict | cst.Call):
            raise NoFix("it is not clear whether each document is a new one")

    # Writing

    def rewrite(self) -> None:
        site, tree = self.site, self.tree
        draft = site.draft
        patch = Patch(tree)
        for group in self.groups:
            word = collection_word(group.operation)
            group.held = site.names.new(f"{word}_to_insert" if self.only_inserts else f"{word}_writes")
            for call in group.calls:
                self._collect(call, group, patch)
        if site.iterates_cursor and len(self.groups) > 1:
            self._flush_first(patch)
        first, last = tree.line_start(site.loop), site.behind_loop()
        body = patch.render(first, last)
        if not body.endswith(("\n", "\r")):
            body += site.file.newline
        held = self.groups[0].held
        start = "".join(f"{group.held} = []\n" for group in self.groups)
        if self.errors:
            start = self.errors.definition(held, self._send(self.groups[0], self.errors.pending))
        # Where an error is answered in the same function, the program goes on with what was written until then
        is_answered = any(isinstance(node, cst.Try | cst.TryStar) for node in self._around())
        is_kept = self._may_end_early(may_raise if is_answered else may_refuse)
        if is_kept:
            body = site.indented("try:") + site.deeper(body) + site.indented("finally:") + self._last(1)
        else:
            body += self._last(0)
        # Comments above the loop are about all of it
        draft.insert(site.module, first, site.indented(start))
        draft.replace(site.module, (first, last), body)
        what = "documents in one insert_many" if self.only_inserts else "writes in one bulk_write"
        draft.title = f"send the {what}" + (" for each collection" if len(self.groups) > 1 else "")
        lost = "" if is_kept or not self._may_end_early(may_raise) else ", none of them if an item makes it fail"
        draft.reason = f"the writes are sent when the loop ends{lost}, and a failed one raises BulkWriteError"

    def _last(self, level: int) -> str:
        """Behind the loop: what has not been sent yet."""
        site = self.site
        lines = ""
        for group in self.groups:
            send = self._call_sender() if self.errors else self._send(group, group.held)
            lines += site.indented(f"if {group.held}:", level) + site.indented(send, level + 1)
        return lines

    def _call_sender(self) -> str:
        assert self.errors is not None
        return f"{'await ' if self.site.awaited else ''}{self.errors.sender}()"

    def _around(self) -> Iterator[cst.CSTNode]:
        """What stands around the write in its function."""
        for node in self.tree.ancestors(self.site.call):
            if isinstance(node, cst.FunctionDef | cst.Lambda):
                return
            yield node

    def _may_end_early(self, fails: Callable[[cst.CSTNode], bool]) -> bool:
        """Whether the loop can end before its end with writes not sent: by a return, or an error of its own.

        ``fails``: what counts as such an error.
        """
        site = self.site
        sent = {id(call) for call in self.calls}
        if site.iterates_cursor or site.leaves(cst.Return, cst.Raise):
            return True
        for each in site.body:
            for node in own_nodes(each):
                if isinstance(node, cst.Expr) and self._holds_write(node, sent):
                    continue
                if isinstance(node, cst.BaseSmallStatement | cst.BaseExpression) and not self._is_part(node, sent):
                    if isinstance(node, cst.BaseExpression) and fails(node):
                        return True
        return any(fails(arg.value) for call in self.calls for arg in call.args)

    def _holds_write(self, node: cst.Expr, sent: set[int]) -> bool:
        value = node.value.expression if isinstance(node.value, cst.Await) else node.value
        return id(value) in sent

    def _is_part(self, node: cst.CSTNode, sent: set[int]) -> bool:
        """Whether a node is a write, or inside one."""
        if isinstance(node, cst.Await):
            node = node.expression
        return id(node) in sent or any(id(above) in sent for above in self.tree.ancestors(node))

    def _collect(self, call: cst.Call, group: _Group, patch: Patch) -> None:
        """``coll.update_one(…)`` becomes ``writes.append(UpdateOne(…))``."""
        site, tree = self.site, self.tree
        request = REQUESTS[_method(call)]
        _, keywords = arguments(tree, call)
        parent = tree.parent(call)
        expression = parent if isinstance(parent, cst.Await) else call
        start, end = tree.span(expression)
        opened = tree.text(call).index("(", tree.span(call.func)[1] - tree.span(call)[0]) + tree.span(call)[0]
        dropped = [name for name in keywords if name == "session" or name in _DROPPED]
        if dropped:
            if holds_comment(tree, opened, end):
                raise NoFix("there are comments among the arguments")
            kept = [arg for arg in call.args if arg.keyword is None or arg.keyword.value not in dropped]
            inner = ", ".join(tree.text(arg).rstrip().rstrip(",") for arg in kept)
        else:
            inner = tree.file_text[opened + 1 : tree.span(call)[1] - 1]
        if self.only_inserts:
            made = tree.text(call.args[0].value)
        else:
            made = f"{site.draft.need(site.module, 'pymongo', request)}({inner})"
        append = f"{group.held}.append({made})"
        if self.errors:
            self.errors.rewrite(patch, append)
        else:
            patch.replace(start, end, append)
        if site.iterates_cursor and len(self.groups) == 1:
            self._flush(self.errors.node if self.errors else tree.statement(call), group, patch)

    def _flush(self, statement: cst.CSTNode, group: _Group, patch: Patch) -> None:
        """Behind a statement: send as soon as there are many. What failed to be sent is not sent again at the end."""
        tree, step = self.tree, self.site.file.step
        lines = [f"if len({group.held}) >= {CHUNK}:"]
        if self.errors:
            lines.append(step + self._call_sender())
        else:
            lines += [step + line for line in self._swap(group)]
        self._insert(lines, tree.indent(statement), tree.line_end(statement), patch)

    def _swap(self, group: _Group) -> list[str]:
        if not self._batch:
            self._batch = self.site.names.new("batch")
        return [f"{self._batch}, {group.held} = {group.held}, []", self._send(group, self._batch)]

    def _flush_first(self, patch: Patch) -> None:
        """At the head of the body, which every iteration passes: send to all collections when there are many."""
        tree, step = self.tree, self.site.file.step
        lines = [f"if {' + '.join(f'len({group.held})' for group in self.groups)} >= {CHUNK}:"]
        # All are taken before any is sent: what was written first must not be missing beside what came second
        batches = [self.site.names.new(f"{group.held}_batch") for group in self.groups]
        for group, batch in zip(self.groups, batches, strict=True):
            lines.append(f"{step}{batch}, {group.held} = {group.held}, []")
        for group, batch in zip(self.groups, batches, strict=True):
            lines += [f"{step}if {batch}:", f"{step}{step}{self._send(group, batch)}"]
        first = self.site.body[0]
        header = tree.span(self.site.loop.iter)[1]
        self._insert(lines, tree.indent(first), line_end(tree.file_text, header), patch)

    def _insert(self, lines: Sequence[str], blanks: str, offset: int, patch: Patch) -> None:
        line_break = self.site.file.newline
        lead = "" if self.tree.file_text[offset - 1 : offset] in ("\n", "\r") else line_break
        patch.replace(offset, offset, lead + "".join(blanks + line + line_break for line in lines))

    def _send(self, group: _Group, batch: str) -> str:
        site = self.site
        method = "insert_many" if self.only_inserts else "bulk_write"
        options = ", ordered=False" if self.errors else ""
        options += f", session={group.session}" if group.session else ""
        return f"{'await ' if site.awaited else ''}{group.receiver}.{method}({batch}{options})"


def _method(call: cst.Call) -> str:
    return call.func.attr.value if isinstance(call.func, cst.Attribute) else ""


def _all_names(node: cst.CSTNode) -> Iterator[cst.Name]:
    return (inner for inner in own_nodes(node) if isinstance(inner, cst.Name))
