"""Configurations in an editor: nearer ones, those that are extended, Ruff's, and rules of the project."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
WATCHING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    )
)
PRINTS = "from app.db import books\n\nprint(books.find_one({'_id': 1}))\n"


def codes(found: Any) -> list[str]:
    return sorted(str(each.code) for each in found.diagnostics)


def write(client: Any, path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = types.FileChangeType.Changed if path.exists() else types.FileChangeType.Created
    path.write_text(text)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([types.FileEvent(path.as_uri(), kind)]))


@pytest.fixture
def nested(shop: Path) -> Path:
    (shop / ".git").mkdir()
    (shop / "pyproject.toml").write_text("[tool.mongolint]\nselect = ['MDB104', 'MDB503']\n")
    (shop / "app/old").mkdir()
    (shop / "app/old/show.py").write_text(PRINTS)
    return shop


def test_a_nearer_configuration_and_what_it_extends(talk: Talk, nested: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(nested, capabilities=WATCHING)
        books, old = client.open(nested / "app/books.py"), client.open(nested / "app/old/show.py")
        await client.diagnostics(old, 1)
        assert codes(client.last(old)) == ["MDB503"]
        write(client, nested / "base.toml", "select = ['MDB104']\n")
        write(client, nested / "app/old/mongolint.toml", "extends = '../../base.toml'\n")
        await client.until(lambda: codes(client.last(old)) == [])
        write(client, nested / "base.toml", "select = ['MDB503']\n")
        await client.until(lambda: codes(client.last(old)) == ["MDB503"])
        assert codes(client.last(books)) == ["MDB104"]
        write(client, nested / "base.toml", "selct = []\n")
        await client.until(lambda: any("unknown option 'selct'" in line for line in client.shown))
        # The mistake is of the files below only
        assert codes(client.last(books)) == ["MDB104"]

    talk(scenario)


def test_ruff_takes_over(talk: Talk, nested: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(nested, capabilities=WATCHING)
        old = client.open(nested / "app/old/show.py")
        await client.diagnostics(old, 1)
        write(client, nested / "mongolint.toml", "select = ['MDB503']\ndefer-to = ['ruff']\n")
        write(client, nested / "ruff.toml", "lint.select = ['T201']\n")
        await client.until(lambda: codes(client.last(old)) == [])
        write(client, nested / "ruff.toml", "lint.select = ['E']\n")
        await client.until(lambda: codes(client.last(old)) == ["MDB503"])

    talk(scenario)


LOCAL = '''\
"""Found."""

from pathlib import Path

from mongolint.rule import Query, Rule, Severity

Path(__file__).with_name("executed").touch()
rule = Rule("LOC001", "found", Severity.LOW)


@rule.on(Query)
def check(query, project):
    yield rule.finding(project.operation_span(query), "found")
'''


@pytest.mark.parametrize("allowed", [False, True])
def test_rules_of_the_project_take_the_users_permission(talk: Talk, nested: Path, allowed: bool) -> None:
    (nested / "rules").mkdir()
    (nested / "rules/found.py").write_text(LOCAL)
    (nested / "pyproject.toml").write_text("[tool.mongolint]\nselect = ['LOC001']\nlocal-rules = ['rules']\n")
    home = nested / "home"
    if allowed:
        (home / "mongolint").mkdir(parents=True)
        (home / "mongolint/config.toml").write_text(f"allow-local-rules = ['{nested}']\n")

    async def scenario(client: Any) -> None:
        await client.begin(nested, capabilities=WATCHING, env={"XDG_CONFIG_HOME": str(home)})
        books = client.open(nested / "app/books.py")
        await client.diagnostics(books, 1)
        assert codes(client.last(books)) == (["LOC001"] if allowed else [])
        assert any("'local-rules' are not loaded" in line for line in client.shown) is not allowed

    talk(scenario)
    assert (nested / "rules/executed").exists() is allowed


def test_a_mistake_is_told_once(talk: Talk, shop: Path) -> None:
    (shop / "pyproject.toml").write_text("[tool.mongolint]\nslect = ['MDB503']\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        books = client.open(shop / "app/books.py")
        await client.diagnostics(books, 1)
        assert codes(client.last(books)) == ["MDB104"]
        assert [line.rpartition("; ")[2] for line in client.shown] == ["the defaults are in force"]
        write(client, shop / "pyproject.toml", "[tool.mongolint]\nselect = ['MDB503']\n")
        await client.until(lambda: codes(client.last(books)) == [])
        write(client, shop / "pyproject.toml", "[tool.mongolint]\nselect = 'MDB503'\n")
        await client.until(lambda: len(client.shown) == 2)
        assert client.shown[1].endswith("; the options that were valid before stay in force")

    talk(scenario)
