"""An option of an index that the server ignores or no longer knows.

What it flags
    ``background``, ``dropDups`` (ignored), ``drop_dups``, ``cache_for``, ``ttl``, ``bucketSize``, ``bucket_size`` and
    ``geoHaystack`` (refused), in calls, index models and dicts of options.

Why it hurts
    What is ignored promises what does not happen. What is refused fails the build of the index, and nobody notices
    until queries are slow.

What it leaves alone
    Such names anywhere else: in dicts that reach no index, in calls of other libraries.

Fix and its safety
    The option goes. Safe: the server does the same without it, or could not make the index with it. Left to a person:
    ``ttl``, which may be meant as expireAfterSeconds, geoHaystack indexes, dicts whose options code reads by name.

Sources
    MongoDB manual, "createIndexes" (background, since 4.2), release notes of 3.0 (dropDups) and 5.0 (geoHaystack);
    PyMongo 3.0 changelog (aliases, cache_for). Tried on a server 6.0.
"""

from collections.abc import Callable, Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, IndexDeclaration, NoFix, Project, Rule, Severity

rule = Rule("MDB209", "deprecated-index-option", Severity.LOW, fix=Applicability.SAFE, in_tests=True)
_REFUSED = "so the server refuses to make the index (InvalidIndexSpecificationOption)"
_OPTIONS = {
    "background": "is ignored since MongoDB 4.2, where no build of an index blocks the collection",
    "dropDups": "is ignored since MongoDB 3.0: over duplicates the build of a unique index fails",
    "drop_dups": f"was PyMongo's name for dropDups, {_REFUSED}",
    "bucketSize": f"belonged to geoHaystack, which MongoDB 5.0 removed, {_REFUSED}",
    "bucket_size": f"belonged to geoHaystack, which MongoDB 5.0 removed, {_REFUSED}",
    "cache_for": f"was PyMongo's own and left with PyMongo 3, {_REFUSED}",
    "ttl": f"is no option of an index, {_REFUSED}",
}
# These ensure_index kept to itself, which is gone as a whole
_CACHE = ("cache_for", "ttl")
_HAYSTACK = 'create_index([("…", "2dsphere")]), and $near or $geoWithin in the queries'


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for site in project.index_options(_OPTIONS):
        if not any(kind == "geoHaystack" for _, kind in site.keys or ()):
            is_cache = site.method == "ensure_index" and site.name in _CACHE
            why = "told the driver how long to remember the index, and left with PyMongo 4" if is_cache else ""
            yield rule.finding(
                site.span,
                f"{site.name} {why or _OPTIONS[site.name]}; delete it",
                fix=rule.repair(f"delete the option {site.name}", _remover(site, is_cache), text=_by_hand(site.name)),
            )
    for index in (*project.declared_in_code, *project.test_indexes):
        if any(kind == "geoHaystack" for _, kind in index.keys or ()):
            yield _haystack(project, index)


def _remover(site: Any, is_cache: bool) -> Callable[[Draft], None]:
    def write(draft: Draft) -> None:
        if site.name == "ttl" and not is_cache:
            raise NoFix("it may be meant as expireAfterSeconds")
        if "bucket" in site.name and site.keys is None:
            raise NoFix("which keys the index has is not known, and with geoHaystack it has to become another one")
        draft.remove_option(site)

    return write


def _by_hand(name: str) -> str:
    return "expireAfterSeconds=…, if documents are to be deleted after a time" if name == "ttl" else f"delete {name}"


def _haystack(project: Project, index: IndexDeclaration) -> Finding:
    def write(draft: Draft) -> None:
        raise NoFix("the queries have to change with it")

    return rule.finding(
        project.index_token(index),
        f"geoHaystack indexes are gone since MongoDB 5.0, {_REFUSED}; declare a 2dsphere index",
        fix=rule.repair("declare another kind of index", write, text=_HAYSTACK),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True, background=True)
        db.users.create_index(
            [("name", 1)],
            background=True,
            dropDups=True,
        )
        db.visits.create_indexes([IndexModel("page", background=False), IndexModel("seen")])
        """,
        at=("create_index", "create_index", "create_index", "IndexModel"),
        message="background is ignored since MongoDB 4.2",
        fixed="""\
        from pymongo import IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)
        db.users.create_index(
            [("name", 1)],
        )
        db.visits.create_indexes([IndexModel("page"), IndexModel("seen")])
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        INDEXES = [
            {"keys": [("page", 1)], "background": True},
            {
                "keys": [("user_id", 1)],
                "name": "by_user",
                "background": True,
            },
        ]
        db = MongoClient(timeoutMS=5000).app
        for index in INDEXES:
            keys = index.pop("keys")
            db.visits.create_index(keys, **index)
        """,
        at=('[("page", 1)]', '[("user_id", 1)]'),
        fixed="""\
        from pymongo import MongoClient

        INDEXES = [
            {"keys": [("page", 1)]},
            {
                "keys": [("user_id", 1)],
                "name": "by_user",
            },
        ]
        db = MongoClient(timeoutMS=5000).app
        for index in INDEXES:
            keys = index.pop("keys")
            db.visits.create_index(keys, **index)
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index("seen", ttl=3600)
        db.places.create_index([("place", "geoHaystack"), ("kind", 1)], bucketSize=1)
        db.sessions.create_index("user_id", cache_for=60)
        """,
        at=("create_index", "create_index", "create_index"),
        message="ttl is no option of an index",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index("seen", ttl=3600)
        db.places.create_index([("place", "geoHaystack"), ("kind", 1)], bucketSize=1)
        db.sessions.create_index("user_id")
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index("seen", expireAfterSeconds=3600)


        def start(pool, task):
            pool.create_index_cache("seen", ttl=3600)
            return pool.start(task, background=True)
        """,
        why="an option that is valid; the names in other calls",
    ),
]
