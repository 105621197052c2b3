"""Data written in JavaScript is read as what it is, in every style of writing; what is no data is never guessed."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.source.javascript.expressions import Expressions
from mongolint.source.javascript.literals import UNREAD, Pattern, literal
from mongolint.source.javascript.tokens import tokenize

NAMES = st.one_of(
    st.sampled_from(["a", "$exists", "_id", "user.name", "two words", "ключ", "if", "1", "07", "a-b", "$**"]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
# More digits than a JavaScript number has would not come back
NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9).filter(lambda n: not n.is_integer()))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(st.characters(codec="utf-8"), max_size=12))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)


def read(text: str) -> Any:
    return literal(Expressions(tokenize(text)).complete(0)[0])


def ordered(value: Any) -> Any:
    """A value whose keys stand as JavaScript keeps them: whole numbers first."""
    if isinstance(value, list):
        return [ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    numbers = sorted((k for k in value if k.isascii() and k.isdigit() and str(int(k)) == k and len(k) < 10), key=int)
    return {name: ordered(value[name]) for name in [*numbers, *(k for k in value if k not in numbers)]}


class Writer:
    """Writes a value as JavaScript, each part in a style of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one_of(self, *texts: str) -> str:
        return self.random.choice(texts)

    def blank(self) -> str:
        return self.one_of("", " ", "\n", "\t", "/* a: {1, */", " // }]\n")

    def value(self, value: Any) -> str:
        blank = self.blank()
        return f"{blank}{self.bare(value)}{self.blank()}"

    def bare(self, value: Any) -> str:
        if isinstance(value, dict):
            return self.listed("{", "}", [f"{self.key(name)}:{self.value(item)}" for name, item in value.items()])
        if isinstance(value, list):
            return self.listed("[", "]", [self.value(item) for item in value])
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool) or value is None:
            return json.dumps(value)
        return self.number(value)

    def listed(self, opening: str, closing: str, parts: list[str]) -> str:
        comma = self.one_of("", ",") if parts else ""
        return opening + ",".join(parts) + comma + self.blank() + closing

    def key(self, name: str) -> str:
        if name.isidentifier() and name.isascii():
            return self.one_of(name, self.text(name, "\"'"), f"[{self.text(name)}]")
        return self.one_of(self.text(name, "\"'"), f"[{self.text(name)}]")

    def text(self, text: str, quotes: str = "\"'`") -> str:
        quote = self.one_of(*quotes)
        return quote + "".join(self.letter(letter, quote) for letter in text) + quote

    def letter(self, letter: str, quote: str) -> str:
        if letter in (quote, "\\") or (quote == "`" and letter == "$"):
            return "\\" + letter
        if letter in "\n\r\u2028\u2029":
            return f"\\u{ord(letter):04x}"
        codes = [f"\\u{{{ord(letter):x}}}"]
        codes += [f"\\u{unit:04x}" for unit in [ord(letter)] if unit < 0x10000]
        return self.one_of(letter, letter, letter, *codes)

    def number(self, number: float) -> str:
        plain = repr(number)
        if isinstance(number, int):
            styles = [plain, f"({plain})", f"{number} * 1", f"{number}.0", f"{number:_}"]
            return self.one_of(*styles, *([hex(number), f"+{number}"] if number >= 0 else []))
        return self.one_of(plain, f"({plain})")


@given(VALUES, st.integers(0, 2**32))
def test_what_is_written_is_read(value: Any, seed: int) -> None:
    text = Writer(seed).value(value)
    found = read(text)
    assert json.dumps(found) == json.dumps(ordered(value)), text


@given(st.text(st.sampled_from("{}[]()`'\"/\\${},:;=>.?ab1 \n-+*&|\u2028é"), max_size=60))
def test_anything_can_be_read(text: str) -> None:
    tokens = tokenize(text)
    expressions = Expressions(tokens)
    for position in range(len(tokens)):
        node, after = expressions.complete(position)
        assert after >= position
        literal(node)
    assert [t.start for t in tokens] == sorted({t.start for t in tokens})
    assert all(one.end <= following.start for one, following in pairwise(tokens))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60 * 60 * 24", 86400),
        ("7 / 2", 3.5),
        ("1e3", 1000),
        ("0x1F", 31),
        ("1_000n", 1000),
        ("'a' + 'b' + 1", "ab1"),
        ("`a${'b'}${1}`", "ab1"),
        ("/a[/]b/gi", Pattern("a[/]b", "gi")),
        ("[...[1, 2], 3]", [1, 2, 3]),
        ("{...{a: 1}, b: 2, a: 3}", {"a": 3, "b": 2}),
        ("{a, b: 1}", {"a": UNREAD, "b": 1}),
        ("{a() { return {b: 1} }, get c() { return 1 }, d: 1}", {"a": UNREAD, "c": UNREAD, "d": 1}),
        ("{a: x => ({b: 1}), c: function () { return [1, 2] }, d: 1}", {"a": UNREAD, "c": UNREAD, "d": 1}),
        ("{a: 1 ? 2 : 3, b: x.y[0](1), c: !true}", {"a": UNREAD, "b": UNREAD, "c": False}),
        ("{[x]: 1, a: 1}", UNREAD),
        ("{...x, a: 1}", UNREAD),
        ("x || 'shop'", "shop"),
        ("0 ?? 1", 1),
        ("await 1", 1),
        ("a < b", UNREAD),
        ("'unterminated", "unterminated"),
        ("`half ${", UNREAD),
    ],
)
def test_forms(text: str, value: Any) -> None:
    assert read(text) == value


def test_a_slash_divides_behind_a_value() -> None:
    assert [t.value for t in tokenize("a / b / c")] == ["a", "/", "b", "/", "c"]
    assert [t.kind for t in tokenize("return /b/.test(x)")][1] == "regex"


def test_deep_nesting_ends() -> None:
    assert read("[" * 300 + "]" * 300) is not None
