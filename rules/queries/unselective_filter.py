"""A filter that reads most of the collection, with a plain index too.

What it flags
    Filters of which every sure comparison leaves little out: a regular expression that is not anchored or ignores
    case, only negations (`$ne`, `$nin`, `$not`), `$exists: true` without a sparse index; in an `$or` all branches. A
    regular expression of that kind, too, where a search is asked for, if no field is in the filter at each call. Also
    updates that ask for all documents and only `$pull` from them what few hold.

Why it hurts
    No plain index helps a filter of that kind: the server walks all keys of one, or all documents, at each call.

What it leaves alone
    Filters with an equality, a range or an anchored expression beside it; filters that may hold fields the code does
    not show; negations of a list that the program makes, and of null or an empty text, which may be what most
    documents hold; negations and `$exists` where one document is asked for; `$text` and geo queries; scripts and
    migrations, which read everything on purpose.

Fix and its safety
    An expression that names how the text goes on (`abc.*`) is anchored: unsafe, for matches inside a text are no
    longer found. The rest is shown only: anchor it where a prefix is meant, compare in a collation that ignores case,
    compare with the values that are wanted instead of those that are not, search with a text index; where few documents
    have a field, as before a migration has done its work, a sparse index holds only these.

Sources
    MongoDB manual, "$regex" (index use), "Case-Insensitive Indexes", "$ne" and "Query Selectivity" in "Create Queries
    that Ensure Selectivity"; "Sparse Indexes".
"""

from collections.abc import Callable, Iterator, Sequence

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB107", "unselective-filter", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="speed")

_WHAT = {
    "regex": "a regular expression that is not anchored",
    "case": "a regular expression that ignores case",
    "negation": "only what it must not be",
    "exists": "only that it is there",
}
_READ = ("most of the collection, with an index too", "most of what its other fields leave, with an index too")
_TITLES = {
    "regex": "anchor the expression",
    "case": "search by an index that ignores case",
    "negation": "ask for what is wanted",
    "exists": "declare a sparse index",
}
_ADVICE = {
    "regex": "anchor it with ^ where a prefix is meant, or search with a text index",
    "case": "for whole values, give the query and its index a collation of strength 2, for words use a text index",
    "negation": "compare with the values that are wanted",
    "exists": "where few have it, make a sparse index, which holds only these",
}


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    if project.is_script(query.module) or query.collection is None:
        return
    if pulled := project.pulled_everywhere(query):
        yield _of_all(query, project, pulled)
    wide = project.wide_comparisons(query)
    given = {} if wide else project.advice.wide_where_given(query)
    wide = wide or given
    kind = next((kind for kind in _WHAT if kind in wide.values()), None)
    if kind is None:
        return
    fields = ", ".join(field for field, each in wide.items() if each == kind)
    asks = "asks on some calls of" if given else "asks of"
    read = "all keys of a plain index, or all documents" if kind == "exists" else _READ[bool(given)]
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} {asks} {fields} {_WHAT[kind]}, so each "
        f"{'of these' if given else 'call'} reads {read}; {_ADVICE[kind]}",
        confidence=query.confidence,
        fix=rule.repair(
            _TITLES[kind],
            (lambda draft: draft.anchor(query)) if kind == "regex" else _by_hand(kind),
            text=_ADVICE[kind],
            reason="what matched inside a text is no longer found",
        ),
    )


def _of_all(query: Query, project: Project, fields: Sequence[str]) -> Finding:
    return rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} asks for all documents to take something out of those that hold it, so each "
        f"call reads the whole collection; filter by {' and '.join(fields)}, with an index on that",
        confidence=query.confidence,
        fix=rule.repair(
            "ask for those that hold it",
            _by_hand("pull"),
            text="\n".join(
                f'{query.name}({{"{field}": …}}, …)  # what the update takes out, with create_index("{field}")'
                for field in fields
            ),
        ),
    )


def _by_hand(kind: str) -> Callable[[Draft], None]:
    def write(draft: Draft) -> None:
        if kind == "pull":
            raise NoFix("it needs an index to be of use")
        if kind == "case":
            raise NoFix("the code does not tell whether whole values are meant")
        if kind == "exists":
            raise NoFix("the code does not tell whether few documents have it")
        raise NoFix("the code does not tell which values are wanted")

    return write


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("title")


        def complete(start):
            return list(db.books.find({"title": {"$regex": f"{start}.*"}}).limit(10))
        """,
        at=("find",),
        message="asks of title a regular expression that is not anchored",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("title")


        def complete(start):
            return list(db.books.find({"title": {"$regex": f"^{start}.*"}}).limit(10))
        """,
    ),
    Bad(
        """\
        import re

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("title")


        def named(title):
            return db.books.find_one({"title": re.compile(f"^{re.escape(title)}$", re.IGNORECASE)})


        def search(text):
            pattern = re.compile(re.escape(text), re.IGNORECASE)
            return list(db.books.find({"$or": [{"title": pattern}, {"author": {"$regex": ".*" + text}}]}))
        """,
        at=("find_one", "find"),
        message="asks of title a regular expression that ignores case",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.jobs.create_index("state")


        def open_jobs():
            return db.jobs.count_documents({"state": {"$nin": ["done", "failed"]}})


        def started():
            return list(db.jobs.find({"started_at": {"$exists": True}}).limit(10))
        """,
        at=("count_documents", "find"),
        message="asks of state only what it must not be",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.jobs.create_index([("owner", 1), ("state", 1)])
        db.jobs.create_index("name")
        db.jobs.create_index("parent")


        def find(owner, prefix, pattern):
            of_owner = db.jobs.find_one({"owner": owner, "state": {"$ne": "done"}})
            by_name = db.jobs.find_one({"name": {"$regex": f"^{prefix}"}})
            given = db.jobs.find_one({"name": {"$regex": pattern}})
            without_parent = db.jobs.find_one({"parent": {"$exists": False}})
            return of_owner, by_name, given, without_parent
        """,
        why="an equality beside it; an anchored expression; one the caller makes; only the documents without a field",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.goods.create_index("kind")


        def goods(kind=None, search=None):
            query = {}
            if kind:
                query["kind"] = kind
            if search:
                anywhere = {"$regex": search, "$options": "i"}
                query["$or"] = [{"name": {"$regex": search, "$options": "i"}}, {"origin": anywhere}]
            return list(db.goods.find(query).limit(20))


        def of_shop(shop, search=None):
            query = {"shop": shop}
            if search:
                query["name"] = {"$regex": search, "$options": "i"}
            return list(db.stock.find(query).limit(20))


        def begins(prefix=None):
            query = {}
            if prefix:
                query["name"] = {"$regex": prefix}
            return list(db.goods.find(query).limit(20))
        """,
        at=("find",),
        message="find on goods asks on some calls of name, origin a regular expression that ignores case, so each of",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.jobs.create_index("legacy_path", sparse=True)


        def legacy():
            return list(db.jobs.find({"legacy_path": {"$exists": True}}).limit(10))
        """,
        why="a sparse index holds only the documents that have the field",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.jobs.create_index("queue")


        def clean(queues):
            db.jobs.delete_many({"queue": {"$nin": queues}})
            return db.jobs.count_documents({"error": {"$nin": [None, ""]}}), db.jobs.find_one({"old": {"$ne": True}})
        """,
        why="few may be left: of all queues, of what mostly is empty; one of most documents is found soon",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def forget(post_id, user_id):
            db.users.update_many({}, {"$pull": {"saved": post_id}})
            db.teams.update_many({}, {"$pull": {"members": {"id": user_id}}})


        def reset(post_id):
            db.users.update_many({}, {"$pull": {"saved": post_id}, "$set": {"seen": False}})
        """,
        at=("update_many", "update_many"),
        message="so each call reads the whole collection; filter by saved, with an index on that",
    ),
]
