"""The protocol's own rules, as seen by clients that send what no library would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from cattrs.errors import BaseValidationError
from lsprotocol import converters, types

from mongolint.lsp.client.lenient import structured

COMMAND = (sys.executable, "-m", "mongolint", "lsp")
INVALID_REQUEST, INVALID_PARAMS, NOT_INITIALIZED = -32600, -32602, -32002


class Raw:
    """A client that sends what it is told to, and takes nothing back."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._number = 0
        # At the end: the exit code, and what stood in standard error
        self.code: int | None = None
        self.said = b""

    def refuse(self, number: str) -> None:
        self._write({"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "no"}})

    def send(self, method: str, params: Any = None, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self._write(message if number is None else {**message, "id": number})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def next(self) -> Any:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        return json.loads(self._process.stdout.read(length))

    def ask(self, method: str, params: Any = None) -> tuple[Any, list[Any]]:
        """The answer, and what came before it."""
        self._number += 1
        self.send(method, params, self._number)
        before = []
        while (message := self.next()).get("id") != self._number:
            before.append(message)
        return message, before

    def error(self, method: str, params: Any = None) -> int | None:
        code = self.ask(method, params)[0].get("error", {}).get("code")
        return None if code is None else int(code)


@contextmanager
def raw() -> Iterator[Raw]:
    with TemporaryFile() as errors:
        process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        assert process.stdin
        assert process.stdout
        client = Raw(process)
        try:
            yield client
            process.stdin.close()
            client.code = process.wait(10)
            errors.seek(0)
            client.said = errors.read()
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def initialize(shop: Path, **capabilities: Any) -> dict[str, Any]:
    return {"processId": None, "rootUri": shop.as_uri(), "capabilities": capabilities}


def test_requests_too_early_and_too_late(shop: Path) -> None:
    with raw() as client:
        assert client.error("shutdown") == NOT_INITIALIZED
        assert client.error("initialize", initialize(shop)) is None
        assert client.error("initialize", initialize(shop)) == INVALID_REQUEST
        assert client.error("textDocument/hover", {"textDocument": 1}) == INVALID_PARAMS
        assert client.error("codeAction/resolve", {"title": "of another server", "data": {"id": 1}}) is None
        assert client.error("shutdown") is None
        assert client.error("textDocument/hover", {}) in (INVALID_PARAMS, INVALID_REQUEST)
        assert client.error("shutdown") == INVALID_REQUEST


def test_nothing_is_asked_before_the_answer_to_initialize(shop: Path) -> None:
    params = initialize(shop, workspace={"inlayHint": {"refreshSupport": True}})
    with raw() as client:
        answer, before = client.ask("initialize", {**params, "initializationOptions": {"inlayHints": True}})
        assert "result" in answer
        assert not before


@pytest.mark.parametrize("kind", ["notification", "request"])
def test_what_cannot_be_read_is_logged_and_not_shown(shop: Path, kind: str) -> None:
    with raw() as client:
        client.ask("initialize", initialize(shop))
        if kind == "request":
            client.send("textDocument/hover", {}, 7)
            assert client.next()["id"] == 7
        else:
            client.send("textDocument/didOpen", {})
        assert client.next()["method"] == "window/logMessage"


NEWER: dict[str, Any] = {
    "textDocument": {
        "documentSymbol": {"symbolKind": {"valueSet": [*range(1, 31)]}, "hierarchicalDocumentSymbolSupport": True},
        "publishDiagnostics": {"tagSupport": True, "versionSupport": True},
        "semanticTokens": {"requests": {}},
        "diagnostic": {},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True, "failureHandling": "hope"}},
}


def test_a_client_that_knows_more_than_the_library(shop: Path) -> None:
    with raw() as client:
        answer, _ = client.ask("initialize", {**initialize(shop, **NEWER), "trace": "compact"})
        assert answer["result"]["serverInfo"]["name"] == "mongolint"


def test_only_what_is_unknown_is_left_out() -> None:
    structure = converters.get_converter().structure
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(Path("/"), **NEWER)}
    found = structured(request, lambda data: structure(data, types.InitializeRequest)).params.capabilities
    assert found.text_document
    assert found.workspace
    assert found.workspace.workspace_edit
    assert found.workspace.workspace_edit.document_changes
    assert found.text_document.diagnostic
    assert found.text_document.semantic_tokens is None
    symbol = found.text_document.document_symbol
    assert symbol
    assert symbol.hierarchical_document_symbol_support
    assert symbol.symbol_kind
    assert len(symbol.symbol_kind.value_set or ()) == 26
    with pytest.raises(BaseValidationError):
        structured({"jsonrpc": "2.0", "id": 1, "params": {}}, lambda data: structure(data, types.InitializeRequest))


def test_a_client_that_shows_no_progress_after_all(shop: Path) -> None:
    with raw() as client:
        client.ask("initialize", initialize(shop, window={"workDoneProgress": True}))
        client.send("initialized", {})
        asked = client.next()
        assert asked["method"] == "window/workDoneProgress/create"
        client.refuse(asked["id"])
        item = {"uri": (shop / "app/books.py").as_uri(), "languageId": "python", "version": 1}
        client.send("textDocument/didOpen", {"textDocument": {**item, "text": (shop / "app/books.py").read_text()}})
        while (heard := client.next())["method"] != "textDocument/publishDiagnostics":
            assert heard["method"] != "$/progress"
        assert client.error("shutdown") is None
        client.send("exit")
    assert client.said == b""


@pytest.mark.parametrize("word", ["shutdown", "exit"])
def test_nobody_waits_for_an_analysis_that_nobody_hears(tmp_path: Path, word: str) -> None:
    """A large module takes a while, and the server has to end now."""
    body = "".join(f"def f{n}(owner):\n    return books.find_one({{'owner{n}': owner}})\n\n\n" for n in range(4000))
    (tmp_path / "mongolint.toml").write_text("")
    (tmp_path / "big.py").write_text("from pymongo import MongoClient\n\nbooks = MongoClient().a.books\n\n\n" + body)
    with raw() as client:
        client.ask("initialize", initialize(tmp_path))
        client.send("initialized", {})
        client.send("textDocument/documentSymbol", {"textDocument": {"uri": "file:///x.py"}}, 9)
        assert client.next()["id"] == 9
        if word == "shutdown":
            assert client.error("shutdown") is None
        client.send("exit")
    assert client.code == (0 if word == "shutdown" else 1)
    assert client.said == b""
