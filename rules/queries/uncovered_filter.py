"""A filter that no declared index serves.

What it flags
    Queries, updates and deletes, those that a `bulk_write` sends too, whose filter no index declared in the project
    serves; an `$or` needs one for each of its branches. One finding per file, collection and needed key pattern; the
    other places are listed with it. What callers ask by a helper that takes the filter, or its fields as `**kwargs`,
    is told at the first such call. Less severe where only yes or no is asked: most documents may say that.

Why it hurts
    Every call reads the whole collection: fine with a thousand documents, an outage with a million.

What it leaves alone
    Filters on `_id`; filters that may hold fields the code does not show; collections known only at run time, and those
    of a few documents, made by upserts of constants only; filters an index serves in part; fields that nothing writes
    (unknown-field); filters that no index would help (unselective-filter; `deleted_at` is null in most documents), or
    that only the start asks, of yes or no; migrations, which an index would outlive; indexes whose keys are not known.

Fix and its safety
    The declaration in equality, sort, range order, where the project declares its indexes. Unsafe: building an
    index on a large collection takes time, and each one costs writes.

Sources
    MongoDB manual, "The ESR (Equality, Sort, Range) Guideline", "Compound Indexes" and "$or Clauses and Indexes".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB104", "uncovered-filter", Severity.HIGH, fix=Applicability.UNSAFE, concern="speed", asks_documents=True)
_UNITS = {"bulk_write": "request"}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    groups: dict[tuple[Any, ...], list[Query]] = {}
    wanted: dict[str, dict[Any, list[Query]]] = {}
    alike: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for query in (*project.operations, *project.advice.sent_in_bulk):
        if patterns := _needed(project, query):
            collection = query.collection_names[0]
            # One index serves a sorted list and the count of all that is in it
            asked = (query.module, collection, frozenset(project.filter_fields(query)))
            same = alike.setdefault((*asked, project.writes.index_order(collection, patterns)), tuple(patterns))
            groups.setdefault((query.module, collection, same), []).append(query)
            for pattern in patterns:
                wanted.setdefault(collection, {}).setdefault(pattern, []).append(query)
    for (_, collection, patterns), queries in groups.items():
        yield _finding(project, collection, patterns, queries, wanted[collection])
    yield from _by_helpers(project, wanted)


def _by_helpers(project: Project, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    """What callers ask by a helper that takes the filter, unless a query is told of it already."""
    groups: dict[tuple[str, str], tuple[Sequence[Any], dict[tuple[int, int], Any]]] = {}
    for each in project.asked_of_helpers:
        if patterns := _needed(project, each.operation):
            collection = each.operation.collection_names[0]
            if not all(pattern in wanted.get(collection, {}) for pattern in patterns):
                # A helper may ask twice by its filter: for a page of documents, and how many there are
                order = project.writes.index_order(collection, patterns)
                groups.setdefault((collection, order), (patterns, {}))[1].setdefault((each.module, each.row), each)
    for (collection, order), (patterns, found) in groups.items():
        # What a request waits for says more than what a script does
        runners = {key: project.reached(each.module, each.scope, each.context).runner for key, each in found.items()}
        first, *others = (found[key] for key in sorted(found, key=lambda key: runners[key] in ("script", "nothing")))
        fields, *by = (tuple(project.filter_fields(each.operation)) for each in (first, *others))
        name = project.callee_name(first.module, first.row)
        places = [
            (project.token(e.module, e.row), f"{name} by {', '.join(own)}") for e, own in zip(others, by, strict=True)
        ]
        yield rule.finding(
            project.token(first.module, first.row),
            f"{name} runs {first.operation.name} on {collection}, by {', '.join(fields)}{_more(fields, by, 'calls')}: "
            f"{project.verdict(first.operation).reason}, so each call reads the whole collection; {order}",
            severity=_severity(project, patterns, found),
            confidence=first.operation.confidence,
            related=project.related([*places, (project.operation_span(first.operation), "the query")]),
            fix=rule.repair("declare the index", _by_hand, text=project.writes.index_calls(collection, patterns)),
        )


def _severity(project: Project, patterns: Sequence[Any], places: Iterable[Any]) -> Severity:
    """Lower where only yes or no is asked: what most documents say, no index makes faster; low in scripts."""
    is_flag, is_sure = all(pattern.is_flag for pattern in patterns), bool(project.indexes or project.has_snapshot)
    return project.severity_of((Severity.HIGH, Severity.MEDIUM, Severity.LOW)[is_flag + (not is_sure)], places)


def _by_hand(draft: Draft) -> None:
    raise NoFix("the helper serves several collections")


def _needed(project: Project, query: Query) -> Sequence[Any]:
    """What would serve a filter that nothing serves; `$text` needs an index of its own kind, and has its own rule."""
    document = query.planned
    if not (document.required or document.clauses) or document.text or project.verdict(query).verdict != "unserved":
        return ()
    # A field that is in no document needs no index: it needs its right name
    is_small = project.writes.named >= set(query.collection_names)
    if is_small or project.fields.unknown_of(query) & set(project.filter_fields(query)):
        return ()
    patterns = project.needed_patterns(query)
    return () if any(pattern.weak or pattern.bare for pattern in patterns) else patterns


def _finding(
    project: Project, collection: str, patterns: Sequence[Any], queries: list[Query], wanted: Mapping[Any, Any]
) -> Finding:
    first, others, verdict = queries[0], queries[1:], project.verdict(queries[0])
    joint = " or " if len(patterns) > 1 else ", "
    fields, *by = (tuple(dict.fromkeys(project.filter_fields(query))) for query in queries)
    places = [(project.operation_span(q), f"{q.name} by {', '.join(own)}") for q, own in zip(others, by, strict=True)]
    if verdict.nearest is not None:
        places.append((project.index_span(verdict.nearest), f"the nearest index, {verdict.nearest.name}"))
    order = project.writes.index_order(collection, patterns)
    return rule.finding(
        project.operation_span(first),
        f"{first.name} on {collection} filters by {joint.join(fields)}{_more(fields, by, 'queries')}: "
        f"{verdict.reason}, so each {_UNITS.get(first.name, 'call')} reads the whole collection; {order}",
        severity=_severity(project, patterns, [(each.module, each.row) for each in queries]),
        confidence=first.confidence,
        related=project.related(places),
        fix=rule.repair(
            "declare the index",
            lambda draft: _declare(draft, collection, patterns, queries, wanted),
            reason="building an index takes time on a large collection, and each one costs writes",
        ),
    )


def _more(fields: Sequence[str], others: Sequence[Sequence[str]], every: str) -> str:
    """How many the same index would serve, and how many of them ask by other fields."""
    rest = sum({*other} != {*fields} for other in others)
    return f" ({len(others) + 1} {every}{f', {rest} by other fields' if rest else ''})" if others else ""


def _declare(
    draft: Draft, collection: str, patterns: Sequence[Any], queries: Sequence[Query], wanted: Mapping[Any, Any]
) -> None:
    if draft.project.writes.taken(collection, patterns):
        draft.text = draft.project.writes.index_order(collection, patterns)
        raise NoFix("an index on the same fields is declared with options that keep this filter from using it")
    if len(draft.project.writes.index_codes(collection, patterns)) > 1:
        draft.text = draft.project.writes.index_calls(collection, patterns)
        raise NoFix("each branch of the $or needs an index of its own, and one alone serves nothing")
    draft.declare_index(queries, patterns[0], wanted)


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
        message="filters by name (2 queries)",
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
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email")


        class Stored:
            @classmethod
            def get(cls, **query):
                return db[cls.collection].find_one(query)


        class User(Stored):
            collection = "users"


        class Team(Stored):
            collection = "teams"


        def login(email, token):
            return User.get(email=email) or User.get(token=token) or Team.get(_id=token)
        """,
        at=("get",),
        message="get runs find_one on users, by token",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def find(text):
            return db.users.find_one({"$or": [{"email": text}, {"phone": text}, {"nick": text}]})
        """,
        at=("find_one",),
        message="filters by email or phone or nick",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email")
        db.users.create_index("phone")


        def find(text):
            return db.users.find_one({"$or": [{"email": text}, {"phone": text}], "active": True})
        """,
        why="each branch of the $or has its index",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index([("user_id", 1), ("seen", -1)])


        def latest(user_id):
            return db.visits.find({"user_id": user_id}).sort("seen", -1).limit(5)


        def search(query, user_id):
            return db.pages.find_one({**query, "user_id": user_id}), db.pages.find_one({"_id": user_id})
        """,
        why="served by prefix, equality first; what else is in a filter, only the caller knows; _id is always indexed",
    ),
]
