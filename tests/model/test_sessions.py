"""Transactions in all their spellings, and what runs outside of them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mongolint.testing import findings

HEAD = """\
from pymongo import AsyncMongoClient, MongoClient

client = MongoClient(timeoutMS=5000)
db = client.app
aclient = AsyncMongoClient(timeoutMS=5000)
adb = aclient.app

"""


def _told(code: str, tmp_path: Path, rule: str = "MDB402") -> list[int]:
    """The lines of the code, as a test shows it, at which a rule reports."""
    found = findings(HEAD + textwrap.dedent(code), tmp_path, rules={rule})
    return [each.span.line - HEAD.count("\n") for each in found]


OUTSIDE = {
    "nested": """\
        def f():
            with client.start_session() as session:
                with session.start_transaction():
                    db.users.delete_one({"_id": 1})
        """,
    "one with": """\
        def f():
            with client.start_session() as s, s.start_transaction():
                if db:
                    db.users.delete_one({"_id": 1})
        """,
    "awaited": """\
        async def f():
            async with aclient.start_session() as s:
                async with await s.start_transaction():
                    await adb.users.delete_one({"_id": 1})
        """,
    "statement": """\
        def f(session):
            session.start_transaction()
            try:
                db.users.delete_one({"_id": 1})
            except ValueError:
                session.abort_transaction()
                raise
            session.commit_transaction()
        """,
    "callback": """\
        def callback(session):
            db.orders.delete_one({"_id": 1}, session=session)
            db.users.delete_one({"_id": 1})

        def f():
            with client.start_session() as session:
                session.with_transaction(callback)
        """,
    "lambda": """\
        def work(session, key):
            db.users.delete_one({"_id": key})

        def f():
            with client.start_session() as session:
                session.with_transaction(lambda s: work(s, 1))
        """,
    "context manager": """\
        from contextlib import contextmanager

        @contextmanager
        def transaction():
            with client.start_session() as session, session.start_transaction():
                yield session

        def f():
            with transaction() as s:
                db.users.delete_one({"_id": 1})
        """,
    "two helpers": """\
        def inner(session=None):
            db.users.delete_one({"_id": 1}, session=session)

        def outer(session):
            inner()

        def f():
            with client.start_session() as s, s.start_transaction():
                outer(s)
        """,
    "called back": """\
        def run(work, *args):
            with client.start_session() as s, s.start_transaction():
                work(*args, session=s)

        def work(key, session=None):
            db.orders.delete_one({"_id": key}, session=session)
            db.users.delete_one({"_id": key})

        def f(key):
            run(work, key)
        """,
    "called back by a helper": """\
        class Transactions:
            def __init__(self, client):
                self.client = client

            async def _again(self, work, *args, **kwargs):
                for _ in range(3):
                    await work(*args, **kwargs)

            async def _commit(self, session):
                return await session.commit_transaction()

            async def run(self, work, *args, **kwargs):
                session = await self.client.start_session()
                session.start_transaction()
                await self._again(work, *args, session=session, **kwargs)
                await self._commit(session)

        class Service:
            def __init__(self, transactions: Transactions):
                self.transactions = transactions

            async def _work(self, key, session=None):
                await adb.orders.delete_one({"_id": key}, session=session)
                await adb.users.delete_one({"_id": key})

            async def remove(self, key):
                await self.transactions.run(self._work, key)

        service = Service(Transactions(aclient))
        """,
}
LINES = {"nested": 4, "one with": 4, "awaited": 4, "statement": 4, "callback": 3, "lambda": 2, "context manager": 10}
LINES |= {"two helpers": 5, "called back": 7, "called back by a helper": 24}


@pytest.mark.parametrize("name", OUTSIDE)
def test_outside(name: str, tmp_path: Path) -> None:
    assert _told(OUTSIDE[name], tmp_path) == [LINES[name]]


INSIDE = {
    "called back with the session": """\
        def run(work, *args):
            with client.start_session() as s, s.start_transaction():
                work(*args, session=s)

        def work(key, session=None):
            db.users.delete_one({"_id": key}, session=session)

        def f(key):
            run(work, key)
        """,
    "called back after the commit": """\
        def commit(session):
            session.commit_transaction()

        def run(work, after):
            session = client.start_session()
            session.start_transaction()
            work(session=session)
            commit(session)
            after()

        def work(session=None):
            db.users.delete_one({"_id": 1}, session=session)

        def after(session=None):
            db.users.delete_one({"_id": 2}, session=session)

        def f():
            run(work, after)
        """,
    "bound": """\
        def helper():
            db.users.delete_one({"_id": 1})

        def f():
            with client.start_session() as s, s.bind(), s.start_transaction():
                helper()
        """,
    "bound by the caller": """\
        def f(session):
            with session.start_transaction():
                db.users.delete_one({"_id": 1})

        def g():
            with client.start_session() as s, s.bind():
                f(s)
        """,
    "spread": """\
        def f(options):
            with client.start_session() as s, s.start_transaction():
                db.users.delete_one({"_id": 1}, **options)
        """,
    "none by name": """\
        def f():
            with client.start_session() as s, s.start_transaction():
                db.users.delete_one({"_id": 1}, session=None)
        """,
    "failure told": """\
        def f():
            with client.start_session() as s, s.start_transaction():
                try:
                    db.users.delete_one({"_id": 1}, session=s)
                except ValueError:
                    db.failures.insert_one({"user": 1})
                    raise
        """,
    "another client": """\
        other = MongoClient("other", timeoutMS=5000)

        def f():
            with client.start_session() as s, s.start_transaction():
                other.app.users.delete_one({"_id": 1})
        """,
    "index": """\
        def f():
            with client.start_session() as s, s.start_transaction():
                db.users.create_index("name")
        """,
    "of an object": """\
        class Store:
            def __init__(self, session):
                self.session = session

            def drop(self):
                db.users.delete_one({"_id": 1}, session=self.session)

        def f():
            with client.start_session() as s, s.start_transaction():
                Store(s).drop()
        """,
    "not awaited": """\
        import asyncio

        async def drop():
            await adb.users.delete_one({"_id": 1})

        async def f():
            async with aclient.start_session() as s:
                async with await s.start_transaction():
                    task = asyncio.create_task(drop())
            await task
        """,
    "behind it": """\
        def f():
            with client.start_session() as s:
                with s.start_transaction():
                    db.users.delete_one({"_id": 1}, session=s)
                db.users.delete_one({"_id": 2})
        """,
}


@pytest.mark.parametrize("name", INSIDE)
def test_inside(name: str, tmp_path: Path) -> None:
    assert _told(INSIDE[name], tmp_path) == []


FALLBACKS = {
    "session left out": """\
        def f():
            session = None
            try:
                session = client.start_session()
            except Exception:
                pass
            db.users.delete_one({"_id": 1}, session=session)
        """,
    "by a helper": """\
        def can():
            try:
                return "setName" in client.admin.command("hello")
            except Exception:
                return False

        def f():
            if can():
                with client.start_session() as s, s.start_transaction():
                    db.users.delete_one({"_id": 1}, session=s)
            else:
                db.users.delete_one({"_id": 1})
        """,
}
FALLBACKS["left before"] = """\
    def drop(session):
        db.users.delete_one({"_id": 1}, session=session)

    def f():
        try:
            can = "setName" in client.admin.command("hello")
        except Exception:
            can = False
        if not can:
            return drop(None)
        with client.start_session() as s, s.start_transaction():
            return drop(s)
    """
NO_FALLBACKS = {
    "no transaction": """\
        def f():
            is_set = False
            try:
                is_set = "setName" in client.admin.command("hello")
            except Exception:
                is_set = False
            return is_set
        """,
    "raised": """\
        def f():
            try:
                session = client.start_session()
            except Exception as error:
                raise RuntimeError("no sessions") from error
            db.users.delete_one({"_id": 1}, session=session)
        """,
    "something else is done": """\
        def f():
            try:
                with client.start_session() as s, s.start_transaction():
                    db.users.delete_one({"_id": 1}, session=s)
            except Exception as error:
                db.failures.insert_one({"error": "delete"})
        """,
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_fallback(name: str, tmp_path: Path) -> None:
    assert len(_told(FALLBACKS[name], tmp_path, "MDB401")) == 1


# What the work in the transaction does, and what is told of it
LOST = {
    "several writes": (
        "db.users.delete_one({'_id': 1}, session=s)\n    db.teams.delete_one({'_id': 1}, session=s)",
        "runs without: half of it may be left;",
    ),
    "one in a loop": (
        "for n in (1, 2):\n        db.users.delete_one({'_id': n}, session=s)",
        "runs without: half of it may be left;",
    ),
    "a read and a write": (
        "found = db.users.find_one({'_id': 1}, session=s)\n"
        "    db.users.update_one({'_id': 1}, {'$set': {'n': found['n'] + 1}}, session=s)",
        "runs without: others may write between its read and its one write;",
    ),
    "a write, read again": (
        "db.users.update_one({'_id': 1}, {'$set': {'n': 1}}, session=s)\n"
        "    return db.users.find_one({'_id': 1}, session=s)",
        "runs without;",
    ),
}


@pytest.mark.parametrize(("work", "told"), LOST.values(), ids=LOST)
def test_what_a_fallback_loses(work: str, told: str, tmp_path: Path) -> None:
    code = f"def work(s):\n    {work}\n" + textwrap.dedent(
        """
        def f():
            try:
                can = "setName" in client.admin.command("hello")
            except Exception:
                can = False
            if can:
                with client.start_session() as s, s.start_transaction():
                    work(s)
            else:
                work(None)
        """
    )
    (found,) = findings(HEAD + code, tmp_path, rules={"MDB401"})
    assert told in found.message


@pytest.mark.parametrize("name", NO_FALLBACKS)
def test_no_fallback(name: str, tmp_path: Path) -> None:
    assert _told(NO_FALLBACKS[name], tmp_path, "MDB401") == []
