"""The law of incremental parsing: whatever is edited, the facts are those of the text as a whole."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mongolint.facts.extract import extract
from mongolint.facts.pieces import Pieces
from mongolint.facts.shapes import ModuleFacts
from mongolint.source.syntax import ParseError

TEXT = '''\
"""What it is for."""
# a comment
from app.db import books


@router.get("/{owner}")
def of_owner(owner):
    # another
    return books.find_one({"owner_id": owner})

LIMIT = 3; NAMES = ["a",
"b"]


class Store:
    def one(self):
        return books.find_one({})
'''
LINES = (
    "x = 1",
    "    pass",
    "    # indented",
    "@cached",
    "else:",
    "(",
    ")",
    "'''",
    "\\",
    "x = 1 \\",
    "",
    "    ",
    "\f",
    "\tpass",
    "if LIMIT:\n  books.find_one({})",
    "async def other():\n    await books.find_one({'a': 1})",
)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "join", "indent", "restore"]), st.integers(0, 20), st.sampled_from(LINES)
    ),
    min_size=1,
    max_size=15,
)


def edited(text: str, kind: str, place: int, line: str) -> str:
    lines = text.split("\n")
    place = min(place, len(lines) - 1)
    if kind == "restore":
        return TEXT
    if kind == "insert":
        lines.insert(place, line)
    elif kind == "delete":
        del lines[place]
    elif kind == "join":
        lines[place : place + 2] = ["".join(lines[place : place + 2])]
    else:
        lines[place] = f"  {lines[place]}"
    return "\n".join(lines)


def facts(text: str, pieces: Pieces | None = None) -> ModuleFacts | tuple[str, int, int]:
    try:
        return extract("/app.py", text, 1, pieces)
    except ParseError as error:
        return error.message, error.line, error.column


@settings(max_examples=300, deadline=None)
@given(EDITS)
@example([*[("delete", 0, "")] * 3, ("insert", 2, "\\"), ("insert", 15, "x = 1")])
def test_facts_are_those_of_the_whole(edits: list[tuple[str, int, str]]) -> None:
    text, pieces = TEXT, Pieces()
    facts(text, pieces)
    for kind, place, line in edits:
        text = edited(text, kind, place, line)
        assert facts(text, pieces) == facts(text), text


def test_only_what_changes_is_parsed(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    parsed: list[str] = []

    def noted(text: str):  # type: ignore[no-untyped-def]
        parsed.append(text)
        return original(text)

    from mongolint.facts import pieces as module

    original = module.parse
    monkeypatch.setattr(module, "parse", noted)
    pieces = Pieces()
    pieces.read(TEXT)
    pieces.read(TEXT.replace("LIMIT = 3", "LIMIT = 4"))
    assert [len(text) for text in parsed] == [len(TEXT), len('LIMIT = 4; NAMES = ["a",\n"b"]\n\n\n')]
