"""Suppression comments: what they silence, what is left of them when they are removed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mongolint.config import RuleInfo
from mongolint.source.suppress import (
    Suppression,
    Suppressions,
    UnusedSuppression,
    _scanned,
    _tokenized,
    find_suppressions,
    parse_comment,
    removal,
)

RULES = {
    code: RuleInfo(code, name)
    for code, name in {
        "MDB000": "syntax-error",
        "MDB101": "n-plus-one-query",
        "MDB103": "missing-time-limit",
        "MDB503": "print-call",
        "MDB900": "unused-suppression",
        "ACME007": "acme-rule",
    }.items()
}


def silences(text: str, code: str = "MDB101") -> list[int]:
    """The lines on which a finding would be silenced."""
    count = text.count("\n") + 1
    return [line for line in range(1, count + 1) if find_suppressions(text).match(code, RULES[code].name, line)]


def unused(text: str, *matched: tuple[str, int], active: tuple[str, ...] = tuple(RULES)) -> list[UnusedSuppression]:
    suppressions = find_suppressions(text)
    for code, line in matched:
        assert suppressions.match(code, RULES[code].name, line)
    return suppressions.unused(active, RULES)


def messages(text: str, *matched: tuple[str, int], active: tuple[str, ...] = tuple(RULES)) -> list[str]:
    return [item.message for item in unused(text, *matched, active=active)]


def removed(text: str, *codes: str) -> str:
    """The text without these codes in its first suppression, without all of it if none are given."""
    start, end, replacement = removal(text, next(iter(find_suppressions(text))), codes or None)
    return text[:start] + replacement + text[end:]


@pytest.mark.parametrize(
    "comment",
    [
        "# mongolint: ignore[MDB101]",
        "# mongolint: ignore[mdb101]",
        "# mongolint: ignore[n-plus-one-query]",
        "# mongolint: ignore[MDB103, n-plus-one-query] at most three users",
        "# mongolint:ignore[MDB103,MDB101,]",
        "#mongolint: ignore [MDB1]",
        "# mongolint: ignore",
        "# mongolint: ignore because it is small",
        "# type: ignore  # mongolint: ignore[MDB101]",
        "# mongolint: ignore[MDB101]  # type: ignore",
        "# noqa: MDB101",
        "# noqa:MDB101",
        "# NOQA : mdb101",
        "# noqa: E501,MDB101",
        "# noqa: E501 MDB101 MDB103",
        "# noqa: MDB1",
        "# noqa",
        "# noqa: because",
        "# why  # noqa: MDB101 - small",
    ],
)
def test_silences_the_rule(comment: str) -> None:
    assert silences(f"x = 1\nx = 2  {comment}\nx = 3\n") == [2]


@pytest.mark.parametrize(
    "comment",
    [
        "# mongolint: ignore[MDB103]",
        "# mongolint: ignore[]",
        "# mongolint: ignore[MDB101",
        "# mongolint: ignore MDB101",
        "# mongolint: ignored",
        "# mongolint: ignore-file",
        "# mongolint: is a linter",
        "# mongolint ignore[MDB101]",
        "# noqa: E501",
        "# noqa: MDB103",
        "# noqas",
        "# see noqa: MDB101",
        '; y = "# mongolint: ignore[MDB101]"',
        "; y = '''\n# noqa: MDB101\n'''",
    ],
)
def test_does_not_silence_the_rule(comment: str) -> None:
    assert silences(f"x = 1\nx = 2  {comment}\nx = 3\n") == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = f(  # noqa: MDB101\n    1,\n    2,\n)\ny = 1\n", [1, 2, 3, 4]),
        ("x = f(\n    1,\n    # mongolint: ignore\n    2,\n)\ny = 1\n", [1, 2, 3, 4, 5]),
        ("x = f(\n    1,\n)  # mongolint: ignore\ny = 1\n", [1, 2, 3]),
        ("x = '''\n# noqa\n'''  # noqa: MDB101\n", [1, 2, 3]),
        ("x = 1 + \\\n    2  # noqa: MDB101\n", [1, 2]),
        ("for a in b:  # mongolint: ignore\n    f(a)\n", [1]),
        ("if a:\n    # mongolint: ignore[MDB101] small\n    f(\n        a\n    )\n    g(a)\n", [3, 4, 5]),
        ("# mongolint: ignore\n# why\n\nx = 1\ny = 2\n", [4]),
        ("# mongolint: ignore[MDB103]\n# mongolint: ignore[MDB101]\nx = 1\n", [3]),
        ("# mongolint: ignore\n@a\n@b(\n    1\n)\ndef f(\n    x\n):\n    pass\n", [2, 3, 4, 5, 6, 7, 8]),
        ("x = 1\n# noqa: MDB101\ny = 2\n", [2]),
        ("x = 1\n# mongolint: ignore\n", [2]),
        ("# mongolint: ignore-file\nx = 1\n", [1, 2, 3]),
        ("x = 1\ndef f():\n    # mongolint: ignore-file[MDB101] generated\n    pass\n", [1, 2, 3, 4, 5]),
    ],
)
def test_speaks_of_its_statement(text: str, lines: list[int], newline: str) -> None:
    text = text.replace("\n", newline)
    assert silences(text) == lines


def test_carriage_returns_alone_end_lines_too() -> None:
    suppressions = find_suppressions("x = 1\ry = 2  # noqa: MDB101\rz = 3\r")
    assert [(item.line, item.column) for item in suppressions] == [(2, 8)]


def test_form_feeds_and_wide_characters_do_not_shift_places() -> None:
    text = "\f\nx = 'é𝒳'  # noqa: MDB101\n"
    (item,) = find_suppressions(text)
    assert (item.line, item.column) == (2, 11)
    assert text[item.start : item.end] == "# noqa: MDB101"
    assert text[item.entries[0].start : item.entries[0].end] == "MDB101"


@pytest.mark.parametrize(
    "text",
    [
        "def f(:\n    x = (  # noqa: MDB101\n",
        "x = 1\n  y = 2  # noqa: MDB101\n z = 3",
        "x = '\ny = 2  # noqa: MDB101",
        "x = '''a'''\ny = 2  # noqa: MDB101\nz = '''\n# noqa: MDB101\n",
        "x = \"a # noqa: MDB101\"\ny = '\\'# noqa: MDB101' # noqa: MDB101\n(",
    ],
)
def test_text_that_is_not_python_is_read_too(text: str) -> None:
    assert silences(text) == [2]


def test_the_nearest_suppression_is_used() -> None:
    text = "# mongolint: ignore-file[MDB101]\nf(  # noqa: MDB101\n  1,  # mongolint: ignore\n)  # noqa: MDB101\n"
    suppressions = find_suppressions(text)
    for line, used in [(2, 2), (4, 4), (1, 1)]:
        match = suppressions.match("MDB101", "n-plus-one-query", line)
        assert match is not None
        assert match.line == used
    assert [item.line for item in suppressions.unused(RULES, RULES)] == [3]


def test_the_rule_of_unused_suppressions_has_to_be_named() -> None:
    for bare in ("ignore", "ignore[ALL]", "ignore[MDB101]"):
        assert silences(f"x = 1  # mongolint: {bare}\n", "MDB900") == []
    assert silences("x = 1  # mongolint: ignore[MDB103, unused-suppression]\n", "MDB900") == [1]
    assert messages("x = 1  # mongolint: ignore[unused-suppression]\n") == []


def test_a_used_suppression_is_not_reported() -> None:
    text = "x = 1  # mongolint: ignore[MDB101, MDB103]  # noqa\n"
    assert messages(text, ("MDB101", 1), ("MDB103", 1)) == []


def test_an_unused_code_is_reported_at_its_place() -> None:
    text = "x = 1  # mongolint: ignore[MDB101, print-call, MDB103] why\n"
    (item,) = unused(text, ("MDB101", 1))
    assert item.codes == ("print-call", "MDB103")
    assert text[item.column - 1 : item.end_column - 1] == "print-call, MDB103"
    assert item.message == "suppression of print-call, MDB103 has no effect: no such finding here; remove it"
    (whole,) = unused(text)
    assert text[whole.column - 1 : whole.end_column - 1] == "# mongolint: ignore[MDB101, print-call, MDB103] why"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# mongolint: ignore", ["suppression has no effect: no finding here; remove it"]),
        ("# noqa", []),
        ("# noqa: E501, W291", []),
        ("# noqa: E501, MDB103", ["suppression of MDB103 has no effect: no such finding here; remove it"]),
        ("# noqa: MDB901", ["suppression names an unknown rule 'MDB901'; did you mean 'MDB900'?"]),
        (
            "# mongolint: ignore[n-plus-one-querry]",
            ["suppression names an unknown rule 'n-plus-one-querry'; did you mean 'n-plus-one-query'?"],
        ),
        ("# mongolint: ignore[E501]", ["suppression names an unknown rule 'E501'"]),
        ("# mongolint: ignore[]", ["suppression without effect: the brackets name no rule"]),
        ("# mongolint: ignore[MDB101", ["suppression without effect: the bracket is not closed"]),
        ("# mongolint: ignore MDB101", ["suppression without effect: write ignore[MDB101]"]),
        ("# mongolint: ignroe", ["unknown directive 'ignroe' for mongolint; did you mean 'ignore'?"]),
        ("# mongolint: disable[MDB101]", ["unknown directive 'disable' for mongolint"]),
        ("# mongolint: ignore-file", ["ignore-file has no effect here: it needs a line of its own"]),
        ("# mongolint: see the manual", []),
    ],
)
def test_reports_what_has_no_effect(comment: str, expected: list[str]) -> None:
    assert messages(f"x = 1  {comment}\n") == expected


def test_rules_that_did_not_run_are_not_reported() -> None:
    text = "x = 1  # mongolint: ignore[MDB101, MDB1, MDB103]\n"
    (item,) = unused(text, active=("MDB103",))
    assert item.codes == ("MDB103",)
    assert find_suppressions("x = 1  # mongolint: ignore\n").unused((), RULES, bare=False) == []


def test_codes_of_other_families_can_be_ours() -> None:
    text = "x = 1  # noqa: ACME007, E501\n"
    assert len(find_suppressions(text)) == 0
    suppressions = find_suppressions(text, {"MDB", "ACME"})
    assert [item.codes for item in suppressions.unused(RULES, RULES)] == [("ACME007",)]
    assert suppressions.match("ACME007", "acme-rule", 1)
    assert suppressions.unused(RULES, RULES) == []


@pytest.mark.parametrize(
    ("before", "codes", "after"),
    [
        ("x = 1  # mongolint: ignore[MDB101] why\n", "", "x = 1\n"),
        ("x = 1  # mongolint: ignore[MDB101] why\r\ny\r\n", "MDB101", "x = 1\r\ny\r\n"),
        (
            "x = 1  # mongolint: ignore[MDB101, MDB103] why\n",
            "MDB101",
            "x = 1  # mongolint: ignore[MDB103] why\n",
        ),
        ("x = 1  # mongolint: ignore[a-b,c-d , e-f]\n", "c-d", "x = 1  # mongolint: ignore[a-b , e-f]\n"),
        ("x = 1  # mongolint: ignore[a-b,c-d , e-f]\n", "a-b e-f", "x = 1  # mongolint: ignore[c-d]\n"),
        ("x  # type: ignore  # mongolint: ignore[MDB101] why\n", "", "x  # type: ignore\n"),
        ("x  # mongolint: ignore[MDB101] see #12  # type: ignore\n", "", "x  # type: ignore\n"),
        ("x  # why  # mongolint: ignore  # type: ignore\n", "", "x  # why  # type: ignore\n"),
        ("x  # noqa: E501,MDB101\n", "MDB101", "x  # noqa: E501\n"),
        ("x  # noqa: MDB101, E501\n", "MDB101", "x  # noqa: E501\n"),
        ("x  # noqa: MDB101 E501 MDB103\n", "MDB101 MDB103", "x  # noqa: E501\n"),
        ("x  # noqa: MDB101\n", "MDB101", "x\n"),
        ("x  # noqa: MDB101 small list\n", "MDB101", "x  # small list\n"),
        ("x  # noqa: MDB101, small list\n", "MDB101", "x  # small list\n"),
        ("x  # noqa: MDB101 type: ignore\n", "MDB101", "x  # - type: ignore\n"),
        ("x  # noqa: MDB101 noqa\n", "MDB101", "x  # - noqa\n"),
        ("if x:\n    # mongolint: ignore[MDB101] why\n    y()\n", "", "if x:\n    y()\n"),
        ("if x:\n    # mongolint: ignore  # type: x\n    y()\n", "", "if x:\n    # type: x\n    y()\n"),
        ("x = 1\n# mongolint: ignore-file", "", "x = 1\n"),
    ],
)
def test_removal_keeps_the_neighbours(before: str, codes: str, after: str) -> None:
    assert removed(before, *codes.split()) == after


WORDS = st.from_regex(r"MDB[0-9]{3}|[a-z]+(-[a-z]+){1,3}", fullmatch=True)
REASONS = st.from_regex(r"|[a-z(]([^#\x00-\x1f\x7f-\x9f\u2028\u2029]*[a-z.)])?", fullmatch=True)
SPACE = st.sampled_from(["", " ", "  "])


@given(st.sampled_from(["ignore", "ignore-file"]), st.lists(WORDS, max_size=4), REASONS, SPACE, SPACE)
def test_parsing_is_the_inverse_of_rendering(
    kind: str, codes: list[str], reason: str, before: str, between: str
) -> None:
    brackets = f"[{(between + ',' + between).join(codes)}]" if codes else ""
    (item,) = parse_comment(f"#{before}mongolint:{before}{kind}{brackets} {reason}")
    assert (item.kind, item.codes, item.reason) == (kind, tuple(codes) or None, reason)


@given(
    st.lists(st.from_regex(r"[A-Z]{1,4}[0-9]{1,4}", fullmatch=True), min_size=1, max_size=4),
    st.sampled_from([",", " ", ", ", " , "]),
)
def test_parsing_noqa_is_the_inverse_of_rendering(codes: list[str], separator: str) -> None:
    (item,) = parse_comment("# noqa: " + separator.join(codes))
    assert item.codes == tuple(codes)


PIECES = st.sampled_from(
    [
        *(
            "# ",
            "#",
            "noqa",
            "noqa:",
            "mongolint:",
            "mongolint: ignore",
            "ignore-file",
            "[",
            "]",
            ",",
            " ",
            "\t",
        ),
        *(
            "MDB101",
            "E501",
            "n-plus-one-query",
            "x = 1",
            "\n",
            "\r",
            "\r\n",
            "'",
            '"',
            "'''",
            '"""',
            "(",
            ")",
        ),
        *(
            "\f",
            "\\",
            "é",
            "𝒳",
            "\x85",
            "\u2028",
            "\0",
            "f'{",
            "}",
            "    ",
            "if x:",
            "@d",
            "0x",
            "b'\\d'",
            "\ud800",
        ),
    ]
)
SOUP = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40)


@given(SOUP)
@example("# mongolint: ignore\\\n'")
@example("x # mongolint: ignore\n\f\n  y\n z")
def test_no_text_breaks_it_and_every_place_is_true(text: str) -> None:
    suppressions = find_suppressions(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for item in suppressions:
        assert lines[item.line - 1].startswith(text[item.start : item.end], item.column - 1)
        assert text[item.start] == "#"
        for entry in item.entries:
            assert text[entry.start : entry.end] == entry.word
    for report in suppressions.unused(RULES, RULES):
        assert "\n" not in report.message
        assert 1 <= report.column < report.end_column <= len(lines[report.line - 1]) + 1


@given(SOUP)
def test_removal_touches_only_the_comments_own_line(text: str) -> None:
    for item in find_suppressions(text):
        start, end, replacement = removal(text, item)
        assert start <= item.start
        assert item.end <= end
        assert text[start : item.start].strip() == ""
        assert not set(replacement) - set("# -")
        # What went with it is blank or a separator; a line break only with a line that was its own.
        rest = text[item.end : end]
        assert rest.strip(" \t\r\n,:;\f\x85\u2028") == ""
        if "\n" in rest or "\r" in rest:
            line_start = max(text.rfind("\n", 0, item.start), text.rfind("\r", 0, item.start)) + 1
            assert start == line_start


@given(st.lists(WORDS, min_size=2, max_size=5, unique=True), st.data())
def test_removing_some_codes_leaves_the_others(codes: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=len(codes) - 1, unique=True))
    text = f"x = 1  # type: x  # mongolint: ignore[{', '.join(codes)}] why\n"
    (item,) = find_suppressions(removed(text, *gone))
    assert item.codes == tuple(code for code in codes if code not in gone)
    assert item.reason == "why"
    assert removed(text) == "x = 1  # type: x\n"


def test_files_without_our_comments_are_not_tokenized(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str) -> None:
        raise AssertionError(text)

    monkeypatch.setattr("mongolint.source.suppress._tokenized", fail)
    assert len(find_suppressions("x = 1  # noqa: E501\n# mongolint: see the manual\nnoqa = 2\n")) == 0


def test_the_scan_of_broken_text_sees_the_comments_that_the_tokenizer_sees() -> None:
    for file in sorted(Path(json.__file__).parent.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        tokenized = _tokenized(text)
        assert tokenized is not None
        assert _scanned(text).comments == tokenized.comments


def test_a_fresh_set_is_empty() -> None:
    assert list(Suppressions()) == []
    assert Suppressions().match("MDB101", "n-plus-one-query", 1) is None
    assert Suppressions([Suppression("noqa", 1, 1, 1, 1, 0, 6)]).match("MDB101", "n-plus-one-query", 1)


def test_the_layer_does_not_load_libcst() -> None:
    imports = "import sys; from mongolint.source import files, suppress; "
    code = imports + "print({'libcst', 'pathspec'} & {*sys.modules})"
    root = Path(__file__).parents[2]
    output = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True).stdout
    assert output == "set()\n"
