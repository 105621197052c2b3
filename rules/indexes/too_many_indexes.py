"""A collection with more declared indexes than pay off.

What it flags
    Collections with more than ``limit`` declared indexes (10, if not configured otherwise), or with more than the 64
    that the server makes.

Why it hurts
    Every insert and delete changes each index, every update those on its fields, and they all want to stay in the
    cache. The 64th declaration fails, because the one on ``_id`` counts.

What it leaves alone
    Indexes with keys known only at run time, and the same index declared in several places.

Fix and its safety
    None: which indexes serve no query that matters, the server knows (``$indexStats``).

Sources
    MongoDB manual, "Remove Unnecessary Indexes" and "MongoDB Limits and Thresholds" (64 indexes; tried on 6.0).
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, IndexDeclaration, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB211",
    "too-many-indexes",
    Severity.LOW,
    tier="review",
    fix=Applicability.DISPLAY,
    options={"limit": 10},
    concern="speed",
)
# Of the server, with the one on _id
_MOST = 64


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    collections: dict[str, dict[tuple[object, ...], IndexDeclaration]] = {}
    for index in project.indexes:
        if index.collection_name is not None and index.keys is not None:
            held = collections.setdefault(index.collection_name, {})
            held.setdefault((index.name, index.keys), index)
    limit = project.option(rule.name, "limit")
    for collection, declared in collections.items():
        in_code = [index for index in declared.values() if index.source == "code"]
        if in_code and len(declared) > min(limit, _MOST - 1):
            yield _finding(project, collection, in_code, len(declared), limit)


def _finding(project: Project, collection: str, indexes: list[IndexDeclaration], count: int, limit: int) -> Finding:
    if count >= _MOST:
        why = f"the server makes no more than {_MOST}, the one on _id included"
    else:
        why = f"more than {limit}: each insert and delete changes all of them, and they compete for the cache"
    return rule.finding(
        project.index_token(indexes[0]),
        f"{collection} has {count} declared indexes, {why}; drop those that serve no query",
        related=project.related((project.index_span(index), index.name) for index in indexes[1:]),
        fix=rule.repair(
            "drop indexes",
            _refuse,
            text=f"ask how often each is used: db.{collection}.aggregate([{{$indexStats: {{}}}}])",
        ),
    )


def _refuse(draft: Draft) -> None:
    raise NoFix("how often each is used, the server knows")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        for field in ("email", "name", "age"):
            db.users.create_index(field)
        db.users.create_index([("city", 1), ("street", 1)])
        """,
        at=("create_index",),
        message="users has 4 declared indexes, more than 3",
        options={"limit": 3},
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email")
        db.users.create_index("name")
        db.users.create_index("age")


        def ensure_indexes():
            db.users.create_index("email")
        """,
        why="three, one of them declared twice",
        options={"limit": 3},
    ),
]
