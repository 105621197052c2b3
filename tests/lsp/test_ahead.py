"""What is read of a folder before the library that speaks the client's language is imported."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.config import load_project
from mongolint.engine.parsing import Parsing
from mongolint.lsp.ahead import Ahead, Rest

SHOP = {"pyproject.toml": "[tool.mongolint]\n", "app.py": "from pymongo import MongoClient\n\nclient = MongoClient()\n"}


def message(params: object) -> bytes:
    content = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).encode()
    return b"Content-Type: x\r\nContent-Length: %d\r\n\r\n" % len(content) + content


def opened(*folders: Path) -> bytes:
    return message({"workspaceFolders": [{"uri": folder.as_uri(), "name": "shop"} for folder in folders]})


def ahead_of(data: bytes) -> Ahead:
    source, sent = os.pipe()
    with os.fdopen(sent, "wb") as client:
        client.write(data)
    return Ahead(source, Parsing(None))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in SHOP.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_folder_that_is_opened_is_read_before_anybody_asks(shop: Path) -> None:
    ahead = ahead_of(opened(shop))
    path = (shop / "app.py").as_posix()
    reading = ahead.take([shop], load_project(shop, {}, lenient=True), {path: SHOP["app.py"].encode()})
    assert reading is not None
    assert reading.sources[path] == SHOP["app.py"].encode()
    facts, broken = reading.parsing.results(None)
    assert (list(facts), broken) == ([path], {})


@pytest.mark.parametrize("params", [{"rootUri": "SHOP"}, {"rootUri": "SHOP", "workspaceFolders": None}])
def test_so_it_is_for_clients_that_know_one_folder_only(shop: Path, params: dict[str, str | None]) -> None:
    given_ = {key: shop.as_uri() if value == "SHOP" else value for key, value in params.items()}
    assert ahead_of(message(given_)).take([shop], load_project(shop, {}, lenient=True), {}) is not None


def test_a_buffer_that_is_not_what_the_disk_says_is_read_anew(shop: Path) -> None:
    ahead = ahead_of(opened(shop))
    path = (shop / "app.py").as_posix()
    assert ahead.take([shop], load_project(shop, {}, lenient=True), {path: b"import os\n"}) is None
    assert ahead_of(opened(shop)).take([shop], load_project(shop, {}, lenient=True), None) is None


def test_what_the_disk_says_no_more_is_read_anew(shop: Path) -> None:
    ahead = ahead_of(opened(shop))
    ahead._thread.join()
    (shop / "app.py").write_text("import os\n")
    assert ahead.take([shop], load_project(shop, {}, lenient=True), {}) is None


def test_another_folder_is_read_by_itself(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    config = load_project(shop, {}, lenient=True)
    assert ahead_of(opened(shop)).take([other], config, {}) is None
    assert ahead_of(opened(shop, other)).take([shop], config, {}) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Content-Length: 5",
        b"Content-Length: none\r\n\r\n{}",
        b"hello\r\n\r\n",
        b"Content-Length: 2\r\n\r\n[]",
        message(None),
        message({"rootUri": "https://example.com/shop"}),
        message({"rootUri": "file:///no/such/folder"}),
        message({"workspaceFolders": [{"name": "shop"}]}),
    ],
)
def test_what_names_no_folder_is_left_to_the_server(shop: Path, data: bytes) -> None:
    ahead = ahead_of(data)
    assert ahead.heard() == data
    assert ahead.take([shop], load_project(shop, {}, lenient=True), {}) is None


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 50), max_size=4))
def test_the_server_hears_every_byte_in_order(pieces: list[bytes], sizes: list[int]) -> None:
    source, sent = os.pipe()
    client = Thread(target=lambda: [os.write(sent, each) for each in [message(None), *pieces]] + [os.close(sent)])
    client.start()
    ahead = Ahead(source, Parsing(None))
    heard = io.BufferedReader(Rest(ahead.heard(), io.FileIO(source, "rb")))
    found = b"".join([*(heard.read(size) for size in sizes), heard.read()])
    client.join()
    heard.close()
    assert found == message(None) + b"".join(pieces)
