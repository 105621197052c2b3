"""A filter that no declared index serves.

What it flags
    Queries, updates and deletes whose filter (or, without one, whose sort) no index declared in the project serves.
    One finding per file, collection and needed key pattern; the other places are listed with it.

Why it hurts
    Every call reads the whole collection: fine with a thousand documents, an outage with a million.

What it leaves alone
    Filters on ``_id``; filters that may hold fields the code does not show; collections known only at run time;
    filters an index serves in part; collections with an index whose keys are known only at run time.

Fix and its safety
    The declaration in equality, sort, range order, where the project declares its indexes. Unsafe: building an
    index on a large collection takes time, and each one costs writes.

Sources
    MongoDB manual, "The ESR (Equality, Sort, Range) Guideline" and "Compound Indexes" (prefixes).
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule("MDB104", "uncovered-filter", Severity.HIGH, fix=Applicability.UNSAFE)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    groups: dict[tuple[Any, ...], list[Query]] = {}
    wanted: dict[str, dict[tuple[Any, ...], list[Query]]] = {}
    for query in project.operations:
        if project.verdict(query).verdict == "unserved":
            collection, pattern = query.collection_names[0], _key_pattern(query)
            groups.setdefault((query.module, collection, pattern), []).append(query)
            wanted.setdefault(collection, {}).setdefault(pattern, []).append(query)
    for (_, collection, pattern), queries in groups.items():
        yield _finding(project, collection, pattern, queries, wanted[collection])


def _finding(
    project: Project,
    collection: str,
    pattern: tuple[Any, ...],
    queries: list[Query],
    wanted: dict[tuple[Any, ...], list[Query]],
) -> Finding:
    first, others = queries[0], queries[1:]
    verdict = project.verdict(first)
    fields = ", ".join(first.filter.required) or "no field, sorted by " + ", ".join(n for n, _ in first.sort)
    more = f" ({len(queries)} places)" if others else ""
    keys = ", ".join(f'("{name}", {direction!r})' for name, direction in pattern)
    places = [(project.operation_span(query), f"{query.name} with the same filter") for query in others]
    if verdict.nearest is not None:
        place = project.index_span(verdict.nearest)
        places.append((place, f"the nearest declared index, {verdict.nearest.name}"))
    return rule.finding(
        project.operation_span(first),
        f"{first.name} on {collection} filters by {fields}{more}: {verdict.reason}, so each call reads the whole "
        f"collection; declare create_index([{keys}])",
        severity=Severity.HIGH if project.indexes else Severity.MEDIUM,
        confidence=first.confidence,
        related=project.related(places),
        fix=rule.repair(
            "declare the index",
            lambda draft: draft.declare_index(queries, pattern, wanted),
            reason="building an index takes time on a large collection, and each one costs writes",
        ),
    )


def _key_pattern(query: Query) -> tuple[Any, ...]:
    """Fields compared for equality, then the sort, then ranges. Of an array it takes the elements' fields instead."""
    whole = {name: kind for name, kind in query.filter.required.items() if kind != "elem-match"}
    required = whole or query.filter.required
    equal = [name for name, kind in required.items() if kind in ("equality", "null", "in")]
    sort = [(name, direction) for name, direction in query.sort if name not in equal]
    sorted_names = [name for name, _ in sort]
    rest = [name for name in required if name not in equal and name not in sorted_names]
    return (*((name, 1) for name in equal), *sort, *((name, 1) for name in rest))


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)


        def by_name(name):
            return db.users.find_one({"name": name})


        def rename(old, new):
            db.users.update_one({"name": old}, {"$set": {"name": new}})
        """,
        at=("find_one",),
        message="filters by name (2 places)",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)
        db.users.create_index("name")


        def by_name(name):
            return db.users.find_one({"name": name})


        def rename(old, new):
            db.users.update_one({"name": old}, {"$set": {"name": new}})
        """,
    ),
    Bad(
        """\
        from pymongo import ASCENDING, DESCENDING, MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.visits.create_index([("page", ASCENDING)], name="visits_page")


        def latest(user_id, since):
            query = {"at": {"$gte": since}, "user_id": user_id}
            return db.visits.find(query).sort("seen", DESCENDING).limit(5)


        def forget(user_id):
            db.visits.delete_many({"user_id": user_id})
        """,
        at=("find", "delete_many"),
        message='create_index([("user_id", 1), ("seen", -1), ("at", 1)])',
        fixed="""\
        from pymongo import ASCENDING, DESCENDING, MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.visits.create_index([("page", ASCENDING)], name="visits_page")
            db.visits.create_index(
                [("user_id", ASCENDING), ("seen", DESCENDING), ("at", ASCENDING)],
                name="visits_user_id_seen_at",
            )


        def latest(user_id, since):
            query = {"at": {"$gte": since}, "user_id": user_id}
            return db.visits.find(query).sort("seen", DESCENDING).limit(5)


        def forget(user_id):
            db.visits.delete_many({"user_id": user_id})
        """,
    ),
    Bad(
        {
            "app/db.py": """\
            from pymongo import AsyncMongoClient

            db = AsyncMongoClient(timeoutMS=5000).app


            async def by_email(email):
                return await db.users.find_one({"email": email})
            """,
            "app/main.py": """\
            from contextlib import asynccontextmanager

            from fastapi import FastAPI

            from app.db import by_email


            @asynccontextmanager
            async def lifespan(app):
                yield


            app = FastAPI(lifespan=lifespan)
            app.get("/users/{email}")(by_email)
            """,
        },
        at=("find_one",),
        message='declare create_index([("email", 1)])',
        fixed={
            "app/db.py": """\
            from pymongo import AsyncMongoClient

            db = AsyncMongoClient(timeoutMS=5000).app


            async def ensure_indexes() -> None:
                \"\"\"Build the indexes that queries need; one that exists already is left alone.\"\"\"
                await db.users.create_index([("email", 1)])


            async def by_email(email):
                return await db.users.find_one({"email": email})
            """,
            "app/main.py": """\
            from contextlib import asynccontextmanager

            from fastapi import FastAPI

            from app.db import by_email, ensure_indexes


            @asynccontextmanager
            async def lifespan(app):
                await ensure_indexes()
                yield


            app = FastAPI(lifespan=lifespan)
            app.get("/users/{email}")(by_email)
            """,
        },
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index([("user_id", 1), ("seen", -1)])


        def latest(user_id):
            return db.visits.find({"user_id": user_id}).sort("seen", -1).limit(5)
        """,
        why="served by prefix, equality first",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def search(query, user_id):
            query["user_id"] = user_id
            return db.visits.find_one(query), db.visits.find_one({"_id": user_id})
        """,
        why="what else is in the first filter, only the caller knows; _id is always indexed",
    ),
]
