"""A sort that no index gives, done in memory at every call.

What it flags
    Sorted queries without a filter, or with one that only leaves out what is marked as deleted, whose order no
    declared index has, and queries that an index finds but does not give in order. What callers ask by a helper that
    takes filter and sort is told at the first such call.

Why it hurts
    The server sorts the documents before it returns the first one: a page of ten costs as much as all pages. Without
    an index on the filter either, it reads and sorts the whole collection; what is more than 100 MB at a time goes to
    disk, or fails before MongoDB 6.0.

What it leaves alone
    Filters that vary from call to call, unless a call may leave all of it out; queries for one document by `_id` or a
    unique key; sorts by a score; collections with an index whose keys are known only at run time; filters without any
    index (uncovered-filter).

Fix and its safety
    The declaration in equality, sort, range order, where the project declares its indexes; a declared one that it
    makes needless goes. Unsafe: building an index on a large collection takes time, and each one costs writes.

Sources
    MongoDB manual, "Use Indexes to Sort Query Results", "The ESR (Equality, Sort, Range) Guideline" and "MongoDB
    Limits and Thresholds" (sorting).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB105", "uncovered-sort", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="speed", asks_documents=True)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    groups: dict[tuple[Any, ...], list[Query]] = {}
    wanted: dict[str, dict[Any, list[Query]]] = {}
    for query in project.operations:
        for pattern in _needed(project, query):
            collection = query.collection_names[0]
            groups.setdefault((query.module, collection, pattern), []).append(query)
            wanted.setdefault(collection, {}).setdefault(pattern, []).append(query)
    for (_, collection, pattern), queries in groups.items():
        yield _finding(project, collection, pattern, queries, wanted[collection])
    yield from _by_helpers(project, wanted)


def _by_helpers(project: Project, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    """What callers sort by with a helper that takes filter and sort, unless a query is told of it already."""
    groups: dict[tuple[Any, ...], dict[tuple[int, int], Any]] = {}
    for each in project.asked_of_helpers:
        for pattern in _needed(project, each.operation):
            collection = each.operation.collection_names[0]
            if pattern not in wanted.get(collection, {}):
                groups.setdefault((collection, pattern), {}).setdefault((each.module, each.row), each)
    for (collection, pattern), found in groups.items():
        # What a request waits for says more than what a script does
        runners = {key: project.reached(each.module, each.scope, each.context).runner for key, each in found.items()}
        first, *others = (found[key] for key in sorted(found, key=lambda key: runners[key] in ("script", "nothing")))
        name, code = project.callee_name(first.module, first.row), project.writes.index_code(collection, pattern)
        places = [(project.token(each.module, each.row), f"{name} with the same sort") for each in others]
        more = f" ({len(found)} calls)" if others else ""
        yield rule.finding(
            project.token(first.module, first.row),
            f"{name} runs {first.operation.name} on {collection} sorted by "
            f"{_told(project, first.operation, more)}; declare {code}",
            severity=project.severity_of(rule.severity, found),
            confidence=first.operation.confidence,
            related=project.related([*places, (project.operation_span(first.operation), "the query")]),
            fix=rule.repair("declare the index", _by_hand, text=code),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("the helper serves several collections")


def _needed(project: Project, query: Query) -> Sequence[Any]:
    """What would give the order of a query that no index gives."""
    patterns = project.needed_patterns(query) if _is_uncovered(project, query) else ()
    if len(patterns) != 1 or patterns[0].loose:
        return ()
    # A filter that no index serves is told by its own rule
    has_index = project.verdict(query).verdict != "unserved"
    return patterns if has_index or patterns[0].bare else ()


def _is_uncovered(project: Project, query: Query) -> bool:
    if not query.sort or query.collection is None or project.names_its_documents(query):
        return False
    if project.fields.unknown_of(query):
        return False  # a field that is in no document needs its right name
    verdict = project.verdict(query)
    document = query.planned
    if verdict.is_of_unfiltered:
        return True
    if verdict.verdict == "unserved":
        return not document.clauses
    plan = verdict.plan
    varies = document.optional or document.open or document.text
    return verdict.verdict == "partial" and plan is not None and plan.sort_in_memory is True and not varies


def _finding(project: Project, collection: str, pattern: Any, queries: list[Query], wanted: Any) -> Finding:
    first, others = queries[0], queries[1:]
    more = f" ({len(queries)} queries)" if others else ""
    places = [(project.operation_span(query), f"{query.name} with the same sort") for query in others]
    used = _used(project, first)
    if used is not None:
        places.append((project.index_span(used), f"the index that is used, {used.name}"))
    return rule.finding(
        project.operation_span(first),
        f"{first.name} on {collection} sorts by {_told(project, first, more)}; "
        f"declare {project.writes.index_code(collection, pattern)}",
        severity=rule.severity,
        confidence=first.confidence,
        related=project.related(places),
        fix=rule.repair(
            "declare the index",
            lambda draft: draft.declare_index(queries, pattern, wanted),
            reason="building an index takes time on a large collection, and each one costs writes",
        ),
    )


def _used(project: Project, query: Query) -> Any:
    """The index that finds the documents."""
    verdict = project.verdict(query)
    return verdict.nearest if verdict.name is not None else None


def _told(project: Project, query: Query, more: str) -> str:
    order = ", ".join(name if direction == 1 else f"-{name}" for name, direction in query.sort)
    verdict = project.verdict(query)
    if _used(project, query) is not None:
        why = f"{verdict.name} finds the documents but does not give that order, so they are"
    elif verdict.is_of_unfiltered:
        unserved = (
            "no index gives that order, so each call that filters by nothing sorts the whole collection in memory"
        )
        return f"{order}{more}: {unserved}"
    elif query.planned.required:
        why = f"no index gives that order and {', '.join(query.planned.required)} leaves little out, so nearly all are"
    else:
        why = "no index gives that order and nothing is filtered, so the whole collection is"
    varies = " that asks for nothing more" if query.planned.optional else ""
    return f"{order}{more}: {why} sorted in memory at each call{varies}"


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index([("user_id", 1), ("kind", 1)])


        def latest(user_id):
            return list(db.events.find({"user_id": user_id}).sort("at", -1).limit(10))
        """,
        at=("find",),
        message="user_id_1_kind_1 finds the documents but does not give that order",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index([("user_id", 1), ("kind", 1)])
        db.events.create_index([("user_id", 1), ("at", -1)])


        def latest(user_id):
            return list(db.events.find({"user_id": user_id}).sort("at", -1).limit(10))
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.news.create_index("slug", unique=True)
        db.news.create_index([("section", 1), ("at", -1)])


        def front_page():
            return list(db.news.find().sort([("pinned", -1), ("at", -1)]).limit(10))
        """,
        at=("find",),
        message="nothing is filtered, so the whole collection is sorted in memory",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.news.create_index("slug", unique=True)
        db.news.create_index([("section", 1), ("at", -1)])
        db.news.create_index([("pinned", -1), ("at", -1)])


        def front_page():
            return list(db.news.find().sort([("pinned", -1), ("at", -1)]).limit(10))
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index("user_id")


        def latest(user_id):
            return list(db.events.find({"user_id": user_id}).sort("at", -1).limit(10))
        """,
        at=("find",),
        message='declare create_index([("user_id", 1), ("at", -1)])',
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index([("user_id", 1), ("at", -1)])


        def latest(user_id):
            return list(db.events.find({"user_id": user_id}).sort("at", -1).limit(10))
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index("user")


        def events(kind=None, user=None):
            query = {}
            if kind:
                query["kind"] = kind
            if user:
                query["user"] = user
            return list(db.events.find(query).sort("at", -1).limit(10))
        """,
        at=("find",),
        message="no index gives that order, so each call that filters by nothing sorts the whole collection in memory",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index("user")


        def events(kind=None, user=None):
            query = {}
            if kind:
                query["kind"] = kind
            else:
                query["user"] = user
            return list(db.events.find(query).sort("at", -1).limit(10))
        """,
        why="each call filters by one or the other",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.events.create_index([("user_id", 1), ("at", 1)])


        def latest(user_id):
            return list(db.events.find({"user_id": user_id}).sort("at", -1).limit(10))


        def of_some(user_ids):
            return list(db.events.find({"user_id": {"$in": user_ids}}).sort("at", 1))
        """,
        why="the index is read backwards; one scan for each value is merged in order",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)


        def newest(email):
            return db.users.find_one({"email": email}, sort=[("at", -1)])
        """,
        why="a unique key finds one document, which needs no sorting",
    ),
]
