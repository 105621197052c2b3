"""A field that the code takes for a unique key, without a unique index.

What it flags
    A field, or several together, that no unique index covers, where the code shows that they have to be unique: a
    look-up before an insert, the key of an upsert, a DuplicateKeyError that is handled though nothing can raise it,
    or a value from ``uuid`` or ``secrets`` by which single documents are looked up. One finding for each key: high
    where all that shows it is how the values are made, medium if, besides, the documents expire.

Why it hurts
    Nothing refuses the second document: a restored copy or a bug stores it, a retried request, too, unless the key is
    made anew at each insert. From then on each query finds one or the other.

What it leaves alone
    Values that are the ``_id`` as well; made values that a loop stores several times; fields of which the project
    reads several documents; collections with an index whose keys or options are known only at run time. Where
    check-then-insert or upsert-without-unique-index tell of the same place, they stand for this rule.

Fix and its safety
    The unique index where the project declares its others; partial where null is stored, too, or the field is left
    out. Unsafe: building a unique index fails where duplicates are stored.

Sources
    MongoDB manual, "Unique Indexes" and "Partial Indexes".
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Need, Project, Query, Rule, Severity, Span

rule = Rule(
    "MDB207",
    "missing-unique",
    Severity.CRITICAL,
    fix=Applicability.UNSAFE,
    supersedes=("MDB504",),
    concern="integrity",
    asks_documents=True,
)

# A place, the operation there, and what it shows of the key
Sign = tuple[Span, Query, str]


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    found: dict[Any, list[Sign]] = {}
    needs: dict[Any, Need[Any]] = {}
    made: dict[Any, bool] = {}
    for need, sign in _signs(project):
        if not need.constraint.name:
            continue  # what is the same collection cannot be told from place to place
        key = need.constraint if need.constraint.keys else sign[0]
        needs.setdefault(key, need)
        found.setdefault(key, []).append(sign)
        made[key] = made.get(key, True) and need in project.writes.made_keys
    for key, signs in found.items():
        # No two values of a maker meet by chance: it takes a bug or a copy, which an end of the document undoes
        lower = Severity.MEDIUM if needs[key].constraint.name in project.writes.ending else Severity.HIGH
        yield _finding(project, needs[key], signs, lower if made[key] else None)


def _signs(project: Project) -> Iterator[tuple[Need[Any], Sign]]:
    """What shows that a key has to be unique, the strongest first."""
    need: Need[Any]
    for need in project.writes.look_then_inserts:
        race = need.evidence
        where = project.token(race.module, race.look)
        yield need, (where, race.insert, f"{project.callee_name(race.module, race.look)} looks for it before an insert")
    for need in project.writes.upserts:
        query = need.evidence.operation
        yield need, (project.operation_span(query), query, f"{query.name} upserts by it")
    for need in project.writes.made_keys:
        made = need.evidence
        makes = f"a part of what {made.maker} makes" if made.cut else f"{made.maker} makes it"
        shown = f"{makes}, {made.reader.name} finds documents by it"
        yield need, (project.operation_span(made.operation), made.operation, shown)
    for need in project.writes.handled_duplicates:
        handled = need.evidence
        where = project.offsets_span(handled.module, handled.handler.span)
        yield need, (where, handled.operation, "its DuplicateKeyError is handled")


def _finding(project: Project, need: Need[Any], signs: list[Sign], severity: Severity | None) -> Finding:
    constraint = need.constraint
    where, query, shown = signs[0]
    taken = "; an insert of one that is taken raises DuplicateKeyError then, and has to make another"
    if constraint.keys:
        more = f", and {len(signs) - 1} more" if len(signs) > 1 else ""
        message = (
            f"{constraint.fields} of {constraint.name} is used as a unique key ({shown}{more}), but nothing refuses "
            f"a second document with the same: declare {constraint.code}"
        )
    else:
        message = (
            f"DuplicateKeyError is handled, but {constraint.name} has no unique index: the error never comes, and "
            "duplicates are stored; declare the key with unique=True"
        )
    return rule.finding(
        where,
        message,
        severity=severity,
        confidence=query.confidence,
        related=project.related([(span, text) for span, _, text in signs[1:]]),
        fix=rule.repair(
            "declare the unique index",
            partial(_write, need, [each for _, each, _ in signs]),
            text=f'db["{constraint.name}"].create_index(…, unique=True)',
            reason=constraint.reason + (taken if getattr(need.evidence, "cut", False) else ""),
        ),
    )


def _write(need: Need[Any], queries: list[Query], draft: Draft) -> None:
    draft.declare_constraint(queries, need.constraint)


EXAMPLES = [
    Bad(
        """\
        import secrets

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.sessions.create_index([("user_id", 1)])


        def log_in(user_id):
            token = f"session-{secrets.token_urlsafe(32)}"
            db.sessions.insert_one({"token": token, "user_id": user_id})
            return token


        def session(token):
            return db.sessions.find_one({"token": token})


        if __name__ == "__main__":
            ensure_indexes()
        """,
        at=("insert_one",),
        message="token of sessions is used as a unique key (secrets.token_urlsafe makes it",
        fixed="""\
        import secrets

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.sessions.create_index([("user_id", 1)])
            db.sessions.create_index([("token", 1)], unique=True)


        def log_in(user_id):
            token = f"session-{secrets.token_urlsafe(32)}"
            db.sessions.insert_one({"token": token, "user_id": user_id})
            return token


        def session(token):
            return db.sessions.find_one({"token": token})


        if __name__ == "__main__":
            ensure_indexes()
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        INDEXES = [
            ("orders", [("customer", 1)], {"name": "orders_customer"}),
            ("users", [("name", 1)], {"name": "users_name"}),
        ]


        def build():
            for collection, keys, options in INDEXES:
                db[collection].create_index(keys, **options)


        def register(email, name):
            try:
                db.users.insert_one({"email": email, "name": name})
            except DuplicateKeyError:
                return False
            return True


        def by_email(email):
            return db.users.find_one({"email": email})


        if __name__ == "__main__":
            build()
        """,
        at=("except DuplicateKeyError",),
        message="email of users is used as a unique key (its DuplicateKeyError is handled)",
        fixed="""\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        INDEXES = [
            ("orders", [("customer", 1)], {"name": "orders_customer"}),
            ("users", [("name", 1)], {"name": "users_name"}),
            ("users", [("email", 1)], {"name": "users_email", "unique": True}),
        ]


        def build():
            for collection, keys, options in INDEXES:
                db[collection].create_index(keys, **options)


        def register(email, name):
            try:
                db.users.insert_one({"email": email, "name": name})
            except DuplicateKeyError:
                return False
            return True


        def by_email(email):
            return db.users.find_one({"email": email})


        if __name__ == "__main__":
            build()
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        users = MongoClient(timeoutMS=5000).app.users


        def register(email, name):
            try:
                users.insert_one({"email": email, "name": name})
            except DuplicateKeyError:
                return False
            return True
        """,
        at=("except DuplicateKeyError",),
        message="DuplicateKeyError is handled, but users has no unique index",
    ),
    Good(
        """\
        import uuid

        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        db.logs.create_index("run")


        def add(name):
            try:
                db.groups.insert_one({"_id": name})
            except DuplicateKeyError:
                return False
            return True


        def log(lines):
            run = uuid.uuid4().hex
            db.logs.insert_many([{"run": run, "line": line} for line in lines])
            return db.logs.find_one({"run": run})
        """,
        why="_id is unique; all lines of a run have the same value",
    ),
]
