"""Options: where they are found, how mistakes in them are told, which rules they choose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.config import (
    FORMATS,
    OPTIONS,
    Config,
    ConfigError,
    RuleInfo,
    check_selectors,
    load,
    load_file,
    resolve_selection,
)
from mongolint.finding import Confidence, Severity
from mongolint.globs import Globs

RULES = {
    rule.code: rule
    for rule in (
        RuleInfo("MDB000", "syntax-error"),
        RuleInfo("MDB101", "n-plus-one-query"),
        RuleInfo("MDB103", "missing-time-limit", {"per-operation": False, "limit": 10, "names": ("a",)}),
        RuleInfo("MDB109", "missing-projection"),
        RuleInfo("MDB503", "print-call", {"ratio": 0.5, "extra": None}),
        RuleInfo("MDB900", "unused-suppression"),
    )
}
TIERS = dict.fromkeys(RULES, "default") | {"MDB109": "review"}
DEFAULT = {"MDB000", "MDB101", "MDB103", "MDB503", "MDB900"}


def write(folder: Path, text: str, name: str = "mongolint.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def mistake(tmp_path: Path, text: str, name: str = "mongolint.toml") -> ConfigError:
    file = write(tmp_path, text, name)
    with pytest.raises(ConfigError) as caught:
        load_file(file, RULES)
    assert caught.value.file == file
    assert "\n" not in str(caught.value)
    return caught.value


FULL = """\
select = ["ALL"]
ignore = ["MDB5", "n-plus-one-query"]
extend-select = ["mdb101"]
extend-ignore = ["MDB9"]
preview = true
fixable = ["MDB1"]
unfixable = ["print-call"]
extend-safe-fixes = ["MDB103"]
exclude = ["gen/"]
extend-exclude = ["old"]
force-exclude = true
respect-gitignore = false
src = ["backend"]
fail-on = "high"
min-confidence = "known"
output-format = "json"
per-file-ignores = { "scripts/*" = ["MDB5"], "!app/" = ["MDB101"] }
test-patterns = ["spec/"]
cli-files = ["run.py"]
script-files = ["jobs/"]
indexes = "db/indexes.json"
index-source = "external"
defer-to = ["ruff"]
local-rules = ["tools/rules"]

[rules.missing-time-limit]
per-operation = true

[rules.MDB503]
ratio = 1
extra = "x"
"""


def test_reads_every_option(tmp_path: Path) -> None:
    file = write(tmp_path, FULL)
    assert load(tmp_path, RULES) == Config(
        root=tmp_path,
        file=file,
        select=("ALL",),
        ignore=("MDB5", "n-plus-one-query"),
        extend_select=("MDB101",),
        extend_ignore=("MDB9",),
        preview=True,
        fixable=("MDB1",),
        unfixable=("print-call",),
        extend_safe_fixes=("MDB103",),
        exclude=("gen/",),
        extend_exclude=("old",),
        force_exclude=True,
        respect_gitignore=False,
        src=("backend",),
        fail_on=Severity.HIGH,
        min_confidence=Confidence.KNOWN,
        output_format="json",
        per_file_ignores=(("scripts/*", ("MDB5",)), ("!app/", ("MDB101",))),
        test_patterns=("spec/",),
        cli_files=("run.py",),
        script_files=("jobs/",),
        indexes="db/indexes.json",
        index_source="external",
        defer_to=("ruff",),
        local_rules=("tools/rules",),
        rules={
            "missing-time-limit": {"per-operation": True, "limit": 10, "names": ("a",)},
            "print-call": {"ratio": 1.0, "extra": "x"},
        },
    )
    assert load(tmp_path, RULES).excluded == ("gen/", "old")
    assert load(tmp_path, RULES).indexes_file == tmp_path / "db/indexes.json"


def test_the_same_in_pyproject(tmp_path: Path) -> None:
    own = load_file(write(tmp_path / "a", FULL), RULES)
    text = "[tool.mongolint]\n" + FULL.replace("[rules", "[tool.mongolint.rules")
    shared = load_file(write(tmp_path / "b", text, "pyproject.toml"), RULES)
    for option in OPTIONS:
        field = option.key.replace("-", "_")
        assert getattr(own, field) == getattr(shared, field)


def test_every_option_is_in_the_schema_with_help() -> None:
    assert {option.key for option in OPTIONS} == {line.split(" ")[0] for line in FULL.split("\n\n")[0].split("\n")} | {
        "rules",
        "extends",
        "baseline",
    }
    assert all(option.help.endswith(".") for option in OPTIONS)


def test_the_nearest_file_with_options_counts(tmp_path: Path) -> None:
    write(tmp_path, "fail-on = 'low'")
    write(tmp_path / "a/b", "[project]\nname = 'mongolint-plugin'\n", "pyproject.toml")
    assert load(tmp_path / "a/b", RULES).file == tmp_path / "mongolint.toml"
    write(tmp_path / "a", "[tool.mongolint]\nfail-on = 'high'\n", "pyproject.toml")
    assert load(tmp_path / "a/b", RULES).fail_on is Severity.HIGH
    (tmp_path / "a/b/x.py").touch()
    assert load(tmp_path / "a/b/x.py", RULES).root == tmp_path / "a"
    write(tmp_path / "a", "fail-on = 'medium'\n")
    assert load(tmp_path / "a/b", RULES).fail_on is Severity.MEDIUM


def test_without_options_the_defaults_and_the_project_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir()
    config = load(tmp_path / "app", RULES)
    assert (config.root, config.file, config.select) == (tmp_path, None, None)
    assert config.rule_options("missing-time-limit") == {"per-operation": False, "limit": 10, "names": ("a",)}
    assert config.rule_options("print-call") == {"ratio": 0.5, "extra": None}
    assert config.rule_options("n-plus-one-query") == {}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\nselct = []", 2, "unknown option 'selct'; did you mean 'select'?"),
        ("extend_select = []", 1, "unknown option 'extend_select'; did you mean 'extend-select'?"),
        ("qqq = 1", 1, "unknown option 'qqq'"),
        (
            "[tool.mongolint]",
            1,
            "unknown option 'tool'; here options stand at the top level, not in [tool.mongolint]",
        ),
        ("select = 'MDB101'", 1, "option 'select' has to be a list of strings, not a string"),
        ("src = ['a', 1]", 1, "option 'src' holds an integer among its strings"),
        ("# x\nselect = [\n  'MDB1O1',\n]", 2, "unknown rule 'MDB1O1' in 'select'; did you mean 'MDB101'?"),
        ("ignore = ['print-cal']", 1, "unknown rule 'print-cal' in 'ignore'; did you mean 'print-call'?"),
        ("ignore = ['']", 1, "unknown rule '' in 'ignore'"),
        ("force-exclude = 1", 1, "option 'force-exclude' has to be true or false, not an integer"),
        (
            "fail-on = 'hihg'",
            1,
            "option 'fail-on' has to be one of low, medium, high, critical, not 'hihg'; did you mean 'high'?",
        ),
        ("fail-on = true", 1, "option 'fail-on' has to be a string, not true or false"),
        (
            "min-confidence = 'sure'",
            1,
            "option 'min-confidence' has to be one of inferred, known, not 'sure'",
        ),
        (
            "output-format = 'xml'",
            1,
            f"option 'output-format' has to be one of {', '.join(FORMATS)}, not 'xml'",
        ),
        ("indexes = ['a']", 1, "option 'indexes' has to be a string, not a list"),
        (
            "index-source = 'extern'",
            1,
            "option 'index-source' has to be one of code, external, not 'extern'; did you mean 'external'?",
        ),
        ("defer-to = ['rufff']", 1, "option 'defer-to' may hold ruff, not 'rufff'; did you mean 'ruff'?"),
        ("preview = 'yes'", 1, "option 'preview' has to be true or false, not a string"),
        ("extends = 3", 1, "option 'extends' has to be a string, not an integer"),
        ("exclude = ['a', '[z-a]']", 1, "malformed pattern '[z-a]' in 'exclude'"),
        (
            "per-file-ignores = []",
            1,
            "option 'per-file-ignores' has to be a table of globs and lists of rules, not a list",
        ),
        (
            "\n[per-file-ignores]\n'a.b' = []\n\"x/*\" = ['MDB8']",
            4,
            "unknown rule 'MDB8' in 'per-file-ignores.x/*'",
        ),
        ("[per-file-ignores]\n'[z-a]' = []", 1, "malformed pattern '[z-a]' in 'per-file-ignores'"),
        ("rules = 1", 1, "option 'rules' has to be a table of rules, not an integer"),
        (
            "rules = { print-call = 1 }",
            1,
            "option 'rules.print-call' has to be a table of the rule's options, not an integer",
        ),
        (
            "fail-on = 'low'\n[rules.prnt-call]",
            2,
            "unknown rule 'prnt-call' in 'rules'; did you mean 'print-call'?",
        ),
        (
            "[rules.n-plus-one-query]\nx = 1",
            2,
            "unknown option 'x' of rule 'n-plus-one-query': the rule has no options",
        ),
        (
            "[rules.missing-time-limit]\nnames = []\nper_operation = true",
            3,
            "unknown option 'per_operation' of rule 'missing-time-limit'; did you mean 'per-operation'?",
        ),
        (
            "rules.missing-time-limit.limit = true",
            1,
            "option 'rules.missing-time-limit.limit' has to be an integer, not true or false",
        ),
        (
            "[rules.missing-time-limit]\nnames = 'a'",
            2,
            "option 'rules.missing-time-limit.names' has to be a list of strings, not a string",
        ),
    ],
)
def test_a_mistake_is_one_line_at_its_place(tmp_path: Path, text: str, line: int, message: str) -> None:
    error = mistake(tmp_path, text)
    assert (error.message, error.line) == (message, line)
    assert str(error) == f"{tmp_path / 'mongolint.toml'}:{line}: {message}"


def test_a_mistake_in_pyproject_is_found_in_its_table(tmp_path: Path) -> None:
    text = "[tool.other]\nselect = 1\n\n[tool.mongolint]\nignore = []\nselect = 1\n"
    assert mistake(tmp_path, text, "pyproject.toml").line == 6
    error = mistake(tmp_path, "[tool]\nmongolint = 3\n", "pyproject.toml")
    assert (error.message, error.line) == ("[tool.mongolint] has to be a table, not an integer", 2)
    assert mistake(tmp_path, "[[tool]]\nmongolint = 3\n", "pyproject.toml").line == 1


def test_invalid_toml_has_line_and_column(tmp_path: Path) -> None:
    error = mistake(tmp_path, "fail-on = 'low'\nselect = [\n")
    assert error.message.startswith("invalid TOML: ")
    assert "at " not in error.message
    error = mistake(tmp_path, "fail-on = 'low'\nselect == []\n")
    assert (error.line, error.column) == (2, 9)
    assert str(error).startswith(f"{error.file}:2:9: invalid TOML: ")
    write(tmp_path, "mongolint =", "pyproject.toml")
    (tmp_path / "mongolint.toml").unlink()
    with pytest.raises(ConfigError, match=r"pyproject\.toml:1: invalid TOML"):
        load(tmp_path, RULES)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot read: no such file"):
        load_file(tmp_path / "gone.toml", RULES)
    (tmp_path / "mongolint.toml").write_bytes(b"src = ['\xff']")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path, RULES)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "mongolint.toml").write_bytes("\ufefffail-on = 'high'\r\n".encode())
    assert load(tmp_path, RULES).fail_on is Severity.HIGH


def test_selectors_are_spelled_as_rules_are() -> None:
    assert check_selectors(["mdb101", "all", "Print-Call", "MDB", "mdb1"], RULES, "--select") == (
        *("MDB101", "ALL", "print-call", "MDB", "MDB1"),
    )
    with pytest.raises(ConfigError, match=r"^unknown rule 'M' in --select$"):
        check_selectors(["M"], RULES, "--select")


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({}, DEFAULT),
        ({"select": []}, set()),
        ({"select": ["ALL"]}, set(RULES)),
        ({"select": ["MDB"]}, set(RULES)),
        ({"select": ["MDB1"]}, {"MDB101", "MDB103", "MDB109"}),
        ({"select": ["MDB1", "MDB0"]}, {"MDB000", "MDB101", "MDB103", "MDB109"}),
        ({"select": ["print-call", "MDB900"]}, {"MDB503", "MDB900"}),
        ({"ignore": ["MDB1"]}, {"MDB000", "MDB503", "MDB900"}),
        ({"ignore": ["ALL"]}, set()),
        ({"select": ["MDB1"], "ignore": ["MDB10"]}, set()),
        ({"select": ["MDB10"], "ignore": ["MDB1"]}, {"MDB101", "MDB103", "MDB109"}),
        ({"select": ["MDB101"], "ignore": ["n-plus-one-query"]}, set()),
        ({"select": ["n-plus-one-query"], "ignore": ["ALL"]}, {"MDB101"}),
        ({"extend_select": ["MDB109"]}, set(RULES)),
        ({"extend_select": ["ALL"], "ignore": ["MDB109"]}, DEFAULT),
        ({"select": ["MDB5"], "extend_select": ["MDB101"], "extend_ignore": ["print-call"]}, {"MDB101"}),
        ({"base": ["MDB109"], "extend_select": ["MDB5"]}, {"MDB109", "MDB503"}),
        ({"base": ["MDB109"], "ignore": ["MDB1"]}, set()),
        ({"base": ["MDB109"], "select": ["MDB5"]}, {"MDB503"}),
    ],
)
def test_the_more_specific_selector_wins(options: dict[str, Any], codes: set[str]) -> None:
    assert resolve_selection(RULES, TIERS, **options) == codes


def test_the_command_line_comes_after_the_configuration() -> None:
    config = Config(select=("MDB1", "MDB9"), ignore=("MDB101",))
    assert config.selected(RULES, TIERS) == {"MDB103", "MDB109", "MDB900"}
    assert config.selected(RULES, TIERS, select=["MDB101"]) == {"MDB101"}
    assert config.selected(RULES, TIERS, extend_select=["MDB101", "MDB5"]) == {*RULES} - {"MDB000"}
    assert config.selected(RULES, TIERS, ignore=["MDB10"]) == {"MDB900"}


SELECTORS = st.lists(
    st.sampled_from(["ALL", "MDB", "MDB1", "MDB10", "MDB101", "print-call", "MDB9", "MDB900"]), max_size=4
)


@given(SELECTORS, SELECTORS)
def test_what_is_selected_was_named_and_is_not_ignored_as_closely(select: list[str], ignore: list[str]) -> None:
    codes = resolve_selection(RULES, TIERS, select, ignore)
    assert codes <= resolve_selection(RULES, TIERS, select)
    assert not codes & {RULES[code].code for code in RULES if code in ignore or RULES[code].name in ignore}
    assert codes >= resolve_selection(RULES, TIERS, select) - resolve_selection(RULES, TIERS, ignore)


def test_files_are_told_apart_by_their_place_below_the_root(tmp_path: Path) -> None:
    config = Config(root=tmp_path / "tests")
    assert not config.is_test(tmp_path / "tests/app/x.py")
    assert config.is_test(tmp_path / "tests/app/tests/deep/x.py")
    assert config.is_test(tmp_path / "tests/app/conftest.py")
    assert config.is_test(tmp_path / "tests/app/x_test.py")
    assert not config.is_test(tmp_path / "tests/app/contest.py")
    assert not config.is_test(tmp_path / "elsewhere/tests/x.py")
    assert config.is_test(tmp_path / "elsewhere/test_x.py")
    assert config.is_cli(tmp_path / "tests/app/__main__.py")
    assert not config.is_cli(tmp_path / "tests/app/client.py")
    assert config.is_script(tmp_path / "tests/scripts/a/x.py")
    assert not config.is_script(tmp_path / "tests/scripts.py")


def test_paths_may_be_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    config = Config(root=tmp_path, script_files=("app/jobs/*.py",))
    assert config.is_script(os.path.join("jobs", "x.py"))
    assert not config.is_script(os.path.join("jobs", "deep", "x.py"))
    assert config.is_script("../app/jobs/x.py")


def test_rules_are_ignored_by_file(tmp_path: Path) -> None:
    ignores = (("gen/", ("MDB1",)), ("*_pb2.py", ("print-call",)), ("!app/", ("MDB000",)))
    config = Config(root=tmp_path, per_file_ignores=ignores)
    assert config.ignored_in(tmp_path / "app/x.py", RULES) == set()
    assert config.ignored_in(tmp_path / "app/gen/x_pb2.py", RULES) == {"MDB101", "MDB103", "MDB109", "MDB503"}
    assert config.ignored_in(tmp_path / "x.py", RULES) == {"MDB000"}


@pytest.mark.parametrize(
    ("patterns", "path", "covered"),
    [
        (["a"], "x/a/b.py", True),
        (["/a"], "x/a/b.py", False),
        (["a/"], "x/a", False),
        (["*.py", "!x.py"], "d/x.py", False),
        (["a/**/z.py"], "a/z.py", True),
        (["a/**/**/z.py"], "a/b/c/z.py", True),
        (["**/b/*"], "a/b/c.py", True),
        (["a/**"], "a", False),
        (["a/*"], "a/b/c.py", True),
        (["test_*"], "test_a/b.py", True),
        (["[ab].py"], "b.py", True),
        (["*.test.py"], "x.test.py", True),
        (["\\#x"], "#x", True),
        ([""], "x", False),
        (["#x"], "#x", False),
    ],
)
def test_globs(patterns: list[str], path: str, covered: bool) -> None:
    assert Globs(patterns).covers(path) is covered
