"""``--fix``, ``--diff`` and what is said of fixes that nobody asked for."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

# A comment that is not needed (safe to remove) and a client without a time limit (unsafe)
APP = """\
from pymongo import MongoClient

db = MongoClient(connectTimeoutMS=5000).shop


def load(key):
    return db.orders.find_one({"_id": key})  # noqa: MDB101
"""
SAFE = APP.replace("  # noqa: MDB101", "")
UNSAFE = SAFE.replace("5000)", "5000, timeoutMS=5000)")
CODES = ["MDB103", "MDB900"]


@pytest.fixture
def app(place: Any) -> Any:
    return place.write({"app.py": APP, "other.py": APP})


def text(app: Any, name: str = "app.py") -> str:
    return (app.root / name).read_bytes().decode()


def test_safe(app: Any) -> None:
    run = app.check("--fix", "app.py", "--format", "concise")
    assert (run.code, run.err) == (1, "")
    assert run.lines[0].startswith("app.py:3:6: MDB103")
    assert run.lines[1:] == [
        "Found 2 findings (1 fixed, 1 remaining).",
        "1 can be fixed with --fix --unsafe-fixes.",
    ]
    assert (text(app), text(app, "other.py")) == (SAFE, APP)


def test_unsafe(app: Any) -> None:
    run = app.check("--fix", "--unsafe-fixes")
    assert (run.code, run.out, run.err) == (0, "Found 4 findings (4 fixed, 0 remaining).\n", "")
    assert text(app) == text(app, "other.py") == UNSAFE
    assert app.check("--fix", "--unsafe-fixes").out == "All checks passed.\n"


def test_json_and_statistics(app: Any) -> None:
    first = app.check("app.py", "--format", "json").json
    assert [finding["fix"]["applicability"] for finding in first] == ["unsafe", "safe"]
    edit = first[0]["fix"]["edits"][0]
    assert (edit["file"], edit["line"], edit["column"], edit["content"]) == ("app.py", 3, 39, ", timeoutMS=5000")
    assert first[0]["fix"]["reason"]
    run = app.check("app.py", "--fix", "--format", "json")
    assert (run.code, run.codes, run.err) == (1, ["MDB103"], "")
    run = app.check("other.py", "--fix", "--statistics")
    assert run.lines[0] == "1  MDB103  missing-time-limit  low       1 with --unsafe-fixes"
    assert run.lines[1] == "Found 2 findings (1 fixed, 1 remaining)."


def test_hints(app: Any) -> None:
    """In the format that shows fixes; others spare the time to write them."""
    hint = app.check("app.py").lines[-1]
    assert hint == "1 can be fixed with --fix, 1 more with --unsafe-fixes."
    assert app.check("app.py", "--unsafe-fixes").lines[-1] == "2 can be fixed with --fix --unsafe-fixes."
    assert app.check("app.py", "--format", "concise").lines[-1] == "Found 2 findings (2 low) in 1 file."
    assert text(app) == APP


def test_diff(app: Any) -> None:
    """One for all files, which git can apply; nothing is written."""
    run = app.check("--diff", "--unsafe-fixes")
    assert (run.code, run.err) == (1, "Would fix 4 findings.\n")
    assert run.lines[:2] == ["--- app.py", "+++ app.py"]
    assert "--- other.py" in run.lines
    assert "+db = MongoClient(connectTimeoutMS=5000, timeoutMS=5000).shop" in run.lines
    assert text(app) == APP
    subprocess.run(["git", "apply", "-p0", "-"], cwd=app.root, input=run.out, text=True, check=True)
    assert text(app) == text(app, "other.py") == UNSAFE
    run = app.check("--diff", "--unsafe-fixes")
    assert (run.code, run.out, run.err) == (0, "", "Nothing would be fixed.\n")


def test_diff_and_other_options(app: Any) -> None:
    run = app.check("--diff", "app.py", "--fix")
    assert (run.code, run.err) == (1, "Would fix 1 finding; 1 more with --unsafe-fixes.\n")
    assert text(app) == APP
    run = app.check("--diff", "app.py", "--exit-zero", "-q")
    assert (run.code, run.err) == (0, "")
    assert app.check("--diff", "app.py", "none.py").code == 2
    coloured = app.check("--diff", "app.py", "--color", "always").out
    assert "\x1b[31m-    return" in coloured
    assert "\x1b[32m+    return" in coloured


def test_exit_codes(app: Any) -> None:
    assert app.check("--fix", "--ignore", "MDB103", "app.py").code == 0
    assert app.check("--fix", "--ignore", "MDB103", "app.py", "--exit-non-zero-on-fix").code == 0
    assert app.check("--fix", "--ignore", "MDB103", "other.py", "--exit-non-zero-on-fix").code == 1
    assert app.check("--fix", "--exit-zero").code == 0


def test_standard_input(app: Any) -> None:
    """The fixed text to standard output, all else beside; files stay."""
    run = app.check("-", "--fix", "--unsafe-fixes", stdin=APP)
    assert (run.code, run.out) == (0, UNSAFE)
    assert run.err == "Found 2 findings (2 fixed, 0 remaining).\n"
    run = app.check("--stdin-filename", "app.py", "--fix", "--format", "concise", stdin=APP.replace("\n", "\r\n"))
    assert (run.code, run.out) == (1, SAFE.replace("\n", "\r\n"))
    assert run.err.startswith("app.py:3:6: MDB103")
    run = app.check("-", "--diff", stdin=APP)
    assert (run.code, run.lines[0]) == (1, "--- stdin.py")
    assert app.check("-", "--fix", stdin="def f(:\n").out == "def f(:\n"
    assert app.check("-", "--fix", "-qq", stdin=UNSAFE) == app.check("-", "--fix", "-qq", stdin=UNSAFE)
    assert text(app) == APP
    app.write({"mongolint.toml": 'force-exclude = true\nexclude = ["app.py"]\n'})
    assert app.check("--stdin-filename", "app.py", "--fix", "-q", stdin=APP).out == APP


@pytest.mark.parametrize(
    ("options", "after"),
    [
        ('fixable = ["MDB9"]', SAFE),
        ('unfixable = ["MDB103"]', SAFE),
        ('unfixable = ["ALL"]', APP),
        ('extend-safe-fixes = ["MDB103"]', UNSAFE),
    ],
)
def test_configuration(options: str, after: str, app: Any) -> None:
    """What may be fixed is chosen apart from what is reported."""
    app.write({"mongolint.toml": options})
    flags = [] if "safe" in options else ["--unsafe-fixes"]
    run = app.check("--fix", "--format", "json", "app.py", *flags)
    assert text(app) == after
    left = [
        code for code, there in zip(CODES, ("(connectTimeoutMS=5000)" in after, "noqa" in after), strict=True) if there
    ]
    assert run.codes == left
    for finding in run.json:
        assert finding["fix"]["applicability"] == "display"
        assert finding["fix"]["reason"] == "the configuration leaves this rule's fixes out"


def test_several_projects(place: Any) -> None:
    """Each with its own configuration; a file that two of them hold is fixed by both, and shown once."""
    place.write(
        {
            "one/app.py": APP,
            "one/mongolint.toml": 'unfixable = ["MDB103"]\n',
            "two/app.py": APP,
            "two/mongolint.toml": 'ignore = ["MDB900"]\n',
        }
    )
    run = place.check("one", "two", "--diff", "--unsafe-fixes")
    assert run.out.count("+++") == 2
    place.check("one", "two", "--fix", "--unsafe-fixes")
    assert text(place, "one/app.py") == SAFE
    assert text(place, "two/app.py") == APP.replace("5000)", "5000, timeoutMS=5000)")
    place.write({"mongolint.toml": "", "one/app.py": APP})
    run = place.check("one", ".", "--diff", "--unsafe-fixes")
    assert run.lines.count("+++ one/app.py") == 1


def test_links(app: Any) -> None:
    """What a link leads to is replaced, the link stays; one that leads out of the project is none of ours."""
    app.write({"code.txt": APP})
    (app.root / "link.py").symlink_to("code.txt")
    outside = app.root.parent / "outside.py"
    outside.write_text(APP)
    (app.root / "out.py").symlink_to(outside)
    assert app.check("--fix", ".", "-q").code == 1
    assert (app.root / "link.py").is_symlink()
    assert text(app, "code.txt") == SAFE
    assert outside.read_text() == APP


def test_only_given_files(app: Any) -> None:
    """A mode survives, too."""
    (app.root / "app.py").chmod(0o750)
    app.check("--fix", "app.py")
    assert (text(app), text(app, "other.py")) == (SAFE, APP)
    assert (app.root / "app.py").stat().st_mode & 0o777 == 0o750


# Makes the directory named in the environment one that cannot be written, to root as well
READ_ONLY = {
    "plug/sitecustomize.py": """\
        import os, tempfile
        make = tempfile.mkstemp

        def mkstemp(*args, dir=None, **options):
            if dir and dir.endswith("shut"):
                raise PermissionError(13, "Permission denied", dir)
            return make(*args, dir=dir, **options)

        tempfile.mkstemp = mkstemp
        """
}


def test_file_that_cannot_be_written(app: Any) -> None:
    """It is named, its findings remain, and the rest is fixed."""
    app.write({**READ_ONLY, "shut/app.py": APP})
    env = {"PYTHONPATH": str(app.root / "plug")}
    run = app.check("--fix", "shut", "app.py", "--format", "concise", env=env)
    assert (run.code, run.err) == (2, "shut/app.py: cannot write: permission denied\n")
    assert (text(app), text(app, "shut/app.py")) == (SAFE, APP)
    assert [line.split()[0] for line in run.lines[:3]] == ["app.py:3:6:", "shut/app.py:3:6:", "shut/app.py:7:46:"]
    assert run.lines[3] == "Found 4 findings (1 fixed, 3 remaining)."


SPOILER = {
    "plug/extra_rules-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: extra-rules\nVersion: 1\n",
    "plug/extra_rules-1.dist-info/entry_points.txt": "[mongolint.rules]\nextra = extra_rules\n",
    "plug/extra_rules/__init__.py": "",
    "plug/extra_rules/spoils.py": '''\
        """Spoils."""
        from mongolint.rule import Applicability, Query, Rule, Severity

        rule = Rule("XYZ001", "spoils", Severity.LOW, fix=Applicability.SAFE)

        @rule.on(Query)
        def check(query, project):
            def write(draft):
                draft.insert(query.module, 0, ")")

            yield rule.finding(project.operation_span(query), "seen", fix=rule.repair("spoil it", write))
        ''',
}


def test_fix_that_would_spoil_the_file(app: Any) -> None:
    app.write(SPOILER)
    env = {"PYTHONPATH": str(app.root / "plug")}
    for flags, after in ((["--diff"], APP), (["--fix"], SAFE)):
        run = app.check("app.py", *flags, "-q", env=env)
        line = "the fixes of XYZ001 leave app.py as it was: app.py:1 would be no Python: unmatched ')'"
        assert (run.code, run.err) == (2, f"mongolint: {line}\n")
        assert text(app) == after
    assert "help: spoil it (to be done by hand: refused: app.py:1 would be no Python" in run.out
    failing = SPOILER["plug/extra_rules/spoils.py"].replace('draft.insert(query.module, 0, ")")', "1 / 0")
    app.write({"plug/extra_rules/spoils.py": failing})
    run = app.check("app.py", "-q", env=env)
    assert run.code == 2
    assert run.err == "mongolint: fix of XYZ001 at app.py:7 failed: ZeroDivisionError: division by zero\n"


def test_verbose(app: Any) -> None:
    run = app.check("--fix", "-v", "app.py", "-q")
    assert "fixed 1 MDB900 in app.py\n" in run.err


def test_file_that_holds_no_driver(place: Any) -> None:
    """Nothing of it is parsed but the comment; it is fixed all the same."""
    place.write({"a.py": b"# -*- coding: latin-1 -*-\r\nx = '\xe9'  # noqa: MDB101\r\n"})
    place.check("--fix")
    assert (place.root / "a.py").read_bytes() == b"# -*- coding: latin-1 -*-\r\nx = '\xe9'\r\n"
