"""Suppression comments: what they silence, which silence nothing, how one is removed.

May not know rules beyond the codes and names it is given. The comments::

    # mongolint: ignore[n-plus-one-query, MDB103] reason   findings of its statement; on a line of its own: of
                                                           the statement below
    # mongolint: ignore                                    the same, whatever the rule
    # mongolint: ignore-file[MDB503] reason                the whole file; on a line of its own, anywhere
    # noqa: E501, MDB101                                   findings of its statement, as in flake8
"""

from __future__ import annotations

import io
import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.selectors import RuleInfo, did_you_mean, rule_hint, specificity
from mongolint.source.text import LineTable

Kind = Literal["ignore", "ignore-file", "noqa", "malformed"]

# Never silenced by a comment that does not name it: an unused bare comment would silence its own finding.
UNUSED_CODE = "MDB900"

_BREAK = re.compile("\r\n|\r")
_DIRECTIVE = re.compile(r"#[ \t]*(?:(?P<ours>mongolint)[ \t]*:[ \t]*|(?P<noqa>noqa)(?![\w-]))", re.IGNORECASE)
_CANDIDATE = re.compile(_DIRECTIVE.pattern + r"[^\r\n]*", re.IGNORECASE)
_WORD = re.compile(r"(?P<word>[A-Za-z][\w-]*)?(?:[ \t]*(?P<open>\[)(?P<codes>[^\]\n]*)(?P<close>\])?)?")
_NOQA_CODES = re.compile(r"\s*:\s*(?P<codes>[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*)(?![\w-])")
_ENTRY = re.compile(r"[^\s,]+")
_CODE = re.compile(r"[A-Za-z]+[0-9]+")
# The start of a reason that was meant to be in brackets.
_FORGOTTEN = re.compile(r"[A-Z]+[0-9]{3,}(?![\w-])")
# A reason ends where another comment begins; "see #12" goes on.
_NEXT_COMMENT = re.compile(r"\s+#(?!\d)")
# Words that mean something to a tool when they open a comment.
_PRAGMA = re.compile(r"noqa|!|-\*-|[\w-]+[ \t]*[:=]", re.IGNORECASE)
_LEXEME = re.compile(
    r"""(?P<comment>\#[^\n]*)
    | (\"{3}|'{3}) (?:\\.|(?!\2).)* (?:\2|\Z)
    | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'?""",
    re.DOTALL | re.VERBOSE,
)
_NO_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


class Entry(NamedTuple):
    """One code or name of a suppression: as written, as rules spell it, and its offsets in the text."""

    word: str
    selector: str
    start: int
    end: int


class Suppression(NamedTuple):
    """One directive of a comment. Lines and columns are 1-based; offsets count code points of the text.

    It silences findings that start on ``first_line`` to ``last_line``. ``start`` and ``end`` hold the
    directive with its reason, not what else the comment says. ``entries`` is empty where it names no rule;
    for ``noqa`` they may be other linters'. ``problem`` says why a ``malformed`` one has no effect.
    """

    kind: Kind
    line: int
    column: int
    first_line: int
    last_line: int
    start: int
    end: int
    entries: tuple[Entry, ...] = ()
    reason: str = ""
    problem: str = ""

    @property
    def codes(self) -> tuple[str, ...] | None:
        """The codes and names as written; None if the directive is for every rule."""
        return tuple(entry.word for entry in self.entries) if self.entries else None


class UnusedSuppression(NamedTuple):
    """What of a suppression has no effect, and where: columns ``column`` to ``end_column`` of ``line``.

    ``codes`` are as written and go to `removal`; empty means the whole directive. To remove one of kind
    ``unused`` changes nothing; one that is ``unknown`` or ``malformed`` was meant to do something.
    """

    suppression: Suppression
    kind: Literal["unused", "unknown", "malformed"]
    codes: tuple[str, ...]
    message: str
    line: int
    column: int
    end_column: int


class Suppressions:
    """The suppressions of one file, and which of them were of use."""

    def __init__(self, found: Iterable[Suppression] = ()) -> None:
        self._found = list(found)
        self._used: set[tuple[int, int]] = set()  # (suppression, entry), entry -1 where there is none
        self._by_line: dict[int, list[int]] = {}
        self._file: list[int] = []
        for index, item in enumerate(self._found):
            if item.kind == "ignore-file":
                self._file.append(index)
            elif item.kind != "malformed":
                for line in range(item.first_line, item.last_line + 1):
                    self._by_line.setdefault(line, []).append(index)

    def __iter__(self) -> Iterator[Suppression]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def match(self, code: str, name: str, line: int) -> Suppression | None:
        """The suppression that silences a finding of this rule starting on this line; it is then used.

        Of several the nearest: on the line itself, then of the statement, then of the file; and one that
        names the rule before one for every rule.
        """
        rule = RuleInfo(code, name)
        near = sorted(self._by_line.get(line, ()), key=lambda index: self._found[index].line != line)
        for bare in (False, True):
            for index in (*near, *self._file):
                for number in self._entries_for(index, rule, bare):
                    self._used.add((index, number))
                    return self._found[index]
        return None

    def _entries_for(self, index: int, rule: RuleInfo, bare: bool) -> Iterator[int]:
        entries = self._found[index].entries
        if bare:
            if not entries and rule.code != UNUSED_CODE:
                yield -1
            return
        for number, entry in enumerate(entries):
            if specificity(entry.selector, rule) and (rule.code != UNUSED_CODE or entry.selector != "ALL"):
                yield number

    def unused(
        self, active: Collection[str], known_rules: Mapping[str, RuleInfo], *, bare: bool = True
    ) -> list[UnusedSuppression]:
        """What had no effect, once every finding went through `match`.

        Args:
            active: codes of the rules that ran; of others nothing is known, so they are not reported.
            known_rules: all rules, to tell an unused name from an unknown one.
            bare: report directives that name no rule too; for a run that was narrowed to few rules, say no.
        """
        result: list[UnusedSuppression] = []
        for index, item in enumerate(self._found):
            if item.kind == "malformed":
                result.append(_report(item, "malformed", [], item.problem))
            elif not item.entries:
                if bare and item.kind != "noqa" and (index, -1) not in self._used:
                    message = "suppression has no effect: no finding here; remove it"
                    result.append(_report(item, "unused", [], message))
            else:
                result += self._unused_entries(index, item, active, known_rules)
        return result

    def _unused_entries(
        self,
        index: int,
        item: Suppression,
        active: Collection[str],
        known_rules: Mapping[str, RuleInfo],
    ) -> Iterator[UnusedSuppression]:
        families = {rule.code.rstrip("0123456789") for rule in known_rules.values()}
        unused: list[Entry] = []
        unknown: list[Entry] = []
        for number, entry in enumerate(item.entries):
            codes = [rule.code for rule in known_rules.values() if specificity(entry.selector, rule)]
            if not codes:
                # In a noqa, only what looks like our code can be a mistake of ours.
                if item.kind != "noqa" or entry.selector.rstrip("0123456789") in families:
                    unknown.append(entry)
            elif (index, number) not in self._used and UNUSED_CODE not in codes and set(codes) <= set(active):
                unused.append(entry)
        if unused:
            words = ", ".join(entry.word for entry in unused)
            message = f"suppression of {words} has no effect: no such finding here; remove it"
            yield _report(item, "unused", unused, message)
        for entry in unknown:
            hint = rule_hint(entry.word, known_rules)
            yield _report(item, "unknown", [entry], f"suppression names an unknown rule {entry.word!r}{hint}")


def _report(
    item: Suppression, kind: Literal["unused", "unknown", "malformed"], entries: list[Entry], message: str
) -> UnusedSuppression:
    part = entries if len(entries) < len(item.entries) else []
    start, end = (part[0].start, part[-1].end) if part else (item.start, item.end)
    column = item.column + start - item.start
    codes = tuple(entry.word for entry in entries)
    return UnusedSuppression(item, kind, codes, message, item.line, column, column + end - start)


def find_suppressions(text: str, families: Collection[str] = ("MDB",)) -> Suppressions:
    """The suppression comments of a module, also of one that does not parse. Strings hold none.

    ``families`` are the letters that our codes begin with: a ``noqa`` for others alone is none of ours.
    """
    # Most files have no such comment, and most that have one mean another linter: no tokenizer for them.
    candidates = (item for match in _CANDIDATE.finditer(text) for item in parse_comment(match[0]))
    if not any(_ours(item, families) for item in candidates):
        return Suppressions()
    layout = _layout(text)
    table = LineTable(text)
    return Suppressions(
        _placed(item, line, table.bounds(line)[0], column, text, layout)
        for line, column, comment in layout.comments
        for item in parse_comment(comment)
        if _ours(item, families)
    )


def parse_comment(comment: str) -> list[Suppression]:
    """The directives of one comment, ``#`` included, as if it were all the text there is."""
    result = []
    position = 0
    while match := _DIRECTIVE.search(comment, position):
        item = _own_directive(comment, match) if match["ours"] else _noqa(comment, match)
        position = match.end() if item is None else max(item.end, match.end())
        if item is not None:
            result.append(item)
    return result


def _noqa(comment: str, match: re.Match[str]) -> Suppression:
    codes = _NOQA_CODES.match(comment, match.end())
    end = codes.end() if codes else match.end()
    entries = _entries(comment, *codes.span("codes")) if codes else ()
    following = _NEXT_COMMENT.search(comment, end)
    reason = comment[end : following.start() if following else len(comment)].strip()
    return Suppression("noqa", 1, match.start() + 1, 1, 1, match.start(), end, entries, reason)


def _own_directive(comment: str, match: re.Match[str]) -> Suppression | None:
    """What follows ``mongolint:``; None for prose about the tool."""
    word = _WORD.match(comment, match.end())
    assert word is not None  # it matches the empty string
    following = _NEXT_COMMENT.search(comment, word.end())
    stop = following.start() if following else len(comment)
    reason = comment[word.end() : stop].strip()
    end = len(comment[:stop].rstrip())
    kind: Kind = "malformed"
    entries: tuple[Entry, ...] = ()
    problem = ""
    if word["word"] not in ("ignore", "ignore-file"):
        hint = did_you_mean(word["word"] or "", ["ignore", "ignore-file"])
        if not hint and not word["open"]:
            return None
        problem = f"unknown directive {word['word'] or ''!r} for mongolint{hint}"
    elif word["open"] and not word["close"]:
        problem = "suppression without effect: the bracket is not closed"
    elif word["open"] and not (entries := _entries(comment, *word.span("codes"))):
        problem = "suppression without effect: the brackets name no rule"
    elif not word["open"] and (code := _FORGOTTEN.match(reason)):
        problem = f"suppression without effect: write {word['word']}[{code[0]}]"
    else:
        kind = "ignore" if word["word"] == "ignore" else "ignore-file"
    return Suppression(kind, 1, match.start() + 1, 1, 1, match.start(), end, entries, reason, problem)


def _entries(comment: str, start: int, end: int) -> tuple[Entry, ...]:
    found = _ENTRY.finditer(comment, start, end)
    return tuple(Entry(match[0], _selector(match[0]), match.start(), match.end()) for match in found)


def _selector(word: str) -> str:
    return word.upper() if _CODE.fullmatch(word) else word


def _ours(item: Suppression, families: Collection[str]) -> bool:
    letters = {entry.selector.rstrip("0123456789") for entry in item.entries}
    return item.kind != "noqa" or not letters or not letters.isdisjoint(families)


@dataclass(slots=True)
class _Layout:
    """Comments as (line, 0-based column, text); statements as (first line, last line, is a decorator)."""

    comments: list[tuple[int, int, str]]
    statements: list[tuple[int, int, bool]]

    def around(self, line: int) -> tuple[int, int] | None:
        """The lines of the statement that a line is part of."""
        index = bisect_right(self.statements, (line + 1,)) - 1
        if index >= 0 and self.statements[index][1] >= line:
            return self.statements[index][:2]
        return None

    def after(self, line: int) -> tuple[int, int] | None:
        """The lines of the next statement; from a decorator on, all down to the head it decorates."""
        index = first = bisect_right(self.statements, (line + 1,))
        while index < len(self.statements) - 1 and self.statements[index][2]:
            index += 1
        return (self.statements[first][0], self.statements[index][1]) if index < len(self.statements) else None


def _placed(item: Suppression, line: int, start: int, column: int, text: str, layout: _Layout) -> Suppression:
    """A directive of the comment at this line and 0-based column, with the lines it speaks of."""
    offset = start + column
    lines = layout.around(line)
    if item.kind == "ignore" and lines is None:
        lines = layout.after(line)
    kind, problem = item.kind, item.problem
    if kind == "ignore-file" and text[start:offset].strip():
        kind, problem = "malformed", "ignore-file has no effect here: it needs a line of its own"
    first, last = lines or (line, line)
    entries = tuple(entry._replace(start=entry.start + offset, end=entry.end + offset) for entry in item.entries)
    return item._replace(
        kind=kind,
        line=line,
        column=column + item.column,
        first_line=first,
        last_line=last,
        start=item.start + offset,
        end=item.end + offset,
        entries=entries,
        problem=problem,
    )


# An editor asks after each keystroke, and only one of the texts is another
@lru_cache(maxsize=256)
def _layout(text: str) -> _Layout:
    return _tokenized(text) or _scanned(text)


def _tokenized(text: str) -> _Layout | None:
    """The layout that Python's tokenizer sees; None for text it refuses."""
    flat = _BREAK.sub("\n", text)
    layout = _Layout([], [])
    start: tokenize.TokenInfo | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the tokenizer, on odd literals
            for token in tokenize.generate_tokens(io.StringIO(flat).readline):
                if token.type == tokenize.COMMENT:
                    layout.comments.append((*token.start, token.string))
                elif token.type == tokenize.NEWLINE and start is not None:
                    layout.statements.append((start.start[0], token.start[0], start.string == "@"))
                    start = None
                elif start is None and token.type not in _NO_CODE:
                    start = token
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None
    lines = flat.split("\n")
    # Some versions count columns in bytes on some lines: then the comment is not where they say.
    exact = all(lines[line - 1].startswith(comment, column) for line, column, comment in layout.comments)
    return layout if exact else None


def _scanned(text: str) -> _Layout:
    """The layout of text that is not Python: comments outside strings, each line its own statement."""
    flat = _BREAK.sub("\n", text)
    table = LineTable(flat)
    layout = _Layout([], [])
    for match in _LEXEME.finditer(flat):
        if match["comment"]:
            line, column = table.position(match.start())
            layout.comments.append((line, column - 1, match["comment"]))
    for number, line_text in enumerate(flat.split("\n"), 1):
        code = line_text.strip()
        if code and not code.startswith("#"):
            layout.statements.append((number, number, code.startswith("@")))
    return layout


def removal(text: str, item: Suppression, codes: Collection[str] | None = None) -> tuple[int, int, str]:
    """The edit (start, end, replacement) that takes codes out of a suppression, or all of it.

    What else the comment says stays, and so do the codes not named. ``codes`` are as written, as
    `UnusedSuppression` has them; None or all of them remove the directive with its reason, and a line that
    holds nothing else. Text after a ``noqa`` stays as a comment: to flake8 it is no part of it.
    """
    entries = item.entries
    kept = [number for number, entry in enumerate(entries) if codes and entry.word not in codes]
    if kept:
        words = entries[kept[0]].word
        for number in kept[1:]:
            words += text[entries[number - 1].end : entries[number].end]
        return entries[0].start, entries[-1].end, words
    line_start, line_end = LineTable(text).bounds(item.line)
    head = text[line_start : item.start]
    tail = text[item.end : line_end].rstrip("\r\n")
    rest = tail.lstrip(" \t")
    if not rest.startswith("#"):
        rest = rest.lstrip(" \t,:;")
    if not rest.strip():
        if not head.strip():
            return line_start, line_end, ""
        return line_start + len(head.rstrip()), item.end + len(tail), ""
    end = item.end + len(tail) - len(rest)
    if rest.startswith("#"):
        return item.start, end, ""
    # What followed the codes must not become a comment that another tool obeys: "type: ignore".
    return item.start, end, "# - " if _PRAGMA.match(rest) else "# "
