"""A driver call in a loop: the code around it, and the conditions that every batched form shares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import Call, Loop
from mongolint.fix.batches.expressions import (
    is_ordinary_call,
    names_bound,
    names_read,
    own_nodes,
    spans_lines,
    target_names,
)
from mongolint.fix.batches.iterables import is_cursor
from mongolint.fix.batches.writing import Names
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, descendants, line_start
from mongolint.link.atoms import UNKNOWN
from mongolint.project.loops.repetitions import Repetition
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

# Sent or asked at once: 20,000 documents took as long with 5,000, and a list of 1,000 is small
CHUNK = 1000


class LoopSite:
    """A call in the body of a ``for`` statement.

    Raises:
        NoFix: the call is not in a ``for`` of its own function.
    """

    def __init__(self, draft: Draft, repetition: Repetition) -> None:
        self.draft = draft
        self.repetition = repetition
        self.module = repetition.module
        self.operation: Operation = repetition.reaches[0].operation
        self.facts = draft.project.modules[self.module]
        self.file = draft.file(self.module)
        self.tree, self.call = draft.call(self.module, repetition.row)
        parent = self.tree.parent(self.call)
        self.awaited = isinstance(parent, cst.Await)
        self.expression: cst.BaseExpression = parent if isinstance(parent, cst.Await) else self.call
        self.statement = self.tree.statement(self.call)
        self.loop = self._loop()
        self.body: Sequence[cst.CSTNode] = self.loop.body.body
        self.names = Names(draft, self.module, self.tree)
        self.targets = target_names(self.loop.target)
        self.bound = self.targets | names_bound(self.body)

    def _loop(self) -> cst.For:
        start = self.repetition.loop.span[0]
        for node in self.tree.ancestors(self.call):
            if isinstance(node, cst.For) and self.tree.span(node)[0] == start:
                if not isinstance(node.body, cst.IndentedBlock):
                    raise NoFix("the loop is written on one line")
                if node.orelse is not None:
                    raise NoFix("the loop has an else")
                return node
            if isinstance(node, cst.FunctionDef | cst.Lambda | cst.CompFor):
                break
        raise NoFix("the repeated code is not the body of a for statement")

    @cached_property
    def receiver(self) -> str:
        """The collection, as the code writes it; the same for all iterations."""
        func = self.call.func
        if not isinstance(func, cst.Attribute):
            raise NoFix("the method is called under another name")
        return self._constant(func.value)

    def _constant(self, node: cst.BaseExpression) -> str:
        """An expression that is the same for all iterations; what the body binds anew each time is put in."""
        if any(isinstance(inner, cst.NamedExpr) for inner in own_nodes(node)):
            raise NoFix("the collection is assigned in the call")
        varying = names_read(node) & self.bound
        if not varying:
            return self.tree.text(node)
        if isinstance(node, cst.Name) and node.value not in self.targets:
            lines = [line for line in self.before_call() if node.value in names_bound([line])]
            if len(lines) == 1 and isinstance(lines[0].body[0], cst.Assign) and node.value not in self._bound_later():
                value = lines[0].body[0].value
                if not names_read(value) & self.bound and len(lines[0].body[0].targets) == 1:
                    text = self.tree.text(value)
                    return f"({text})" if isinstance(value, cst.Await) else text
        raise NoFix("the collection is another for each item")

    def _bound_later(self) -> set[str]:
        before = {id(line) for line in self.before_call()}
        lines = [n for each in self.body for n in own_nodes(each) if isinstance(n, cst.SimpleStatementLine)]
        return names_bound(line for line in lines if id(line) not in before)

    def before_call(self) -> list[cst.SimpleStatementLine]:
        """The simple statements of the body before the call."""
        start = self.tree.span(self.call)[0]
        return [
            node
            for each in self.body
            for node in own_nodes(each)
            if isinstance(node, cst.SimpleStatementLine) and self.tree.span(node)[1] <= start
        ]

    def check_awaited(self) -> None:
        """Raises: NoFix: the call is not awaited although its driver asks for it, or the other way round."""
        if {c.database.flavour != "sync" for c in self.operation.collections} != {self.awaited}:
            raise NoFix("it is not clear whether the driver is an asynchronous one")

    @property
    def iterates_cursor(self) -> bool:
        iterable = self.repetition.loop.iterable
        return iterable is not None and is_cursor(self.draft.project, self.module, iterable)

    # What else the loop does

    @cached_property
    def calls(self) -> list[Call]:
        """The other calls in the body of the loop."""
        return [c for c in calls_in(self, self.repetition.loop) if c.row != self.repetition.row]

    def other_operations(self) -> Iterator[tuple[Call, Operation]]:
        """Every operation that the rest of the body runs, itself or through helpers."""
        project = self.draft.project
        for call in self.calls:
            operation = project.operation_at(self.module, call.row)
            if operation is not None:
                yield call, operation
            for reach in project.reach(self.module, call.row):
                yield call, reach.operation

    def same_collection(self, operation: Operation) -> bool:
        """Whether an operation may run on this call's collection."""
        own, other = set(self.operation.collection_names), set(operation.collection_names)
        return not own or not other or bool(own & other)

    def unclear_call(self) -> str | None:
        """A call in the body of which nothing is known, so that it may run any query."""
        project = self.draft.project
        for call in self.calls:
            if project.operation_at(self.module, call.row) or project.reach(self.module, call.row):
                continue
            function = self.facts.nodes[call.row][1]
            values = project.link.value(self.module, function)
            if self.facts.nodes[function][0] == "param":
                return str(self.facts.nodes[function][2])
            if all(atom is UNKNOWN for atom in values):
                node = self._node(call)
                if node is not None and not is_ordinary_call(node):
                    return self.tree.text(node.func)
        return None

    def _node(self, call: Call) -> cst.Call | None:
        span = self.facts.spans.get(call.row)
        try:
            return self.tree.at(span, cst.Call) if span else None
        except NoFix:
            return None

    def is_read(self, node: cst.Call) -> bool:
        """Whether a call is a query of the driver that only reads."""
        for call in self.calls:
            if self.facts.spans.get(call.row) == self.tree.span(node):
                operation = self.draft.project.operation_at(self.module, call.row)
                return operation is not None and operation.method.kind == "read"
        return False

    @property
    def scope(self) -> int:
        """The function around the loop."""
        return next(c.scope for c in self.facts.calls if c.row == self.repetition.row)

    def is_local(self, name: str) -> bool:
        """Whether a name belongs to the function around the loop, or to the module if there is none."""
        scope = self.facts.scopes[self.scope]
        return name in scope.defs or name in scope.final or any(param.name == name for param in scope.params)

    def is_read_elsewhere(self, name: str) -> bool:
        """Whether a name is read in or behind the loop, besides by the loop itself."""
        end = self.tree.span(self.loop.iter)[1]
        return any(isinstance(node, cst.For | cst.While) for node in self.tree.ancestors(self.loop)) or any(
            node.value == name and self.tree.span(node)[0] > end
            for node in descendants(self.tree.module)
            if isinstance(node, cst.Name)
        )

    def inside(self, *kinds: type[cst.CSTNode]) -> cst.CSTNode | None:
        """What of these kinds stands between the loop and the call."""
        for node in self.tree.ancestors(self.call):
            if node is self.loop:
                return None
            if isinstance(node, kinds):
                return node
        return None

    def leaves(self, *kinds: type[cst.CSTNode]) -> bool:
        """Whether the body holds a statement or expression of these kinds."""
        return any(isinstance(node, kinds) for each in self.body for node in own_nodes(each))

    # Writing

    @property
    def indent(self) -> str:
        return self.tree.indent(self.loop)

    def before_loop(self) -> int:
        """Where to insert lines before the loop: above the comments that belong to it."""
        text, start = self.tree.file_text, self.tree.line_start(self.loop)
        while start:
            above = line_start(text, start - 1)
            if not text[above:start].startswith(self.indent + "#"):
                break
            start = above
        return start

    def behind_loop(self) -> int:
        return self.tree.line_end(self.loop)

    def indented(self, lines: str, levels: int = 0) -> str:
        """Lines at the level of the loop, or deeper."""
        prefix = self.indent + self.file.step * levels
        return "".join(prefix + line + "\n" if line else "\n" for line in lines.removesuffix("\n").split("\n"))

    def deeper(self, text: str) -> str:
        """The lines of the loop, one level deeper."""
        if spans_lines(self.loop, self.tree):
            raise NoFix("a string in the loop runs over several lines")
        lines = re.split(r"(\r\n|\r|\n)", text)
        return "".join(
            self.file.step + line if number % 2 == 0 and line.strip() else line for number, line in enumerate(lines)
        )


def calls_in(site: LoopSite, loop: Loop) -> list[Call]:
    """The calls in a loop's body."""
    number = next(i for i, each in enumerate(site.facts.loops) if each is loop)
    return [
        call
        for call in site.facts.calls
        if any(entry.kind == "loop" and entry.ref == number for entry in site.facts.chain(call.context))
    ]


class Patch:
    """Edits of a stretch of a file, put together to one text."""

    def __init__(self, tree: Tree) -> None:
        self.text = tree.file_text
        self.edits: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, content: str) -> None:
        self.edits.append((start, end, content))

    def render(self, start: int, end: int) -> str:
        """The text from ``start`` to ``end`` with the edits in it."""
        parts: list[str] = []
        for first, last, content in sorted(self.edits):
            parts += [self.text[start:first], content]
            start = last
        return "".join([*parts, self.text[start:end]])
