"""The table of client options against the installed driver."""

from __future__ import annotations

import inspect
import re
import warnings

import pymongo
import pytest
from motor import core as motor_core
from pymongo import common
from pymongo.errors import ConfigurationError

from mongolint.mongo import clientoptions as table
from mongolint.project.clients.options import fate, nearest


def test_every_option_is_in_the_table() -> None:
    known = {*table.OPTIONS, *table.GONE}
    missing = set(common.VALIDATORS) - known
    assert not missing, f"PyMongo {pymongo.version} knows {', '.join(sorted(missing))}"


def test_the_table_knows_no_other_option() -> None:
    assert set(table.OPTIONS) - set(common.VALIDATORS) == set()


def test_the_spelling_is_that_of_the_documentation() -> None:
    text = pymongo.MongoClient.__doc__ or pymongo.MongoClient.__init__.__doc__ or ""
    text += pymongo.MongoClient.__init__.__doc__ or ""
    differing = [name for name in table.OPTIONS.values() if name not in text and name.lower() in text.lower()]
    assert not differing


def test_positional_parameters() -> None:
    code = pymongo.MongoClient.__init__.__code__
    assert code.co_varnames[1 : code.co_argcount] == table.POSITIONAL


def test_time_limits_are_options() -> None:
    assert set(table.TIME_LIMITS) <= set(table.OPTIONS)


@pytest.mark.parametrize("name", sorted({*table.RENAMED, *table.INVERTED, *table.JOINED, "socketKeepAlive"}))
def test_the_client_refuses_what_is_gone(name: str) -> None:
    with pytest.raises(ConfigurationError, match="Unknown option"):
        pymongo.MongoClient(connect=False, **{name: True})


def test_one_old_option_does_nothing() -> None:
    with pymongo.MongoClient(connect=False, waitQueueMultiple=3) as client:
        assert not [name for name in dir(client.options.pool_options) if "multiple" in name]


def test_a_connection_string_only_warns() -> None:
    with pytest.warns(UserWarning, match="Unknown option"):
        pymongo.MongoClient("mongodb://localhost/?maxTimeMS=500", connect=False).close()


def test_names_are_read_without_case() -> None:
    with pymongo.MongoClient(connect=False, MAXPOOLSIZE=7) as client:
        assert client.options.pool_options.max_pool_size == 7


def test_a_keyword_wins_over_the_connection_string() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = pymongo.MongoClient("mongodb://localhost/?timeoutMS=9000", connect=False, timeoutMS=500)
    with client:
        assert client.options.timeout == 0.5


def test_new_names_are_options() -> None:
    names = {*table.RENAMED.values(), *table.INVERTED.values(), *table.MEANT.values()}
    assert {name.lower() for name in names} <= set(table.OPTIONS)


def test_motor_takes_its_own() -> None:
    own = set(re.findall(r'kwargs\.pop\("(\w+)"\)', inspect.getsource(motor_core.AgnosticClient.__init__)))
    assert own == table.MOTOR


NEAREST = {
    "maxTimeMS": "timeoutMS",
    "max_pool_size": "maxPoolSize",
    "server_selection_timeout_ms": "serverSelectionTimeoutMS",
    "serverSelectionTimeout": "serverSelectionTimeoutMS",
    "connectionTimeoutMS": "connectTimeoutMS",
    "retry_writes": "retryWrites",
    "replica_set": "replicaSet",
    "auth_source": "authSource",
    "uuid_representation": "uuidRepresentation",
    "passwrd": "password",
    "tzaware": "tz_aware",
    "timeout": "timeoutMS",
    "slave_okay": "",
    "auto_start_request": "",
    "loop": "",
}


@pytest.mark.parametrize(("name", "near"), NEAREST.items(), ids=NEAREST)
def test_nearest(name: str, near: str) -> None:
    assert nearest(name) == near


def test_every_option_is_its_own_nearest() -> None:
    wrong = {name: nearest(name) for name in table.OPTIONS.values() if nearest(name) not in (name, "timeoutMS")}
    # Two spellings of the same
    twins = {"maxadaptiveretries", "enableoverloadretargeting", "readpreference"}
    assert {name for name in wrong if name.replace("_", "").lower() not in twins} == set()


@pytest.mark.parametrize("name", sorted(table.GONE))
def test_fate(name: str) -> None:
    found = fate(name)
    assert (found.kind == "removed") == (name in table.REMOVED)
    assert found.name == "" or found.name.lower() in common.VALIDATORS
