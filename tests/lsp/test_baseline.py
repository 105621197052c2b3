"""The editor shows what ``check`` reports: nothing of the baseline, whatever happens to its lines."""

from __future__ import annotations

import subprocess
import sys
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
NAME = ".mongolint-baseline.json"


def codes(found: Any) -> list[str]:
    return sorted(str(each.code) for each in found.diagnostics)


def changed(client: Any, path: Path, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
    event = types.FileEvent(path.as_uri(), kind)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))


def write(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "mongolint", "baseline", *arguments], cwd=folder, check=True)


def test_what_is_in_it_is_hidden(talk: Talk, shop: Path) -> None:
    write(shop)
    text = (shop / "app/books.py").read_text()
    more = "\n\ndef of_title(title):\n    return books.find_one({'title': title}, max_time_ms=500)\n"

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        assert await client.diagnostics(uri, 1) == []
        for version, (edited, lines) in enumerate(
            [
                ("import os\n\n" + text, []),
                (text.replace("of_owner", "by_owner"), []),
                (text + more, [9]),
                (text.replace("\n\n\n", f"\n{more}\n\n"), [5]),
                (text.replace("500", "600"), []),
                (text.replace("owner_id", "title"), [5]),
                ("", []),
                (text, []),
            ],
            2,
        ):
            client.change(uri, edited, version)
            found = await client.diagnostics(uri, version)
            assert [each.range.start.line + 1 for each in found] == lines
        client.close(uri)
        (shop / "app/books.py").rename(shop / "app/tomes.py")
        changed(client, shop / "app/books.py", types.FileChangeType.Deleted)
        changed(client, shop / "app/tomes.py", types.FileChangeType.Created)
        moved = client.open(shop / "app/tomes.py")
        assert await client.diagnostics(moved, 1) == []

    talk(scenario)


@pytest.mark.parametrize("key", [None, "ci/known.json"])
def test_its_changes_count_at_once(talk: Talk, shop: Path, key: str | None) -> None:
    (shop / "ci").mkdir()
    file = shop / (key or NAME)
    if key:
        (shop / "pyproject.toml").write_text(f'[tool.mongolint]\nbaseline = "{key}"\n')
    write(shop)

    async def scenario(client: Any) -> None:
        await client.begin(shop, capabilities=WATCHING)
        uri = client.open(shop / "app/books.py")
        assert await client.diagnostics(uri, 1) == []
        content = file.read_text()
        file.write_text("<<<<<<< ours\n" + content)
        changed(client, file)
        await client.until(lambda: client.shown)
        assert client.shown[0].startswith(f"mongolint: {key or NAME}:1: a merge conflict: ")
        await client.until(lambda: codes(client.last(uri)) == ["MDB104"])
        file.write_text(content)
        changed(client, file)
        await client.until(lambda: codes(client.last(uri)) == [])
        if key is None:
            file.unlink()
            changed(client, file, types.FileChangeType.Deleted)
            await client.until(lambda: codes(client.last(uri)) == ["MDB104"])

    talk(scenario)
