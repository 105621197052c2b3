"""Rules of other packages: found by their entry point, refused in one line, in preview, and of the linted project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RULE = '''\
"""Finds every find_one."""

from mongolint.rule import Query, Rule, Severity

rule = Rule("{code}", "{name}", Severity.LOW, {more})


@rule.on(Query)
def check(query, project):
    if query.name == "find_one":
        yield rule.finding(project.operation_span(query), "find_one is found")
'''
APP = 'from pymongo import MongoClient\n\nMongoClient(timeoutMS=1).shop.orders.find_one({"_id": 1})\n'


def rule(code: str, name: str, more: str = "") -> str:
    return RULE.format(code=code, name=name, more=more)


def package(name: str, module: str, text: str) -> dict[str, str]:
    """An installed distribution with one module of rules."""
    return {
        f"site/{name}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"site/{name}-1.dist-info/entry_points.txt": f"[mongolint.rules]\n{name} = {name}\n",
        f"site/{name}/__init__.py": "",
        f"site/{name}/{module}.py": text,
    }


def check(place: Any, *arguments: str) -> Any:
    return place.check("app.py", "--format", "json", *arguments, env=site(place))


def site(place: Any) -> dict[str, str]:
    return {"PYTHONPATH": str(place.root / "site"), "XDG_CONFIG_HOME": str(place.root / "home")}


def test_a_package_brings_rules(place: Any) -> None:
    place.write({"app.py": APP, **package("shoprules", "found", rule("SHOP001", "found"))})
    assert check(place, "--select", "SHOP").codes == ["SHOP001"]
    assert check(place, "--select", "found").codes == ["SHOP001"]
    place.write({"app.py": APP.replace("})", "})  # noqa: SHOP001")})
    assert check(place, "--select", "SHOP").codes == []


REFUSED = "rule package shoprules of shoprules 1 cannot be imported: shoprules.x: "
TWICE = "is defined twice: by mongolint.rules."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (rule("MDB101", "other"), f"rule MDB101 {TWICE}queries.n_plus_one_query and shoprules.x"),
        (rule("SHOP001", "print-call"), f"rule print-call {TWICE}errors.print_call and shoprules.x"),
        (rule("MDB987", "other"), "rule MDB987 other of shoprules.x: codes with MDB are mongolint's own"),
        (rule("S1", "other"), "rule S1 other of shoprules.x: a code is capital letters and at least three digits"),
        (rule("SHOP001", "No Name"), "rule SHOP001 No Name of shoprules.x: a name is small words"),
        ("import no_such_module\n", f"{REFUSED}ModuleNotFoundError"),
        ("1 / 0\n", f"{REFUSED}ZeroDivisionError: division"),
        ("raise SystemExit(3)\n", f"{REFUSED}SystemExit: 3"),
        ("x = (\n", f"{REFUSED}SyntaxError"),
    ],
)
def test_a_broken_package_is_one_line_and_ends_the_run(place: Any, text: str, line: str) -> None:
    place.write({"app.py": APP, **package("shoprules", "x", text)})
    for arguments in (["check", "app.py"], ["rules"], ["lsp"]):
        run = place.run(*arguments, env=site(place))
        assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
        assert run.err.startswith(f"mongolint: {line}")


def test_preview(place: Any) -> None:
    place.write({"app.py": APP, **package("shoprules", "found", rule("SHOP001", "found", "preview=True"))})
    place.write({"mongolint.toml": 'ignore = ["MDB"]\n'})
    assert check(place).codes == []
    assert check(place, "--preview").codes == ["SHOP001"]
    run = check(place, "--select", "SHOP001")
    assert (run.code, run.codes) == (0, [])
    assert run.err == "mongolint: SHOP001 found is in preview: it runs with --preview only\n"
    assert check(place, "--select", "SHOP001", "--preview").codes == ["SHOP001"]
    place.write({"mongolint.toml": 'ignore = ["MDB"]\npreview = true\n'})
    assert check(place).codes == ["SHOP001"]
    assert "Preview" in place.run("rule", "SHOP001", env=site(place)).out


# What the linted project brings along

LOCAL = 'open("executed", "w").close()\n' + rule("LOC001", "local")


@pytest.fixture
def local(place: Any) -> Any:
    config = 'ignore = ["MDB"]\nlocal-rules = ["tools/rules"]\n'
    return place.write({"app.py": APP, ".git/HEAD": "", "pyproject.toml": "", "mongolint.toml": config}).write(
        {"tools/rules/found.py": '"""Found."""\n' + LOCAL}
    )


def executed(place: Any) -> bool:
    there = (place.root / "executed").exists()
    (place.root / "executed").unlink(missing_ok=True)
    return there


def test_rules_of_the_project_are_not_loaded_because_it_says_so(local: Any) -> None:
    run = check(local)
    assert (run.code, run.codes) == (0, [])
    assert run.err == (
        "mongolint: " + str(local.root / "mongolint.toml:2") + ": 'local-rules' are not loaded, because they would run "
        "code of this project; allow it with --allow-local-rules, or for good in "
        + str(local.root / "home/mongolint/config.toml") + "\n"
    )  # fmt: skip
    local.write({"mongolint.toml": 'select = ["LOC001"]\nlocal-rules = ["tools/rules"]\n[rules.LOC001]\nx = 1\n'})
    assert check(local).code == 0
    for command in (
        ["queries"],
        ["explain", "app.py:3"],
        ["indexes"],
        ["config"],
        ["rules"],
        ["init"],
        ["check", "--fix"],
    ):
        local.run(*command, env=site(local))
        local.run(*command, env=site(local), cwd="tools/rules")
    assert not executed(local)


def test_the_command_line_allows_them(local: Any) -> None:
    run = check(local, "--allow-local-rules")
    assert (run.codes, run.err) == (["LOC001"], "")
    assert executed(local)
    assert check(local, "--allow-local-rules", "--select", "LOC").codes == ["LOC001"]
    assert check(local, "--allow-local-rules", "--ignore", "local").codes == []


def test_the_users_own_configuration_allows_them(local: Any) -> None:
    allow = local.root / "home/mongolint/config.toml"
    allow.parent.mkdir(parents=True)
    allow.write_text(f'allow-local-rules = ["{local.root.parent}/other", "{local.root}"]\n')
    assert check(local).codes == ["LOC001"]
    assert executed(local)
    allow.write_text(f'allow-local-rules = ["{local.root}/tools"]\n')
    assert check(local).codes == []
    assert not executed(local)
    for text, line in {
        'allow-local-rules = ["work"]\n': "'allow-local-rules' has to hold absolute directories, not 'work'",
        'allow = ["/"]\n': "unknown option 'allow'",
        "allow-local-rules = true\n": "option 'allow-local-rules' has to be a list of strings, not true or false",
    }.items():
        allow.write_text(text)
        run = check(local)
        assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
        assert line in run.err
    assert not executed(local)


def test_another_project_cannot_borrow_the_permission(local: Any) -> None:
    """A link, or a configuration in the project that says where the user's is."""
    outside = local.root.parent / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir()
    (outside / "found.py").write_text(LOCAL)
    local.write({"mongolint.toml": f'local-rules = ["{outside}"]\n'})
    run = check(local, "--allow-local-rules")
    assert (run.code, run.out) == (2, "")
    assert "'local-rules' lead out of the project" in run.err
    (local.root / "linked").symlink_to(outside)
    local.write({"mongolint.toml": 'local-rules = ["linked"]\n'})
    assert "lead out of the project" in check(local, "--allow-local-rules").err
    local.write({"mongolint.toml": 'allow-local-rules = ["/"]\n'})
    assert "unknown option 'allow-local-rules'" in check(local).err
    assert not executed(local)
    shutil.rmtree(outside)


def test_rules_of_one_project_do_not_run_in_another(local: Any) -> None:
    local.write({"mongolint.toml": "", "one/app.py": APP, "two/app.py": APP, "one/.git/HEAD": "", "two/.git/HEAD": ""})
    local.write({"one/mongolint.toml": 'ignore = ["MDB"]\nlocal-rules = ["rules"]\n', "one/rules/found.py": LOCAL})
    local.write({"two/mongolint.toml": 'ignore = ["MDB"]\n'})
    run = local.check("one", "two", "--format", "json", "--allow-local-rules", env=site(local))
    assert [(f["file"], f["code"]) for f in run.json] == [("one/app.py", "LOC001")]


def test_a_missing_directory(local: Any) -> None:
    shutil.rmtree(local.root / "tools")
    assert check(local).code == 0
    run = check(local, "--allow-local-rules")
    assert run.code == 2
    assert "'local-rules': no such directory" in run.err


# The plugin among the examples


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the example plugin is installed to, from a copy: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(ROOT / "examples/plugin", folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "site")]
    subprocess.run([*pip, *options, str(folder / "source")], check=True, capture_output=True)
    return folder


def test_the_example_plugin_is_found(installed: Path, place: Any) -> None:
    config = 'select = ["TEN001"]\n[rules.missing-tenant-filter]\ncollections = ["orders"]\n'
    place.write({"app.py": APP, "mongolint.toml": config})
    env = {"PYTHONPATH": str(installed / "site")}
    run = place.check("app.py", "--format", "json", env=env)
    assert [finding["code"] for finding in run.json] == ["TEN001"]
    assert "tenant_id" in run.json[0]["message"]
    assert "What it leaves alone" in place.run("rule", "TEN001", env=env).out


def test_the_example_plugin_proves_itself(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=installed / "source",
        env={"PYTHONPATH": str(installed / "site"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
