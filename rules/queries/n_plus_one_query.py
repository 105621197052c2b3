"""A query or write once per iteration of a loop.

What it flags
    A driver call in a loop, comprehension or ``gather`` over one, and calls of helpers and methods that run such a
    call, at any depth and through interfaces.

Why it hurts
    Each iteration waits for the network: 100 items at 2 ms are 0.2 s where one query takes 5 ms, and the
    connection pool is held all the while. Sent at once (``gather``), they wait together, but each takes a connection.

What it leaves alone
    Loops over literals and constants, retries, writes tried until one takes, polling, queues and paced workers,
    batches (``$in`` of a chunk, ``insert_many``), page loops, searches (``$vectorSearch``), another collection each
    round, helpers that keep what they found (by a decorator or by hand), a loop that ends in its first round, what a
    loop evaluates once (its iterable, its ``else``), the branch of a parameter that the call leaves out, what only an
    ``except`` clause runs, steps of several classes, and writes to one document whose answer decides what the
    iteration does. Low in scripts and migrations (``script-files``), once at the start, over at most ten documents,
    where an iteration also talks to another system, which costs more, and around a helper whose own loop is told.

Fix and its safety
    Prefetch with ``$in``, ``bulk_write`` or ``insert_many``, by shape. Unsafe: changes and errors are seen at once.

Sources
    PyMongo documentation, "Bulk Write Operations"; MongoDB manual, ``$in``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Related, Repetition, Rule, Severity

_DELETING, _MANY = ("delete_many", "delete_one", "remove"), ("delete_many", "remove", "update_many")
_BULK = ("one bulk_write", "one bulk_write, save those that record what another system did")
_FINDING = ("find", "find_one")
_ASKING = {"in": "join the lists, and ask once, with", "other": "ask for all before the loop, with"}
_TAKING = {"equality": "takes all keys", "in": "takes the lists of all iterations as one", "other": "takes all items"}

rule = Rule("MDB101", "n-plus-one-query", Severity.HIGH, fix=Applicability.UNSAFE, concern="speed")


@rule.on(Repetition)
def check(repetition: Repetition, project: Project) -> Iterator[Finding]:
    query = repetition.reaches[0].operation
    if project.loops.varies_collection(repetition) or project.loops.decides(repetition):
        return
    source = project.loops.source(repetition) + (", all at once" if project.loops.is_sent_at_once(repetition) else "")
    if repetition.is_direct:
        what = f"{query.name} on {query.target} runs once per {source}"
    else:
        name = project.callee_name(repetition.module, repetition.row)
        what = f"{name} runs {project.loops.in_words(repetition)} once per {source}"
    cure = _cure(repetition, query, project)
    yield rule.finding(
        project.token(repetition.module, repetition.row),
        f"{what}; {cure}",
        severity=Severity.LOW
        if repetition.elsewhere or repetition.few or repetition.inner or project.loops.is_at_start(repetition)
        else project.severity(rule.severity, repetition.module, repetition.row),
        confidence=query.confidence,
        related=_related(repetition, project),
        fix=rule.repair("batch the queries of the loop", lambda draft: draft.batch(repetition), text=cure),
    )


def _cure(repetition: Repetition, query: Query, project: Project) -> str:
    """The batched form for the shape of the query."""
    same = project.loops.same_key(repetition)
    if same is not None:
        asked = f"{same} is the same each time" if same else "it asks the same each time"
        kinds = {reach.operation.method.kind for reach in repetition.reaches}
        if kinds == {"read"}:
            return f"{asked}: read it once, before the loop"
        if "read" in kinds:
            return f"{asked}: read it before the loop, and write all changes as one, after it"
        return f"{asked}: write all changes as one, after the loop"
    if repetition.inner is not None:
        return f"the loop around {project.callee_name(*repetition.inner)} in it asks for each: mend that first"
    if not repetition.is_direct:
        return f"give the helper a variant that {_variant(repetition, project)}"
    return _written(repetition, project) if query.method.kind == "write" else _read(repetition, project)


def _read(repetition: Repetition, project: Project) -> str:
    query, key = repetition.reaches[0].operation, project.loops.key(repetition)
    first = bool(query.sort) if query.name == "find_one" else any(step.name == "limit" for step in query.steps)
    if key is None or (key.compared == "other" and (first or query.name not in _FINDING)):
        is_named = key is None and bool(project.fields.named_after(query))
        return f"ask for all of them with one {'aggregate, which has a $facet for each' if is_named else 'query'}"
    if key.compared in _ASKING:
        return f"{_ASKING[key.compared]} {key.together}"
    grouped = f'{{"$group": {{"_id": "${key.name}", …}}}}'
    if query.name not in _FINDING:
        return f'use one aggregate with {{"$match": {key.together}}} and a $group by {key.name}'
    if first:
        return f'use one aggregate with {{"$match": {key.together}}} and {grouped} with $topN for the first of each'
    found = f"fetch all before the loop with find({key.together})"
    if project.loops.adds_up(repetition):
        return f"{found}, or let the server add up with $match and {grouped}"
    return f"{found} and {'pick' if query.name == 'find_one' else 'group them'} by {key.name}"


def _written(repetition: Repetition, project: Project) -> str:
    name, key = repetition.reaches[0].operation.name, project.loops.key(repetition)
    if name.startswith("insert"):
        return "collect the documents and write them with one insert_many"
    if name == "save":  # by its _id, which a document that was never saved has none of
        return "collect a ReplaceOne with upsert=True per _id, InsertOne without one, and send them with one bulk_write"
    request = ("Delete" if name in _DELETING else "Update") + ("Many" if name in _MANY else "One")
    if name not in _DELETING:
        bulk = f"{_BULK[repetition.elsewhere]}{project.loops.told_apart(repetition)}"
        return f"collect {request} requests and send them with {bulk}"
    if key is None or (name == "delete_one" and not key.is_id):  # it takes one of those with the key
        return f"collect {request} requests for one bulk_write"
    return f"use one delete_many({key.together}), or collect {request} requests for one bulk_write"


def _variant(repetition: Repetition, project: Project) -> str:
    """What a helper for all items would do in place of what it runs for one."""
    key = project.loops.key(repetition)
    names = {reach.operation.name for reach in repetition.reaches}
    kinds = {reach.operation.method.kind for reach in repetition.reaches}
    taken = _TAKING[key.compared] if key is not None else "takes all items at once"
    if kinds == {"write"}:
        if key and names <= set(_DELETING) and ("delete_one" not in names or key.is_id):
            return f"{taken}, with one delete_many({key.together})"
        if all(name.startswith("insert") for name in names):
            return "takes all documents at once, with one insert_many"
        bulk = f"{_BULK[repetition.elsewhere]}{project.loops.told_apart(repetition)}"
        return f"takes all items, and sends their writes with {bulk}"
    sent = f", and sends the writes with {_BULK[repetition.elsewhere]}" if "write" in kinds else ""
    return f"{taken}, with {key.together}{sent}" if key else taken + sent


def _related(repetition: Repetition, project: Project) -> Iterator[Related]:
    yield Related(project.offsets_span(repetition.module, repetition.loop.span), "the loop")
    for module, row in repetition.outer[:1]:
        yield Related(project.token(module, row), f"{project.callee_name(module, row)} is called in a loop, too")
    reach = repetition.reaches[0]
    for module, row in reach.chain:
        yield Related(project.token(module, row), f"calls {project.callee_name(module, row)}")
    if not repetition.is_direct:
        yield Related(project.operation_span(reach.operation), f"runs {reach.operation.name} on {reach.target}")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop


        def names(orders):
            found = []
            for order in orders:
                customer = db.customers.find_one({"_id": order["customer_id"]})
                found.append(customer["name"])
            return found
        """,
        at=("find_one",),
        message='find({"_id": {"$in": keys}})',
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop


        def names(orders):
            found = []
            orders = list(orders)
            customers_keys = list(dict.fromkeys(order["customer_id"] for order in orders))
            customers_by_id = {}
            if customers_keys:
                for document in db.customers.find({"_id": {"$in": customers_keys}}):
                    customers_by_id[document["_id"]] = document
            for order in orders:
                customer = customers_by_id.get(order["customer_id"])
                found.append(customer["name"])
            return found
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).shop


        async def mark_all(ids):
            for order_id in ids:
                await db.orders.update_one({"_id": order_id}, {"$set": {"sent": True}})
        """,
        at=("update_one",),
        message="update_one on orders runs once per",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo import UpdateOne

        db = AsyncIOMotorClient(timeoutMS=5000).shop


        async def mark_all(ids):
            orders_writes = []
            for order_id in ids:
                orders_writes.append(UpdateOne({"_id": order_id}, {"$set": {"sent": True}}))
            if orders_writes:
                await db.orders.bulk_write(orders_writes)
        """,
    ),
    Bad(
        """\
        import asyncio

        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).shop


        async def load(keys):
            return await asyncio.gather(*[db.items.find_one({"_id": key}) for key in keys])
        """,
        at=("find_one",),
        message="once per item of the loop, all at once; fetch all",
    ),
    Bad(
        {
            "shop/store.py": """\
            from abc import ABC, abstractmethod


            class Invoices(ABC):
                @abstractmethod
                def total(self, order_id): ...
            """,
            "shop/mongo_store.py": """\
            from pymongo import MongoClient

            from shop.store import Invoices


            class MongoInvoices(Invoices):
                def __init__(self):
                    self.invoices = MongoClient(timeoutMS=5000).shop.invoices

                def total(self, order_id):
                    return self.invoices.find_one({"_id": order_id})["total"]
            """,
            "shop/use_case.py": """\
            from shop.store import Invoices


            class Report:
                def __init__(self, invoices: Invoices):
                    self.invoices = invoices

                def run(self, ids):
                    return sum(self.invoices.total(i) for i in ids)
            """,
        },
        at=("total",),
        message="total runs find_one on invoices",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop

        for name in ("open", "sent", "paid"):
            db.states.update_one({"_id": name}, {"$setOnInsert": {"count": 0}}, upsert=True)
        """,
        why="the source bounds the loop",
    ),
    Good(
        """\
        import time

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop


        def wait(job_id):
            while not db.jobs.find_one({"_id": job_id, "done": True}):
                time.sleep(1)
        """,
        why="polling",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).shop


        def total(order_ids):
            return sum(order["total"] for order in db.orders.find({"_id": {"$in": order_ids}}))
        """,
        why="the query is the iterable: it runs once",
    ),
]
