"""From a file's text to its facts: parse, walk once, locate what is worth a place, drop the tree."""

from __future__ import annotations

import re

from mongolint.facts.build import Builder
from mongolint.facts.positions import locate
from mongolint.facts.shapes import ModuleFacts
from mongolint.facts.statements import block
from mongolint.source.tree import parse

_LINE_BREAK = re.compile(r"\r\n?|\n")


def extract(path: str, text: str) -> ModuleFacts:
    """The facts of one module.

    Raises:
        mongolint.source.tree.ParseError: the text is not Python.
    """
    module = parse(text)
    b = Builder(path)
    b.facts.lines = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
    scope = b.new_scope("module", "<module>")
    with b.entered(scope, {}):
        block(b, module.body)
    b.place(locate(module, b.wanted(), text))
    return b.facts
