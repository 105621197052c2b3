"""Values as mongosh writes them, with gaps for what only the running program knows.

Plain data, and its text. Whatever the code leaves open stands in comments, so that the text is JavaScript as soon as
the gaps are filled in. Source: MongoDB manual, "mongosh Data Types".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from mongolint.fastclasses import dataclass

WIDTH = 100
_STEP = "  "
_OPTIONAL = "/* optional */ "
_MORE = "/* … */"
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_INT32 = 2**31
# A pattern with these means something else in JavaScript, or nothing
_NOT_JAVASCRIPT = re.compile(r"/|\(\?(?![:=!])|\\[AZz]|[\r\n\u2028\u2029]|\[\[:|[*+?}]\+")


@dataclass(frozen=True, slots=True)
class Gap:
    """A value that is not known; ``text`` is what the code has in its place."""

    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A string with gaps."""

    parts: tuple[str | Gap, ...]


Name = str | Gap | Template


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression; ``flags`` are MongoDB's letters."""

    source: str | Template | Gap
    flags: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a constructor of mongosh makes."""

    constructor: str
    argument: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a document; ``certain`` when it is there on every path."""

    name: Name
    value: Any
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Object:
    """A document; ``open``: other fields may be in it."""

    entries: tuple[Entry, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """An array: each item, and whether it is there on every path; ``open``: others may be in it."""

    items: tuple[tuple[Any, bool], ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """A method and its arguments; ``certain`` when it is called on every path."""

    name: str
    arguments: tuple[Any, ...]
    certain: bool = True


def flat(shown: Any) -> str:
    """A value on one line."""
    if isinstance(shown, Object):
        parts = [_entry(entry) for entry in shown.entries]
        return _joined("{", parts, shown.open, "}")
    if isinstance(shown, Listed):
        return _joined("[", [_mark(certain) + flat(item) for item, certain in shown.items], shown.open, "]")
    if isinstance(shown, Made):
        return f"{shown.constructor}({flat(shown.argument)})"
    if isinstance(shown, Pattern):
        return _pattern(shown)
    if isinstance(shown, Template):
        return '"' + "".join(flat(part) if isinstance(part, Gap) else string(part)[1:-1] for part in shown.parts) + '"'
    return f"<{shown.text}>" if isinstance(shown, Gap) else _constant(shown)


def _joined(opening: str, parts: Sequence[str], is_open: bool, closing: str) -> str:
    return opening + ", ".join([*parts, *([_MORE] if is_open else [])]) + closing


def _entry(entry: Entry) -> str:
    return _mark(entry.certain) + name(entry.name) + ": " + flat(entry.value)


def _mark(certain: bool) -> str:
    return "" if certain else _OPTIONAL


def name(field: Name) -> str:
    """A field as a key of a document."""
    return field if isinstance(field, str) and _NAME.fullmatch(field) else flat(field)


def string(text: str) -> str:
    """A string of JavaScript; what no terminal can show is escaped."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _constant(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -_INT32 <= value < _INT32 else f'Long("{value}")'
    if isinstance(value, float):
        return _float(value)
    return string(value) if isinstance(value, str) else f"<{value!r}>"


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    # JavaScript has one kind of number, and mongosh sends a whole one as an integer
    return f"Double({int(value)})" if value.is_integer() and abs(value) < 2**53 else repr(value)


def _pattern(shown: Pattern) -> str:
    parts = shown.source.parts if isinstance(shown.source, Template) else (shown.source,)
    source = "".join(flat(part) if isinstance(part, Gap) else part for part in parts)
    foreign = any(isinstance(part, str) and _NOT_JAVASCRIPT.search(part) for part in parts)
    if foreign or not source or set(shown.flags) - set("ims"):
        return f"BSONRegExp({flat(shown.source)}, {string(shown.flags)})"
    return f"/{source}/{shown.flags}"


# Layout


def write(shown: Any, indent: str = "", taken: int = 0, width: int = WIDTH) -> str:
    """A value, over several lines where one is too short; ``taken``: columns that stand before and behind it."""
    line = flat(shown)
    if len(indent) + taken + len(line) <= width or not isinstance(shown, Object | Listed):
        return line
    opening, closing = ("{", "}") if isinstance(shown, Object) else ("[", "]")
    inner = indent + _STEP
    lines = [*_lines(shown, inner, width), *([_MORE] if shown.open else [])]
    return f"{opening}\n" + ",\n".join(inner + each for each in lines) + f"\n{indent}{closing}"


def _lines(shown: Object | Listed, indent: str, width: int) -> Iterator[str]:
    if isinstance(shown, Object):
        for entry in shown.entries:
            head = f"{_mark(entry.certain)}{name(entry.name)}: "
            yield head + write(entry.value, indent, len(head) + 1, width)
    else:
        for item, certain in shown.items:
            yield _mark(certain) + write(item, indent, len(_mark(certain)) + 1, width)


def statement(target: str, calls: Sequence[Called], width: int = WIDTH) -> str:
    """``target.method(…).method(…)``; each method on a line of its own where one line is too short."""
    line = target + "".join(_call(each) for each in calls)
    if len(line) <= width:
        return line
    head, *steps = calls
    first = f"{target}.{head.name}("
    return "\n".join([first + _arguments(head, "", len(first), width), *(_step(step, width) for step in steps)])


def _call(call: Called) -> str:
    return f"{'' if call.certain else ' /* optional */ '}.{call.name}({', '.join(map(flat, call.arguments))})"


def _step(step: Called, width: int) -> str:
    head = f"{_STEP}{_mark(step.certain)}.{step.name}("
    return head + _arguments(step, _STEP, len(head), width)


def _arguments(call: Called, indent: str, taken: int, width: int) -> str:
    """The arguments with the closing parenthesis; a single one hugs it."""
    line = ", ".join(map(flat, call.arguments)) + ")"
    if taken + len(line) <= width:
        return line
    if len(call.arguments) == 1:
        return write(call.arguments[0], indent, taken - len(indent) + 1, width) + ")"
    inner = indent + _STEP
    parts = [inner + write(argument, inner, 1, width) for argument in call.arguments]
    return "\n" + ",\n".join(parts) + f"\n{indent})"
