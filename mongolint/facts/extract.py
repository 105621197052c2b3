"""From a file's text to its facts: parse, walk once, locate what is worth a place, drop the tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import libcst as cst

from mongolint.facts.build import Builder
from mongolint.facts.positions import locate
from mongolint.facts.shapes import ModuleFacts
from mongolint.facts.statements import block
from mongolint.source.tree import parse

_LINE_BREAK = re.compile(r"\r\n?|\n")


def extract(path: str, text: str, step: int = 1) -> ModuleFacts:
    """The facts of one module.

    Args:
        step: from the number of a row to that of the next; more than 1 leaves room for rows of later states.

    Raises:
        mongolint.source.tree.ParseError: the text is not Python.
    """
    module = parse(text)
    b = Builder(path, step)
    b.facts.lines = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
    scope = b.new_scope("module", "<module>")
    with b.entered(scope, {}):
        block(b, module.body)
    b.parts = list(_parts(module.body))
    b.place(locate(module, b.wanted(), text))
    return b.facts


def _parts(body: Iterable[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """The statements of a body, those of a class in its place."""
    for node in body:
        if isinstance(node, cst.ClassDef) and isinstance(node.body, cst.IndentedBlock):
            yield from _parts(node.body.body)
        else:
            yield node
