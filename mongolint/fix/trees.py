"""Files as fixes see them: the text, and trees of those parts that a fix looks at.

A part is a function or another statement of a module's or class's body. Parsing it alone costs a
fraction of parsing the file, and nearly all fixes stay within one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeVar

import libcst as cst

from mongolint.facts.positions import locate
from mongolint.facts.shapes import ModuleFacts, Offsets
from mongolint.fix.nofix import NoFix
from mongolint.source.tree import parse

Node = TypeVar("Node", bound=cst.CSTNode)
# The first line of a block at a module's top
_BLOCK = re.compile(
    r"^(?:async def|def|class|if|for|while|with|try|else)\b[^\r\n]*:[ \t]*(?:#[^\r\n]*)?\r?\n([ \t]+)(?=[^\s#])",
    re.MULTILINE,
)
# Makes an indented part a module of its own
_WRAPPER = "if 1:\n"


class _Everything:
    """The container of all nodes."""

    def __contains__(self, item: object) -> bool:
        return True


class Tree:
    """The tree of a part of a file. Offsets are those of the file."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.file_text = text
        part = text[start:end]
        wrapper = _WRAPPER if part.startswith((" ", "\t")) else ""
        self.module = parse(wrapper + part)
        self._shift = start - len(wrapper)
        self._spans = locate(self.module, _Everything(), wrapper + part)
        self._parents: dict[int, cst.CSTNode] = {}
        self._by_span: dict[Offsets, list[cst.CSTNode]] = {}
        self._index(self.module)

    def _index(self, node: cst.CSTNode) -> None:
        for child in children(node):
            self._parents[id(child)] = node
            if id(child) in self._spans:
                self._by_span.setdefault(self.span(child), []).append(child)
            self._index(child)

    def span(self, node: cst.CSTNode) -> Offsets:
        """The offsets of a node, without the parentheses and the blank around it."""
        start, end = self._spans[id(node)]
        return start + self._shift, end + self._shift

    def outer_span(self, node: cst.CSTNode) -> Offsets:
        """The offsets of a node with the parentheses around it."""
        start, end = self.span(node)
        for _ in getattr(node, "lpar", ()):
            start, end = self.file_text.rindex("(", 0, start), self.file_text.index(")", end) + 1
        return start, end

    def text(self, node: cst.CSTNode) -> str:
        """The source of a node, comments and line breaks as they are."""
        start, end = self.span(node)
        return self.file_text[start:end]

    def at(self, offsets: Offsets, kind: type[Node]) -> Node:
        """The node of a kind that spans just these offsets.

        Raises:
            NoFix: there is none.
        """
        for node in self._by_span.get(offsets, ()):
            if isinstance(node, kind):
                return node
        raise NoFix("its place in the code was not found again")

    def expression(self, offsets: Offsets) -> cst.BaseExpression:
        """The expression that spans just these offsets.

        Raises:
            NoFix: there is none.
        """
        for node in self._by_span.get(offsets, ()):
            if isinstance(node, cst.BaseExpression):
                return node
        raise NoFix("its place in the code was not found again")

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(id(node))

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """From the parent of a node outwards."""
        parent = self.parent(node)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def nearest(self, node: cst.CSTNode, *kinds: type[Any]) -> Any:
        """The node itself or its nearest ancestor of one of these kinds; None if there is none."""
        if isinstance(node, kinds):
            return node
        return next((above for above in self.ancestors(node) if isinstance(above, kinds)), None)

    def statement(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement around a node, which begins a line of its own.

        Raises:
            NoFix: it shares its line with others, or with what it depends on (``if x: f()``).
        """
        found = self.nearest(node, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.BaseCompoundStatement)
        if found is None or isinstance(found, cst.SimpleStatementSuite):
            raise NoFix("the statement shares its line with another")
        return found  # type: ignore[no-any-return]  # `nearest` takes any kinds

    def line_start(self, node: cst.CSTNode) -> int:
        """Where the first line of a statement starts."""
        return line_start(self.file_text, self.span(node)[0])

    def line_end(self, node: cst.CSTNode) -> int:
        """Behind the line break of a statement's last line."""
        return line_end(self.file_text, self.span(node)[1])

    def indent(self, node: cst.CSTNode) -> str:
        """The blanks before a statement."""
        start = self.line_start(node)
        return self.file_text[start : self.span(node)[0]]


class SourceFile:
    """One module with its facts, text and trees."""

    def __init__(self, facts: ModuleFacts, text: str) -> None:
        self.facts = facts
        self.text = text
        self._trees: dict[int, Tree] = {}

    @cached_property
    def newline(self) -> str:
        return "\r\n" if self.text.count("\r\n") * 2 > self.text.count("\n") else "\n"

    @cached_property
    def step(self) -> str:
        """One level of indentation, as this file has it."""
        for start, _ in self.facts.parts:
            blanks = self.text[line_start(self.text, start) : start]
            if blanks and not blanks.strip():
                return blanks
        found = _BLOCK.search(self.text)
        return found[1] if found else "    "

    def tree(self, offset: int) -> Tree:
        """The tree of the part around an offset.

        Raises:
            NoFix: the offset is in no part.
        """
        starts = [start for start, _ in self.facts.parts]
        number = bisect_right(starts, offset) - 1
        if number < 0 or offset > self.facts.parts[number][1]:
            raise NoFix("its place in the code was not found again")
        return self.part(number)

    def part(self, number: int) -> Tree:
        """The tree of the n-th part."""
        if number not in self._trees:
            start, end = self.facts.parts[number]
            self._trees[number] = Tree(self.text, line_start(self.text, start), line_end(self.text, end))
        return self._trees[number]


def line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """Behind the line break of the line in which an offset stands; of an offset behind one, the offset."""
    if offset and text[offset - 1 : offset] in ("\n", "\r"):
        return offset
    while offset < len(text) and text[offset] not in "\r\n":
        offset += 1
    if text[offset : offset + 2] == "\r\n":
        return offset + 2
    return min(offset + 1, len(text))


_CHILDREN: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes right below a node, blanks left out."""
    kind = type(node)
    if kind not in _CHILDREN:
        names = getattr(kind, "__dataclass_fields__", {})
        _CHILDREN[kind] = tuple(name for name in names if "whitespace" not in name and name not in _BLANKS)
    for name in _CHILDREN[kind]:
        value = getattr(node, name)
        if _is_node(value):
            yield value
        elif type(value) in (list, tuple):
            for item in value:
                if _is_node(item):
                    yield item


# Whether a type is one of nodes. LibCST's are abstract base classes, of which isinstance is slow.
_NODE_TYPES: dict[type, bool] = {}


def _is_node(value: object) -> bool:
    kind = type(value)
    known = _NODE_TYPES.get(kind)
    if known is None:
        known = _NODE_TYPES[kind] = issubclass(kind, cst.CSTNode)
    return known


_BLANKS = frozenset(
    ["leading_lines", "lines_after_decorators", "header", "footer", "trailing_comma", "newline", "lpar", "rpar"]
)


def descendants(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all below it, in the order of the source."""
    yield node
    for child in children(node):
        yield from descendants(child)
