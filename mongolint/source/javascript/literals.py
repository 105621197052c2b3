"""What the literals of a script say, as plain data."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from mongolint.fastclasses import NamedTuple
from mongolint.source.javascript.expressions import Node
from mongolint.source.javascript.tokens import whole


class Unread:
    """What a literal does not say: the value of a name, a call, a condition."""

    def __repr__(self) -> str:
        return "UNREAD"


UNREAD = Unread()
Lookup = Callable[[Node], Any]


class Pattern(NamedTuple):
    """A regular expression literal."""

    source: str
    flags: str


def literal(node: Node, lookup: Lookup = lambda node: UNREAD) -> Any:
    """The value of an expression as str, number, bool, None, list, dict or `Pattern`; `UNREAD` where it does not say.

    Parts of lists and dicts may be `UNREAD` too; a dict with a key that cannot be read is so as a whole.
    ``lookup`` says what names, accesses and calls stand for.
    """
    match node.kind:
        case "value":
            return node.value
        case "regex":
            return Pattern(*node.value)
        case "array":
            return _array(node, lookup)
        case "object":
            return _mapping(node, lookup)
        case "template":
            parts = [literal(part, lookup) for part in node.parts]
            return "".join(map(str, parts)) if all(_is_plain(part) for part in parts) else UNREAD
        case "unary":
            return _signed(node.value, literal(node.parts[0], lookup))
        case "binary":
            return _combined(node.value, *(literal(part, lookup) for part in node.parts))
        case "name" | "member" | "index" | "call" | "choice":
            return lookup(node)
    return UNREAD


def _array(node: Node, lookup: Lookup) -> Any:
    found: list[Any] = []
    for part in node.parts:
        if part.kind == "spread":
            inner = literal(part.parts[0], lookup)
            if not isinstance(inner, list):
                return UNREAD
            found.extend(inner)
        else:
            found.append(literal(part, lookup))
    return found


def _mapping(node: Node, lookup: Lookup) -> Any:
    found: dict[str, Any] = {}
    for key, value in zip(node.parts[::2], node.parts[1::2], strict=True):
        said = literal(value, lookup)
        if key.kind == "other":
            if not isinstance(said, dict | None):
                return UNREAD
            found.update(said or {})
            continue
        name = literal(key, lookup)
        if not _is_plain(name):
            return UNREAD
        found[str(name)] = said
    # JavaScript keeps keys that are whole numbers in front, by size
    numbers = sorted((name for name in found if _INDEX.fullmatch(name)), key=int)
    return {name: found[name] for name in [*numbers, *(name for name in found if name not in set(numbers))]}


_INDEX = re.compile(r"0|[1-9]\d{0,8}")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _signed(sign: str, value: Any) -> Any:
    if sign == "!":
        return not value if isinstance(value, bool | int | float) else UNREAD
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNREAD
    return -value if sign == "-" else value


def _combined(sign: str, left: Any, right: Any) -> Any:
    if sign in ("||", "??"):
        return right if left is UNREAD or not left else left
    if sign == "+" and (isinstance(left, str) or isinstance(right, str)):
        return str(left) + str(right) if _is_plain(left) and _is_plain(right) else UNREAD
    if isinstance(left, bool | str) or isinstance(right, bool | str):
        return UNREAD
    if not isinstance(left, int | float) or not isinstance(right, int | float) or (sign == "/" and right == 0):
        return UNREAD
    return whole(_ARITHMETIC[sign](left, right)) if sign in _ARITHMETIC else UNREAD


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
