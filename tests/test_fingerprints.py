"""A finding is known again after edits elsewhere, and no two are taken for one another."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.finding import Confidence, Finding, Severity, Span
from mongolint.fingerprints import fingerprints

CODE = """\
class Shop:
    async def sell(self, ids):
        for each in ids:
            await self.stock.find_one({"_id": each})  # one by one
            await self.stock.find_one({"_id": each})

    def close(self):
        await self.stock.find_one({"_id": each})

def close():
    await self.stock.find_one({"_id": each})
db.stock.find_one({"#": 'it\\'s # here'})
"""


def findings(code: str, file: str = "a.py", message: str = "slow") -> list[Finding]:
    """One for each ``find_one``."""
    found = []
    for number, line in enumerate(re.split("\r\n|\r|\n", code), 1):
        for match in re.finditer("find_one", line):
            span = Span(file, number, match.start() + 1, number, match.end() + 1)
            found.append(Finding(span, "MDB101", "name", Severity.HIGH, Confidence.KNOWN, message))
    return found


def prints(code: str, **more: str) -> list[str]:
    return fingerprints(findings(code, **more), lambda file: code)


def test_shape() -> None:
    found = prints(CODE)
    assert len(set(found)) == len(found) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in found)
    assert fingerprints([], lambda file: None) == []


@pytest.mark.parametrize(
    "edited",
    [
        "import os\n\n" + CODE,
        CODE.replace("\n", "\r\n"),
        CODE.replace("  # one by one", ""),
        CODE.replace("find_one({", "find_one( {").replace("})", "} )"),
        CODE.replace("    ", "\t"),
        CODE.replace("ids", "them"),
        CODE.replace("    def close(self)", "    def more(self): ...\n\n    async def close(self, *, now)"),
    ],
    ids=["lines above", "newlines", "comment", "spaces", "tabs", "names elsewhere", "signature"],
)
def test_the_same_after_edits(edited: str) -> None:
    assert edited != CODE
    assert prints(edited) == prints(CODE)


def test_the_same_with_another_message() -> None:
    assert prints(CODE, message="three times 4 ms") == prints(CODE)


def test_others_are_others() -> None:
    """Another file, code, function or text; but an edit of one line changes what is there only."""
    before = prints(CODE)
    assert not set(before) & set(prints(CODE, file="b.py"))
    assert not set(before) & set(prints(CODE.replace("find_one({", "find_one(sort, {")))
    renamed = prints(CODE.replace("def close(self)", "def shut(self)"))
    assert [old == new for old, new in zip(before, renamed, strict=True)] == [True, True, False, True, True]


def test_string_with_a_number_sign() -> None:
    """What follows it is text as well, and no comment."""
    assert prints("""x.find_one({"#": 1})""") != prints("""x.find_one({"#": 2})""")
    assert prints("x.find_one() # 1") == prints("x.find_one() # 2")


def test_equal_ones_are_counted_from_the_top() -> None:
    """One more above takes the first place; the last one is the new one, and their number is what counts."""
    before = prints("find_one(a)\nfind_one(a)\n")
    assert prints("find_one(a)\nfind_one(b)\nfind_one(a)\nfind_one(a)\n")[:3:2] == before
    assert prints("find_one(a)\n") == before[:1]
    twice = [*findings("find_one(a)"), *findings("find_one(a)")]
    assert fingerprints(twice, lambda file: "find_one(a)") == before


@given(st.permutations(findings(CODE)))
def test_order_does_not_matter(order: Sequence[Finding]) -> None:
    told = dict(zip(order, fingerprints(order, lambda file: CODE), strict=True))
    assert [told[finding] for finding in findings(CODE)] == prints(CODE)


@given(st.integers(0, 10_000))
def test_lines_may_come_anywhere(seed: int) -> None:
    """Blank lines, comments and other calls, between any two lines."""
    chance = random.Random(seed)
    lines = []
    for line in CODE.splitlines():
        while chance.random() < 0.4:
            lines.append(chance.choice(["", "# why", "        x = 1", "    \t"]))
        lines.append(line)
    assert prints("\n".join(lines)) == prints(CODE)


def test_text_that_cannot_be_had() -> None:
    """Or has changed since: the findings are still told apart."""
    for text in (None, "", "x"):
        found = fingerprints(findings(CODE), lambda file, text=text: text)  # type: ignore[misc]
        assert len(set(found)) == len(found)


def test_long_span() -> None:
    """An edit far below its start leaves a function the same finding; one at its start does not."""
    head, tail = "def f(\n    a,\n):\n", "".join(f"    step({n})\n" for n in range(9))
    whole = Finding(Span("a.py", 1, 1, 12, 1), "MDB101", "name", Severity.HIGH, Confidence.KNOWN, "long")

    def of(code: str) -> list[str]:
        return fingerprints([whole], lambda file: code)

    assert of(head + tail) == of(head + tail.replace("step(5)", "leap(5)"))
    assert of(head + tail) != of(head.replace("a,", "b,") + tail)
