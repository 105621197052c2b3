"""Where reports go, several at once, and what makes a run fail."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest


def test_several_reports(shop: Any) -> None:
    """One is printed as if it were the only one; files end with a line break and are readable by others."""
    alone = shop.check("--format", "concise")
    run = shop.check("--format", "sarif:out.sarif", "--format", "concise", "--format", "jsonl:out/x.jsonl")
    assert (run.code, run.err) == (2, "mongolint: out/x.jsonl: cannot write: there is no such directory\n")
    run = shop.check("--format", "sarif:out.sarif", "--format", "concise", "--format", "jsonl:x.jsonl")
    assert (run.code, run.err) == (1, "")
    assert run.lines[:3] == alone.lines[:3]
    log = json.loads((shop.root / "out.sarif").read_text())
    assert len(log["runs"][0]["results"]) == 3
    lines = (shop.root / "x.jsonl").read_text()
    assert lines.endswith("}\n")
    assert list(map(json.loads, lines.splitlines())) == shop.check("--format", "json").json
    assert not [name for name in os.listdir(shop.root) if name.startswith(".mongolint")]
    mode = (shop.root / "out.sarif").stat().st_mode & 0o777
    assert mode == (shop.root / "shop/clean.py").stat().st_mode & 0o777


def test_all_reports_to_files(shop: Any) -> None:
    """What is printed is how it ended."""
    run = shop.check("--format", "junit:a.xml", "--format", "gitlab:b.json")
    assert run.lines == ["Found 3 findings (1 high, 2 low) in 1 file."]
    assert run.code == 1
    assert shop.check("--format", "junit:a.xml", "-q").out == ""


def test_output_file(shop: Any) -> None:
    printed = shop.check("--format", "concise", "-q")
    run = shop.check("--format", "concise", "--output-file", "out.txt")
    assert (run.code, run.lines) == (1, ["Found 3 findings (1 high, 2 low) in 1 file."])
    assert (shop.root / "out.txt").read_text() == printed.out
    run = shop.check("--output-file", "full.txt", "--format", "json:x.json")
    assert "MDB101" in (shop.root / "full.txt").read_text()
    assert (shop.root / "full.txt").read_text() + run.out == shop.check().out.replace("\n\nFound", "\nFound")
    shop.write({"mongolint.toml": 'output-format = "gitlab"\n'})
    shop.check("--output-file", "out.json")
    assert len(json.loads((shop.root / "out.json").read_text())) == 3
    clean = shop.check("shop/clean.py", "--format", "concise", "--output-file", "out.txt")
    assert (clean.code, (shop.root / "out.txt").read_text()) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--format", "srif:x"], "'srif' is not one of 'full', 'concise'"),
        (["--format", "srif"], "did you mean 'sarif'?"),
        (["--format", "sarif:"], "'sarif:' names no file after the colon"),
        (["--format", "github", "--format", "full"], "github and full cannot both be printed: name a file"),
        (["--format", "sarif:x", "--format", "gitlab:./x"], "two reports cannot go to one file"),
        (["--format", "sarif:x", "--format", "gitlab", "--output-file", "x"], "two reports cannot go to one file"),
        (["--format", "sarif:shop"], "shop: cannot write: it is a directory"),
        (["--output-file", "no/x"], "no/x: cannot write: there is no such directory"),
        (["--format", "sarif", "--statistics"], "--statistics can be shown as text and as json, not as sarif"),
        (["--diff", "--format", "sarif:x"], "--diff shows no findings"),
        (["--max-findings", "-1"], "-1 is not in the range"),
    ],
)
def test_mistakes(shop: Any, arguments: list[str], error: str) -> None:
    run = shop.check(*arguments)
    assert (run.code, run.out) == (2, "")
    assert error in run.err
    assert sum("rror" in line or "cannot write" in line for line in run.err.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_directory_that_may_not_be_written(shop: Any) -> None:
    (shop.root / "closed").mkdir(mode=0o555)
    run = shop.check("--format", "sarif:closed/x", "--format", "concise")
    assert (run.code, run.err) == (2, "closed/x: cannot write: permission denied\n")
    assert "MDB101" in run.out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_full_disk(shop: Any) -> None:
    """The rest is done nevertheless."""
    run = shop.check("--format", "github", env={"GITHUB_STEP_SUMMARY": "/dev/full"})
    assert (run.code, run.err) == (2, "/dev/full: cannot write: no space left on device\n")
    assert len(run.lines) == 3


def test_old_report_stays_until_the_new_one_is_whole(shop: Any) -> None:
    """And a link stays a link."""
    (shop.root / "real.json").write_text("old")
    (shop.root / "link.json").symlink_to("real.json")
    shop.check("--format", "json:link.json")
    assert (shop.root / "link.json").is_symlink()
    assert len(json.loads((shop.root / "real.json").read_text())) == 3


def test_machines_get_nothing_but_the_report(shop: Any) -> None:
    for form in ("json", "jsonl", "sarif", "github", "gitlab", "junit", "rdjson", "markdown"):
        run = shop.check("--format", form, "--color", "always")
        assert (run.code, run.err) == (1, "")
        assert "\x1b" not in run.out
        if form in ("json", "sarif", "gitlab", "rdjson"):
            json.loads(run.out)
        assert shop.check("--format", form, "-qq").out == ""


def test_grouped(shop: Any) -> None:
    lines = shop.check("--format", "grouped").lines
    assert lines[0] == "shop/orders.py:"
    assert lines[1].startswith("  3:6   MDB103 missing-time-limit ")
    assert lines[-2:] == ["", "Found 3 findings (1 high, 2 low) in 1 file."]


def test_statistics_beside_a_file(shop: Any) -> None:
    run = shop.check("--statistics", "--format", "sarif:out.sarif")
    assert run.lines[0] == "1  MDB101  n-plus-one-query    high      1 with --unsafe-fixes"
    assert len(json.loads((shop.root / "out.sarif").read_text())["runs"][0]["results"]) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "remark"),
    [
        (["--max-findings", "2"], 1, ""),
        (["--max-findings", "3"], 0, "; no more than 3 may be left"),
        (["--max-findings", "1", "--fail-on", "high"], 0, "; no more than 1 may be left"),
        (["--max-findings", "0", "--fail-on", "high"], 1, ""),
        (["--fail-on", "critical"], 0, "; none is severe enough to fail"),
    ],
)
def test_gate(shop: Any, arguments: list[str], code: int, remark: str) -> None:
    run = shop.check("--format", "concise", *arguments)
    assert (run.code, run.lines[-1]) == (code, f"Found 3 findings (1 high, 2 low) in 1 file{remark}.")


def test_gate_counts_a_finding_once(shop: Any) -> None:
    shop.write({"shop/pyproject.toml": "[tool.mongolint]\n"})
    run = shop.check("shop", "shop/orders.py", ".", "--max-findings", "3", "--format", "json")
    assert (run.code, len(run.json)) == (0, 3)


def test_summary_of_a_job(shop: Any) -> None:
    """Added to what other steps wrote, and only where it is asked for annotations."""
    shop.write({"summary.md": "before\n"})
    env = {"GITHUB_STEP_SUMMARY": "summary.md"}
    shop.check("--format", "concise", env=env)
    assert (shop.root / "summary.md").read_text() == "before\n"
    shop.check("--format", "github", env=env)
    text = (shop.root / "summary.md").read_text()
    assert text.startswith("before\n### mongolint\n\nFound 3 findings (1 high, 2 low) in 1 file.\n")
    assert "| 1 | high | MDB101 n-plus-one-query | 0 | 1 |" in text
    shop.check("--format", "github:x", "shop/clean.py", env=env)
    assert (shop.root / "summary.md").read_text() == text + "### mongolint\n\nAll checks passed.\n"


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_files_are_named_from_the_root_of_the_repository(shop: Any, variable: str) -> None:
    """That is where the services look for them; a person is where the command runs."""
    env = {variable: str(shop.root)}
    reports = [word for form in ("sarif", "gitlab", "json") for word in ("--format", f"{form}:{form}")]
    run = shop.check("--format", "github", *reports, cwd="shop", env=env)
    assert "file=shop/orders.py," in run.lines[0]
    held = {form: json.loads((shop.root / "shop" / form).read_text()) for form in ("sarif", "gitlab", "json")}
    results = held["sarif"]["runs"][0]["results"]
    uris = {place["physicalLocation"]["artifactLocation"]["uri"] for each in results for place in each["locations"]}
    uris |= {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for each in results
        for place in each.get("relatedLocations", ())
    }
    uris |= {
        change["artifactLocation"]["uri"]
        for each in results
        for fix in each["fixes"]
        for change in fix["artifactChanges"]
    }
    assert uris == {"shop/orders.py"}
    assert all("primaryLocationLineHash" in each["partialFingerprints"] for each in results)
    assert {each["location"]["path"] for each in held["gitlab"]} == {"shop/orders.py"}
    assert {each["file"] for each in held["json"]} == {"orders.py"}
    at_root = shop.check("--format", "gitlab", env=env).json
    assert [each["fingerprint"] for each in at_root] == [each["fingerprint"] for each in held["gitlab"]]
    outside = shop.check("--format", "gitlab", cwd="shop", env={variable: "/nowhere"}).json
    assert {each["location"]["path"] for each in outside} == {"orders.py"}


def test_fingerprints_survive_edits(shop: Any) -> None:
    before = [each["fingerprint"] for each in shop.check("--format", "gitlab").json]
    code = (shop.root / "shop/orders.py").read_text()
    shop.write({"shop/orders.py": "# A comment\n\n" + code.replace("for order", "# by id\n    for order")})
    assert [each["fingerprint"] for each in shop.check("--format", "gitlab").json] == before


def test_what_could_not_be_read(shop: Any) -> None:
    shop.write({"shop/bad.py": "from pymongo import MongoClient\n\nx = (\n"})
    (shop.root / "shop/lost.py").symlink_to("nowhere.py")
    run = shop.check("shop", "gone.py", "--ignore", "MDB000", "--format", "sarif", "-q")
    [invocation] = run.json["runs"][0]["invocations"]
    told = {}
    for each in invocation["toolExecutionNotifications"]:
        [place] = each["locations"]
        told[place["physicalLocation"]["artifactLocation"]["uri"]] = each["level"]
    assert told == {"shop/bad.py": "warning", "shop/lost.py": "warning", "gone.py": "error"}
    assert (run.code, invocation["executionSuccessful"]) == (2, False)
    assert 'errors="1"' in shop.check("shop", "gone.py", "--format", "junit", "-q").out


def test_fixed_standard_input(shop: Any) -> None:
    """Reports in files are of what is left after the fixes; the text alone is on standard output."""
    code = (shop.root / "shop/orders.py").read_text()
    arguments = ["-", "--fix", "--unsafe-fixes", "--select", "MDB103", "--format", "json:left.json"]
    run = shop.check(*arguments, stdin=code)
    assert run.out == code.replace("connectTimeoutMS=5000", "connectTimeoutMS=5000, timeoutMS=5000")
    assert json.loads((shop.root / "left.json").read_text()) == []


def test_completion(shop: Any) -> None:
    env = {"_MONGOLINT_COMPLETE": "bash_complete", "COMP_WORDS": "mongolint check --format g", "COMP_CWORD": "3"}
    run = shop.run(env=env)
    assert [line.partition(",")[2] for line in run.lines] == ["grouped", "github", "gitlab"]


def test_help_names_every_format_and_exit_code(shop: Any) -> None:
    text = " ".join(shop.check("--help").out.split())
    for words in ("rdjson", "--max-findings N", "--output-file FILE", "GITHUB_STEP_SUMMARY", "a report that cannot be"):
        assert words in text
