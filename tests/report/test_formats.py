"""What is written for other tools is valid by what these publish, whatever the findings say, and loses nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mongolint.config import FORMATS
from mongolint.finding import Applicability, Confidence, Edit, Finding, Fix, Related, Severity, Span
from mongolint.fix.apply import rewrite
from mongolint.report.formats import markdown, render, sarif
from mongolint.report.formats.linehash import line_hashes
from mongolint.report.formats.run import Note, Run
from mongolint.ruledoc import Page

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/bookshelf"
CODE = "naïve = 'データ'; find(naïve)\nfind()\nlast()\n"
PAGES = [
    Page(code, name, Severity.HIGH, "default", "unsafe", "0.1", "known", False, "Bad.\n\nWhat it flags\n    ``x``.\n")
    for code, name in (("MDB101", "one"), ("MDB102", "two"))
]


def finding(line: int = 2, column: int = 1, end_column: int = 5, **more: Any) -> Finding:
    span = Span(more.pop("file", "app/db.py"), line, column, more.pop("end_line", line), end_column)
    made: dict[str, Any] = {"code": "MDB101", "name": "one", "severity": Severity.HIGH}
    return Finding(span, **{**made, "confidence": Confidence.KNOWN, "message": "slow; do it once", **more})


def run_of(*findings: Finding, **more: Any) -> Run:
    return Run(findings, lambda file: CODE, rewrite, pages=PAGES, version="0.1.0", **more)


@pytest.fixture(scope="module")
def bookshelf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each format's report of the example."""
    folder = tmp_path_factory.mktemp("reports")
    asked = [word for form in FORMATS for word in ("--format", f"{form}:{folder / form}")]
    command = [sys.executable, "-m", "mongolint", "check", EXAMPLE, *asked]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (1, "")
    return {form: (folder / form).read_text(encoding="utf-8") for form in FORMATS}


def test_every_finding_is_in_every_format(bookshelf: dict[str, str]) -> None:
    found = json.loads(bookshelf["json"])
    assert len(found) > 40
    assert list(map(json.loads, bookshelf["jsonl"].splitlines())) == found
    places = Counter((each["file"], each["line"], each["code"]) for each in found)
    log = json.loads(bookshelf["sarif"])["runs"][0]
    results = [(*_place(result["locations"][0]), result["ruleId"]) for result in log["results"]]
    assert Counter(results) == places
    assert all(log["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"] for each in log["results"])
    entries = json.loads(bookshelf["gitlab"])
    assert places == Counter(
        (each["location"]["path"], each["location"]["lines"]["begin"], each["check_name"]) for each in entries
    )
    diagnostics = json.loads(bookshelf["rdjson"])["diagnostics"]
    assert places == Counter(
        (each["location"]["path"], each["location"]["range"]["start"]["line"], each["code"]["value"])
        for each in diagnostics
    )
    assert places == Counter(_command(line)[:3] for line in bookshelf["github"].splitlines())
    cases = list(ElementTree.fromstring(bookshelf["junit"]).iter("testcase"))
    named = [re.fullmatch(r"(\w+) \S+ \((\d+):\d+\)", case.attrib["name"]) for case in cases]
    assert places == Counter(
        (case.attrib["classname"], int(name[2]), name[1]) for case, name in zip(cases, named, strict=True) if name
    )
    rows = re.findall(r"^\| \w+ \| `(.*):(\d+)` \| (\w+)", bookshelf["markdown"], re.MULTILINE)
    assert places == Counter((file, int(line), code) for file, line, code in rows)
    for form in ("full", "concise"):
        shown = re.findall(r"^(examples\S+?):(\d+):\d+: (?:\w+ )?(MDB\d+)", bookshelf[form], re.MULTILINE)
        assert places == Counter((file, int(line), code) for file, line, code in shown), form
    grouped = [block.partition(":\n") for block in bookshelf["grouped"].rstrip("\n").split("\n\n")]
    assert places == Counter(
        (file, int(line), code)
        for file, _, rows in grouped
        for line, code in re.findall(r"^  (\d+):\d+ +(MDB\d+)", rows, re.M)
    )


def _place(location: dict[str, Any]) -> tuple[str, int]:
    where = location["physicalLocation"]
    return unquote(where["artifactLocation"]["uri"]), where["region"]["startLine"]


def _command(line: str) -> tuple[str, int, str, str]:
    """File, line, code and message of a workflow command, read as GitHub's runner does."""
    match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
    assert match
    told = dict(part.split("=", 1) for part in match[2].split(","))
    told = {name: _unescaped(value) for name, value in told.items()}
    return told["file"], int(told["line"]), told["title"].partition(" ")[0], _unescaped(match[3])


def _unescaped(text: str) -> str:
    """The order in which the runner does it: the sign of escapes last."""
    for escape, character in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(escape, character)
    return text


def test_published_schemas(bookshelf: dict[str, str], valid_by: Callable[[str, Any], None], junit: Any) -> None:
    valid_by("sarif-2.1.0", json.loads(bookshelf["sarif"]))
    valid_by("rdf-diagnostic-result", json.loads(bookshelf["rdjson"]))
    for entry in json.loads(bookshelf["gitlab"]):
        valid_by("gitlab-code-quality", entry)
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
    junit.validate(bookshelf["junit"])


# Whatever source or a file system may hold
_words = st.text(max_size=40)
_files = st.text(min_size=1, max_size=20).map(lambda text: text.replace("\0", "x"))
_spans = st.builds(
    lambda file, line, column, lines, columns: Span(file, line, column, line + lines, column + columns),
    *(_files, st.integers(1, 4), st.integers(1, 9), st.integers(0, 2), st.integers(0, 9)),
)
_fixes = st.builds(
    Fix,
    st.sampled_from(Applicability),
    *(_words, _words, st.lists(st.builds(Edit, _spans, _words), max_size=3).map(tuple), _words),
)
_findings = st.builds(
    Finding,
    _spans,
    st.sampled_from(["MDB101", "MDB102"]),
    *(st.just("one"), st.sampled_from(Severity), st.sampled_from(Confidence), st.text(min_size=1, max_size=60)),
    st.lists(st.builds(Related, _spans, _words), max_size=2).map(tuple),
    st.lists(st.just("MDB501"), max_size=1).map(tuple),
    st.none() | _fixes,
)
_notes = st.builds(Note, st.text(min_size=1), _words, st.booleans())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(_findings, max_size=5), st.lists(_notes, max_size=2))
def test_valid_whatever_findings_say(
    valid_by: Callable[[str, Any], None], junit: Any, findings: list[Finding], notes: list[Note]
) -> None:
    run = run_of(*sorted(findings, key=lambda finding: finding.sort_key), notes=notes)
    valid_by("sarif-2.1.0", json.loads(render("sarif", run)))
    valid_by("rdf-diagnostic-result", json.loads(render("rdjson", run)))
    entries = json.loads(render("gitlab", run))
    for entry in entries:
        valid_by("gitlab-code-quality", entry)
    assert len({entry["fingerprint"] for entry in entries}) == len(findings)
    junit.validate(render("junit", run))
    lines = render("github", run).split("\n") if findings else []
    told = [(finding.span.file, finding.span.line, finding.code, finding.message) for finding in findings]
    assert Counter(map(_command, lines)) == Counter(told)
    assert len(render("jsonl", run).split("\n")) == max(1, len(findings))
    for form in ("concise", "grouped", "markdown"):
        assert "\x1b" not in render(form, run)
    assert render("concise", run).count("\n") == max(0, len(findings) - 1)


def test_commands() -> None:
    """Escaped as GitHub reads them, the worst first, columns only within one line."""
    hard = finding(file="a:b,c%.py", message="50%: a,b\r\nmore", severity=Severity.MEDIUM)
    long = finding(end_line=3, severity=Severity.CRITICAL)
    assert render("github", run_of(hard, finding(severity=Severity.LOW), long)).split("\n") == [
        "::error file=app/db.py,line=2,endLine=3,title=MDB101 one::slow; do it once",
        "::warning file=a%3Ab%2Cc%25.py,line=2,endLine=2,col=1,endColumn=5,title=MDB101 one::50%25: a,b%0D%0Amore",
        "::notice file=app/db.py,line=2,endLine=2,col=1,endColumn=5,title=MDB101 one::slow; do it once",
    ]
    assert render("github", run_of()) == ""


def test_sarif_keeps_the_limits_of_code_scanning(valid_by: Callable[[str, Any], None]) -> None:
    """https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit."""
    related = tuple(Related(Span("b.py", line, 1, line, 2), f"place {line}") for line in range(1, 1500))
    wordy = replace(PAGES[0], doc="Much.\n\nWhat it flags\n" + "    word word\n" * 500)
    many = [finding(severity=Severity.LOW)] * 25_003 + [finding(related=related)]
    log = json.loads(render("sarif", replace(run_of(*many), pages=[wordy])))
    valid_by("sarif-2.1.0", {**log, "runs": [{**log["runs"][0], "results": log["runs"][0]["results"][:5]}]})
    [run] = log["runs"]
    assert len(run["results"]) == 25_000
    worst = run["results"][0]
    assert (worst["level"], run["results"][-1]["level"]) == ("error", "note")
    assert len(worst["locations"]) + len(worst["relatedLocations"]) == 100
    [rule] = run["tool"]["driver"]["rules"]
    assert len(rule["fullDescription"]["text"]) == 1024
    assert len(rule["properties"]["tags"]) <= 10
    assert "security-severity" not in json.dumps(run["tool"])
    [invocation] = run["invocations"]
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["level"] == "warning"
    assert "4 of 25004 findings are left out" in notification["message"]["text"]
    assert invocation["executionSuccessful"] is True


def test_sarif_result() -> None:
    edits = (Edit(Span("app/db.py", 2, 1, 2, 5), "get"), Edit(Span("app/x y.py", 1, 1, 1, 1), "import os\n"))
    fix = Fix(Applicability.UNSAFE, "fetch it", edits=edits, reason="later")
    related = (Related(Span("app/x y.py", 3, 1, 3, 4), "the [loop]"),)
    told = finding(message="see [a](1)", related=related, also=("MDB102",), fix=fix)
    [run] = json.loads(render("sarif", run_of(told)))["runs"]
    [result] = run["results"]
    assert result["message"]["text"] == "see [a] (1)\nSee: [the \\[loop\\]](1)."
    assert result["relatedLocations"][0]["id"] == 1
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "app/db.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 5},
    }
    assert result["properties"] == {"severity": "high", "confidence": "known", "also": ["MDB102"]}
    assert result["partialFingerprints"]["primaryLocationLineHash"] == line_hashes(CODE)[1]
    [sarif_fix] = result["fixes"]
    assert sarif_fix["description"]["text"] == "fetch it (unsafe: later)"
    assert [change["artifactLocation"]["uri"] for change in sarif_fix["artifactChanges"]] == [
        "app/db.py",
        "app/x%20y.py",
    ]
    assert "fixes" not in json.loads(render("sarif", run_of(told._replace(fix=fix._replace(edits=())))))["runs"][0]


def test_sarif_tells_what_was_not_read() -> None:
    notes = [Note("permission denied", "app/closed.py", error=False), Note("no such file or directory", "../gone.py")]
    [run] = json.loads(render("sarif", run_of(notes=notes)))["runs"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    closed, gone = invocation["toolExecutionNotifications"]
    assert (closed["level"], gone["level"]) == ("warning", "error")
    assert closed["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    assert gone["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "../gone.py"}


def test_sarif_rules_are_the_pages_of_the_rules(bookshelf: dict[str, str]) -> None:
    rules = json.loads(bookshelf["sarif"])["runs"][0]["tool"]["driver"]["rules"]
    command = [sys.executable, "-m", "mongolint", "rules", "--format", "json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [rule["id"] for rule in rules] == [rule["code"] for rule in listed if rule["tier"] == "default"]
    for rule in rules:
        assert rule["help"]["markdown"].startswith(f"# {rule['id']} {rule['name']}\n")
        assert "Why it hurts" in rule["help"]["text"]
        assert "``" not in rule["fullDescription"]["text"]


def test_sarif_fixes_do_what_fixes_do(bookshelf: dict[str, str]) -> None:
    """Each replacement, made as the standard says, gives the file that ``--fix`` would write."""
    results = json.loads(bookshelf["sarif"])["runs"][0]["results"]
    changes = [change for each in results for fix in each.get("fixes", ()) for change in fix["artifactChanges"]]
    written = Counter(file for file, _ in _written(bookshelf["json"]))
    assert Counter(change["artifactLocation"]["uri"] for change in changes) == written
    assert sorted(_replaced(change) for change in changes) == sorted(text for _, text in _written(bookshelf["json"]))


def _written(report: str) -> Iterator[tuple[str, str]]:
    """For each fix and each of its files, the file after the fix."""
    for each in json.loads(report):
        by_file: dict[str, list[Edit]] = {}
        for edit in each["fix"]["edits"] if each["fix"] else ():
            place = (edit[key] for key in ("file", "line", "column", "end_line", "end_column"))
            by_file.setdefault(edit["file"], []).append(Edit(Span(*place), edit["content"]))
        for file, edits in by_file.items():
            yield file, rewrite((ROOT / file).read_text(encoding="utf-8"), edits)


def _replaced(change: dict[str, Any]) -> str:
    lines = (ROOT / change["artifactLocation"]["uri"]).read_text(encoding="utf-8").splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    text, parts, done = "".join(lines), [], 0
    for each in change["replacements"]:
        region = each["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        parts += [text[done:start], each["insertedContent"]["text"]]
        done = starts[region["endLine"] - 1] + region["endColumn"] - 1
    return "".join([*parts, text[done:]])


def test_suggestions_do_what_fixes_do(bookshelf: dict[str, str]) -> None:
    """A suggestion is the whole of a fix, of whole lines; and one is there wherever it can be."""
    found = json.loads(bookshelf["json"])
    made = 0
    for each, diagnostic in zip(found, json.loads(bookshelf["rdjson"])["diagnostics"], strict=True):
        edits = each["fix"]["edits"] if each["fix"] else []
        lines = {line for edit in edits for line in (edit["line"], edit["end_line"])}
        fits = edits and {edit["file"] for edit in edits} == {each["file"]} and max(lines) - min(lines) < 60
        assert ("suggestions" in diagnostic) == bool(fits)
        for suggestion in diagnostic.get("suggestions", ()):
            made += 1
            assert f"Suggested: {each['fix']['title']}" in diagnostic["message"]
            text = (ROOT / each["file"]).read_text(encoding="utf-8")
            rows = text.split("\n")
            start, end = suggestion["range"]["start"], suggestion["range"]["end"]
            assert (start["column"], end["column"]) == (1, len(rows[end["line"] - 1].encode()) + 1)
            rows[start["line"] - 1 : end["line"]] = [suggestion["text"]]
            spans = [
                Edit(Span(e["file"], e["line"], e["column"], e["end_line"], e["end_column"]), e["content"])
                for e in edits
            ]
            assert "\n".join(rows) == rewrite(text, spans)
    assert made > 10


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_suggestion_keeps_line_breaks(newline: str) -> None:
    code = CODE.replace("\n", newline)
    edits = (Edit(Span("app/db.py", 1, 1, 1, 6), "x"), Edit(Span("app/db.py", 2, 5, 2, 6), "(1"))
    run = replace(run_of(finding(fix=Fix(Applicability.SAFE, "do", edits=edits))), source=lambda file: code)
    [diagnostic] = json.loads(render("rdjson", run))["diagnostics"]
    [suggestion] = diagnostic["suggestions"]
    assert suggestion == {
        "range": {"start": {"line": 1, "column": 1}, "end": {"line": 2, "column": 7}},
        "text": f"x = 'データ'; find(naïve){newline}find(1)",
    }


def test_columns_of_reviewdog_count_bytes() -> None:
    [diagnostic] = json.loads(render("rdjson", run_of(finding(1, 16, 20))))["diagnostics"]
    told = diagnostic["location"]["range"]
    line = CODE.split("\n")[0].encode()
    assert line[told["start"]["column"] - 1 : told["end"]["column"] - 1] == b"find"
    lost = replace(
        run_of(finding(9, 3, 4, fix=Fix(Applicability.SAFE, "do", edits=(Edit(Span("app/db.py", 9, 1, 9, 1), ""),))))
    )
    assert json.loads(render("rdjson", lost))["diagnostics"][0]["location"]["range"]["start"] == {
        "line": 9,
        "column": 3,
    }


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (
            " a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
        (
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
            [
                *("e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1"),
                *("b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"),
            ],
        ),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)),
                *("a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1"),
                "c129715d7a2bc9a3:1",
            ],
        ),
    ],
)
def test_line_hash(text: str, hashes: list[str]) -> None:
    """The values that the tests of GitHub's upload action expect."""
    assert line_hashes(text) == hashes


def test_gitlab() -> None:
    [entry] = json.loads(render("gitlab", run_of(finding())))
    assert {**entry, "fingerprint": ""} == {
        "description": "MDB101 one: slow; do it once",
        "check_name": "MDB101",
        "fingerprint": "",
        "severity": "major",
        "location": {"path": "app/db.py", "lines": {"begin": 2, "end": 2}},
    }
    assert json.loads(render("gitlab", run_of())) == []


def test_junit(junit: Any) -> None:
    """Nothing found is a test that passed: no tests at all is an error to many."""
    clean = ElementTree.fromstring(render("junit", run_of()))
    assert (clean.attrib["tests"], clean.attrib["failures"], len(list(clean.iter("testcase")))) == ("1", "0", 1)
    failed = render(
        "junit", run_of(finding(), finding(3), notes=[Note("no such file", "gone.py"), Note("hm", "", False)])
    )
    junit.validate(failed)
    tree = ElementTree.fromstring(failed)
    assert {name: tree.attrib[name] for name in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "2",
        "errors": "1",
    }
    assert len(list(tree.iter("failure"))) == 2
    assert [error.text for error in tree.iter("error")] == ["gone.py: no such file"]


def test_markdown() -> None:
    """Nothing in a message means anything, calls anybody or names an issue."""
    hard = finding(file="a|b.py", message="use @app.get #12 <b>*x*</b> | [a](b) `c` $x_1$")
    rows = render("markdown", run_of(hard)).split("\n")
    assert rows[:3] == ["### mongolint", "", "Found 1 finding (1 high) in 1 file."]
    assert rows[-1] == (
        "| high | `a\\|b.py:2` | MDB101 one | use @<!-- -->app.get #<!-- -->12 \\<b\\>\\*x\\*\\</b\\> \\| \\[a\\](b) "
        "\\`c\\` \\$x\\_1\\$ |"
    )
    assert render("markdown", run_of()) == "### mongolint\n\nAll checks passed."
    assert "**1 error, see the log.**" in render("markdown", run_of(notes=[Note("no such file")]))


@pytest.mark.parametrize("count", [1, 400, 2000])
def test_markdown_fits_a_comment(count: int) -> None:
    many = [finding(line, message="word " * 20) for line in range(1, count)] + [
        finding(count, severity=Severity.CRITICAL)
    ]
    text = render("markdown", run_of(*many))
    assert len(text) <= 65_536
    shown = len(re.findall(r"^\| (?:high|critical) ", text, re.MULTILINE))
    assert "| critical |" in text
    more = re.search(r"… and (\d+) more\.$", text)
    assert shown + (int(more[1]) if more else 0) == count
    assert bool(more) == (count > 1000)


def test_summary_of_a_job() -> None:
    """A table of rules, and the worst ten; short, since many steps share the page."""
    fix = Fix(Applicability.UNSAFE, "do", edits=(Edit(Span("app/db.py", 1, 1, 1, 1), "x"),))
    found = [finding(line, severity=Severity.LOW) for line in range(1, 30)] + [
        finding(code="MDB102", name="two", fix=fix)
    ]
    text = markdown.summary(run_of(*found))
    assert "| 29 | low | MDB101 one | 0 | 0 |\n| 1 | high | MDB102 two | 0 | 1 |" in text
    assert "The 10 most severe" in text
    assert text.count("app/db.py") == 10
    assert "All of them" in markdown.summary(run_of(finding()))
    assert markdown.summary(run_of()) == "### mongolint\n\nAll checks passed."


def test_grouped() -> None:
    found = [finding(2), finding(12, 30), finding(1, file="b.py")]
    assert render("grouped", run_of(*found)).split("\n") == [
        *("app/db.py:", "  2:1    MDB101 one slow; do it once", "  12:30  MDB101 one slow; do it once", ""),
        *("b.py:", "  1:1  MDB101 one slow; do it once"),
    ]


def test_limits_are_those_documented() -> None:
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"{sarif.MAX_RESULTS:,}" in page
    for form in FORMATS:
        assert f"`{form}`" in page
