"""Findings as text: code frames for every kind of line, and each part of a finding."""

from __future__ import annotations

import pytest

from mongolint.finding import Applicability, Confidence, Edit, Finding, Fix, Related, Severity, Span
from mongolint.fix.apply import rewrite
from mongolint.report import diff, json, statistics, text
from mongolint.report.frame import frame, split_lines, underlined
from mongolint.report.paint import Paint, visible

PLAIN = Paint()


def finding(line: int = 1, column: int = 1, end_column: int = 2, *, end_line: int = 0, **more: object) -> Finding:
    span = Span("a.py", line, column, end_line or line, end_column)
    made = {"code": "MDB101", "name": "n-plus-one-query", "severity": Severity.HIGH}
    made |= {"confidence": Confidence.KNOWN, "message": "slow; do it once"}
    return Finding(span, **(made | more))  # type: ignore[arg-type]


def shown(code: str, line: int, column: int, end_line: int, end_column: int) -> list[str]:
    span = Span("a.py", line, column, end_line, end_column)
    return frame(split_lines(code), span, Severity.LOW, PLAIN)


def test_context() -> None:
    """Two lines before and one after, without blank ones at the edges."""
    code = "\n".join(f"line {number}" for number in range(1, 13))
    assert shown(code, 9, 6, 9, 7) == [
        "   |",
        " 7 | line 7",
        " 8 | line 8",
        " 9 | line 9",
        "   |      ^",
        "10 | line 10",
        "   |",
    ]
    assert shown("\n\nx = 1\n\n", 3, 1, 3, 2) == ["  |", "3 | x = 1", "  | ^", "  |"]
    assert shown("x", 1, 1, 1, 2) == ["  |", "1 | x", "  | ^", "  |"]


@pytest.mark.parametrize(
    ("line", "mark", "code", "carets"),
    [
        ("\tfind(x)", (1, 5), "    find(x)", "    ^^^^"),
        ("a\tfind(x)", (2, 6), "a    find(x)", "     ^^^^"),
        ("データ.find(x)", (4, 8), "データ.find(x)", "       ^^^^"),
        ("x = データ", (4, 7), "x = データ", "    ^^^^^^"),
        ("e\u0301 = find()", (5, 9), "e\u0301 = find()", "    ^^^^"),
        ("'👩\u200d💻' + find()", (8, 12), "'👩\u200d💻' + find()", "         ^^^^"),
        ("\ffind()", (1, 5), "␌find()", " ^^^^"),
        ("'\x1b[31m' + x", (10, 11), "'␛[31m' + x", "          ^"),
        ("'\u202e' + x", (6, 7), "'\ufffd' + x", "      ^"),
        ("x = (", (5, 6), "x = (", "     ^"),
        ("x = (", (9, 10), "x = (", "     ^"),
        ("", (0, 1), "", "^"),
    ],
)
def test_columns(line: str, mark: tuple[int, int], code: str, carets: str) -> None:
    """The carets stand under the span on a terminal, whatever is before it."""
    assert underlined(line, *mark) == (code, carets)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines(newline: str) -> None:
    """A form feed ends no line, nor do the other separators of Unicode."""
    code = newline.join(["a\x0cb", "c\x85d", "e\u2028f", "g"])
    assert shown(code, 3, 3, 3, 4) == [*("  |", "1 | a␌b", "2 | c\ufffdd", "3 | e\ufffdf", "  |   ^", "4 | g", "  |")]


def test_several_lines() -> None:
    code = "find(\n    a,\n\n    b,\n)\nrest\n"
    assert shown(code, 1, 1, 5, 2) == [
        *("  |", "1 | find(", "  | ^^^^^", "2 |     a,", "  |     ^^", "3 |"),
        *("4 |     b,", "  |     ^^", "5 | )", "  | ^", "6 | rest", "  |"),
    ]
    assert shown(code, 1, 1, 2, 1)[1:3] == ["1 | find(", "  | ^^^^^"]
    long = shown("(\n" * 50, 1, 1, 50, 2)
    assert long[-2:] == ["  | …", "  |"]
    assert len(long) < 20


def test_span_outside_the_text() -> None:
    """The file may have changed, or be no text at all."""
    assert shown("x\n", 7, 1, 7, 2) == []
    assert shown("x\n", 1, 1, 9, 2)[:3] == ["  |", "1 | x", "  | ^"]
    assert "a.py:1:1: high" in text.full([finding()], lambda file: None, rewrite, PLAIN)


@pytest.mark.parametrize("column", [1, 60, 130, 5_000, 99_990])
def test_long_lines(column: int) -> None:
    """Cut to what a terminal shows, around the span."""
    code = ("0123456789" * 10_000)[: column - 1] + "FOUND" + "0123456789" * 10_000
    rows = shown(f"before = {'x' * 500}\n{code}\nafter", 2, column, 2, column + 5)
    first = next(row for row in rows if row.startswith("2 | "))
    carets = rows[rows.index(first) + 1]
    assert all(len(row) <= 125 for row in rows)
    start = carets.index("^")
    assert (first[start : start + 5], carets.count("^")) == ("FOUND", 5)
    assert first.endswith("…")


def test_all_parts_of_a_finding() -> None:
    fix = Fix(Applicability.UNSAFE, "fetch all at once", "ids = [...]\nfind(ids)", ())
    related = (Related(Span("b.py", 3, 5, 3, 8), "the loop"),)
    full = finding(2, 1, 5, confidence=Confidence.INFERRED, related=related, also=("MDB501",), fix=fix)
    assert text.full([full], lambda file: "x\nfind()\n", rewrite, PLAIN).split("\n") == [
        "a.py:2:1: high MDB101 n-plus-one-query (inferred)",
        "  slow; do it once",
        "  |",
        "1 | x",
        "2 | find()",
        "  | ^^^^",
        "  |",
        "  --> b.py:3:5 the loop",
        "  also here: MDB501",
        "  help: fetch all at once (unsafe fix)",
        "      ids = [...]",
        "      find(ids)",
    ]
    assert text.concise([full], PLAIN) == "a.py:2:1: MDB101 n-plus-one-query slow; do it once"
    for applicability, words in {Applicability.SAFE: "safe fix", Applicability.DISPLAY: "to be done by hand"}.items():
        block = text.full([finding(fix=Fix(applicability, "do it"))], lambda file: None, rewrite, PLAIN)
        assert block.endswith(f"\n  help: do it ({words})")


def test_summary() -> None:
    assert text.summary([], PLAIN) == "All checks passed."
    low = finding(severity=Severity.LOW)
    critical = finding(severity=Severity.CRITICAL)
    assert text.summary([low], PLAIN) == "Found 1 finding (1 low) in 1 file."
    assert text.summary([low, critical, low], PLAIN) == "Found 3 findings (1 critical, 2 low) in 1 file."
    assert text.summary([low, low], PLAIN, "so what", fixed=3) == "Found 5 findings (3 fixed, 2 remaining); so what."
    assert text.summary([], PLAIN, fixed=1) == "Found 1 finding (1 fixed, 0 remaining)."


@pytest.mark.parametrize(
    ("fixes", "hint", "with_unsafe"),
    [
        ("", "", ""),
        ("s", "1 can be fixed with --fix.", "1 can be fixed with --fix --unsafe-fixes."),
        ("u", "1 can be fixed with --fix --unsafe-fixes.", "1 can be fixed with --fix --unsafe-fixes."),
        ("dn", "2 need a person.", "2 need a person."),
        (
            "ssuuud",
            "2 can be fixed with --fix, 3 more with --unsafe-fixes, 1 needs a person.",
            "5 can be fixed with --fix --unsafe-fixes, 1 needs a person.",
        ),
    ],
)
def test_hint(fixes: str, hint: str, with_unsafe: str) -> None:
    kinds = {kind.value[0]: Fix(kind, "do it", edits=(change(1, 1, 1, "x"),)) for kind in Applicability}
    found = [finding(fix=kinds.get(letter)) for letter in fixes]
    assert text.hint(found, False) == hint
    assert text.hint(found, True) == with_unsafe


def test_would() -> None:
    unsafe = finding(fix=Fix(Applicability.UNSAFE, "do it", edits=(change(1, 1, 1, "x"),)))
    assert text.would(0, [finding()]) == "Nothing would be fixed."
    assert text.would(2, [unsafe]) == "Would fix 2 findings; 1 more with --unsafe-fixes."


def change(line: int, start: int, end: int, content: str, *, file: str = "a.py", end_line: int = 0) -> Edit:
    return Edit(Span(file, line, start, end_line or line, end), content)


def changes(code: str | dict[str, str], *edits: Edit, kind: Applicability = Applicability.UNSAFE) -> list[str]:
    """The help of a finding in line 2 of ``a.py``."""
    files = {"a.py": code} if isinstance(code, str) else code
    shown = text.full([finding(2, fix=Fix(kind, "do it", edits=edits, reason="why"))], files.get, rewrite, PLAIN)
    rows = shown.split("\n")
    return rows[next(number for number, row in enumerate(rows) if row.startswith("  help:")) + 1 :]


def test_fix_as_diff() -> None:
    """A line of context, none where it is blank; the place only where it is not that of the finding."""
    code = "import os\n\nfind(a)\n\nlast()\n"
    assert changes("x\nfind()\ny\n", change(2, 6, 6, "1")) == ["      x", "    - find()", "    + find(1)", "      y"]
    assert changes("\nfind()\n\n", change(2, 6, 6, "1")) == ["    - find()", "    + find(1)"]
    assert changes(code, change(1, 1, 1, "import re\n"), change(5, 1, 1, "b\n"), change(5, 1, 7, "c()")) == [
        *("    @ a.py:1", "    + import re", "      import os"),
        *("    @ a.py:5", "    - last()", "    + b", "    + c()"),
    ]
    assert changes("x\nfind()\ny\nz", change(2, 1, 1, "", end_line=3)) == ["      x", "    - find()", "      y"]
    assert changes("x\nfind()", change(2, 7, 7, "\nz\n")) == ["      find()", "    + z", "    +"]
    assert changes("a\r\nb\r\n", change(2, 1, 2, "c\r\nd")) == ["      a", "    - b", "    + c", "    + d"]
    assert changes("x\n\x1b[31m\n", change(2, 1, 1, "\t"))[1:] == ["    - ␛[31m", "    +     ␛[31m"]


def test_fix_of_several_files() -> None:
    files = {"a.py": "x\nfind()\n", "b.py": "y\n"}
    edits = (change(2, 1, 1, "1"), change(1, 1, 1, "2", file="b.py"), change(1, 1, 1, "3", file="gone.py"))
    assert changes(files, *edits) == [
        *("    @ a.py:1", "      x", "    - find()", "    + 1find()"),
        *("    @ b.py:1", "    - y", "    + 2y"),
    ]
    assert changes(files, change(1, 1, 1, "2", file="b.py"))[0] == "    @ b.py:1"


@pytest.mark.parametrize("before", ["f(\n    a\n)\n", "(\n)\n"])
@pytest.mark.parametrize("after", ["\nlast()\n", ""])
def test_a_call_behind_another_ends_with_its_own_bracket(before: str, after: str) -> None:
    line = before.count("\n") + 1
    added = change(line, 1, 1, "g(\n    b,\n)\n")
    assert changes(before + after, added)[-4:] == ["      )", "    + g(", "    +     b,", "    + )"]


def test_long_diff_is_cut() -> None:
    edit = change(2, 1, 1, "new\n" * 50)
    assert changes("x\ny\n", edit)[-2:] == ["    + new", "    … 12 more lines; see --diff --unsafe-fixes"]
    assert changes("x\ny\n", edit, kind=Applicability.SAFE)[-1] == "    … 12 more lines; see --diff"
    assert changes("x\ny\n", edit, kind=Applicability.DISPLAY)[-1] == "    … 12 more lines"
    assert len(changes("x\ny\n", change(2, 1, 1, "y" * 5000))[-1]) < 500


def test_fix_that_cannot_be_shown() -> None:
    """The text is another than the one that the fix was written for."""
    assert changes("x\ny\n", change(9, 1, 1, "z")) == []
    assert changes("x\ny\n", change(1, 9, 9, "z")) == []


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\n", "a\nc\n", ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]),
        ("a\nb", "a\nb\n", ["@@ -1,2 +1,2 @@", " a", "-b", "\\ No newline at end of file", "+b"]),
        ("a\r\nb\r\n", "a\r\n", ["@@ -1,2 +1 @@", " a\r", "-b\r"]),
        ("a\x0cb\n", "c\n", ["@@ -1 +1 @@", "-a\x0cb", "+c"]),
        ("", "a\n", ["@@ -0,0 +1 @@", "+a"]),
    ],
)
def test_unified_diff(before: str, after: str, lines: list[str]) -> None:
    assert diff.unified(before, after, "a.py", PLAIN).split("\n") == ["--- a.py", "+++ a.py", *lines]


def test_unified_diff_in_colour() -> None:
    shown = diff.unified("a\r\n\x1b[1m\r\n", "a\r\n", "a.py", Paint(True)).split("\n")
    assert shown[0] == "\x1b[1m--- a.py\x1b[0m"
    assert shown[2:] == ["\x1b[36m@@ -1,2 +1 @@\x1b[0m", " a", "\x1b[31m-␛[1m\x1b[0m"]


def test_files_are_asked_for_once() -> None:
    asked: list[str] = []

    def source(file: str) -> str:
        asked.append(file)
        return "x\n"

    text.full([finding(), finding(), finding()], source, rewrite, PLAIN)
    assert asked == ["a.py"]


def test_json() -> None:
    edit = Edit(Span("a.py", 1, 1, 1, 2), "y\n")
    fix = Fix(Applicability.SAFE, "write y", "y", (edit,))
    rendered = json.render([finding(message="naïve ☃", fix=fix), finding()])
    assert rendered.isascii()
    assert rendered.startswith("[\n{")
    assert rendered.count("\n") == 3
    assert json.render([]) == "[]"


def test_statistics() -> None:
    """The most frequent first, at the highest severity that the rule was told at."""
    low, high = finding(severity=Severity.LOW), finding()
    other = finding(code="MDB503", name="print-call", severity=Severity.LOW)
    rows = statistics.text([low, other, high], PLAIN).split("\n")
    assert rows == ["2  MDB101  n-plus-one-query  high", "1  MDB503  print-call        low"]
    kinds = {kind: Fix(kind, "do it", edits=(change(1, 1, 1, "x"),)) for kind in Applicability}
    found = [finding(fix=fix) for fix in (*kinds.values(), kinds[Applicability.SAFE], None)]
    assert statistics.text(found, PLAIN).endswith("high      2 with --fix, 1 with --unsafe-fixes")
    assert statistics.text([], PLAIN) == ""
    assert statistics.json([]) == "[]"


def test_colours() -> None:
    paint = Paint(True)
    assert paint.severity("x", Severity.HIGH) == "\x1b[31mx\x1b[0m"
    assert paint.severity("x", Severity.CRITICAL) == "\x1b[1;31mx\x1b[0m"
    assert paint.severity("x", Severity.MEDIUM) == "\x1b[33mx\x1b[0m"
    assert paint.severity("x", Severity.LOW) == "\x1b[34mx\x1b[0m"
    assert paint("", "bold") == ""


def test_visible() -> None:
    assert visible("plain é") == "plain é"
    assert visible("a\nb\tc\x07") == "a␊b    c␇"
