"""YAML as far as it is plain: mappings and texts, with everything else left out, or no answer at all.

What is read is what PyYAML reads (``tests/source/test_settings.py`` compares them). A document with anything that this
does not surely understand (tabs, aliases, merged keys, texts over several lines, …) is refused as a whole.
"""

from __future__ import annotations

import re

# By key: a mapping, a text, or None for whatever else stands there (numbers, lists, null, what is not understood)
Plain = dict[str, "Plain | str | None"]

_KEY = re.compile(
    r"""(?:'(?P<one>[^'\n]*)'|"(?P<two>[^"\\\n]*)"|(?P<plain>\w(?:[\w./ -]*\w)?))[ ]*:(?=[ \n]|$)""", re.ASCII
)
# A plain text that is none of the words, numbers and dates that YAML takes for something else
_TEXT = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null"])
_QUOTED = re.compile(r"""'(?P<one>(?:[^'\n]|'')*)'|"(?P<two>(?:[^"\\\n]|\\.)*)\"""")
_REST = re.compile(r"[ ]*(?:(?<=[ ])#.*)?$")
_BLOCK = re.compile(r"[|>][+-]?[0-9]?[+-]?[ ]*(?:[ ]#.*)?$")
_BREAKS = frozenset("\t\v\f\r\x1c\x1d\x1e\x85\u2028\u2029\ufeff")
_SPACE = re.compile(r"(?:[ \n]|(?:(?<=[ \n])|^)#[^\n]*)*")
_FLOW_PLAIN = re.compile(
    r"""(?:[^\s,\[\]{}:\#&*!|>'"%@`?-]|-(?=[^\s,\[\]{}]))(?:[^,\[\]{}\n:\#]|:(?=[^\s,\[\]{}])|(?<=\S)\#)*"""
)
_MAX_DEPTH = 20


class _RefusedError(Exception):
    """The document is not plain."""


def read(text: str) -> Plain | None:
    """What a document holds, if it is a mapping and plain."""
    text = text.replace("\r\n", "\n")
    if not _BREAKS.isdisjoint(text):
        return None
    try:
        return _Reader(text.split("\n")).document()
    except _RefusedError:
        return None


class _Reader:
    """Goes through the lines of a document. ``at``: the line that comes next."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0

    def document(self) -> Plain:
        line = self.next()
        if line is not None and re.fullmatch(r"---[ ]*", line):
            self.at += 1
        found = self.mapping(0, 0)
        if self.next() is not None:
            raise _RefusedError
        return found

    def next(self) -> str | None:
        """The next line that says something."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and not line.lstrip(" ").startswith("#"):
                return line
            self.at += 1
        return None

    def indent(self) -> int:
        """How far the next line is indented; -1 at the end."""
        line = self.next()
        return -1 if line is None else len(line) - len(line.lstrip(" "))

    def mapping(self, indent: int, depth: int) -> Plain:
        found: Plain = {}
        others = 0
        while (line := self.next()) is not None and self.indent() == indent:
            match = _KEY.match(line, indent)
            if match is None or depth > _MAX_DEPTH:
                raise _RefusedError
            self.at += 1
            key = _key(match)
            others += key is None
            # What is no text cannot be asked for, but has a value to be read
            value = self.value(line[match.end() :].strip(" "), indent, depth)
            if key is not None and key in found:
                raise _RefusedError
            if key is not None:
                found[key] = value
        if self.indent() > indent or not (found or others):
            raise _RefusedError
        return found

    def value(self, rest: str, indent: int, depth: int) -> Plain | str | None:
        """What stands behind a key, and on the lines below it."""
        if not rest or rest.startswith("#"):
            return self.below(indent, depth)
        if rest[0] in "{[":
            return self.flow(rest)
        if rest[0] in "|>":
            self.block(rest, indent)
            return None
        if self.indent() > indent or rest[0] in "&*@`%?,]}" or rest.startswith("- "):
            raise _RefusedError
        if rest[0] in "'\"":
            match = _QUOTED.match(rest)
            if match is None or not _REST.match(rest, match.end()):
                raise _RefusedError
            return _unquoted(match)
        text = re.split(r"[ ]+#", rest, maxsplit=1)[0]
        if ": " in text or text.endswith(":"):
            raise _RefusedError
        return None if text[0] == "!" else _plain(text)

    def below(self, indent: int, depth: int) -> Plain | None:
        inner = self.indent()
        line = self.next() or ""
        if line.lstrip(" ").startswith("-") and inner >= indent:
            self.skip(inner)
            return None
        return self.mapping(inner, depth + 1) if inner > indent else None

    def skip(self, indent: int) -> None:
        """Go past a list: what is in it is not asked for, but where it ends has to be clear."""
        while (inner := self.indent()) >= indent:
            line = self.lines[self.at].strip(" ")
            if inner == indent and not (line.startswith("- ") or line == "-"):
                return
            pairs = (line.count("{") - line.count("}"), line.count("[") - line.count("]"))
            if any(pairs) or line.count("'") % 2 or line.count('"') % 2:
                raise _RefusedError
            self.at += 1

    def block(self, rest: str, indent: int) -> None:
        """Go past a text that is written on the lines below, all of them indented."""
        if not _BLOCK.match(rest):
            raise _RefusedError
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                return
            self.at += 1

    def flow(self, rest: str) -> Plain | None:
        """A mapping or list in brackets, which may go on over lines."""
        flow = _Flow("\n".join([rest, *self.lines[self.at :]]))
        found = flow.value(0)
        end = flow.text.find("\n", flow.at)
        if not _REST.match(flow.text[flow.at : end if end >= 0 else None]):
            raise _RefusedError
        self.at += flow.text.count("\n", 0, flow.at)
        return found if isinstance(found, dict) else None


class _Flow:
    """Goes through what stands in brackets. ``at``: the character that comes next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self) -> str:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def value(self, depth: int) -> Plain | str | None:
        first = self.next()
        if depth > _MAX_DEPTH:
            raise _RefusedError
        if first == "{":
            return self.mapping(depth)
        if first == "[":
            self.sequence(depth)
            return None
        return self.scalar()

    def scalar(self) -> str | None:
        match = (_QUOTED if self.next() in ("'", '"') else _FLOW_PLAIN).match(self.text, self.at)
        if match is None:
            raise _RefusedError
        self.at = match.end()
        return _unquoted(match) if match.re is _QUOTED else _plain(match[0].rstrip(" "))

    def mapping(self, depth: int) -> Plain:
        found: Plain = {}
        self.at += 1
        while self.next() != "}":
            key = self.scalar()
            if self.next() != ":" or not self.text[self.at + 1 : self.at + 2].isspace():
                raise _RefusedError
            self.at += 1
            value = None if self.next() in (",", "}") else self.value(depth + 1)
            if key is not None and key in found:
                raise _RefusedError
            if key is not None:
                found[key] = value
            self.separator("}")
        self.at += 1
        return found

    def sequence(self, depth: int) -> None:
        self.at += 1
        while self.next() != "]":
            self.value(depth + 1)
            self.separator("]")
        self.at += 1

    def separator(self, end: str) -> None:
        mark = self.next()
        if mark not in (",", end) or not mark:
            raise _RefusedError
        self.at += mark == ","


def _key(match: re.Match[str]) -> str | None:
    if match["plain"] is not None:
        return _plain(match["plain"])
    return match["one"] if match["one"] is not None else match["two"]


def _plain(text: str) -> str | None:
    """A text without quotes; None where YAML may take it for something else."""
    return text if _TEXT.fullmatch(text) and text.lower() not in _WORDS else None


def _unquoted(match: re.Match[str]) -> str | None:
    if match["one"] is not None:
        return match["one"].replace("''", "'")
    return match["two"] if "\\" not in match["two"] else None
