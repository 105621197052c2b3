"""What stands around a place in a text that may be no Python at the moment: brackets, calls, keys, the string there.

Reads tokens from the nearest start of a statement that can be told by its looks, never a tree, so that half of a
statement says as much as a whole one.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Sequence
from dataclasses import field

from mongolint.fastclasses import NamedTuple, dataclass

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f]+|\\\r?\n)|(?P<newline>\r\n|\r|\n)|(?P<comment>\#[^\r\n]*)
    |(?P<string>[rRbBuUfF]{0,2}(?:\"\"\"|'''|"|'))|(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<op>.)""",
    re.VERBOSE | re.DOTALL,
)
_STRING_END = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\.)*', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]|\\.)*", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*", re.DOTALL),
}
_BEGINNING = re.compile(r"^(?:[ \t]*(?:async[ \t]+def|def|class)\b|[^\W\d]|@)", re.MULTILINE)
_DEFINITION = re.compile(r"^([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_SPACE = re.compile(r"[ \t]*")
_INDENT = re.compile(r"[ \t]*(?=[^\W\d]|@)")
# Characters looked at before a place
_MAX_BEFORE = 20_000
_CLOSED_BY = {")": "(", "]": "[", "}": "{"}


class Token(NamedTuple):
    """``kind``: name, number, string, op, or group for a pair of brackets with all in it."""

    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Frame:
    """An open bracket; ``opener`` is "" for the statement. ``parts``: its tokens, split at commas."""

    opener: str
    start: int
    parts: list[list[Token]] = field(default_factory=lambda: [[]])

    @property
    def tokens(self) -> list[Token]:
        """Those of the part that is being typed."""
        return self.parts[-1]


@dataclass(frozen=True, slots=True)
class String:
    """The string that a place stands in: where it opens, where its text begins."""

    start: int
    begin: int
    prefix: str
    quote: str


@dataclass(frozen=True, slots=True)
class Around:
    """The open brackets around a place, the statement first, and the string it is in."""

    text: str
    offset: int
    frames: Sequence[Frame]
    string: String | None

    def source(self, tokens: Sequence[Token]) -> str:
        return self.text[tokens[0].start : tokens[-1].end]


def around(text: str, offset: int) -> Around | None:
    """What is around a place; None in a comment."""
    return _Scanner(text, offset).scan(_beginning(text, offset))


def _beginning(text: str, offset: int) -> int:
    """Where to begin: the last line above, or the place's own, that surely begins a statement."""
    line = offset
    least = max(0, offset - _MAX_BEFORE)
    while line > least:
        line = max(text.rfind("\n", 0, line), text.rfind("\r", 0, line)) + 1
        if _BEGINNING.match(text, line):
            return line
        line -= 1
    return least


class _Scanner:
    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.frames = [Frame("", 0)]
        self.indent = 0

    def scan(self, start: int) -> Around | None:
        text, offset, place = self.text, self.offset, start
        self._begin(place)
        while place < offset:
            match = _TOKEN.match(text, place)
            assert match is not None
            kind, end = str(match.lastgroup), match.end()
            if kind == "string":
                string, end = self._string(match)
                if end > offset or (end == offset and not self._is_closed(string, end)):
                    return Around(text, offset, self.frames, string)
                self.frames[-1].tokens.append(Token("string", place, end))
            elif kind == "comment" and end >= offset:
                return None
            elif end <= offset or kind in ("name", "number"):
                self._take(kind, place, min(end, offset))
            place = end
        return Around(text, offset, self.frames, None)

    def _string(self, match: re.Match[str]) -> tuple[String, int]:
        prefix = match.group().rstrip("\"'")
        quote = match.group()[len(prefix) :]
        body = _STRING_END[quote].match(self.text, match.end())
        assert body is not None
        end = body.end()
        if self.text.startswith(quote, end):
            end += len(quote)
        return String(match.start(), match.end(), prefix.lower(), quote), end

    def _is_closed(self, string: String, end: int) -> bool:
        return end - len(string.quote) >= string.begin and self.text.endswith(string.quote, string.begin, end)

    def _take(self, kind: str, start: int, end: int) -> None:
        character = self.text[start:end]
        if kind == "newline":
            self._line(end)
        elif kind == "open":
            self.frames.append(Frame(character, start))
        elif kind == "close":
            self._close(character, end)
        elif character == "," and kind == "op":
            self.frames[-1].parts.append([])
        elif kind not in ("space", "comment"):
            self.frames[-1].tokens.append(Token(kind, start, end))

    def _line(self, start: int) -> None:
        """A line that is no deeper than its statement, and begins with a word, begins another one."""
        indent = _INDENT.match(self.text, start)
        if indent is not None and (len(self.frames) == 1 or len(indent.group()) <= self.indent):
            self._begin(start)

    def _begin(self, start: int) -> None:
        indent = _INDENT.match(self.text, start)
        self.indent = len(indent.group()) if indent else 0
        self.frames = [Frame("", start)]

    def _close(self, character: str, end: int) -> None:
        if self.frames[-1].opener == _CLOSED_BY[character]:
            frame = self.frames.pop()
            self.frames[-1].tokens.append(Token("group", frame.start, end))


def definitions(here: Around) -> list[str]:
    """The names of the functions and classes around a place, the outermost first, told by indentation."""
    start = here.frames[0].start
    indent = _SPACE.match(here.text, start)
    depth = len(indent.group()) if indent else 0
    found: list[str] = []
    for match in reversed(list(_DEFINITION.finditer(here.text, 0, start))):
        if len(match[1]) < depth:
            found.insert(0, match[2])
            depth = len(match[1])
    return found


def primary(around: Around, tokens: Sequence[Token]) -> list[Token]:
    """The tokens at the end that make up what is called or subscripted: ``self.users`` of ``await self.users``."""
    place = len(tokens) - 1
    while place >= 0:
        token, before = tokens[place], tokens[place - 1] if place else None
        if token.kind == "group":
            if before is None or not (before.kind in ("group", "string") or _is_word(around, before)):
                break
            place -= 1
        elif _is_word(around, token):
            if before is None or around.text[before.start : before.end] != "." or place < 2:
                break
            place -= 2
        elif token.kind == "string":
            break
        else:
            return []
    found = list(tokens[max(place, 0) :])
    return [] if not found or (found[0].kind == "name" and not _is_word(around, found[0])) else found


def _is_word(around: Around, token: Token) -> bool:
    return token.kind == "name" and not keyword.iskeyword(around.text[token.start : token.end])


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is being typed: ``receiver.name(``; ``receiver`` is "" for a plain function.

    ``argument``: the keyword of the argument being typed, or its position. ``source``: what is called.
    """

    receiver: str
    name: str
    argument: str | int
    source: str
    frame: Frame


def call_of(around: Around, number: int) -> Call | None:
    """The call whose brackets are the frame of that number; None where those are no call."""
    frame = around.frames[number]
    head = primary(around, around.frames[number - 1].tokens) if frame.opener == "(" and number else []
    if not head or head[-1].kind != "name":
        return None
    name = around.text[head[-1].start : head[-1].end]
    receiver = around.source(head[:-2]) if len(head) > 2 else ""
    keyword = keyword_of(around, frame.tokens)
    position = sum(1 for part in frame.parts[:-1] if keyword_of(around, part) is None)
    return Call(receiver, name, position if keyword is None else keyword, around.source(head), frame)


def keyword_of(around: Around, part: Sequence[Token]) -> str | None:
    """The keyword of an argument."""
    texts = [around.text[token.start : token.end] for token in part[:3]]
    if len(texts) >= 2 and part[0].kind == "name" and texts[1] == "=" and texts[2:] != ["="]:
        return texts[0]
    return None


def colon(around: Around, part: Sequence[Token]) -> int | None:
    """Where in an entry of a dict its colon is."""
    for place, token in enumerate(part):
        if token.kind == "op" and around.text[token.start : token.end] == ":":
            return place
    return None


def key_of(around: Around, part: Sequence[Token]) -> str | None:
    """The key of an entry of a dict, where it is a plain string."""
    place = colon(around, part)
    return text_of(around, part[0]) if place == 1 else None


def text_of(around: Around, token: Token) -> str | None:
    """The value of a string."""
    source = around.text[token.start : token.end]
    tree = parsed(source) if token.kind == "string" else None
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None


def parsed(source: str) -> ast.expr | None:
    """The tree of an expression, which may span lines; None for what is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(f"({source}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
