"""Operations that may run without end.

What it flags
    Each ``find`` without a limit, ``aggregate``, ``count_documents`` and ``distinct`` that nothing bounds in time (low
    in scripts and commands); all other operations once, at the client that runs them (low).

Why it hurts
    A query without an index, a lock or a stalled primary holds its connection as long as it takes; when the pool is
    used up, every request waits.

What it leaves alone
    Documents asked for by ``_id`` or by the key of a unique index, a list of them too, also by a pipeline that reads
    no others; pipelines that begin with a search, which says how many it takes. Operations with ``max_time_ms``,
    ``maxTimeMS`` or ``.max_time_ms()``, inside ``with pymongo.timeout(…)`` (anywhere, where their client is not known),
    and of clients with ``timeoutMS`` (keyword or connection string). Nothing is said of ``timeoutMS`` where the
    requirements or methods that are gone show a driver before PyMongo 4.2; there, a client with ``socketTimeoutMS`` is
    left alone. Operations of a client with ``socketTimeoutMS``, which gives up by itself, are told of at that client
    only (low).

Fix and its safety
    The limit in the form that the method takes, or ``timeoutMS`` at the client; none to a query that only scripts and
    commands run, which may take its time. Unsafe: a query that takes longer now raises.

Sources
    PyMongo documentation, "Client-Side Operation Timeout" and ``Cursor.max_time_ms``; only these bound writes.
"""

from collections import Counter
from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, ClientSite, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "MDB103",
    "missing-time-limit",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    options={"per-operation": False, "milliseconds": 5000},
    concern="resilience",
)
_SCANNING = (
    "aggregate",
    "count_documents",
    "count",
    "distinct",
    "aggregate_raw_batches",
    "map_reduce",
    "group",
)
# Of these, the ones that read no more than what the filter names, as do pipelines of plain stages
_COUNTING = ("count_documents", "count", "distinct")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    if query.time_limit or query.method.kind not in ("read", "write") or project.made_clients.may_be_limited(query):
        return
    if not (_is_told_itself(query, project) or project.option(rule.name, "per-operation")):
        return
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} has no time limit: {_why(query, project)}; {_form(query, project)}",
        severity=project.severity(rule.severity, query.module, query.row),
        confidence=query.confidence,
        fix=rule.repair(
            "add a time limit",
            lambda draft: draft.limit_time(query, project.option(rule.name, "milliseconds")),
            text=_form(query, project),
            reason="a query that takes longer raises instead",
        ),
    )


@rule.on(ClientSite)
def check_client(client: ClientSite, project: Project) -> Iterator[Finding]:
    made = project.made_clients
    option = "timeoutMS" if made.knows_timeout(client.module) else "socketTimeoutMS"
    if project.option(rule.name, "per-operation") or made.options(client).limits(option):
        return
    told = [
        query
        for query in project.operations_of(client)
        if not query.time_limit and query.method.kind in ("read", "write") and not _is_told_itself(query, project)
    ]
    if told:
        names = ", ".join(name for name, _ in Counter(query.name for query in told).most_common(3))
        count = f"{len(told)} operations" if len(told) > 1 else "1 operation"
        why = "can wait for the server without end, and writes take no limit of their own"
        if made.options(client).limits("socketTimeoutMS"):
            why = "may be given up by socketTimeoutMS alone, of which the server is not told: it goes on"
        yield rule.finding(
            project.token(client.module, client.row),
            f"{count} of this client ({names}) {why}; set {option} on the client",
            severity=Severity.LOW,
            fix=rule.repair(
                "limit the time of every operation",
                lambda draft: draft.limit_client(client.module, client.row, project.option(rule.name, "milliseconds")),
                text=f"pass {option} to the client",
                reason="an operation that takes longer raises instead, the first build of a large index too",
            ),
        )


def _is_told_itself(query: Query, project: Project) -> bool:
    if project.made_clients.gives_up(query):
        return False
    return any(_is_unbounded(each, project) for each in project.as_called(query))


def _is_unbounded(query: Query, project: Project) -> bool:
    if query.searches:
        return False  # it has an index of its own, and takes as many as it says
    if query.head is not None and query.name not in _COUNTING and not query.head.alone:
        return True
    if query.name in _SCANNING:
        return not project.names_its_documents(query)
    return query.method.many and not query.bounded and not project.names_its_documents(query)


def _why(query: Query, project: Project) -> str:
    if query.name not in _SCANNING and not query.method.many:
        return "it holds its connection as long as the server takes"
    if project.names_its_documents(query):
        return "it reads more than the documents that it names, and nothing limits how long the server takes"
    verdict = project.verdict(query)
    if verdict.plan is not None and verdict.plan.selective:
        found = f"{verdict.name} finds its documents" if verdict.name else "an index finds its documents"
        return f"{found}, but nothing limits how many they are, or how long the server takes"
    return "it may read the whole collection while its connection is held"


def _form(query: Query, project: Project) -> str:
    new = project.made_clients.knows_timeout(query.module)
    if query.method.time_limit == "csot" and not new:
        return "set socketTimeoutMS on the client"
    forms = {
        "max_time_ms": "add .max_time_ms(5000)" if query.method.returns == "cursor" else "pass max_time_ms=5000",
        "maxTimeMS": "pass maxTimeMS=5000",
        "csot": "wrap it in pymongo.timeout(5)",
    }
    return forms[query.method.time_limit] + (", or set timeoutMS on the client" if new else "")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient("mongodb://localhost").app.users


        def active():
            return list(users.find({"_id": {"$gt": 5}}))
        """,
        at=("find",),
        message="find on users has no time limit",
        fixed="""\
        from pymongo import MongoClient

        users = MongoClient("mongodb://localhost").app.users


        def active():
            return list(users.find({"_id": {"$gt": 5}}, max_time_ms=5000))
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient("mongodb://localhost", serverSelectionTimeoutMS=3000).app


        async def load(user_id):
            return await db.users.find_one({"_id": user_id})


        async def remove(user_id):
            await db.users.delete_one({"_id": user_id})
        """,
        at=("AsyncIOMotorClient",),
        message="2 operations of this client",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient("mongodb://localhost", serverSelectionTimeoutMS=3000, timeoutMS=5000).app


        async def load(user_id):
            return await db.users.find_one({"_id": user_id})


        async def remove(user_id):
            await db.users.delete_one({"_id": user_id})
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient("mongodb://localhost").app.users
        users.create_index("team")


        def members(team):
            return list(users.find({"team": team}))
        """,
        at=("find",),
        message="find on users has no time limit: team_1 finds its documents, but nothing limits how many they are",
        fixed="""\
        from pymongo import MongoClient

        users = MongoClient("mongodb://localhost").app.users
        users.create_index("team")


        def members(team):
            return list(users.find({"team": team}, max_time_ms=5000))
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost").app
        db.orders.create_index("user")


        def count_tags(user_id):
            count = {"$project": {"tags": {"$size": "$tags"}}}
            return list(db.users.aggregate([{"$match": {"_id": user_id}}, count]))


        def orders(user_id):
            join = {"$lookup": {"from": "orders", "localField": "_id", "foreignField": "user", "as": "orders"}}
            return list(db.users.aggregate([{"$match": {"_id": user_id}}, join]))
        """,
        at=("aggregate",),
        message="aggregate on users has no time limit: it reads more than the documents that it names, and nothing "
        "limits how long the server takes",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost").app
        db.orders.create_index("user")


        def count_tags(user_id):
            count = {"$project": {"tags": {"$size": "$tags"}}}
            return list(db.users.aggregate([{"$match": {"_id": user_id}}, count]))


        def orders(user_id):
            join = {"$lookup": {"from": "orders", "localField": "_id", "foreignField": "user", "as": "orders"}}
            return list(db.users.aggregate([{"$match": {"_id": user_id}}, join], maxTimeMS=5000))
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient("mongodb://localhost", timeoutMS=5000).app.users


        def active():
            return list(users.find({"_id": {"$gt": 5}}))
        """,
        why="the client limits every operation",
    ),
    Good(
        """\
        import pymongo

        users = pymongo.MongoClient("mongodb://localhost/?timeoutMS=5000").app.users


        def active():
            return users.count_documents({"_id": {"$gt": 5}})
        """,
        why="the connection string does",
    ),
    Good(
        """\
        import pymongo

        db = pymongo.MongoClient("mongodb://localhost").app


        def totals(pipeline):
            with pymongo.timeout(10):
                return list(db.orders.aggregate(pipeline))
        """,
    ),
]
