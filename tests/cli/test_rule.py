"""``rule``, ``rules``, ``completion`` and the top of the command line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from mongolint import __version__
from mongolint.cli import main
from mongolint.cli.main import cli
from mongolint.engine.registry import all_rules


def test_page(place: Any) -> None:
    """From the docstring, the metadata, and the examples with the places found."""
    text = place.run("rule", "MDB101")
    assert (text.code, text.err) == (0, "")
    assert text.lines[0] == "MDB101 n-plus-one-query"
    assert re.search(r"^  Severity +high$", text.out, re.MULTILINE)
    for heading in ("What it flags", "Why it hurts", "What it leaves alone", "Fix and its safety", "Sources"):
        assert heading in text.lines
    call = text.lines.index('            await db.orders.update_one({"_id": order_id}, {"$set": {"sent": True}})')
    assert text.lines[call + 1] == " " * 28 + "^" * len("update_one")
    assert any(line.startswith("  -> update_one on orders runs once per ") for line in text.lines)
    assert "Good: polling" in text.lines
    assert place.run("rule", "n-plus-one-query") == place.run("rule", "mdb101") == text


def test_page_with_options_and_fixes(place: Any) -> None:
    run = place.run("rule", "MDB103", "--format", "markdown")
    assert run.code == 0
    assert run.lines[0] == "# MDB103 missing-time-limit"
    assert "[tool.mongolint.rules.missing-time-limit]" in run.lines
    assert "| Severity | medium |" in run.lines
    assert "## What it flags" in run.lines
    assert re.search(r"```python\n(?:.*\n)*?.*  # <- MDB103\n", run.out)
    assert not re.search("``[^`]", run.out.replace("```", ""))


def test_page_as_json(place: Any) -> None:
    (page,) = place.run("rule", "uncovered-filter", "--format", "json").json
    assert page["code"] == "MDB104"
    assert page["severity"] == "high"
    assert set(page["sections"]) >= {"What it flags", "Why it hurts"}
    bad = next(example for example in page["examples"] if example["kind"] == "bad")
    assert {finding["code"] for finding in bad["findings"]} == {"MDB104"}
    assert all(finding["file"] in bad["files"] for finding in bad["findings"])


def test_unknown_rule(place: Any) -> None:
    for word, hint in {
        "MDB1O1": "; did you mean 'MDB101'?",
        "n-plus-one-querry": "; did you mean 'n-plus-one-query'?",
        "zzz": "",
    }.items():
        run = place.run("rule", word)
        assert (run.code, run.out, run.err) == (2, "", f"mongolint: unknown rule {word!r}{hint}\n")
    assert place.run("rule").code == 2


def test_list(place: Any) -> None:
    rules = all_rules()
    table = place.run("rules")
    assert (table.code, table.err) == (0, "")
    assert [line.split()[:3] for line in table.lines] == [[r.code, r.name, r.severity.value] for r in rules]
    listed = place.run("rules", "--format", "json").json
    assert list(listed[0]) == ["code", "name", "severity", "tier", "fix", "summary", "since", "options"]
    assert [(item["code"], item["tier"]) for item in listed] == [(rule.code, rule.tier) for rule in rules]
    markdown = place.run("rules", "--format", "markdown").lines
    assert markdown[:2] == ["| code | name | severity | tier | fix | summary |", "| --- " * 6 + "|"]
    assert len(markdown) == len(rules) + 2
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 7 for line in markdown)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(place: Any, shell: str) -> None:
    run = place.run("completion", shell, env={"PATH": ""})
    assert (run.code, run.err) == (0, "")
    assert f"_MONGOLINT_COMPLETE={shell}_complete" in run.out
    program = shutil.which(shell)
    if program:
        subprocess.run([program, "-n"], input=run.out.encode(), check=True, timeout=20)


def test_completion(place: Any) -> None:
    """Commands without importing any, options, values, and rules, of a comma list the last."""
    for words, expected in {
        "mongolint ": set(main._COMMANDS),
        "mongolint ru": {"rule", "rules"},
        "mongolint --ver": {"--version"},
        "mongolint check --fail-on hi": {"high"},
        "mongolint check --select MDB101,print": {"MDB101,print-call"},
        "mongolint rule MDB10": {rule.code for rule in all_rules() if rule.code.startswith("MDB10")},
    }.items():
        env = {"_MONGOLINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        run = place.run(env=env)
        assert run.err == ""
        assert {line.partition(",")[2] for line in run.lines} == expected


def test_version_and_help(place: Any) -> None:
    assert place.run("--version").out == place.run("-V").out == f"mongolint {__version__}\n"
    run = place.run("--help")
    assert run.code == 0
    for name in cli.list_commands(None):  # type: ignore[arg-type]
        assert re.search(rf"^  {name} +[A-Z]", run.out, re.MULTILINE)
    for word in ("Exit codes:", "Environment:", "Examples:", "NO_COLOR"):
        assert word in run.out
    run = place.check("-h")
    for word in ("Exit codes:", "Examples:", "Suppression:", "--stdin-filename", "--fail-on"):
        assert word in run.out
    assert max(map(len, run.lines)) <= 80


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["completion", "zsh"]])
def test_what_answers_at_once_imports_no_parser(place: Any, arguments: list[str]) -> None:
    program = (
        "import sys\nfrom mongolint.cli.main import cli\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try:\n    cli()\n"
        "finally:\n    print(sorted({'libcst', 'pathspec', 'pymongo'} & set(sys.modules)))\n"
    )
    run = place.run(command=(sys.executable, "-c", program))
    assert (run.code, run.lines[-1]) == (0, "[]")


def test_unknown_command(place: Any) -> None:
    run = place.run("chek")
    assert run.code == 2
    assert run.err.endswith("Error: no such command 'chek'; did you mean 'check'?\n")
    assert place.run().code in (0, 2)
