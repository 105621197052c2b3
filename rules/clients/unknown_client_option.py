"""An option that no client has.

What it flags
    Keywords of ``MongoClient``, ``AsyncMongoClient`` and Motor's clients, and options of connection strings in the
    code, that the driver does not know.

Why it hurts
    As a keyword it raises ConfigurationError, and the application does not start. In a connection string it only
    warns, and the limit or the safety that it was meant to give is not there.

What it leaves alone
    Subclasses of a client, which may take options of their own; old names that have a successor
    (deprecated-client-option); names in any other case, which the driver takes.

Fix and its safety
    The nearest name. Unsafe: it may not be the one that was meant. A small number for a name that lacks its "MS" may
    be meant in seconds, and is left to a person.

Sources
    ``pymongo.common`` of PyMongo 4.20.1 (``VALIDATORS``), with which a test compares the table; tried: a keyword
    raises, a part of a connection string warns.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, ClientSite, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB303", "unknown-client-option", Severity.HIGH, fix=Applicability.UNSAFE, concern="resilience", in_tests=True
)
_MILLISECONDS = 100


@rule.on(ClientSite)
def check(client: ClientSite, project: Project) -> Iterator[Finding]:
    for option in project.made_clients.unknown(client):
        near = project.made_clients.nearest(option)
        if option.source == "uri":
            why = "so the driver warns and drops it from the connection string"
        else:
            why = "so the client raises ConfigurationError"
        meant = f"; write {near}" if near else "; delete it"
        yield rule.finding(
            project.token(client.module, client.row),
            f"{option.name} is no option of a client, {why}{meant}",
            severity=None if option.source != "uri" else Severity.MEDIUM,
            fix=rule.repair(
                f"write {near}" if near else f"delete {option.name}",
                partial(_write, client=client, option=option, near=near),
                text=f"write {near}, in milliseconds" if near.endswith("MS") else f"write {near}" if near else "",
                reason="another option may be meant",
            ),
        )


def _write(draft: Draft, client: ClientSite, option: Any, near: str) -> None:
    if not near:
        raise NoFix("no option has a name like it")
    if near.endswith("MS") and not option.name.lower().endswith("ms"):
        values = [atom.value for atom in option.value if hasattr(atom, "value")]
        if len(values) != 1 or not str(values[0]).isdigit() or int(values[0]) < _MILLISECONDS:
            raise NoFix("it may be meant in seconds")
    draft.rename_client_option(client, option, near)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        client = MongoClient("mongodb://localhost", maxTimeMS=5000, max_pool_size=20)
        """,
        at=("MongoClient", "MongoClient"),
        message="maxTimeMS is no option of a client, so the client raises ConfigurationError; write timeoutMS",
        fixed="""\
        from pymongo import MongoClient

        client = MongoClient("mongodb://localhost", timeoutMS=5000, maxPoolSize=20)
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        first = AsyncIOMotorClient("mongodb://localhost/?serverSelectionTimeout=2000&w=1", timeoutMS=5000)
        second = AsyncIOMotorClient("mongodb://localhost", socketTimeout=5, timeoutMS=5000)
        third = AsyncIOMotorClient("mongodb://localhost", slave_okay=True, timeoutMS=5000)
        """,
        at=("AsyncIOMotorClient", "AsyncIOMotorClient", "AsyncIOMotorClient"),
        message="so the driver warns and drops it from the connection string; write serverSelectionTimeoutMS",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        first = AsyncIOMotorClient("mongodb://localhost/?serverSelectionTimeoutMS=2000&w=1", timeoutMS=5000)
        second = AsyncIOMotorClient("mongodb://localhost", socketTimeout=5, timeoutMS=5000)
        third = AsyncIOMotorClient("mongodb://localhost", slave_okay=True, timeoutMS=5000)
        """,
    ),
    Good(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo import MongoClient


        class TenantClient(MongoClient):
            def __init__(self, tenant, **options):
                super().__init__(timeoutMS=5000, **options)


        first = TenantClient(tenant="north")
        second = AsyncIOMotorClient(io_loop=None, maxpoolsize=20, timeoutMS=5000)
        third = MongoClient("mongodb://localhost:27017/app?replicaSet=rs0&w=majority&timeoutMS=5000")
        """,
        why="an option of the subclass; Motor's own, and another case; all known",
    ),
]
