"""How the server begins and ends, and what it does when something goes wrong around it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from mongolint.lsp.protocol import CONTENT_MODIFIED
from mongolint.lsp.server import make

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
WATCHING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    ),
    window=types.WindowClientCapabilities(work_done_progress=True),
)
CRASHING = """\
from mongolint.rule import Query, Rule, Severity

rule = Rule("XYZ001", "crashes", Severity.LOW)


@rule.on(Query)
def check(query, project):
    raise ZeroDivisionError("no")
    yield
"""


def codes(found: Any) -> list[str]:
    return sorted(str(each.code) for each in found.diagnostics)


def changed(client: Any, path: Path, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
    event = types.FileEvent(path.as_uri(), kind)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def test_a_change_of_the_configuration_counts_at_once(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        assert [each.method for each in client.registered] == ["workspace/didChangeWatchedFiles"]
        (shop / "pyproject.toml").write_text("[tool.mongolint]\nignore = ['MDB104']\n")
        changed(client, shop / "pyproject.toml")
        await client.until(lambda: codes(client.last(uri)) == [])
        (shop / "pyproject.toml").write_text("[tool.mongolint]\nignored = ['MDB104']\n")
        changed(client, shop / "pyproject.toml")
        await client.until(lambda: client.shown)
        assert "unknown option 'ignored'" in client.shown[0]
        (shop / "pyproject.toml").unlink()
        (shop / "mongolint.toml").write_text("")
        changed(client, shop / "mongolint.toml", types.FileChangeType.Created)
        await client.until(lambda: codes(client.last(uri)) == ["MDB104"])

    talk(scenario)


def test_files_that_change_on_the_disk(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        index = shop / "app/indexes.py"
        index.write_text("from app.db import books\n\nbooks.create_index('owner_id')\n")
        changed(client, index, types.FileChangeType.Created)
        await client.until(lambda: codes(client.last(uri)) == [])
        index.unlink()
        changed(client, index, types.FileChangeType.Deleted)
        await client.until(lambda: codes(client.last(uri)) == ["MDB104"])
        script = shop / "indexes.js"
        script.write_text("db = db.getSiblingDB('shop');\ndb.books.createIndex({owner_id: 1});\n")
        changed(client, script, types.FileChangeType.Created)
        await client.until(lambda: codes(client.last(uri)) == [])

    talk(scenario)


def test_a_client_that_watches_nothing_saves(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        (shop / "pyproject.toml").write_text("[tool.mongolint]\nignore = ['MDB104']\n")
        place = types.TextDocumentIdentifier((shop / "pyproject.toml").as_uri())
        client.text_document_did_save(types.DidSaveTextDocumentParams(place))
        await client.until(lambda: codes(client.last(uri)) == [])

    talk(scenario)


def _kind(value: Any) -> str:
    return str(value["kind"] if isinstance(value, dict) else value.kind)


def test_the_first_look_is_shown(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        await client.until(lambda: client.progress_values)
        await client.until(lambda: _kind(client.progress_values[-1]) == "end")
        assert _kind(client.progress_values[0]) == "begin"

    talk(scenario)


def test_a_rule_that_fails_is_a_line_in_the_log(
    talk: Talk, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / "crashing").mkdir()
    (site / "crashing/__init__.py").write_text(CRASHING)
    (site / "crashing-1.dist-info").mkdir()
    (site / "crashing-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: crashing\nVersion: 1\n")
    (site / "crashing-1.dist-info/entry_points.txt").write_text("[mongolint.rules]\ncrashing = crashing\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, env={"PYTHONPATH": str(site)})
        uri = client.open(shop / "app/books.py")
        assert codes(client.last(uri) or await _first(client, uri)) == ["MDB104"]
        line = "rule XYZ001 crashes failed: ZeroDivisionError: no (in app/books.py)"
        await client.until(lambda: line in client.logged)
        for version in range(2, 5):
            client.change(uri, (shop / "app/books.py").read_text() + "\n" * version, version)
            await client.diagnostics(uri, version)
        assert client.logged.count(line) == 1

    talk(scenario)


async def _first(client: Any, uri: str) -> Any:
    await client.diagnostics(uri, 1)
    return client.last(uri)


def test_nothing_of_the_folder_is_executed(talk: Talk, shop: Path) -> None:
    mark = shop / "executed"
    script = Path(sys.executable).with_name("mongolint")
    evil = f"open({str(mark)!r}, 'w').close()\n"
    for name in ("sitecustomize.py", "conftest.py", "setup.py", "mongolint.py", "pygls.py", "json.py", "app/db.py"):
        file = shop / name
        file.write_text(evil + (file.read_text() if file.exists() else ""))

    async def scenario(client: Any) -> None:
        await client.begin(shop, cwd=shop, command=[str(script), "lsp"])
        uri = client.open(shop / "app/books.py")
        assert [each.code for each in await client.diagnostics(uri, 1)] == ["MDB104"]
        await client.actions(uri, types.Range(types.Position(0, 0), types.Position(99, 0)))

    talk(scenario)
    assert not mark.exists()


def test_cancelled_requests_are_answered_so(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py")
        request = asyncio.ensure_future(client.pull(uri))
        await asyncio.sleep(0)
        number = next(iter(client.protocol._request_futures))
        client.cancel_request(types.CancelParams(number))
        with pytest.raises(BaseException, match="cancel"):
            await request
        assert (await client.pull(uri)).kind == "full"

    talk(scenario)


def test_what_a_client_takes_back_is_no_error(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make()
    sent: list[Any] = []
    monkeypatch.setattr(session.protocol, "_send_response", lambda *args, **given: sent.append(given))
    outdated: Future[None] = Future()
    outdated.set_exception(JsonRpcException("changed", CONTENT_MODIFIED))
    session.protocol._send_handler_result(outdated, msg_id=1)
    session.protocol._handle_cancel_notification(2)
    assert [each["error"].code for each in sent] == [CONTENT_MODIFIED]
    assert not caplog.records
    session.scheduler.stop()


@pytest.mark.parametrize("word", ["exit", "eof", "kill"])
def test_no_process_is_left(shop: Path, word: str) -> None:
    """However the client leaves, even amid the first look at a project."""
    command = [sys.executable, "-m", "mongolint", "lsp"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert server.stdin
    body = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
    server.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    server.stdin.flush()
    assert server.stdout
    server.stdout.readline()
    children = _children(server.pid)
    if word == "exit":
        body = '{"jsonrpc":"2.0","method":"exit"}'
        server.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        server.stdin.flush()
    elif word == "kill":
        server.kill()
    server.stdin.close()
    assert server.wait(10) == (-9 if word == "kill" else 1)
    server.stdout.close()
    assert server.stderr
    assert server.stderr.read() == b""
    server.stderr.close()
    _all_gone(children)


def test_it_ends_with_its_client(shop: Path) -> None:
    """A client that died may have left the other end of the pipe open."""
    client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    command = [sys.executable, "-m", "mongolint", "lsp"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin
    assert server.stdout
    assert client.stdin
    params = f'"processId":{client.pid},"capabilities":{{}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{{params}}}}}'
    server.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    server.stdin.flush()
    server.stdout.readline()
    client.stdin.close()
    client.wait(10)
    assert server.wait(15) == 1
    server.stdin.close()
    server.stdout.close()


def test_tcp_is_for_this_machine_only(shop: Path, unused_port: int) -> None:
    command = [sys.executable, "-m", "mongolint", "lsp", "--port", str(unused_port)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    async def session() -> None:
        from importlib import import_module

        lsp = import_module("pygls.lsp.client").LanguageClient("tests", "0")
        for _ in range(200):
            try:
                await lsp.start_tcp("127.0.0.1", unused_port)
                break
            except OSError:
                await asyncio.sleep(0.05)
        result = await lsp.initialize_async(types.InitializeParams(types.ClientCapabilities()))
        assert result.server_info.name == "mongolint"
        assert _listening(unused_port) == {"0100007F"}
        await lsp.shutdown_async(None)
        lsp.exit(None)
        await asyncio.to_thread(server.wait, 10)
        await lsp.stop()

    try:
        asyncio.run(session())
    finally:
        server.kill()
        server.wait()
    assert server.returncode == 0


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pygls': raise ModuleNotFoundError(name)\n"
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pygls' else found(name, *rest)\n"
        "from mongolint.__main__ import main\n"
        "sys.argv = ['mongolint', 'lsp']\n"
        "main()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr == "mongolint: the language server needs pygls: pip install 'mongolint[lsp]'\n"


def _children(process: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir() if os.path.isdir("/proc") else ():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == process:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def _all_gone(processes: list[int]) -> None:
    import time

    for _ in range(100):
        alive = [each for each in processes if os.path.isdir(f"/proc/{each}")]
        if not alive:
            return
        time.sleep(0.05)
    raise AssertionError(f"{alive} still run")


def _listening(port: int) -> set[str]:
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, hexadecimal = line.split()[1].split(":")
        if int(hexadecimal, 16) == port and line.split()[3] == "0A":
            found.add(address)
    return found


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
