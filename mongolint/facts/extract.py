"""From a file's text to its facts: parse, walk once, locate what is worth a place, drop the tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Protocol

import libcst as cst

from mongolint.facts.build import Builder
from mongolint.facts.positions import locate
from mongolint.facts.shapes import ModuleFacts, Offsets
from mongolint.facts.statements import block
from mongolint.source.tree import parse

_LINE_BREAK = re.compile(r"\r\n?|\n")


class Trees(Protocol):
    """What parses a module, and tells where its nodes stand."""

    def read(self, text: str) -> Sequence[cst.CSTNode]:
        """The statements of a text."""

    def places(self, wanted: Set[int]) -> dict[int, Offsets]:
        """Where the nodes of the last text stand, by their ids."""


class _Whole:
    """A module that is parsed once."""

    def read(self, text: str) -> Sequence[cst.CSTNode]:
        self._text, self._module = text, parse(text)
        return self._module.body

    def places(self, wanted: Set[int]) -> dict[int, Offsets]:
        return locate(self._module, wanted, self._text)


def extract(path: str, text: str, step: int = 1, trees: Trees | None = None) -> ModuleFacts:
    """The facts of one module.

    Args:
        step: from the number of a row to that of the next; more than 1 leaves room for rows of later states.
        trees: those of an earlier state of it.

    Raises:
        mongolint.source.tree.ParseError: the text is not Python.
    """
    trees = trees or _Whole()
    body = trees.read(text)
    b = Builder(path, step)
    b.facts.lines = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
    scope = b.new_scope("module", "<module>")
    with b.entered(scope, {}):
        block(b, body)
    b.parts = list(_parts(body))
    b.place(trees.places(b.wanted()))
    return b.facts


def _parts(body: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The statements of a body, those of a class in its place."""
    for node in body:
        if isinstance(node, cst.ClassDef) and isinstance(node.body, cst.IndentedBlock):
            yield from _parts(node.body.body)
        else:
            yield node
