"""Comments for many findings at once: whatever the code, it stays the same code, and all of them are silenced."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.finding import Confidence, Finding, Severity, Span
from mongolint.source.silencing import is_reason, suppress_all
from mongolint.source.suppress import find_suppressions

NAMES = {"MDB101": "n-plus-one-query", "MDB103": "missing-time-limit", "MDB503": "print-call"}
STATEMENTS = (
    "x = 1",
    "x = f(1,\n    2)",
    "x = f(  # why\n    1,\n\n    2,\n)",
    "x = 1 + \\\n    2",
    'x = """a\n# b\n"""',
    "x = f('''a\n''',\n    1)",
    'x = f"""{\n    x\n}\n{x:>{x}}""", 1',
    "x = 1; y = 2  # noqa: E501",
    "x = 1   ",
    "x = 1  # mongolint: ignore[print-call] old reason",
    "x = 1  # mongolint: ignore[print-call",
    "# mongolint: ignore[missing-time-limit]\nx = 1",
    "x = '# mongolint: ignore[print-call]'",
    "def f(\n    a,\n): pass",
    "@f\n@g(\n    1\n)\ndef h():\n    return 1",
    "if x: y = 1\nelse:\n    y = 2",
    "class A:\n\n    # text\n    x = 1\n",
    "\x0cx = 1",
    "",
)


def finding(line: int, code: str) -> Finding:
    return Finding(Span("a.py", line, 1, line, 2), code, NAMES[code], Severity.LOW, Confidence.KNOWN, "slow")


def code_lines(text: str) -> list[int]:
    """The lines on which an expression or a statement begins: where findings are."""
    nodes = ast.walk(ast.parse(text))
    return sorted({node.lineno for node in nodes if isinstance(node, (ast.stmt, ast.expr))})


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.data(),
)
def test_all_are_silenced(statements: list[str], newline: str, ends: bool, data: st.DataObject) -> None:
    plain = "\n".join(statements) + ("\n" if ends else "")
    lines = code_lines(plain)
    places = st.tuples(st.sampled_from(lines), st.sampled_from(sorted(NAMES))) if lines else st.nothing()
    chosen = data.draw(st.lists(places, max_size=8, unique=True)) if lines else []
    text = plain.replace("\n", newline)
    held = find_suppressions(text)
    findings = [finding(*place) for place in chosen if held.match(place[1], NAMES[place[1]], place[0]) is None]
    after, left = suppress_all(text, findings, "because of #1")
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(text))
    assert after.count(newline) == text.count(newline)
    found = find_suppressions(after)
    for each in findings:
        assert (found.match(each.code, each.name, each.span.line) is None) == (each in left)
    # Only beside a comment that is not closed there is no place
    assert not left or "ignore[print-call" + newline in text + newline
    names = [name for item in found if item.kind == "ignore" for name in item.codes or ()]
    assert len(names) <= len(findings) + sum(len(item.codes or ()) for item in held if item.kind == "ignore")
    assert suppress_all(after, [f for f in findings if f not in left] and [], "x") == (after, [])


def test_text_that_is_no_python() -> None:
    assert suppress_all("x = (\n", [finding(1, "MDB503")], "why") == ("x = (\n", [finding(1, "MDB503")])


def test_one_comment_a_statement() -> None:
    text = "x = f(\n    1,\n    2,\n)\n"
    findings = [finding(2, "MDB503"), finding(3, "MDB503"), finding(3, "MDB101"), finding(1, "MDB101")]
    after, left = suppress_all(text, findings, "")
    assert not left
    assert after == (
        "x = f(  # mongolint: ignore[n-plus-one-query]\n    1,  # mongolint: ignore[print-call]\n    2,\n)\n"
    )


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("five at most", True),
        ("see #12", True),
        ("größer [x]", True),
        ("", True),
        (" x", False),
        ("x # y", False),
        ("x\ny", False),
        ("x\x1b[0m", False),
        ("# noqa", False),
    ],
)
def test_reasons(text: str, fits: bool) -> None:
    assert is_reason(text) is fits
