"""Clients that can do less than those of today, and say so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
WHOLE = types.Range(types.Position(0, 0), types.Position(99, 0))
OLD = types.TextDocumentClientCapabilities(
    code_action=types.CodeActionClientCapabilities(), document_symbol=types.DocumentSymbolClientCapabilities()
)


@pytest.mark.parametrize("applies", [True, False])
def test_commands_instead_of_actions(talk: Talk, shop: Path, applies: bool) -> None:
    workspace = types.WorkspaceClientCapabilities(apply_edit=applies)

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=types.ClientCapabilities(workspace=workspace, text_document=OLD))
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), WHOLE, types.CodeActionContext([]))
        found = await client.text_document_code_action_async(params)
        assert all(isinstance(each, types.Command) for each in found)
        assert [each.command for each in found][-1] == "mongolint.showRule"
        assert len(found) == (3 if applies else 1)
        for chosen in (found[0], found[-1]):
            await client.workspace_execute_command_async(types.ExecuteCommandParams(chosen.command, chosen.arguments))
        assert [list(edit.changes) for edit in client.applied] == ([[uri]] if applies else [])
        # It opens no documents either
        assert client.shown[-1].startswith("MDB104 uncovered-filter: ")

    talk(scenario)


def test_an_outline_without_levels(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=types.ClientCapabilities(text_document=OLD))
        uri = client.open(shop / "app/books.py")
        found = await client.text_document_document_symbol_async(
            types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        )
        assert [(each.name.split()[0], each.container_name, each.location.uri) for each in found] == [
            ("books", None, uri),
            ("find_one", "books", uri),
        ]

    talk(scenario)


def test_plain_text_only(talk: Talk, shop: Path) -> None:
    plain = [types.MarkupKind.PlainText]
    text = types.TextDocumentClientCapabilities(hover=types.HoverClientCapabilities(content_format=plain))

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=types.ClientCapabilities(text_document=text))
        uri = client.open(shop / "app/books.py")
        place = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(4, 20))
        assert (await client.text_document_hover_async(place)).contents.kind == types.MarkupKind.PlainText

    talk(scenario)
