"""A server that wants a login."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import pymongo
import pytest
from pymongo.errors import ConnectionFailure

START_SECONDS = 30
# Characters that have to be percent-encoded, and that no message may show
PASSWORD = "s3cr:t/p@ss?w%rd#"
FLAGS = [
    *("--bind_ip", "127.0.0.1", "--nounixsocket", "--nojournal", "--auth", "--wiredTigerCacheSizeGB", "0.25"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
]
# What each user may do; a database of the name of a role of the server, or privileges for a role of its own
ROLES: dict[str, list[dict[str, str]]] = {
    "adalovelace": [{"role": "root", "db": "admin"}],
    "readeruser": [{"role": "read", "db": "shop"}],
    "monitoruser": [{"role": "read", "db": "shop"}, {"role": "clusterMonitor", "db": "admin"}],
    "narrowuser": [{"role": "narrow", "db": "admin"}],
    "userslistuser": [{"role": "userslist", "db": "admin"}],
    "strangeruser": [],
}


@dataclass(frozen=True)
class Guarded:
    """A server with ``--auth``, and its users, all with the same password."""

    port: int

    def uri(self, user: str, path: str = "shop?authSource=admin", password: str = PASSWORD) -> str:
        return f"mongodb://{user}:{quote_plus(password)}@127.0.0.1:{self.port}/{path}"

    @property
    def open_uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/shop"


@pytest.fixture(scope="session")
def guarded(
    start_mongod: Callable[[list[str]], AbstractContextManager[tuple[subprocess.Popen[bytes], int]]],
) -> Iterator[Guarded]:
    with start_mongod(FLAGS) as (_, port):
        server = Guarded(port)
        with _connected(server.open_uri) as client:
            # Whoever comes first from the same machine may make one user
            client.admin.command("createUser", "adalovelace", pwd=PASSWORD, roles=ROLES["adalovelace"])
        with _connected(server.uri("adalovelace")) as client:
            _fill(client)
        yield server


def _connected(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=500)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.admin.command("ping")
            return client
        except ConnectionFailure:
            if time.monotonic() > deadline:
                raise


def _fill(client: pymongo.MongoClient[dict[str, Any]]) -> None:
    shop = client.shop
    for name, field in (("orders", "user"), ("users", "email")):
        shop[name].insert_one({field: 1})
        shop[name].create_index(field)
    shop.users.find_one({"email": 1})
    client.other.things.create_index("a")
    everywhere = {"db": "shop", "collection": ""}
    reads = ["find", "listIndexes"]
    narrow = [
        {"resource": everywhere, "actions": ["listCollections"]},
        {"resource": {"db": "shop", "collection": "users"}, "actions": [*reads, "indexStats"]},
    ]
    client.admin.command("createRole", "narrow", privileges=narrow, roles=[])
    userslist = [{"resource": {"db": "shop", "collection": "users"}, "actions": reads}]
    client.admin.command("createRole", "userslist", privileges=userslist, roles=[])
    for user, roles in ROLES.items():
        if user != "adalovelace":
            client.admin.command("createUser", user, pwd=PASSWORD, roles=roles)
