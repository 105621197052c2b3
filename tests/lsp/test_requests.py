"""Requests about places, over the wire: what they answer is tested beside the functions that know it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
INDEX = "from app.db import books\n\nbooks.create_index('owner_id', name='by_owner')\n"


def at(uri: str, line: int, column: int) -> dict[str, Any]:
    return {"text_document": types.TextDocumentIdentifier(uri), "position": types.Position(line, column)}


def test_hover_and_both_ways_between_query_and_index(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        query, index = client.open(shop / "app/books.py"), client.open(shop / "app/start.py", INDEX)
        found = await client.text_document_hover_async(types.HoverParams(**at(query, 4, 20)))
        assert "db.books.find" in found.contents.value
        assert "by_owner" in found.contents.value
        (there,) = await client.text_document_definition_async(types.DefinitionParams(**at(query, 4, 20)))
        assert (there.uri, there.range.start.line) == (index, 2)
        params = types.ReferenceParams(context=types.ReferenceContext(False), **at(index, 2, 10))
        (back,) = await client.text_document_references_async(params)
        assert (back.uri, back.range.start.line) == (query, 4)
        assert await client.text_document_hover_async(types.HoverParams(**at(query, 1, 0))) is None

    talk(scenario)


def test_completion_while_the_buffer_is_no_python(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        text = (shop / "app/books.py").read_text() + "\n\ndef more():\n    return books.find_one({'😀': 1, '"
        client.change(uri, text, 2)
        line = text.count("\n")
        column = len(text.splitlines()[-1].encode("utf-16-le")) // 2
        found = await client.text_document_completion_async(types.CompletionParams(**at(uri, line, column)))
        (field,) = [item for item in found if item.label == "owner_id"]
        assert field.kind == types.CompletionItemKind.Field
        assert field.text_edit.range.end == types.Position(line, column)

    talk(scenario)


def test_symbols_and_hints(talk: Talk, shop: Path) -> None:
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        place = types.TextDocumentIdentifier(uri)
        (collection,) = await client.text_document_document_symbol_async(types.DocumentSymbolParams(place))
        assert collection.name == "books"
        assert collection.children
        asked = types.InlayHintParams(place, whole)
        assert not await client.text_document_inlay_hint_async(asked)
        settings = {"mongolint": {"inlayHints": True}}
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
        (hint,) = await client.text_document_inlay_hint_async(asked)
        assert "owner_id" in hint.label

    talk(scenario)


def test_settings_that_a_client_has_to_be_asked_for(talk: Talk, shop: Path) -> None:
    workspace = types.WorkspaceClientCapabilities(configuration=True)
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))

    async def scenario(client: Any) -> None:
        client.settings["mongolint"] = {"inlayHints": True}
        await client.begin(shop, capabilities=types.ClientCapabilities(workspace=workspace))
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        asked = types.InlayHintParams(types.TextDocumentIdentifier(uri), whole)
        assert await client.text_document_inlay_hint_async(asked)
        del client.settings["mongolint"]
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        assert await client.text_document_inlay_hint_async(asked)
        client.settings["mongolint"] = {"inlayHints": False}
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams(None))
        while await client.text_document_inlay_hint_async(asked):
            pass

    talk(scenario)
