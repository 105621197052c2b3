"""What editors tell of the disk besides files of code: folders that are gone, requirements, what git ignores."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
WATCHING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    )
)
CREATED, DELETED = types.FileChangeType.Created, types.FileChangeType.Deleted
CLIENTS = "from pymongo import MongoClient\n\nfor i in range(3):\n    MongoClient().a.b.find_one({'_id': i})\n"


def codes(found: Any) -> list[str]:
    return sorted(str(each.code) for each in found.diagnostics)


def tell(client: Any, path: Path, kind: types.FileChangeType) -> None:
    event = types.FileEvent(path.as_uri(), kind)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def test_a_folder_that_is_gone(talk: Talk, shop: Path) -> None:
    folder = shop / "app/sub"
    folder.mkdir()
    (folder / "indexes.py").write_text("from app.db import books\n\nbooks.create_index('owner_id')\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        assert await client.diagnostics(uri, 1) == []
        watchers = client.registered[0].register_options["watchers"]
        assert {"globPattern": "**/*", "kind": types.WatchKind.Delete.value} in watchers
        before = len(client.published)
        tell(client, shop / "app/__pycache__", DELETED)
        shutil.rmtree(folder)
        tell(client, folder, DELETED)
        await client.until(lambda: codes(client.last(uri)) == ["MDB104"])
        assert len(client.published) == before + 1

    talk(scenario)


def test_another_driver(talk: Talk, shop: Path) -> None:
    (shop / "requirements.txt").write_text("pymongo==3.12.0\n")

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/db.py", CLIENTS)
        (found, *_) = await client.diagnostics(uri, 1)
        assert "set socketTimeoutMS=5000" in found.message
        (shop / "requirements.txt").write_text("pymongo==4.10.0\n")
        tell(client, shop / "requirements.txt", types.FileChangeType.Changed)
        await client.until(lambda: "set timeoutMS=5000" in client.last(uri).diagnostics[0].message)

    talk(scenario)


def test_an_open_file_that_git_ignores_from_now_on(talk: Talk, shop: Path) -> None:
    subprocess.run(["git", "init", "-q", str(shop)], check=True)

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        await client.diagnostics(uri, 1)
        (shop / ".gitignore").write_text("app/books.py\n")
        tell(client, shop / ".gitignore", CREATED)
        await client.until(lambda: codes(client.last(uri)) == [])
        (shop / ".gitignore").unlink()
        tell(client, shop / ".gitignore", DELETED)
        await client.until(lambda: codes(client.last(uri)) == ["MDB104"])

    talk(scenario)
