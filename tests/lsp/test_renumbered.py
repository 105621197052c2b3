"""Numbers of rows across edits: what both tables have keeps its number, and the order stays."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.facts.extract import extract
from mongolint.facts.renumbered import STEP, follow, renumber

TEXT = """\
import pymongo


class Books:
    def __init__(self, db, *, name="books"):
        self.books = db[name]

    def all_of(self, owners):
        found = []
        for owner in owners:
            try:
                if owner:
                    found.append(self.books.find_one({"owner_id": owner, "n": 1}, sort=[("a", -1)]))
            except pymongo.errors.PyMongoError:
                raise ValueError(owner) from KeyError(-owner)
        while found:
            found.pop()
        return [each for each in found if each]


def of(db, find=pymongo.collection.Collection.find_one):
    with db.client.start_session() as session:
        return Books(db).books.update_one({"_id": 1}, {"$set": {f"a.{find}": True}}, session=session)
"""
LINES = (
    "x = 1",
    "x = {'owner_id': 1, 'n': [1, 2]}",
    "found = self.books",
    "call(x, y=2)",
    "yield x",
    "# x",
    "return x",
)
EDITS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(LINES), st.booleans()), min_size=1, max_size=5)


def edited(text: str, place: int, line: str, insert: bool) -> str:
    lines = text.split("\n")
    place = min(place, len(lines) - 1)
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    if insert:
        lines.insert(place, indent + line)
    elif lines[place].endswith(":"):
        lines[place] += "  # x"
    else:
        lines[place] = indent + line
    return "\n".join(lines)


@settings(max_examples=200, deadline=None)
@given(EDITS)
def test_numbers_are_all_that_differs(edits: list[tuple[int, str, bool]]) -> None:
    text = TEXT
    facts = extract("/a.py", text, STEP)
    for edit in edits:
        following = edited(text, *edit)
        try:
            compile(following, "a", "exec")
        except SyntaxError:
            continue
        text = following
        new = extract("/a.py", text, STEP)
        facts = follow(facts, new)
        numbers = [row for row, _ in facts.numbered()]
        assert numbers == sorted(numbers)
        assert renumber(facts, {row: place * STEP for place, row in enumerate(numbers)}) == new


def test_what_is_not_edited_keeps_its_numbers() -> None:
    old = extract("/a.py", TEXT, STEP)
    assert follow(old, extract("/a.py", TEXT, STEP)) == old
    new = extract("/a.py", TEXT.replace("        found = []\n", "        found = []\n        x = {'new': 3}\n"), STEP)
    followed = dict(follow(old, new).numbered())
    kept = dict(old.numbered())
    assert len(followed) == len(kept) + 3
    assert all(followed[row] == node for row, node in kept.items())


def test_without_room_all_is_numbered_anew() -> None:
    old, new = extract("/a.py", "a = 1\nb = 2\n"), extract("/a.py", "a = 1\nc = 3\nb = 2\n", STEP)
    assert follow(old, new) is new


def test_the_numbers_of_lists_and_of_spread_tables() -> None:
    dense, spread = extract("/a.py", TEXT), extract("/a.py", TEXT, STEP)
    assert renumber(dense, {row: row * STEP for row, _ in dense.numbered()}) == spread
