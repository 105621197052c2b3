"""The tables of what has to be awaited, against the drivers as installed."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, get_args

import pymongo
import pytest
from motor import motor_asyncio
from motor.metaprogramming import Async
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.command_cursor import AsyncCommandCursor
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase

from mongolint.mongo.awaiting import COROUTINE_NAMES, FUTURE_NAMES, PENDING_NAMES, given
from mongolint.mongo.methods import TABLES, Role

CLASSES: dict[str, dict[Role, Any]] = {
    "async": {
        "client": pymongo.AsyncMongoClient,
        "database": AsyncDatabase,
        "collection": AsyncCollection,
        "cursor": AsyncCursor,
        "command-cursor": AsyncCommandCursor,
        "session": AsyncClientSession,
    },
    "motor": {
        "client": motor_asyncio.AsyncIOMotorClient,
        "database": motor_asyncio.AsyncIOMotorDatabase,
        "collection": motor_asyncio.AsyncIOMotorCollection,
        "cursor": motor_asyncio.AsyncIOMotorCursor,
        "command-cursor": motor_asyncio.AsyncIOMotorCommandCursor,
        "session": motor_asyncio.AsyncIOMotorClientSession,
    },
}
# A plain function of Motor that makes a future, which no test without a server shows
MAKES_A_FUTURE = "to_list"


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize("flavour", CLASSES)
def test_every_method(flavour: str, role: Role) -> None:
    told = {name: given(flavour, role, name) for name in TABLES[role]}
    assert told == {name: _of(CLASSES[flavour][role], name) for name in TABLES[role]}


def _of(cls: Any, name: str) -> str | None:
    method = getattr(cls, name, None)
    if method is None:
        return None
    if inspect.iscoroutinefunction(method):
        return "coroutine"
    # Motor makes these when it makes the class: only the class they are made from tells
    made = next((vars(base)[name] for base in _agnostic(cls).__mro__ if name in vars(base)), None)
    return "future" if isinstance(made, Async) or name == MAKES_A_FUTURE else "value"


def _agnostic(cls: Any) -> Any:
    from motor import core

    return getattr(core, cls.__name__.replace("AsyncIOMotor", "Agnostic"), cls)


def test_another_driver_is_not_known() -> None:
    assert given("unknown", "collection", "find_one") is None
    assert given("sync", "collection", "find_one") == "value"
    assert given("sync", "collection", "no_such_method") is None


def test_names_of_what_is_pending() -> None:
    async def coroutine() -> None: ...

    made = coroutine()
    own = {name for name in dir(made) if not name.startswith("_")}
    made.close()
    assert own - COROUTINE_NAMES <= {"cr_suspended"}
    assert {name for name in dir(asyncio.Future) if not name.startswith("_")} == FUTURE_NAMES
    assert {"find_one", "aggregate", "to_list", "start_session", "start_transaction"} <= PENDING_NAMES
    assert not {"find", "sort", "get_database", "with_options"} & PENDING_NAMES
