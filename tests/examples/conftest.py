"""The example backends, started in process on the real server, one after another: both are called ``app``."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from motor import motor_asyncio
from pymongo import monitoring

T = TypeVar("T")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Commands(monitoring.CommandListener):
    """What the application sends to its database: the name of each command."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.sent: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        # When a cursor is thrown away depends on the garbage collector
        if event.database_name == self.database and event.command_name != "killCursors":
            self.sent.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


class RunningApp:
    """The started application, driven in process: one event loop, as under a server."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._http: httpx.AsyncClient = self.run(self._start())

    async def _start(self) -> httpx.AsyncClient:
        # Imported inside the loop, as a server does it: Motor binds to the loop it first sees.
        app = importlib.import_module("app.main").app
        await self._stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        http = httpx.AsyncClient(transport=transport, base_url="http://bookshelf")
        return await self._stack.enter_async_context(http)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self._http.request(method, path, **options))

    def stop(self) -> None:
        self.run(self._stack.aclose())
        self.run(self._loop.shutdown_asyncgens())
        self._loop.close()


@pytest.fixture(scope="session")
def running(mongod_uri: str) -> Callable[[str, str], AbstractContextManager[RunningApp]]:
    """Starts the example of a name on a database; its modules are imported meanwhile and forgotten afterwards."""

    @contextmanager
    def start(example: str, database: str) -> Iterator[RunningApp]:
        commands = Commands(database)
        client = partial(motor_asyncio.AsyncIOMotorClient, event_listeners=[commands])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MONGODB_URI", mongod_uri)
            patch.setenv("MONGODB_DATABASE", database)
            patch.setattr(motor_asyncio, "AsyncIOMotorClient", client)
            patch.syspath_prepend(EXAMPLES / example)
            try:
                app = RunningApp(commands)
                yield app
                app.stop()
            finally:
                for name in [name for name in sys.modules if name == "app" or name.startswith("app.")]:
                    del sys.modules[name]

    return start
