"""A time limit under a name that the method does not know.

What it flags
    ``maxTimeMS=`` given to ``find``, ``find_one`` and ``find_raw_batches``, ``max_time_ms=`` given to methods that hand
    their options on to the server, and either given to a method that takes no limit.

Why it hurts
    The first and the last raise TypeError. In between the server gets a field that it does not know and refuses the
    command, so the operation never works at all.

What it leaves alone
    Options that come by ``**``, the limit of a cursor (``.max_time_ms(…)``), of a client, and ``max_await_time_ms``.

Fix and its safety
    The keyword is renamed. Safe for the find family, where the call could only raise; unsafe for the others: an
    operation that failed at the server runs now. A method without a limit is left to a person.

Sources
    PyMongo documentation of each method; all of them were run on a server 6.0 (code 40415, "unknown field").
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "MDB410", "wrong-time-limit-keyword", Severity.HIGH, fix=Applicability.SAFE, in_tests=True, concern="resilience"
)
_NAMES = ("max_time_ms", "maxTimeMS")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    right = query.method.time_limit
    for wrong in project.keywords(query):
        if wrong not in _NAMES or wrong == right or query.method.removed:
            continue
        yield _finding(query, project, wrong)


def _finding(query: Query, project: Project, wrong: str) -> Finding:
    right = query.method.time_limit
    advice = _advice(right, project.made_clients.knows_timeout(query.module))
    return rule.finding(
        project.operation_span(query),
        f"{query.name} {_why(query.name, wrong, right)}; {advice}",
        confidence=query.confidence,
        fix=rule.repair(
            f"call it {right}" if right in _NAMES else "limit the time otherwise",
            lambda draft: draft.rename_time_limit(query, wrong),
            text=advice,
            reason="an operation that failed at the server runs now" if right == "maxTimeMS" else "",
            applicability=Applicability.UNSAFE if right == "maxTimeMS" else Applicability.SAFE,
        ),
    )


def _why(name: str, wrong: str, right: str) -> str:
    if right == "maxTimeMS":
        where = "the index" if name == "create_index" else "the command"
        return f"sends {wrong} to the server as a field of {where}, which refuses it as unknown"
    if right == "csot":
        return f"takes no time limit of its own: {wrong} raises TypeError"
    return f"does not know {wrong}, so this raises TypeError"


def _advice(right: str, new: bool) -> str:
    if right == "csot":
        return "wrap it in pymongo.timeout(…), or set timeoutMS on the client" if new else "limit the client instead"
    return f"pass {right}="


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            return users.find_one({"_id": user_id}, maxTimeMS=500)


        def several(ids):
            return list(users.find({"_id": {"$in": ids}}, maxTimeMS=500).limit(10))
        """,
        at=("find_one", "find"),
        message="find_one does not know maxTimeMS, so this raises TypeError; pass max_time_ms=",
        fixed="""\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            return users.find_one({"_id": user_id}, max_time_ms=500)


        def several(ids):
            return list(users.find({"_id": {"$in": ids}}, max_time_ms=500).limit(10))
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        users = AsyncIOMotorClient(timeoutMS=5000).app.users


        async def count(ids):
            return await users.count_documents(
                {"_id": {"$in": ids}},
                max_time_ms=500,  # half a second
            )


        async def remove(user_id):
            await users.delete_one({"_id": user_id}, max_time_ms=500)
        """,
        at=("count_documents", "delete_one"),
        message="count_documents sends max_time_ms to the server as a field of the command",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        users = AsyncIOMotorClient(timeoutMS=5000).app.users


        async def count(ids):
            return await users.count_documents(
                {"_id": {"$in": ids}},
                maxTimeMS=500,  # half a second
            )


        async def remove(user_id):
            await users.delete_one({"_id": user_id}, max_time_ms=500)
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(ids, options):
            first = users.find_one({"_id": ids[0]}, max_time_ms=500)
            count = users.count_documents({"_id": {"$in": ids}}, maxTimeMS=500)
            found = users.find({"_id": {"$in": ids}}, **options).max_time_ms(500)
            return first, count, list(found)
        """,
        why="each by its own name",
    ),
]
