"""The protocol's own rules, as seen by clients that send what no library would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cattrs.errors import BaseValidationError
from lsprotocol import converters, types

from mongolint.lsp.lenient import structured

COMMAND = (sys.executable, "-m", "mongolint", "lsp")
INVALID_REQUEST, INVALID_PARAMS, NOT_INITIALIZED = -32600, -32602, -32002


class Raw:
    """A client that sends what it is told to, and takes nothing back."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._number = 0

    def send(self, method: str, params: Any = None, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        body = json.dumps(message if number is None else {**message, "id": number}).encode()
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
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Raw(process)
        process.stdin.close()
        process.wait(10)
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
