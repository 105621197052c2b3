"""What can be done about findings: fixes, comments that silence, a rule's page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest
from lsprotocol import types

from mongolint.cli.main import cli

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
EVERYTHING = types.Range(types.Position(0, 0), types.Position(100_000, 0))
VERSIONED = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
    )
)
RESOLVING = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            resolve_support=types.ClientCodeActionResolveOptions(properties=["edit"])
        )
    )
)
PRINTS = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef f():\n    print('one')\n    print('two')\n"
BARE = """\
from app.db import books


def of(owner):
    try:
        return books.find_one({"_id": owner}, max_time_ms=500)
    except:
        return None


def two(owner):
    try:
        return books.find_one({"_id": owner}, max_time_ms=500)
    except:
        return None
"""


def applied(text: str, edits: Any) -> str:
    """A text after edits, in UTF-16 positions that are ASCII here."""
    lines = text.splitlines(keepends=True)

    def offset(position: types.Position) -> int:
        return sum(map(len, lines[: position.line])) + position.character

    for edit in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def titled(actions: list[types.CodeAction], part: str) -> types.CodeAction:
    (found,) = [action for action in actions if part in action.title]
    return found


def place(line: int) -> types.Range:
    return types.Range(types.Position(line, 0), types.Position(line, 200))


async def begin(client: Any, shop: Path, text: str, capabilities: types.ClientCapabilities | None = None) -> str:
    await client.begin(shop, capabilities=capabilities)
    uri: str = client.open(shop / "app/start.py", text)
    await client.diagnostics(uri, 1)
    return uri


def test_a_fix_of_one_finding(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, BARE, VERSIONED)
        actions = await client.actions(uri, place(6))
        fix = next(action for action in actions if action.edit and action.diagnostics[0].code == "MDB502")
        (change,) = fix.edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        after = applied(BARE, change.edits)
        client.change(uri, after, 2)
        before = [each.code for each in client.published[-1].diagnostics]
        found = [each.code for each in await client.diagnostics(uri, 2)]
        assert found.count("MDB502") == before.count("MDB502") - 1

    talk(scenario)


def test_the_line_of_the_cursor_is_enough(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, BARE)
        cursor = types.Range(types.Position(6, 0), types.Position(6, 0))
        (diagnostic,) = [each for each in client.published[-1].diagnostics if each.range.start.line == 6]
        assert diagnostic.range.start.character > 0
        fixed = [each for each in await client.actions(uri, cursor) if each.edit and each.diagnostics]
        assert str(diagnostic.code) in {str(each.diagnostics[0].code) for each in fixed}
        assert not await client.actions(uri, types.Range(types.Position(8, 0), types.Position(8, 0)))

    talk(scenario)


def test_a_named_finding_is_meant_wherever_the_range_is(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, BARE)
        named = [each for each in client.published[-1].diagnostics if each.range.start.line == 6]
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri),
            types.Range(types.Position(8, 0), types.Position(8, 0)),
            types.CodeActionContext(named),
        )
        found = await client.text_document_code_action_async(params)
        assert {str(each.diagnostics[0].code) for each in found if each.diagnostics} == {str(e.code) for e in named}

    talk(scenario)


@pytest.mark.parametrize("capabilities", [None, RESOLVING])
def test_without_a_safe_fix_none_is_offered(
    talk: Talk, shop: Path, capabilities: types.ClientCapabilities | None
) -> None:
    text = "from app.db import books\n\n\ndef f():\n    return books.find_one({'owner_id': 1})\n"

    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, text, capabilities)
        assert client.published[-1].diagnostics
        assert await client.actions(uri, EVERYTHING, [types.CodeActionKind.SourceFixAll]) == []

    talk(scenario)


def test_safe_fixes_are_preferred_and_others_say_why_not(talk: Talk, shop: Path) -> None:
    text = "from app.db import books\n\nbooks.create_index('a', background=True)\nprint(1)\n"

    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, text)
        actions = await client.actions(uri, EVERYTHING, [types.CodeActionKind.QuickFix])
        kinds = {
            str(action.diagnostics[0].code): (action.is_preferred, "(unsafe" in action.title)
            for action in actions
            if action.edit and not action.title.startswith("Suppress")
        }
        assert kinds["MDB209"] == (True, False)
        assert kinds["MDB503"] == (None, True)

    talk(scenario)


@pytest.mark.parametrize("capabilities", [None, RESOLVING], ids=["at once", "when chosen"])
def test_all_of_a_rule_in_the_file(talk: Talk, shop: Path, capabilities: types.ClientCapabilities | None) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, BARE, capabilities)
        action = titled(await client.actions(uri, place(6)), "Fix all MDB502")
        if capabilities:
            assert action.edit is None
            action = await client.code_action_resolve_async(action)
        after = applied(BARE, action.edit.changes[uri])
        assert "except:\n        return None" not in after
        client.change(uri, after, 2)
        assert "MDB502" not in {each.code for each in await client.diagnostics(uri, 2)}

    talk(scenario)


def test_all_safe_fixes_are_those_of_the_command_line(talk: Talk, shop: Path) -> None:
    text = (
        "from app.db import books\n\nbooks.create_index('a', background=True)\n"
        "books.create_index('b', background=True)\nx = 1  # mongolint: ignore[print-call]\n"
    )
    (shop / "app/start.py").write_text(text)

    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, text)
        (action,) = await client.actions(uri, EVERYTHING, ["source.fixAll.mongolint"])
        assert action.kind == "source.fixAll.mongolint"
        after = applied(text, action.edit.changes[uri])
        assert "background" not in after
        assert "mongolint" not in after
        with pytest.raises(SystemExit):
            cli(["check", "--fix", "--quiet", str(shop / "app/start.py")])
        assert (shop / "app/start.py").read_text() == after
        client.change(uri, after, 2)
        await client.diagnostics(uri, 2)
        assert not await client.actions(uri, EVERYTHING, [types.CodeActionKind.SourceFixAll])

    talk(scenario)


def test_organizing_imports_is_not_ours(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, BARE)
        assert not await client.actions(uri, EVERYTHING, [types.CodeActionKind.SourceOrganizeImports])

    talk(scenario)


def test_a_fix_in_another_file_is_versioned(talk: Talk, shop: Path) -> None:
    indexes = "from app.db import books\n\n\ndef make():\n    books.create_index('title')\n\n\nmake()\n"
    (shop / "app/start.py").write_text(indexes)
    (shop / "app/main.py").write_text("import app.start\nimport app.books\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=VERSIONED)
        query, other = client.open(shop / "app/books.py"), client.open(shop / "app/start.py", version=7)
        await client.until(lambda: client.last(query) and client.last(other))
        actions = await client.actions(query, EVERYTHING)
        fix = next(each for each in actions if each.edit and each.title.startswith("Declare"))
        changes = {each.text_document.uri: each for each in fix.edit.document_changes}
        assert changes[other].text_document.version == 7
        client.change(other, applied(indexes, changes[other].edits), 8)
        await client.until(lambda: not client.last(query).diagnostics)

    talk(scenario)


@pytest.mark.parametrize("text", [
    PRINTS,
    PRINTS.replace("'two'", "'''\n  two\n'''"),
    PRINTS.replace("print('two')", "print(\n        'two',\n    )"),
    PRINTS.replace("print('two')", "print('two')  # mongolint: ignore[uncovered-filter]"),
    PRINTS.replace("print('two')", "print('''a''', \\\n        2)"),
    "# mongolint: ignore-file[uncovered-filter]\n" + PRINTS,
    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n" + PRINTS.replace("\n", "\r\n"),
], ids=["plain", "string", "brackets", "comment", "backslash", "file comment", "windows"])  # fmt: skip
def test_comments_that_silence(talk: Talk, shop: Path, text: str) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, text)
        last = max(each.range.start.line for each in client.last(uri).diagnostics if each.code == "MDB503")
        actions = await client.actions(uri, place(last))
        for part, left in (("Suppress MDB503 print-call here", 1), ("Suppress MDB503 print-call in this file", 0)):
            after = applied(text, titled(actions, part).edit.changes[uri])
            compile(after, "after", "exec")
            version = client.last(uri).version + 1
            client.change(uri, after, version)
            found = [each.code for each in await client.diagnostics(uri, version)]
            assert found.count("MDB503") == left
            client.change(uri, text, version + 1)
            await client.diagnostics(uri, version + 1)

    talk(scenario)


def test_the_page_of_a_rule(talk: Talk, shop: Path) -> None:
    showing = types.ClientCapabilities(
        window=types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(support=True))
    )

    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, PRINTS, showing)
        action = titled(await client.actions(uri, place(6)), "Explain MDB503")
        assert action.command.command == "mongolint.showRule"
        params = types.ExecuteCommandParams(action.command.command, action.command.arguments)
        page = await client.workspace_execute_command_async(params)
        assert page.startswith("# MDB503 print-call")
        (shown,) = client.opened
        assert Path(unquote(urlparse(shown).path)).read_text(encoding="utf-8") == page

    talk(scenario)


def test_broken_code_gets_no_fix_at_wrong_places(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        uri = await begin(client, shop, PRINTS)
        client.change(uri, "(\n" + PRINTS, 2)
        await client.diagnostics(uri, 2)
        actions = await client.actions(uri, EVERYTHING)
        assert all(action.edit is None or action.title.startswith("Suppress MDB000") for action in actions)

    talk(scenario)
