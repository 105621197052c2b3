"""A configuration on another: what is taken over, what adds up, and what may not be extended."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.config import Config, ConfigError, Origin, RuleInfo, load_file

RULES = {
    rule.code: rule
    for rule in (
        RuleInfo("MDB101", "n-plus-one-query"),
        RuleInfo("MDB103", "missing-time-limit", {"per-operation": False, "limit": 10}),
        RuleInfo("MDB503", "print-call"),
    )
}
BASE = """\
select = ["MDB1"]
ignore = ["MDB101"]
extend-select = ["MDB503"]
fail-on = "high"
script-files = ["jobs/"]
indexes = "indexes.json"
local-rules = ["rules"]

[per-file-ignores]
"a.py" = ["MDB1"]
"b.py" = ["MDB1"]

[rules.missing-time-limit]
per-operation = true
limit = 20
"""
CHILD = """\
extends = "../shared/base.toml"
ignore = []
extend-select = ["MDB101"]

[per-file-ignores]
"b.py" = ["MDB503"]

[rules.MDB103]
limit = 30
"""


def write(root: Path, **files: str) -> Path:
    (root / ".git").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_toml", ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def extended(root: Path) -> Config:
    write(root, shared__base_toml=BASE, app__mongolint_toml=CHILD)
    return load_file(root / "app/mongolint.toml", RULES)


def test_the_child_wins_and_what_extends_adds_up(tmp_path: Path) -> None:
    config = extended(tmp_path)
    assert (config.root, config.file) == (tmp_path / "app", tmp_path / "app/mongolint.toml")
    assert (config.select, config.ignore, config.fail_on.value) == (("MDB1",), (), "high")
    assert config.extend_select == ("MDB503", "MDB101")
    assert config.per_file_ignores == (("a.py", ("MDB1",)), ("b.py", ("MDB503",)))
    assert config.rule_options("missing-time-limit") == {"per-operation": True, "limit": 30}


def test_globs_are_the_childs_and_paths_the_bases(tmp_path: Path) -> None:
    config = extended(tmp_path)
    assert config.is_script(tmp_path / "app/jobs/x.py")
    assert not config.is_script(tmp_path / "shared/jobs.py")
    assert config.indexes_file is not None
    assert config.indexes_file.resolve() == tmp_path / "shared/indexes.json"
    assert config.local_rules == ("../shared/rules",)


def test_each_option_knows_where_it_was_written(tmp_path: Path) -> None:
    origins = extended(tmp_path).origins
    child, base = tmp_path / "app/mongolint.toml", tmp_path / "shared/base.toml"
    assert origins["ignore"] == Origin(child, 2)
    assert origins["fail-on"] == Origin(base, 4)
    assert origins["per-file-ignores.a.py"] == Origin(base, 10)
    assert origins["per-file-ignores.b.py"] == Origin(child, 6)
    assert origins["rules.MDB103.limit"] == Origin(child, 9)
    assert origins["rules.missing-time-limit.per-operation"] == Origin(base, 14)
    assert "exclude" not in origins


def test_a_chain_and_a_pyproject(tmp_path: Path) -> None:
    write(
        tmp_path,
        pyproject_toml="[tool.mongolint]\nfail-on = 'high'\nextend-ignore = ['MDB1']\n",
        mid_toml="extends = 'pyproject.toml'\nextend-ignore = ['MDB101']\nfail-on = 'medium'\n",
        app__mongolint_toml="extends = '../mid.toml'\nextend-ignore = ['MDB503']\n",
    )
    config = load_file(tmp_path / "app/mongolint.toml", RULES)
    assert config.extend_ignore == ("MDB1", "MDB101", "MDB503")
    assert config.fail_on.value == "medium"


def refused(file: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_file(file, RULES)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_lies_outside_of_the_project_is_not_extended(tmp_path: Path) -> None:
    write(tmp_path / "repo", mongolint_toml="fail-on = 'low'\nextends = '../out.toml'\n")
    (tmp_path / "out.toml").write_text("fail-on = 'high'\n")
    file = tmp_path / "repo/mongolint.toml"
    message = f"{file}:2: 'extends' leads out of the project, which is {tmp_path / 'repo'}: "
    assert refused(file) == message + "../out.toml"
    (tmp_path / "repo/link.toml").symlink_to(tmp_path / "out.toml")
    write(tmp_path / "repo", mongolint_toml="\nextends = 'link.toml'\n")
    assert refused(file) == message + "link.toml"
    (tmp_path / "repo/linked").symlink_to(tmp_path)
    write(tmp_path / "repo", mongolint_toml="\nextends = 'linked/out.toml'\n")
    assert refused(file) == message + "linked/out.toml"
    write(tmp_path / "repo", mongolint_toml=f"\nextends = '{tmp_path}/out.toml'\n")
    assert refused(file) == message + f"{tmp_path}/out.toml"


def test_without_a_repository_the_outermost_configuration_is_the_project(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/mongolint.toml").write_text("")
    (tmp_path / "a/base.toml").write_text("fail-on = 'high'\n")
    (tmp_path / "a/b/mongolint.toml").write_text("extends = '../base.toml'\n")
    assert load_file(tmp_path / "a/b/mongolint.toml", RULES).fail_on.value == "high"
    (tmp_path / "a/mongolint.toml").unlink()
    assert "leads out of the project" in refused(tmp_path / "a/b/mongolint.toml")


def test_circles(tmp_path: Path) -> None:
    write(tmp_path, mongolint_toml="extends = 'a.toml'\n", a_toml="extends = 'b.toml'\n", b_toml="extends = 'a.toml'\n")
    line = f"{tmp_path / 'b.toml'}:1: 'extends' goes in circles: a.toml is extended already"
    assert refused(tmp_path / "mongolint.toml") == line
    write(tmp_path, mongolint_toml="extends = 'mongolint.toml'\n")
    assert "goes in circles" in refused(tmp_path / "mongolint.toml")


@pytest.mark.parametrize(
    ("base", "line"),
    [
        (None, "mongolint.toml:1: cannot extend base.toml: no such file or directory"),
        ("selct = []", "base.toml:1: unknown option 'selct'; did you mean 'select'?"),
        ("ignore = ['MDB999']", "base.toml:1: unknown rule 'MDB999' in 'ignore'"),
        ("x = [", "base.toml:1: invalid TOML"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, base: str | None, line: str) -> None:
    write(tmp_path, mongolint_toml="extends = 'base.toml'\n", **({} if base is None else {"base_toml": base}))
    assert refused(tmp_path / "mongolint.toml").startswith(f"{tmp_path}/{line}")


def test_a_pyproject_without_our_table(tmp_path: Path) -> None:
    write(tmp_path, pyproject_toml="[project]\nname = 'x'\n", app__mongolint_toml="extends = '../pyproject.toml'\n")
    assert refused(tmp_path / "app/mongolint.toml").endswith("it has no [tool.mongolint]")
