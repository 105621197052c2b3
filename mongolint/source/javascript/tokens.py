"""The tokens of a script. Nothing is an error: what is no token of JavaScript is a mark of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mongolint.fastclasses import NamedTuple


class Token(NamedTuple):
    """``kind``: name, number, string, template, regex or mark. ``value``: what it says; parts of a template."""

    kind: str
    value: Any
    start: int
    end: int


_SKIP = re.compile(r"(?:[\s\ufeff]+|//[^\n\r]*|/\*.*?(?:\*/|\Z)|#![^\n\r]*)+", re.DOTALL)
_NAME = re.compile(r"#?[^\W\d][\w$]*|#?\$[\w$]*")
_NUMBER = re.compile(
    r"0[xX][\da-fA-F_]+n?|0[oO][0-7_]+n?|0[bB][01_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?"
)
_STRING = re.compile(r""""(?:[^"\\\r\n]|\\.|\\\r\n)*"?|'(?:[^'\\\r\n]|\\.|\\\r\n)*'?""", re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\\[\r\n]|\\[^\r\n]|\[(?:[^\]\\\r\n]|\\[^\r\n])*\])+)/([a-zA-Z]*)")
_MARK = re.compile(
    r"=>|\.\.\.|\?\.(?!\d)|===|!==|==|!=|<=|>=|&&=|\|\|=|\?\?=|&&|\|\||\?\?|\*\*|\+\+|--|[-+*/%&|^]=|.", re.DOTALL
)
_ESCAPE = re.compile(r"\\(u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|\r\n|.)", re.DOTALL)
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_BEFORE_OPERAND = frozenset(
    [
        *("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "await", "yield"),
        "instanceof",
    ]
)
CLOSERS = {"(": ")", "[": "]", "{": "}"}


def tokenize(text: str) -> list[Token]:
    """The tokens of a script, without comments."""
    found: list[Token] = []
    at = 0
    while True:
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at
        if at >= len(text):
            return found
        found.append(_token(text, at, found[-1] if found else None))
        at = found[-1].end


def _token(text: str, at: int, before: Token | None) -> Token:
    letter = text[at]
    if letter in "\"'":
        match = _matched(_STRING, text, at)
        body = match[0][1:-1] if len(match[0]) > 1 and match[0][-1] == letter else match[0][1:]
        return Token("string", unescaped(body), at, match.end())
    if letter == "`":
        return _template(text, at)
    if letter.isdigit() or (letter == "." and text[at + 1 : at + 2].isdigit()):
        match = _matched(_NUMBER, text, at)
        return Token("number", _number(match[0]), at, match.end())
    if letter == "/" and _may_begin_operand(before):
        pattern = _REGEX.match(text, at)
        if pattern:
            return Token("regex", (pattern[1], pattern[2]), at, pattern.end())
    name = _NAME.match(text, at)
    if name:
        return Token("name", name[0], at, name.end())
    mark = _matched(_MARK, text, at)
    return Token("mark", mark[0], at, mark.end())


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    match = pattern.match(text, at)
    assert match is not None
    return match


def _may_begin_operand(before: Token | None) -> bool:
    """Whether a slash after a token begins a regular expression, not a division."""
    if before is None:
        return True
    if before.kind == "name":
        return before.value in _BEFORE_OPERAND
    return before.kind == "mark" and before.value not in (")", "]", "}", "++", "--")


def _template(text: str, at: int) -> Token:
    """A template; its value alternates between texts and the tokens of what stands between."""
    parts: list[str | list[Token]] = []
    start = position = at + 1
    while position < len(text) and text[position] != "`":
        if text[position] == "\\":
            position += 2
        elif text.startswith("${", position):
            parts.append(unescaped(text[start:position]))
            inner, position = _substitution(text, position + 2)
            parts.append(inner)
            start = position
        else:
            position += 1
    parts.append(unescaped(text[start:position]))
    return Token("template", parts, at, min(position + 1, len(text)))


def _substitution(text: str, at: int) -> tuple[list[Token], int]:
    """The tokens up to the brace that ends a ``${``, and the place behind it."""
    found: list[Token] = []
    depth = 0
    while True:
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at
        if at >= len(text):
            return found, at
        token = _token(text, at, found[-1] if found else None)
        at = token.end
        if token.kind == "mark" and token.value in "{}":
            if token.value == "}" and depth == 0:
                return found, at
            depth += 1 if token.value == "{" else -1
        found.append(token)


def unescaped(text: str) -> str:
    """A string's text with its escapes taken for what they stand for."""
    if "\\" not in text:
        return text
    found = _ESCAPE.sub(_unescape, text)
    # Two escapes may be the halves of one character
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "ux" and len(code) > 1:
        number = int(code[1:].strip("{}"), 16)
        return chr(number) if number < 0x110000 else "\ufffd"
    if code[0] in "\r\n\u2028\u2029":
        return ""
    return _PLAIN_ESCAPES.get(code, code)


def _number(text: str) -> int | float | None:
    digits = text.replace("_", "").rstrip("n")
    try:
        if digits[:2].lower() in ("0x", "0o", "0b"):
            return int(digits, 0)
        return whole(float(digits)) if not digits.isdigit() else int(digits)
    except ValueError:
        return None


def whole(number: float) -> int | float:
    """JavaScript has one kind of number: 1.0 is 1."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def matching(tokens: Sequence[Token]) -> dict[int, int]:
    """The position of the other bracket, for each one that has another."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for position, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.value in CLOSERS:
            opened.append(position)
        elif token.value in (")", "]", "}"):
            # A stray bracket ends nothing; one that was forgotten ends with what is around it
            inner = list(opened)
            while inner and CLOSERS[tokens[inner[-1]].value] != token.value:
                inner.pop()
            if inner:
                opened = inner[:-1]
                found[position], found[inner[-1]] = inner[-1], position
    return found
