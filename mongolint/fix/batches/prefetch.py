"""One query before a loop for the documents that it looked up one by one (shapes A2 and A3).

Over a list all keys are asked for at once, over a cursor those of 1,000 documents at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import libcst as cst

from mongolint.facts.shapes import Call
from mongolint.fix.batches.expressions import (
    changed_names,
    is_pure,
    may_raise,
    names_read,
    own_nodes,
    root,
    string_value,
)
from mongolint.fix.batches.iterables import is_generator, is_repeatable
from mongolint.fix.batches.keys import LoopKey
from mongolint.fix.batches.lookups import Lookup, check_key, read_lookup
from mongolint.fix.batches.loopsite import CHUNK, LoopSite, Patch
from mongolint.fix.batches.results import is_only_read
from mongolint.fix.batches.writing import collection_word, query_lines
from mongolint.fix.nofix import NoFix
from mongolint.project.loops.repetitions import Repetition
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# Errors that a lookup in a dict raises as the code around the query expects it
_LOCAL_ERRORS = frozenset(["KeyError", "TypeError", "AttributeError", "ValueError", "IndexError", "LookupError"])


class Source(Protocol):
    """What a loop asks for one by one and what gives all of it: a query, or the twin of a helper."""

    field: str
    unique: bool
    sorted: bool
    widened: bool

    @property
    def key(self) -> cst.BaseExpression: ...

    @property
    def reads_attributes(self) -> bool: ...

    def fill(self, site: LoopSite, keys: str, found: str, made: str) -> list[str]:
        """Lines that bind the dict ``found`` to what there is for the keys that ``made`` generates."""

    def pick(self, site: LoopSite, found: str) -> str:
        """What stands in the place of the repeated call."""


class Query:
    """The driver call itself."""

    reads_attributes = False

    def __init__(self, site: LoopSite) -> None:
        self.lookup: Lookup = read_lookup(site.draft.project, site.tree, site.call, site.operation, site.bound)
        site.check_awaited()
        self.field, self.key = self.lookup.field, self.lookup.key
        self.unique, self.sorted, self.widened = self.lookup.unique, self.lookup.sorted, self.lookup.widened
        self.receiver = site.receiver

    def fill(self, site: LoopSite, keys: str, found: str, made: str) -> list[str]:
        document = site.names.new("document")
        return query_lines(self.lookup, self.receiver, keys, found, made, document, site.awaited, site.file.step)

    def pick(self, site: LoopSite, found: str) -> str:
        return f"{found}.get({site.tree.text(self.key)})"


def prefetch(draft: Draft, repetition: Repetition) -> None:
    """Fetch before a loop what it looks up in it.

    Raises:
        NoFix: that would change what the loop does.
    """
    site = LoopSite(draft, repetition)
    Prefetch(site, Query(site)).rewrite()


class Prefetch:
    """Fetches from a source before a loop what the loop asked for one by one."""

    def __init__(self, site: LoopSite, source: Source) -> None:
        self.site = site
        self.tree = site.tree
        self.project = site.draft.project
        self.source = source
        self.key = LoopKey(site, source.key)
        check_key(source.field, self.key.node, self.key.is_plain_item)
        self._check_loop()

    def _guard(self, conditional: bool) -> list[str]:
        """Conditions without which a key cannot be computed, where that would now stop the loop too early.

        An item without its key raises at its own turn, when the loop has handled those before it.
        """
        key = cst.parse_expression(self.key.text)
        loop_writes = any(operation.method.kind == "write" for _, operation in self.site.other_operations())
        early = any(self._has_effect(node) for node in self.site.before_call())
        if not may_raise(key) or not (conditional or early or loop_writes or self.site.inside(cst.Try)):
            return []
        found: list[str] = []
        for node in own_nodes(key):
            if isinstance(node, cst.Subscript) and may_raise(node):
                index = node.slice[0].slice
                name = string_value(index.value) if isinstance(index, cst.Index) else None
                if name is None or not isinstance(node.value, cst.Name):
                    raise NoFix("the key may be missing from an item")
                found.append(f'"{name}" in {node.value.value}')
        if may_raise(_without_subscripts(key)):
            raise NoFix("the key of an item may be malformed, which is told at its own turn")
        return found

    def _has_effect(self, node: cst.CSTNode) -> bool:
        """Whether a statement before the query does more than to read, to set a variable or to skip an item."""
        for inner in own_nodes(node):
            if isinstance(inner, cst.Call) and not (is_pure(inner) or self.site.is_read(inner) or _is_copy(inner)):
                return True
            if isinstance(inner, cst.AssignTarget) and not isinstance(inner.target, cst.Name | cst.Tuple):
                return True
        return False

    # The loop

    def _check_loop(self) -> None:
        site = self.site
        if site.repetition.elsewhere:
            raise NoFix("each iteration also talks to another system, so that what was read before may be old")
        if site.leaves(cst.Yield):
            raise NoFix("the loop gives values away between its queries")
        if site.inside(cst.For, cst.While, cst.With):
            raise NoFix("the query is in a block of its own within the loop")
        self._check_end()
        self._check_handlers()
        self._check_writes()
        if not self.source.unique and not site.operation.time_limit:
            raise NoFix("one query for all may take long, so set a time limit first")

    def _check_end(self) -> None:
        """A loop that stops when it has found something reads less than all."""
        for each in self.site.body:
            for node in own_nodes(each):
                if isinstance(node, cst.Break | cst.Return) and not self._is_absence(node):
                    raise NoFix("the loop ends as soon as it has what it looks for")

    def _is_absence(self, node: cst.CSTNode) -> bool:
        """Whether a statement runs only if the document is not there."""
        name = self._result_name()
        above = self.site.tree.nearest(node, cst.If)
        if name is None or above is None:
            return False
        return self.tree.text(above.test) in (f"not {name}", f"{name} is None", f"{name} == None")

    def _result_name(self) -> str | None:
        parent = self.tree.parent(self.site.expression)
        if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
            target = parent.targets[0].target
            return target.value if isinstance(target, cst.Name) else None
        return None

    def _check_handlers(self) -> None:
        node = self.site.inside(cst.Try, cst.TryStar)
        for handler in getattr(node, "handlers", ()):
            names = {n.value for n in own_nodes(handler.type) if isinstance(n, cst.Name)} if handler.type else set()
            if not names or names - _LOCAL_ERRORS:
                raise NoFix("an error of the query is handled for each item")

    def _check_writes(self) -> None:
        site = self.site
        unclear = site.unclear_call()
        if unclear:
            raise NoFix(f"{unclear}() may write what the loop reads")
        for call, operation in site.other_operations():
            if operation.method.kind == "write" and site.same_collection(operation):
                if not self._pins_same_key(call, operation):
                    raise NoFix(f"{operation.name} in the same loop may change what later items read")

    def _pins_same_key(self, call: Call, operation: Operation) -> bool:
        """Whether a write touches the current item's document only, which no other item reads."""
        field = self.source.field
        if not self.key.distinct or (operation.row, operation.module) != (call.row, self.site.module):
            return False
        node = self.tree.at(self.site.facts.spans[call.row], cst.Call)
        condition = node.args[0].value if node.args else None
        if not isinstance(condition, cst.Dict) or operation.filter.required.get(field) != "equality":
            return False
        entries = [e for e in condition.elements if isinstance(e, cst.DictElement)]
        return any(string_value(e.key) == field and self.key.same(e.value) for e in entries)

    # Writing

    def rewrite(self) -> None:
        site, source = self.site, self.source
        word = collection_word(site.operation)
        keys = site.names.new(f"{word}_keys")
        found = site.names.new(f"{word}_by_{source.field.strip('_')}")
        patch = Patch(self.tree)
        replaced = source.pick(site, found)
        only_read = is_only_read(self.tree, site.expression, site.body, source.reads_attributes)
        if source.widened and not only_read:
            raise NoFix(f"the documents would hold {source.field}, which the projection leaves out")
        if not self.key.distinct and not only_read:
            # A choice comes in parentheses of its own, which those of the call are as well
            copied = replaced[1:-1] if replaced.startswith("(") else replaced
            replaced = f"{site.draft.need(site.module, 'copy')}.deepcopy({copied})"
        patch.replace(*self.tree.span(site.expression), replaced)
        if site.iterates_cursor:
            self._chunked(keys, found, patch)
        else:
            self._whole(keys, found, patch)
        site.draft.title = f"fetch the documents of {site.operation.target} before the loop"
        site.draft.reason = (
            "the loop no longer sees what others change while it runs"
            if source.unique or source.sorted
            else f"no unique index on {source.field} is declared: of several documents another one may come first"
        )

    def _whole(self, keys: str, found: str, patch: Patch) -> None:
        site, tree = self.site, self.tree
        if site.loop.asynchronous is not None:
            raise NoFix("what the loop goes through is not known to be a cursor")
        items, lines = self._items(patch)
        lines += self._query(keys, found, items)
        start, end = tree.line_start(site.loop), site.behind_loop()
        site.draft.insert(site.module, site.before_loop(), site.indented(lines))
        # Only what is changed, so that other fixes can change the rest of the loop in the same round
        for first, last, content in patch.edits:
            assert start <= first <= last <= end
            site.draft.replace(site.module, (first, last), content)

    def _items(self, patch: Patch) -> tuple[str, str]:
        """What the loop goes through, as an expression that can be evaluated twice, and lines that make it so."""
        site, tree = self.site, self.tree
        iterable, node = site.repetition.loop.iterable, site.loop.iter
        items = tree.text(node)
        if iterable is None or is_generator(self.project, site.module, iterable):
            raise NoFix("the loop goes through what a generator makes while it runs")
        if root(node) in changed_names(site.body):
            raise NoFix(f"{items} grows or shrinks in the loop")
        repeatable = is_repeatable(self.project, site.module, iterable)
        if repeatable and (isinstance(node, cst.Name) or _is_view(node)):
            return items, ""
        name = items
        if not isinstance(node, cst.Name) or not site.is_local(items):
            name = site.names.new(f"{collection_word(site.operation)}_items")
            patch.replace(*tree.span(node), name)
        elif site.is_read_elsewhere(items):
            raise NoFix(f"{items} may be an iterator, and is used again")
        return name, f"{name} = list({items})\n"

    def _chunked(self, keys: str, found: str, patch: Patch) -> None:
        site, tree = self.site, self.tree
        if site.leaves(cst.Break):
            raise NoFix("the loop may end before the cursor does")
        chunk = site.names.new("chunk")
        before = ""
        if isinstance(site.loop.iter, cst.Name):
            cursor = site.loop.iter.value
        else:
            cursor = site.names.new("cursor")
            before = f"{cursor} = {tree.text(site.loop.iter)}\n"
        if site.loop.asynchronous is not None:
            take = f"await {cursor}.to_list({CHUNK})"
        else:
            take = f"list({site.draft.need(site.module, 'itertools', 'islice')}({cursor}, {CHUNK}))"
        start, end = tree.span(site.loop)[0], tree.span(site.loop.iter)[1]
        patch.replace(start, end, f"for {tree.text(site.loop.target)} in {chunk}")
        first, last = tree.line_start(site.loop), site.behind_loop()
        body = patch.render(first, last)
        if not body.endswith(("\n", "\r")):
            body += site.file.newline
        head = site.indented(before) if before else ""
        head += site.indented(f"while {chunk} := {take}:") + site.indented(self._query(keys, found, chunk), 1)
        site.draft.replace(site.module, (first, last), head + site.deeper(body))

    def _query(self, keys: str, found: str, items: str) -> str:
        made = f"{self.key.text} for {self.tree.text(self.site.loop.target)} in {items}{self._conditions()}"
        return "".join(line + "\n" for line in self.source.fill(self.site, keys, found, made))

    def _conditions(self) -> str:
        """Conditions on the item under which the query runs: without them it may be given no key at all."""
        tests: list[tuple[cst.BaseExpression | None, str]] = [self._negated(test) for test in self._skips()]
        below: cst.CSTNode = self.site.call
        for node in self.tree.ancestors(self.site.call):
            if node is self.site.loop:
                break
            if isinstance(node, cst.If) and below is node.body:
                tests.append((node.test, self.tree.text(node.test)))
            elif isinstance(node, cst.If | cst.IfExp | cst.BooleanOperation) and below is not getattr(node, "test", 0):
                tests.append((None, ""))
            below = node
        known = [text for test, text in tests if test is not None and self._is_of_item(test)]
        return "".join(f" if {text}" for text in [*known, *self._guard(len(known) < len(tests))])

    def _negated(self, test: cst.BaseExpression) -> tuple[cst.BaseExpression, str]:
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            return test, self.tree.text(test.expression)
        return test, f"not ({self.tree.text(test)})"

    def _skips(self) -> Iterator[cst.BaseExpression]:
        """The tests of the statements before the query that go on to the next item."""
        start = self.tree.span(self.site.call)[0]
        for each in self.site.body:
            if self.tree.span(each)[0] >= start:
                return
            if isinstance(each, cst.If) and any(isinstance(node, cst.Continue) for node in own_nodes(each)):
                yield each.test

    def _is_of_item(self, test: cst.BaseExpression) -> bool:
        return is_pure(test) and not names_read(test) & (self.site.bound - self.site.targets)


def _is_view(node: cst.BaseExpression) -> bool:
    """``names.items()`` and the like."""
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in ("items", "keys", "values")
        and isinstance(node.func.value, cst.Name)
        and not node.args
    )


def _is_copy(node: cst.Call) -> bool:
    """``copy.deepcopy(found.get(key))``."""
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return isinstance(name, cst.Name) and name.value == "deepcopy" and all(is_pure(arg.value) for arg in node.args)


class _Replaced(cst.CSTTransformer):
    def leave_Subscript(  # noqa: N802  # LibCST finds it by this name
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        return cst.Name("x")


def _without_subscripts(node: cst.BaseExpression) -> cst.CSTNode:
    found = node.visit(_Replaced())
    assert isinstance(found, cst.CSTNode)
    return found
