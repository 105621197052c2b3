"""A declared index that another declared one makes needless.

What it flags
    An index whose keys are the first keys of another one of the collection, in the same or the reverse directions, or
    the same; one that is declared twice in a function; one on ``_id`` alone.

Why it hurts
    Each write keeps it up to date, it takes room in the cache, and every query it serves is served without it.

What it leaves alone
    Unique, TTL, sparse and hidden indexes, and those with another collation or partial filter than the longer one;
    text, geo and wildcard indexes; an index that a hint names; one whose options are known only at run time; a longer
    one that is made only under a condition or not by the application, or that has an array in its further keys. Scripts
    and migrations.

Fix and its safety
    The declaration goes. Unsafe: an index that exists has to be dropped on the server as well (hide it first), and a
    count of nulls then reads the documents.

Sources
    MongoDB manual, "Compound Indexes" (prefixes), "Remove Unnecessary Indexes"; each case explained by a server 6.0.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, IndexDeclaration, Project, Rule, Severity

rule = Rule("MDB203", "redundant-index", Severity.LOW, fix=Applicability.UNSAFE)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for redundant in project.redundant_indexes:
        yield _finding(project, redundant.index, redundant.kept, redundant.why)


def _finding(project: Project, index: IndexDeclaration, kept: IndexDeclaration | None, why: str) -> Finding:
    places = [(project.index_span(kept), f"{kept.name}, which is kept")] if kept is not None else []
    return rule.finding(
        project.index_token(index),
        f"{_what(index, kept, why)}; delete the declaration, and drop the index where it exists",
        related=project.related(places),
        fix=rule.repair(
            "delete the declaration",
            lambda draft: draft.remove_index(index),
            text=f'delete it; db.{index.collection_name}.hideIndex("{index.name}") shows whether anything misses it',
            reason="an index that exists has to be dropped on the server too",
        ),
    )


def _what(index: IndexDeclaration, kept: IndexDeclaration | None, why: str) -> str:
    if kept is None:
        return f"{index.name} on {index.collection_name} is needless: {why}"
    if why == "the same as" and index.name == kept.name:
        return f"{index.name} on {index.collection_name} is declared twice"
    effect = "which serves the same queries: each write keeps both up to date"
    if _is_conflict(index, kept, why):
        effect = "and the server refuses to make both"
    return f"{index.name} on {index.collection_name} is {why} {_named(index, kept)}, {effect}"


def _is_conflict(index: IndexDeclaration, kept: IndexDeclaration, why: str) -> bool:
    """Whether the server makes only one of them: both named alike, or alike but for the name or for an expiry."""
    if why == "on the same keys as":
        return index.name == kept.name or "expireAfterSeconds" in kept.options
    return why == "the same as"


def _named(index: IndexDeclaration, kept: IndexDeclaration) -> str:
    """The index that is kept, told apart where both have one name."""
    if index.name != kept.name:
        return kept.name
    return "the unique one" if kept.options.get("unique") else "the one with expireAfterSeconds"


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("user_id")
        db.orders.create_index([("user_id", 1), ("created", -1)])
        """,
        at=("create_index",),
        message="user_id_1 on orders is a prefix of user_id_1_created_-1",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("created", -1)])
        """,
    ),
    Bad(
        """\
        from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_indexes(
            [
                IndexModel([("page", ASCENDING)], name="by_page"),
                IndexModel([("page", DESCENDING), ("seen", DESCENDING)], name="by_page_seen"),
                IndexModel([("user_id", ASCENDING)], unique=True),
            ]
        )
        """,
        at=("IndexModel",),
        message="by_page on visits is in reverse a prefix of by_page_seen",
        fixed="""\
        from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_indexes(
            [
                IndexModel([("page", DESCENDING), ("seen", DESCENDING)], name="by_page_seen"),
                IndexModel([("user_id", ASCENDING)], unique=True),
            ]
        )
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        for keys, options in [([("name", 1)], {}), ([("name", 1), ("age", 1)], {"unique": True})]:
            db.users.create_index(keys, **options)
        db.users.create_index("_id")
        """,
        at=('[("name", 1)]', "create_index"),
        message="name_1 on users is a prefix of name_1_age_1",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        for keys, options in [([("name", 1), ("age", 1)], {"unique": True})]:
            db.users.create_index(keys, **options)
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        known = db.users.create_index("email", name="by_email")
        db.users.create_index("email", name="by_email", unique=True)
        """,
        at=("create_index",),
        message="by_email on users is on the same keys as the unique one, and the server refuses to make both",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)
        db.users.create_index([("email", 1), ("name", 1)])
        db.users.create_index("seen", expireAfterSeconds=3600)
        db.users.create_index([("seen", 1), ("name", 1)])
        db.users.create_index([("age", 1), ("city", -1)])
        db.users.create_index([("age", 1), ("city", 1), ("name", 1)])
        """,
        why="one keeps emails unique, one deletes documents, the last gives another order",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("user_id")
        db.orders.create_index([("user_id", 1), ("paid", 1)], partialFilterExpression={"paid": False})
        db.orders.create_index("shop")
        db.orders.create_index([("shop", 1), ("created", -1)])


        def of_shop(shop):
            return list(db.orders.find({"shop": shop}).hint("shop_1").limit(20))
        """,
        why="the longer one holds fewer documents; a hint names the other",
    ),
]
