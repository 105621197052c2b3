"""``mongolint check``: options, exit codes, and which findings they let through."""

from __future__ import annotations

from typing import Any

import pytest

KEYS = [
    *("file", "line", "column", "end_line", "end_column", "code", "name", "severity", "confidence"),
    *("message", "related", "also", "fix"),
]
ALL = ["MDB103", "MDB503", "MDB101"]
BROKEN = "from pymongo import MongoClient\n\ndef load(:\n    pass\n"


def test_findings_as_json(shop: Any) -> None:
    run = shop.check("--format", "json")
    assert (run.code, run.err) == (1, "")
    assert run.codes == ALL
    finding = run.json[2]
    assert list(finding) == KEYS
    message, fix = finding.pop("message"), finding.pop("fix")
    assert list(fix) == ["applicability", "title", "text", "reason", "edits"]
    assert message.startswith("find_one on customers runs once per ")
    assert finding == {
        "file": "shop/orders.py",
        "line": 8,
        "column": 28,
        "end_line": 8,
        "end_column": 36,
        "code": "MDB101",
        "name": "n-plus-one-query",
        "severity": "high",
        "confidence": "known",
        "related": [{"file": "shop/orders.py", "line": 7, "column": 5, "message": "the loop"}],
        "also": [],
    }


def test_findings_as_text(shop: Any) -> None:
    concise = shop.check("--format", "concise", ".")
    assert concise.code == 1
    assert [line.split(" ")[:3] for line in concise.lines[:3]] == [
        ["shop/orders.py:3:6:", "MDB103", "missing-time-limit"],
        ["shop/orders.py:8:9:", "MDB503", "print-call"],
        ["shop/orders.py:8:28:", "MDB101", "n-plus-one-query"],
    ]
    assert concise.lines[3:] == ["Found 3 findings (1 high, 2 low) in 1 file."]
    full = shop.check()
    assert full.code == 1
    assert '8 |         print(db.customers.find_one({"_id": order}))\n' in full.out
    assert "  |                            ^^^^^^^^\n" in full.out
    assert "  --> shop/orders.py:7:5 the loop\n" in full.out
    assert "  help: limit the time of every operation (unsafe fix: " in full.out
    assert "    + db = MongoClient(connectTimeoutMS=5000, timeoutMS=5000).shop\n" in full.out
    assert full.lines[-3:-1] == ["", "Found 3 findings (1 high, 2 low) in 1 file."]


def test_nothing_found(shop: Any) -> None:
    run = shop.check("shop/clean.py")
    assert (run.code, run.out, run.err) == (0, "All checks passed.\n", "")
    run = shop.check("shop/clean.py", "--format", "json")
    assert (run.code, run.out, run.err) == (0, "[]\n", "")
    (shop.root / "empty").mkdir()
    run = shop.check("empty")
    assert (run.code, run.err) == (0, "mongolint: no Python files found under the given paths\n")


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select", "MDB101"], ["MDB101"]),
        (["--select", "n-plus-one-query,print-call"], ["MDB503", "MDB101"]),
        (["--select", "MDB1", "--ignore", "missing-time-limit"], ["MDB101"]),
        (["--ignore", "MDB1"], ["MDB503"]),
        (["--ignore", "ALL", "--extend-select", "mdb503"], ["MDB503"]),
        (["--min-confidence", "known", "--select", "MDB5", "--select", "MDB1"], ALL),
    ],
)
def test_selection(shop: Any, arguments: list[str], codes: list[str]) -> None:
    assert shop.check("--format", "json", *arguments).codes == codes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--select", "MDB1O1"], "mongolint: unknown rule 'MDB1O1' in --select; did you mean 'MDB101'?"),
        (["--ignore", "print-cal"], "mongolint: unknown rule 'print-cal' in --ignore; did you mean 'print-call'?"),
        (["--extend-select", "MDB101,XYZ"], "mongolint: unknown rule 'XYZ' in --extend-select"),
        (["--select", ","], "Error: Invalid value for '--select': names no rule"),
        (["--format", "xml"], "Error: Invalid value for '--format': 'xml' is not one of"),
        (["--jobs", "0"], "Error: Invalid value for '--jobs': 0 is not in the range x>=1."),
        (["--config", "none.toml"], "mongolint: none.toml: cannot read: no such file or directory"),
        (["-", "shop"], "Error: '-' cannot be combined with other paths"),
        (["--stdin-filename", "a.py", "shop"], "Error: --stdin-filename leaves no room for another path than '-'"),
    ],
)
def test_usage_errors(shop: Any, arguments: list[str], message: str) -> None:
    run = shop.check(*arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.splitlines()[-1].startswith(message)


def test_exit_codes(shop: Any) -> None:
    """``--fail-on`` and ``--exit-zero`` decide on the exit code, not on what is shown."""
    assert shop.check("--fail-on", "high", "--select", "MDB101").code == 1
    run = shop.check("--fail-on", "high", "--ignore", "MDB101", "--format", "concise")
    assert run.code == 0
    assert run.lines[-1] == "Found 2 findings (2 low) in 1 file; none is severe enough to fail."
    run = shop.check("--exit-zero", "--format", "json")
    assert (run.code, run.codes) == (0, ALL)
    assert shop.check("--exit-zero", "nowhere").code == 2


def test_file_that_is_not_python(place: Any) -> None:
    """A finding as others are, and told on standard error where the rule that tells it is not selected."""
    place.write({"app.py": BROKEN})
    run = place.check("--format", "json")
    assert (run.code, run.codes, run.err) == (1, ["MDB000"], "")
    assert [run.json[0][key] for key in ("file", "line", "column", "severity")] == ["app.py", 3, 10, "high"]
    run = place.check("--format", "json", "--select", "MDB101")
    assert (run.code, run.out, run.err) == (0, "[]\n", "app.py:3:10: invalid syntax\n")
    assert place.check("--format", "json", "--select", "syntax-error").codes == ["MDB000"]


def test_path_that_does_not_exist(shop: Any) -> None:
    """The others are checked all the same."""
    run = shop.check("shop/none.py", "shop/orders.py", "none/", "--format", "json")
    assert (run.code, run.codes) == (2, ALL)
    assert run.err == "shop/none.py: no such file or directory\nnone: no such file or directory\n"
    run = shop.check("none.py")
    assert (run.code, run.out, run.err) == (2, "", "none.py: no such file or directory\n")


def test_statistics(shop: Any) -> None:
    run = shop.check("--statistics")
    assert run.code == 1
    assert run.lines == [
        "1  MDB101  n-plus-one-query    high      1 with --unsafe-fixes",
        "1  MDB103  missing-time-limit  low       1 with --unsafe-fixes",
        "1  MDB503  print-call          low       1 with --unsafe-fixes",
        "Found 3 findings (1 high, 2 low) in 1 file.",
        "3 can be fixed with --fix --unsafe-fixes.",
    ]
    run = shop.check("--statistics", "--format", "json", "--select", "MDB101")
    row = {"code": "MDB101", "name": "n-plus-one-query", "severity": "high", "count": 1}
    assert run.json == [{**row, "safe_fixes": 0, "unsafe_fixes": 1}]


def test_show_files(shop: Any) -> None:
    shop.write({"venv/pyvenv.cfg": "", "venv/lib.py": "", "notes.txt": "", "gen/a.py": ""})
    shop.write({"mongolint.toml": 'extend-exclude = ["gen/"]\n'})
    run = shop.check("--show-files")
    assert run.lines == ["shop/__init__.py", "shop/clean.py", "shop/orders.py"]
    assert (run.code, run.err) == (0, "")
    run = shop.check("--show-files", "gen/a.py", "--format", "json")
    assert run.json == ["gen/a.py"]
    run = shop.check("--show-files", "--stdin-filename", "shop/new.py")
    assert run.lines == ["shop/new.py"]
    assert shop.check("--show-files", "none.py").code == 2


def test_quiet_and_verbose(shop: Any) -> None:
    (shop.root / "shop/gone.py").symlink_to("nowhere.py")
    run = shop.check("-q", "--format", "concise")
    assert (run.code, run.err) == (1, "")
    assert len(run.lines) == 3
    assert "Found" not in run.out
    run = shop.check("-qq", "shop", "none.py")
    assert (run.code, run.out, run.err) == (2, "", "none.py: no such file or directory\n")
    run = shop.check("-v", "--format", "json")
    assert len(run.json) == 3
    told = run.err.splitlines()
    assert told[0] == "shop/gone.py: dangling link: nowhere.py does not exist"
    assert told[1].endswith(": 3 files checked, 2 files of the project read as code")
    assert told[2] == "3 findings shown, 0 suppressed by comments"
    assert [part.split(" s ")[1] for part in told[3].split(", ")] == [
        *("set up", "read and parse", "link and check", "report")
    ]


def test_standard_input(shop: Any) -> None:
    """Standard input stands for a file of the project, which supplies the rest of the model."""
    shop.write({"shop/helper.py": "from shop.clean import load\n\n\ndef look(key):\n    return load(key)\n"})
    text = "from shop.helper import look\n\n\ndef names(keys):\n    return [look(key) for key in keys]\n"
    for arguments in (["--stdin-filename", "shop/new.py", "-"], ["--stdin-filename", shop.root / "shop/new.py"]):
        run = shop.check(*arguments, "--format", "json", stdin=text)
        assert (run.code, run.err) == (1, "")
        assert [(f["file"], f["line"], f["column"], f["code"]) for f in run.json] == [("shop/new.py", 5, 13, "MDB101")]
    assert shop.check("--stdin-filename", "shop/orders.py", "-", stdin="x = 1\n").out == "All checks passed.\n"
    run = shop.check("-", "--format", "json", stdin=(shop.root / "shop/orders.py").read_bytes())
    assert [finding["file"] for finding in run.json] == ["stdin.py"] * 3
    run = shop.check("--stdin-filename", "shop/new.py", stdin=b"from pymongo import MongoClient\nx = '\xff'\n")
    assert "shop/new.py:2:6: high MDB000" in run.out


def test_standard_input_for_an_excluded_file(shop: Any) -> None:
    shop.write({"mongolint.toml": 'force-exclude = true\nexclude = ["orders.py"]\n'})
    text = (shop.root / "shop/orders.py").read_bytes()
    assert shop.check("--stdin-filename", "shop/orders.py", stdin=text).code == 0
    assert shop.check("--stdin-filename", "shop/other.py", stdin=text).code == 1


def test_jobs_give_the_same(shop: Any) -> None:
    alone, together = (shop.check("--format", "json", "--jobs", jobs) for jobs in ("1", "3"))
    assert alone.json
    assert alone == together


# A package of rules that is installed beside mongolint: one rule works, one fails
PLUG_IN = {
    "plug/extra_rules-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: extra-rules\nVersion: 1\n",
    "plug/extra_rules-1.dist-info/entry_points.txt": "[mongolint.rules]\nextra = extra_rules\n",
    "plug/extra_rules/__init__.py": "",
    "plug/extra_rules/fails.py": '''\
        """Fails."""
        from mongolint.rule import Query, Rule, Severity

        rule = Rule("XYZ001", "fails", Severity.LOW)

        @rule.on(Query)
        def check(query, project):
            raise ZeroDivisionError("no\\nway")
            yield
        ''',
    "plug/extra_rules/works.py": '''\
        """Works."""
        from mongolint.rule import Query, Rule, Severity

        rule = Rule("XYZ002", "works", Severity.LOW)

        @rule.on(Query)
        def check(query, project):
            yield rule.finding(project.operation_span(query), "seen")
        ''',
}


def test_rule_that_fails(shop: Any) -> None:
    """It is named in one line, the others go on."""
    shop.write(PLUG_IN)
    env = {"PYTHONPATH": str(shop.root / "plug")}
    run = shop.check("shop", "--format", "json", "--select", "XYZ,MDB101", env=env)
    assert (run.code, run.codes) == (2, ["XYZ002", "MDB101", "XYZ002"])
    assert run.err.count("\n") == 1
    assert run.err.startswith("mongolint: rule XYZ001 fails failed: ZeroDivisionError: no")
    run = shop.check("shop/clean.py", "--ignore", "XYZ002", env=env)
    assert (run.code, run.out) == (2, "")


BOOM = """\
import mongolint.engine.run


def boom(*args, **options):
    raise ZeroDivisionError("boom")


mongolint.engine.run.check = boom
"""


def test_internal_error(shop: Any) -> None:
    """One line; the traceback only for whoever asks."""
    shop.write({"boom/sitecustomize.py": BOOM})
    env = {"PYTHONPATH": str(shop.root / "boom")}
    run = shop.check("shop", env=env)
    line = "mongolint: internal error: ZeroDivisionError: boom\n"
    assert (run.code, run.out, run.err) == (2, "", line)
    run = shop.check("shop", "-v", env=env)
    assert run.code == 2
    assert run.err.startswith("Traceback (most recent call last):\n")
    assert run.err.endswith(line)
