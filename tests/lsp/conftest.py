"""A real client at the other end of a real server process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 8.0
DB = "from pymongo import MongoClient\n\nclient = MongoClient()\nbooks = client.shop.books\n"
QUERY = """\
from app.db import books


def of_owner(owner):
    return books.find_one({'owner_id': owner}, max_time_ms=500)
"""
INDEX = "from app.db import books\n\nbooks.create_index('owner_id')\n"
COMMAND = (sys.executable, "-m", "mongolint", "lsp")


class Client(LanguageClient):
    """Remembers what the server says of its own accord."""

    def __init__(self) -> None:
        super().__init__("tests", "0")
        self.published: list[types.PublishDiagnosticsParams] = []
        self.logged: list[str] = []
        self.shown: list[str] = []
        self.opened: list[str] = []
        self.applied: list[types.WorkspaceEdit] = []
        self.settings: dict[str, Any] = {}
        self.registered: list[types.Registration] = []
        self.progress_values: list[Any] = []
        self.refreshed = 0
        self._listen()
        converter = self.protocol._converter
        # The library takes every action that has a command for a bare command
        converter.register_structure_hook(
            types.Command | types.CodeAction,
            lambda value, _: converter.structure(
                value, types.Command if isinstance(value.get("command"), str) else types.CodeAction
            ),
        )

    def _listen(self) -> None:
        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.append(params)

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.shown.append(params.message)

        @self.feature(types.WINDOW_SHOW_DOCUMENT)
        def show(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
            self.opened.append(params.uri)
            return types.ShowDocumentResult(True)

        @self.feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.applied.append(params.edit)
            return types.ApplyWorkspaceEditResult(True)

        @self.feature(types.WORKSPACE_CONFIGURATION)
        def configuration(params: types.ConfigurationParams) -> list[Any]:
            return [self.settings.get(str(item.section)) for item in params.items]

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(params: types.RegistrationParams) -> None:
            self.registered += params.registrations

        @self.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def created(params: types.WorkDoneProgressCreateParams) -> None:
            pass

        @self.feature(types.PROGRESS)
        def progress(params: types.ProgressParams) -> None:
            self.progress_values.append(params.value)

        @self.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
        def refresh(params: None) -> None:
            self.refreshed += 1

    async def begin(
        self,
        *folders: Path,
        capabilities: types.ClientCapabilities | None = None,
        options: Any = None,
        process_id: int | None = None,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        command: Sequence[str] = COMMAND,
    ) -> types.InitializeResult:
        """Start a server and initialize it."""
        await self.start_io(*command, env={**os.environ, **(env or {})}, cwd=cwd)
        result = await self.initialize_async(
            types.InitializeParams(
                capabilities or types.ClientCapabilities(),
                process_id=process_id,
                workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders] or None,
                initialization_options=options,
            )
        )
        self.initialized(types.InitializedParams())
        return result

    def open(self, path: Path | str, text: str | None = None, version: int = 1, language: str = "python") -> str:
        uri = path if isinstance(path, str) else path.as_uri()
        content = text if text is not None else Path(path).read_text(encoding="utf-8")
        self.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, version, content))
        )
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        self.edit(uri, [types.TextDocumentContentChangeWholeDocument(text)], version)

    def edit(self, uri: str, changes: list[types.TextDocumentContentChangeEvent], version: int) -> None:
        document = types.VersionedTextDocumentIdentifier(version, uri)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))

    def close(self, uri: str) -> None:
        self.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def last(self, uri: str) -> types.PublishDiagnosticsParams | None:
        return next((each for each in reversed(self.published) if each.uri == uri), None)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds after what the server has said."""

        async def wait() -> None:
            while not holds():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(wait(), PATIENCE)

    async def diagnostics(self, uri: str, version: int) -> list[types.Diagnostic]:
        """What is published for a version of a buffer."""

        def found() -> bool:
            last = self.last(uri)
            return last is not None and last.version == version

        await self.until(found)
        last = self.last(uri)
        assert last is not None
        return list(last.diagnostics)

    async def pull(self, uri: str, previous: str | None = None) -> types.DocumentDiagnosticReport:
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri), previous_result_id=previous)
        return await self.text_document_diagnostic_async(params)

    async def actions(
        self, uri: str, place: types.Range, only: list[types.CodeActionKind | str] | None = None
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
        found = await self.text_document_code_action_async(params)
        return [each for each in found or () if isinstance(each, types.CodeAction)]

    async def finish(self) -> int:
        """Leave as a client should; the server's exit code."""
        server = self._server
        assert server is not None
        if server.returncode is None:
            with suppress(Exception):
                await asyncio.wait_for(self.shutdown_async(None), PATIENCE)
            self.exit(None)
        code = await asyncio.wait_for(server.wait(), PATIENCE)
        await self.stop()
        return code


Scenario = Callable[[Client], Coroutine[Any, Any, None]]


@pytest.fixture
def talk() -> Callable[[Scenario], None]:
    """Runs a scenario with a client, and sees to it that the server ends afterwards."""

    def run(scenario: Scenario) -> None:
        async def session() -> None:
            client = Client()
            try:
                await scenario(client)
            finally:
                code = await client.finish()
            assert code == 0

        asyncio.run(session())

    return run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a query that no index serves."""
    (tmp_path / "pyproject.toml").write_text("[tool.mongolint]\n")
    (tmp_path / "app").mkdir()
    for name, text in {"__init__.py": "", "db.py": DB, "books.py": QUERY, "start.py": "import app.books\n"}.items():
        (tmp_path / "app" / name).write_text(text)
    return tmp_path
