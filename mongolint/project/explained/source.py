"""What the code has in the place of a value that is not known, in a few words of Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link.atoms import Collection
from mongolint.project.documents import Place

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_LENGTH = 48
_DEPTH = 8
_CHOICES = 3
_BRACKETS = {")": 1, "]": 1, "}": 1, "(": -1, "[": -1, "{": -1}
# What is written without brackets around it
_LOOSE = ("binop", "bool", "ifexp", "phi", "iter", "unpack")


def source(link: Linker, place: Place, otherwise: str) -> str:
    """The expression at a place, in short; ``otherwise`` where the facts do not tell."""
    name = _list_name(link, place) if link.node(place.module, place.row)[0] == "comp" else ""
    if name:
        return name
    text = _Source(link, place.module).text(place.row, _DEPTH)
    if len(text) > _LENGTH:
        text = _Source(link, place.module, brief=True).text(place.row, _DEPTH)
    return text if 0 < len(text) <= _LENGTH else _end(text) if text else otherwise


def _list_name(link: Linker, place: Place) -> str:
    """What a function calls the list that a comprehension makes, which says more than how it is made."""
    scopes = link.modules[place.module].scopes
    return next((name for scope in scopes for name, rows in scope.defs.items() if list(rows) == [place.row]), "")


def _end(text: str) -> str:
    """Of a long chain the end says most: the most of it that closes no bracket or quotation opened before."""
    depth, start, is_quoted = 0, len(text), False
    for at in range(len(text) - 1, len(text) - _LENGTH, -1):
        sign = text[at]
        is_quoted ^= sign == '"'
        if not is_quoted and sign in _BRACKETS:
            depth += _BRACKETS[sign]
        if depth < 0:
            break
        begins_word = sign.isalnum() and not text[at - 1].isalnum()
        if depth == 0 and not is_quoted and (begins_word or sign in ".[("):
            start = at
    return "…" + text[start:]


class _Source:
    """Texts of the rows of one module; "" for what cannot be told. ``brief``: without the arguments of calls."""

    def __init__(self, link: Linker, module: int, *, brief: bool = False) -> None:
        self.link = link
        self.module = module
        self.brief = brief
        self._active: set[int] = set()

    def text(self, row: int, depth: int) -> str:
        if not depth:
            return "…"
        if row in self._active:  # what a loop builds up
            return ""
        self._active.add(row)
        try:
            return self._text(row, self.link.node(self.module, row), depth)
        finally:
            self._active.discard(row)

    def _text(self, row: int, node: Row, depth: int) -> str:
        match node[0]:
            case "const":
                return _constant(node[1])
            case "free" | "param" | "from":
                return str(node[2])
            case "await" | "ctx" | "star":
                return self.text(node[1], depth)
            case "typed":
                return self.text(node[2], depth) if node[2] is not None else ""
            case "attr":
                base = self._base(node[1], depth - 1)
                return f"{base}.{node[2]}" if base else ""
            case "item":
                base, key = self._base(node[1], depth - 1), self.text(node[2], depth - 1)
                return f"{base}[{key}]" if base and key else ""
            case "call":
                return self._call(node, depth - 1)
            case "iter":
                base = self.text(node[1], depth - 1)
                return f"each of {base}" if base else ""
            case "unpack":
                return self._unpacked(node, depth - 1)
            case "func" | "class":
                name = self.link.scope(self.module, node[1]).name
                return "" if name == "<lambda>" else name
        return self._composed(node, depth - 1)

    def _unpacked(self, node: Row, depth: int) -> str:
        """An element of a tuple; of the pairs that ``enumerate`` and ``items`` give, in words."""
        looped = self.link.node(self.module, node[1])
        call = self.link.node(self.module, looped[1]) if looped[0] == "iter" else looped
        function = self.link.node(self.module, call[1]) if call[0] == "call" else call
        words, row = ("", ""), None
        if function[0] == "free" and function[2] == "enumerate" and call[2]:
            words, row = ("position in", "each of"), call[2][0][1]
        elif function[0] == "attr" and function[2] == "items":
            words, row = ("each key of", "each value of"), function[1]
        if row is not None and looped[0] == "iter" and node[2] < len(words):
            text = self.text(row, depth)
            return f"{words[node[2]]} {text}" if text else ""
        base = self._base(node[1], depth)
        return f"{base}[{node[2]}]" if base else ""

    def _base(self, row: int, depth: int) -> str:
        """What an attribute is taken of; "" for a literal, of which the end is all that there is to tell."""
        value = self.link.value(self.module, row)
        if len(value) == 1 and type(value[0]) is Collection and value[0].name:
            return value[0].name
        text, node = self.text(row, depth), self.link.node(self.module, row)
        while node[0] in ("await", "ctx"):
            node = self.link.node(self.module, node[1])
        if text[:1] in ("{", "["):
            return ""
        return f"({text})" if node[0] in _LOOSE and " " in text else text

    def _composed(self, node: Any, depth: int) -> str:
        match node[0]:
            case "fstr":
                return "f" + json.dumps("".join(self._part(row, depth) for row in node[1]), ensure_ascii=False)
            case "binop":
                left, right = (self._operand(row, node[1], depth) for row in node[2:4])
                return f"{left} {node[1]} {right}" if left and right and node[1] != "?" else ""
            case "bool":
                # ``a and b`` as a value is b
                return self.text(node[2][-1], depth) if node[1] == "and" else self._choice(node[2], depth)
            case "ifexp":
                return self._choice(node[2:4], depth)
            case "phi":
                return self._choice(node[1], depth)
            case "seq":
                return self._sequence(node, depth)
            case "comp":
                return self._comprehension(node, depth)
            case "dict" | "setitem":
                return "{…}"
            case "mutated" | "delitem":
                return self.text(node[1], depth)
        return ""

    def _operand(self, row: int, operator: str, depth: int) -> str:
        text, inner = self.text(row, depth), self.link.node(self.module, row)
        return f"({text})" if inner[0] in _LOOSE and " " in text and inner[1:2] != (operator,) else text

    def _part(self, row: int, depth: int) -> str:
        node = self.link.node(self.module, row)
        return str(node[1]) if node[0] == "const" else "{" + (self.text(row, depth) or "…") + "}"

    def _call(self, node: Any, depth: int) -> str:
        function = self.text(node[1], depth)
        if not function:
            return ""
        arguments = ", ".join(
            (f"{keyword}=" if keyword and keyword[0] != "*" else keyword or "") + (self.text(row, depth) or "…")
            for keyword, row in node[2]
        )
        return f"{function}({'…' if arguments and self.brief else arguments})"

    def _choice(self, rows: Sequence[int], depth: int) -> str:
        texts = list(dict.fromkeys(self.text(row, depth) for row in rows)) if len(rows) <= _CHOICES else []
        told = all(0 < len(text) <= _LENGTH // 2 for text in texts)
        return " or ".join(texts) if told else ""

    def _sequence(self, node: Any, depth: int) -> str:
        brackets = {"tuple": "()", "set": "{}"}.get(node[1], "[]")
        return brackets[0] + ", ".join(self.text(row, depth) or "…" for row in node[2]) + brackets[1]

    def _comprehension(self, node: Any, depth: int) -> str:
        if node[1] == "dict":
            return "{…}"
        text = self.text(node[2][0], depth)
        return f"[{text}]" if text else "[…]"


def _constant(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
