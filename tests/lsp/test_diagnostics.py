"""What is published and pulled: findings of buffers, across files, of broken code, in every encoding."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
DB = "from pymongo import MongoClient\n\nclient = MongoClient()\nbooks = client.shop.books\n"
QUERY = """\
from app.db import books


def of_owner(owner):
    return books.find_one({'owner_id': owner}, max_time_ms=500)
"""
INDEX = "from app.db import books\n\nbooks.create_index('owner_id')\n"


def codes(found: list[types.Diagnostic]) -> list[str]:
    return sorted(str(each.code) for each in found)


def test_a_finding_has_all_that_it_says(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        (found,) = await client.diagnostics(uri, 1)
        assert (found.code, found.source) == ("MDB104", "mongolint")
        assert found.severity == types.DiagnosticSeverity.Warning
        assert found.code_description is not None
        assert found.code_description.href.endswith("rules/queries/uncovered_filter.py")
        assert found.range.start.line == 4
        assert QUERY.splitlines()[4][found.range.start.character : found.range.end.character] == "find_one"

    talk(scenario)


def test_an_index_in_one_buffer_clears_the_finding_in_another(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        query, other = client.open(shop / "app/books.py"), client.open(shop / "app/start.py")
        assert codes(await client.diagnostics(query, 1)) == ["MDB104"]
        client.change(other, INDEX, 2)
        await client.until(lambda: not client.last(query).diagnostics)
        client.change(other, INDEX.replace("owner_id", "title"), 3)
        await client.until(lambda: codes(client.last(query).diagnostics) == ["MDB104"])

    talk(scenario)


def test_closing_a_buffer_goes_back_to_the_disk(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        query, other = client.open(shop / "app/books.py"), client.open(shop / "app/start.py")
        client.change(other, INDEX, 2)
        await client.until(lambda: client.last(query) is not None and not client.last(query).diagnostics)
        client.close(other)
        await client.until(lambda: codes(client.last(query).diagnostics) == ["MDB104"])
        assert not client.last(other).diagnostics

    talk(scenario)


def test_broken_code_keeps_the_last_good_model(talk: Talk, shop: Path) -> None:
    (shop / "app/start.py").write_text(INDEX)

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        query, other = client.open(shop / "app/books.py"), client.open(shop / "app/start.py")
        assert await client.diagnostics(query, 1) == []
        client.change(other, INDEX + "\ndef half(", 2)
        found = await client.diagnostics(other, 2)
        assert codes(found) == ["MDB000"]
        assert found[0].range.start.line in (3, 4)
        # The index still counts
        client.change(query, QUERY + "\n", 2)
        assert await client.diagnostics(query, 2) == []
        client.change(other, "\n", 3)
        await client.until(lambda: codes(client.last(query).diagnostics) == ["MDB104"])
        assert (await client.diagnostics(other, 3)) == []

    talk(scenario)


def test_code_that_is_broken_from_the_start(talk: Talk, shop: Path) -> None:
    (shop / "app/books.py").write_text(QUERY + "    (\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        assert codes(await client.diagnostics(uri, 1)) == ["MDB000"]
        client.change(uri, QUERY, 2)
        assert codes(await client.diagnostics(uri, 2)) == ["MDB104"]

    talk(scenario)


@pytest.mark.parametrize("encoding", list(types.PositionEncodingKind))
def test_every_encoding_of_positions(talk: Talk, shop: Path, encoding: types.PositionEncodingKind) -> None:
    line = "    return '€😀ä' and books.find_one({'owner_id': owner}, max_time_ms=500)  # 😀"
    text = QUERY.splitlines(keepends=True)
    text[4] = line + "\n"
    before = line[: line.index("find_one")]
    units = {"utf-8": len(before.encode()), "utf-16": len(before.encode("utf-16-le")) // 2, "utf-32": len(before)}

    async def scenario(client: Any) -> None:
        general = types.GeneralClientCapabilities(position_encodings=[encoding])
        result = await client.begin(shop, capabilities=types.ClientCapabilities(general=general))
        assert result.capabilities.position_encoding == encoding
        uri = client.open(shop / "app/books.py", "".join(text))
        (found,) = await client.diagnostics(uri, 1)
        assert found.range.start == types.Position(4, units[encoding.value])
        # What is typed behind such characters arrives at its place
        start = types.Position(4, units[encoding.value])
        end = types.Position(4, units[encoding.value] + len("find_one"))
        change = types.TextDocumentContentChangePartial(types.Range(start, end), "find")
        client.edit(uri, [change], 2)
        (found,) = await client.diagnostics(uri, 2)
        assert found.range.end.character - found.range.start.character == len("find")

    talk(scenario)


def test_utf16_is_what_an_old_client_counts(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        result = await client.begin(shop)
        assert result.capabilities.position_encoding == "utf-16"

    talk(scenario)


def test_pulled_diagnostics(talk: Talk, shop: Path) -> None:
    asking = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
        workspace=types.WorkspaceClientCapabilities(
            diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
        ),
    )

    async def scenario(client: Any) -> None:
        result = await client.begin(shop, capabilities=asking)
        assert result.capabilities.diagnostic_provider.inter_file_dependencies
        uri, other = client.open(shop / "app/books.py"), client.open(shop / "app/start.py")
        report = await client.pull(uri)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert codes(report.items) == ["MDB104"]
        again = await client.pull(uri, report.result_id)
        assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
        before = client.refreshed
        client.change(other, INDEX, 2)
        after = await client.pull(uri, report.result_id)
        assert isinstance(after, types.RelatedFullDocumentDiagnosticReport)
        assert not after.items
        await client.until(lambda: client.refreshed > before)
        assert client.published == []

    talk(scenario)


def test_all_of_the_workspace_is_pulled(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        report = await client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
        found = {os.path.basename(item.uri): item for item in report.items}
        assert set(found) == {"__init__.py", "db.py", "books.py", "start.py"}
        assert codes(found["books.py"].items) == ["MDB104"]
        known = [types.PreviousResultId(item.uri, item.result_id) for item in report.items]
        again = await client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams(known))
        assert {item.kind for item in again.items} == {"unchanged"}

    talk(scenario)


def test_tags(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/start.py", INDEX.replace("'owner_id'", "'owner_id', background=True"))
        found = {each.code: each.tags for each in await client.diagnostics(uri, 1)}
        assert list(found["MDB209"]) == [types.DiagnosticTag.Deprecated]
        client.change(uri, "x = 1  # mongolint: ignore[print-call]\n", 2)
        (unused,) = await client.diagnostics(uri, 2)
        assert (unused.code, *unused.tags) == ("MDB900", types.DiagnosticTag.Unnecessary)

    talk(scenario)


def test_related_places(talk: Talk, shop: Path) -> None:
    loop = (
        "from app.books import of_owner\n\n\ndef all_of(owners):\n    for owner in owners:\n        of_owner(owner)\n"
    )

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/start.py", loop)
        (found,) = [each for each in await client.diagnostics(uri, 1) if each.code == "MDB101"]
        related = {place.location.uri: place.location.range.start.line for place in found.related_information}
        assert related[uri] == 4
        assert related[(shop / "app/books.py").as_uri()] == 4

    talk(scenario)


def test_only_the_last_of_rapid_edits_is_told_in_the_end(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        for version in range(2, 60):
            client.change(uri, QUERY + f"\n\nprint({version})" * (version % 3), version)
        found = await client.diagnostics(uri, 59)
        assert codes(found) == ["MDB104", "MDB503", "MDB503"]
        versions = [each.version for each in client.published if each.uri == uri]
        assert versions == sorted(versions)
        assert len(versions) < 20

    talk(scenario)


def test_ten_thousand_lines(talk: Talk, shop: Path) -> None:
    many = QUERY + "".join(f"\n\ndef f{number}(x):\n    return x + {number}\n" for number in range(2_500))

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py", many)
        assert codes(await client.diagnostics(uri, 1)) == ["MDB104"]
        last = many.count("\n")
        change = types.TextDocumentContentChangePartial(
            types.Range(types.Position(last, 0), types.Position(last, 0)), "print(1)\n"
        )
        client.edit(uri, [change], 2)
        found = await client.diagnostics(uri, 2)
        assert codes(found) == ["MDB104", "MDB503"]
        assert max(each.range.start.line for each in found) == last

    talk(scenario)


def test_untitled_buffers_and_files_outside_of_all_folders(
    talk: Talk, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "lone.py"
    text = DB + "books.update_one({'a': 1}, {'$set': {'b': 1}})\nprint(1)\n"
    outside.write_text(text)

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        for uri in (client.open("untitled:Untitled-1", text), client.open(outside)):
            assert "MDB503" in codes(await client.diagnostics(uri, 1))
        assert "MDB104" in codes(client.last(outside.as_uri()).diagnostics)

    talk(scenario)


def test_without_any_folder(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin()
        uri = client.open(shop / "app/books.py")
        assert codes(await client.diagnostics(uri, 1)) == ["MDB104"]

    talk(scenario)


def test_cells_of_notebooks_and_other_languages_are_ignored(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        cell = client.open("vscode-notebook-cell:/x/a.ipynb#W0", "print(1)\n")
        client.change(cell, "print(2)\n", 2)
        client.notebook_document_did_open(
            types.DidOpenNotebookDocumentParams(
                types.NotebookDocument("file:///x/a.ipynb", "jupyter-notebook", 1, []),
                [types.TextDocumentItem(cell, "python", 1, "print(1)")],
            )
        )
        client.notebook_document_did_close(
            types.DidCloseNotebookDocumentParams(types.NotebookDocumentIdentifier("file:///x/a.ipynb"), [])
        )
        client.open(shop / "notes.md", "print(1)", language="markdown")
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        assert {each.uri for each in client.published} == {uri}
        assert not client.logged
        client.close(cell)

    talk(scenario)


def test_excluded_files_are_left_alone(talk: Talk, shop: Path) -> None:
    (shop / "pyproject.toml").write_text("[tool.mongolint]\nextend-exclude = ['app/books.py']\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        await client.until(lambda: client.last(uri) is not None)
        client.change(uri, "print(1)\n", 2)
        other = client.open(shop / "app/start.py", "print(1)\n")
        assert codes(await client.diagnostics(other, 1)) == ["MDB503"]
        assert not client.last(uri).diagnostics

    talk(scenario)


def test_a_new_file(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        query = client.open(shop / "app/books.py")
        await client.diagnostics(query, 1)
        client.open(shop / "app/fresh.py", INDEX)
        await client.until(lambda: not client.last(query).diagnostics)

    talk(scenario)


def test_several_folders_are_several_projects(talk: Talk, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    second = tmp_path_factory.mktemp("second")
    (second / "mongolint.toml").write_text("select = ['MDB503']\n")
    (second / "app.py").write_text(DB + "print(books.find_one({'a': 1}))\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, second)
        one, two = client.open(shop / "app/books.py"), client.open(second / "app.py")
        assert codes(await client.diagnostics(one, 1)) == ["MDB104"]
        assert codes(await client.diagnostics(two, 1)) == ["MDB503"]
        gone = types.WorkspaceFolder(second.as_uri(), "second")
        event = types.WorkspaceFoldersChangeEvent(added=[], removed=[gone])
        client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
        client.change(one, QUERY + "\n\n", 2)
        assert codes(await client.diagnostics(one, 2)) == ["MDB104"]

    talk(scenario)
