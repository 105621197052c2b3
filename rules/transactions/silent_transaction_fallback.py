"""A transaction that any error turns off, and nobody is told.

What it flags
    ``except`` around ``start_session``, ``start_transaction`` or the ``hello`` command that asks for a replica set,
    after which the same writes run without: a flag becomes False, the session None, or the clause does them itself.
    Told where nothing is logged or raised; ``print`` is not logging.

Why it hurts
    Any error turns the transaction off, not only a server that has none: a time-out, an election, a missing right.
    Several writes are no longer all or nothing then, and the first one that fails half way leaves half of it; before a
    single write, others may change what it was made of.

What it leaves alone
    Clauses that log, raise, wait and try again, or hand on the error; those that catch only what says that there are no
    transactions (ConfigurationError, InvalidOperation, NotImplementedError); a server that answers that it is no
    replica set.

Fix and its safety
    ``logger.exception(…)`` that says what is no longer atomic; the fallback stays. Better, where transactions are
    needed: raise, and let a setting say where there are none. Unsafe: the log is read by somebody.

Sources
    MongoDB manual, "Transactions" (replica sets and sharded clusters only); PyMongo documentation,
    ``ClientSession.start_transaction``.
"""

from collections.abc import Iterator
from functools import partial

from mongolint.rule import Applicability, Bad, Draft, ExceptSite, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB401",
    "silent-transaction-fallback",
    Severity.HIGH,
    fix=Applicability.UNSAFE,
    supersedes=("MDB405", "MDB502"),
    concern="integrity",
    transactional=True,
)

# What there is without a transaction, by what is lost
_LOST = {
    "atomicity": ": half of it may be left",
    "isolation": ": others may write between its read and its one write",
    "": "",
}
_TOLD = {
    "atomicity": "no transaction: the writes are not atomic",
    "isolation": "no transaction: others may write between read and write",
    "": "no transaction",
}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for fallback in project.sessions.fallbacks:
        site = fallback.site
        work = fallback.work or "what follows"
        yield rule.finding(
            project.offsets_span(site.module, site.handler.span),
            f"any error of {project.callee_name(site.module, fallback.probe)}, a time-out too, turns the transaction "
            f"off here without a word, and {work} runs without{_LOST[fallback.loss]}; log the error, or let it rise",
            related=project.related([(project.token(site.module, fallback.probe), "the call that may fail")]),
            fix=rule.repair(
                "log that there is no transaction",
                partial(_write, site, _TOLD[fallback.loss]),
                text='begin the body with logger.exception("no transaction: …"), or with raise',
                reason="it is logged with its traceback each time",
            ),
        )


def _write(site: ExceptSite, what: str, draft: Draft) -> None:
    draft.log_it(site, what)


EXAMPLES = [
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(timeoutMS=5000)
        db = client.shop


        async def order(customer, lines):
            use_transaction = True
            try:
                info = await client.admin.command("hello")
                use_transaction = "setName" in info
            except Exception:
                use_transaction = False  # no replica set
            if use_transaction:
                async with await client.start_session() as session:
                    async with session.start_transaction():
                        await _order(customer, lines, session)
            else:
                await _order(customer, lines, None)


        async def _order(customer, lines, session):
            await db.orders.insert_one({"customer": customer, "lines": lines}, session=session)
            await db.customers.update_one({"_id": customer}, {"$inc": {"orders": 1}}, session=session)
        """,
        at=("except Exception",),
        message="a time-out too, turns the transaction off here without a word, and _order runs without: half",
        fixed="""\
        import logging

        from motor.motor_asyncio import AsyncIOMotorClient

        logger = logging.getLogger(__name__)

        client = AsyncIOMotorClient(timeoutMS=5000)
        db = client.shop


        async def order(customer, lines):
            use_transaction = True
            try:
                info = await client.admin.command("hello")
                use_transaction = "setName" in info
            except Exception:
                logger.exception("no transaction: the writes are not atomic")
                use_transaction = False  # no replica set
            if use_transaction:
                async with await client.start_session() as session:
                    async with session.start_transaction():
                        await _order(customer, lines, session)
            else:
                await _order(customer, lines, None)


        async def _order(customer, lines, session):
            await db.orders.insert_one({"customer": customer, "lines": lines}, session=session)
            await db.customers.update_one({"_id": customer}, {"$inc": {"orders": 1}}, session=session)
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        client = MongoClient(timeoutMS=5000)
        accounts = client.bank.accounts


        def move(amount, source, target):
            try:
                with client.start_session() as session, session.start_transaction():
                    _move(amount, source, target, session)
            except PyMongoError as error:
                print("no transactions here", error)
                _move(amount, source, target, None)


        def _move(amount, source, target, session):
            accounts.update_one({"_id": source}, {"$inc": {"balance": -amount}}, session=session)
            accounts.update_one({"_id": target}, {"$inc": {"balance": amount}}, session=session)
        """,
        at=("except PyMongoError",),
        message="any error of start_session",
        fixed="""\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)

        client = MongoClient(timeoutMS=5000)
        accounts = client.bank.accounts


        def move(amount, source, target):
            try:
                with client.start_session() as session, session.start_transaction():
                    _move(amount, source, target, session)
            except PyMongoError as error:
                logger.exception("no transactions here %s", error)
                _move(amount, source, target, None)


        def _move(amount, source, target, session):
            accounts.update_one({"_id": source}, {"$inc": {"balance": -amount}}, session=session)
            accounts.update_one({"_id": target}, {"$inc": {"balance": amount}}, session=session)
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)


        def supports_transactions():
            try:
                return "setName" in client.admin.command("hello")
            except Exception:
                return False
        """,
        at=("except Exception",),
        message="and what follows runs without; log the error",
        fixed="""\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)

        client = MongoClient(timeoutMS=5000)


        def supports_transactions():
            try:
                return "setName" in client.admin.command("hello")
            except Exception:
                logger.exception("no transaction")
                return False
        """,
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import ConfigurationError, PyMongoError

        logger = logging.getLogger(__name__)
        client = MongoClient(timeoutMS=5000)
        audit = client.bank.audit


        def session_or_none():
            try:
                return client.start_session()
            except ConfigurationError:
                return None


        def record(event):
            try:
                with client.start_session() as session:
                    audit.insert_one(event, session=session)
            except PyMongoError:
                logger.exception("cannot record %s in a session", event)
                audit.insert_one(event)
        """,
        why="it catches only what says that there are no sessions; it is logged",
    ),
]
