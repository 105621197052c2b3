"""Where the marked nodes of a tree stand, by generating its code once and counting characters.

LibCST's own position providers record every node; only a few of them are ever reported, so this
counts offsets and keeps those that the walk marked: several times faster.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState
from libcst._nodes.op import _BaseOneTokenOp

from mongolint.facts.shapes import Offsets

# What LibCST may drop
_LOSSY = re.compile(r"\f|(?:^|[\r\n])\\[\r\n]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")


class _Recorder:
    """Context manager that notes the offsets around what is generated inside it."""

    __slots__ = ("node", "start", "state")

    def __init__(self, state: _Counter, node: cst.CSTNode) -> None:
        self.state = state
        self.node = node

    def __enter__(self) -> None:
        self.start = self.state.offset

    def __exit__(self, *_: object) -> None:
        self.state.found[id(self.node)] = (self.start, self.state.offset)


class _Nothing:
    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_NOTHING = _Nothing()


class _Counter(CodegenState):
    __slots__ = ("found", "offset", "wanted")

    def __init__(self, module: cst.Module, wanted: Container[int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.offset = 0
        self.wanted = wanted
        self.found: dict[int, Offsets] = {}

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.offset += len(token)

    def add_token(self, value: str) -> None:
        self.offset += len(value)

    def record_syntactic_position(
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> Any:
        return _Recorder(self, node) if id(node) in self.wanted else _NOTHING


def locate(module: cst.Module, wanted: Container[int], text: str) -> dict[int, Offsets]:
    """Character offsets (start, end) in ``text`` of the nodes of its tree whose ``id`` is in ``wanted``."""
    state = _Counter(module, wanted)
    with _counting():
        module._codegen(state)
    if not _LOSSY.search(text):
        return state.found
    starts, lost = _lost(module.code, text)

    def place(offset: int) -> int:
        return offset + lost[bisect_right(starts, offset) - 1]

    return {key: (place(start), place(end)) for key, (start, end) in state.found.items()}


class _Parentheses:
    """What is generated around an expression in parentheses."""

    __slots__ = ("node", "recorder", "state")

    def __init__(self, node: cst.BaseExpression, state: _Counter) -> None:
        self.node = node
        self.state = state

    def __enter__(self) -> None:
        for parenthesis in self.node.lpar:
            parenthesis._codegen(self.state)
        self.recorder = self.state.record_syntactic_position(self.node)
        self.recorder.__enter__()

    def __exit__(self, *_: object) -> None:
        self.recorder.__exit__(None, None, None)
        for parenthesis in self.node.rpar:
            parenthesis._codegen(self.state)


def _parenthesize(node: cst.BaseExpression, state: _Counter) -> Any:
    """LibCST's own, written as a generator, costs more than all inside."""
    return _Parentheses(node, state) if node.lpar else state.record_syntactic_position(node)


def _blank(node: cst.SimpleWhitespace, state: _Counter) -> None:
    state.offset += len(node.value)


def _word(node: cst.Name | cst.SimpleString, state: _Counter) -> None:
    if node.lpar:
        with _Parentheses(node, state):
            state.offset += len(node.value)
        return
    start = state.offset
    state.offset = end = start + len(node.value)
    if id(node) in state.wanted:
        state.found[id(node)] = (start, end)


def _token(node: Any, state: _Counter) -> None:
    """A comma, a dot, an equals sign: no such node is ever asked for."""
    before, after = node.whitespace_before, node.whitespace_after
    if type(before) is type(after) is cst.SimpleWhitespace:
        state.offset += len(before.value) + len(node._get_token()) + len(after.value)
        return
    before._codegen(state)
    state.offset += len(node._get_token())
    after._codegen(state)


def _line_end(node: cst.TrailingWhitespace | cst.EmptyLine, state: _Counter) -> None:
    if type(node) is cst.EmptyLine and node.indent:
        state.add_indent_tokens()
    newline = node.newline.value
    state.offset += len(node.whitespace.value) + len(state.default_newline if newline is None else newline)
    if node.comment is not None:
        state.offset += len(node.comment.value)


def _argument(node: cst.Arg, state: _Counter, default_comma: bool = False) -> None:
    with state.record_syntactic_position(node):
        state.offset += len(node.star)
        node.whitespace_after_star._codegen(state)
        if node.keyword is not None:
            node.keyword._codegen(state)
        if type(node.equal) is cst.AssignEqual:
            node.equal._codegen(state)
        node.value._codegen(state)
    if type(node.comma) is cst.Comma:
        node.comma._codegen(state)
    node.whitespace_after_arg._codegen(state)


_OWN = [
    (cst.BaseExpression, "_parenthesize", _parenthesize),
    (_BaseOneTokenOp, "_codegen", _token),
    (cst.TrailingWhitespace, "_codegen", _line_end),
    (cst.EmptyLine, "_codegen", _line_end),
    (cst.Arg, "_codegen", _argument),
    (cst.SimpleWhitespace, "_codegen", _blank),
    (cst.Name, "_codegen", _word),
    (cst.SimpleString, "_codegen", _word),
]


@contextmanager
def _counting() -> Iterator[None]:
    """While this holds, what a tree has most of is counted without LibCST's detours, whose methods are replaced."""
    before = [(node, name, node.__dict__.get(name)) for node, name, _ in _OWN]
    for node, name, own in _OWN:
        setattr(node, name, own)
    try:
        yield
    finally:
        for node, name, method in before:
            if method is None:
                delattr(node, name)
            else:
                setattr(node, name, method)


def _lost(code: str, text: str) -> tuple[list[int], list[int]]:
    """The offsets at which lines of ``code`` start, and how many characters of ``text`` are missing before each.

    A form feed sets Python's indentation back to zero. LibCST drops it where it stands before the code of a
    line, and what is before it, and a line that holds nothing but a backslash before a statement; all else it keeps.
    """
    starts: list[int] = []
    lost: list[int] = []
    offset = missing = 0
    kept = iter(_LINE.findall(code))
    own = next(kept)
    for line in _LINE.findall(text):
        if own != line and line.strip() == "\\":
            missing += len(line)
            continue
        missing += len(line) - len(own)
        starts.append(offset)
        lost.append(missing)
        offset += len(own)
        own = next(kept, "")
    return starts, lost
