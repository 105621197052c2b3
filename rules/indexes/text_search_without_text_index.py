"""A text search on a collection without a text index.

What it flags
    Filters and leading ``$match`` stages with ``$text`` on a collection for which the project declares no text index.

Why it hurts
    The server refuses such a query: "text index required for $text query" (IndexNotFound, code 27). It works only
    where somebody made the index by hand.

What it leaves alone
    Collections known only at run time, or that may have an index which the model cannot read: keys known only at run
    time, a declaration on a collection known only at run time, ``index-source = "external"``.

Fix and its safety
    The text index is declared on the fields that the same function searches with regular expressions, as the fall-back
    for want of the index does. Unsafe: the build takes time, and it finds whole words where a regular expression finds
    parts of them. Where no such fields are named a person has to say which: an index on all (``$**``) would also hold
    tokens and addresses.

Sources
    MongoDB manual, "$text" and "Text Indexes"; the error of a server 6.0.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB208", "text-search-without-text-index", Severity.HIGH, fix=Applicability.UNSAFE, concern="resilience")


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    groups: dict[tuple[int, str], list[Query]] = {}
    for query in project.operations:
        if query.filter.text and query.collection is not None and _is_refused(project, query.collection_names[0]):
            groups.setdefault((query.module, query.collection_names[0]), []).append(query)
    for (_, collection), queries in groups.items():
        yield _finding(project, collection, queries)


def _is_refused(project: Project, collection: str) -> bool:
    """Whether the collection has no text index for certain."""
    indexes = project.indexes_of(collection)
    return indexes is not None and all(kind != "text" for index in indexes for _, kind in index.keys or ())


def _finding(project: Project, collection: str, queries: list[Query]) -> Finding:
    first, others = queries[0], queries[1:]
    fields = list(dict.fromkeys(name for query in queries for name in _searched(project, query)))
    more = f" ({len(queries)} queries)" if others else ""

    def write(draft: Draft) -> None:
        if not fields:
            raise NoFix("the code does not say which fields it searches")
        draft.declare_text_index(first, fields)

    keys = ", ".join(f'("{name}", "text")' for name in fields or ["…"])
    return rule.finding(
        project.operation_span(first),
        f"{first.name} on {collection} searches with $text{more}, and no text index is declared on it, without which "
        f"the server refuses the query (IndexNotFound); declare create_index([{keys}])",
        severity=Severity.HIGH if project.indexes else Severity.MEDIUM,
        confidence=first.confidence,
        related=project.related((project.operation_span(query), f"{query.name} with $text") for query in others),
        fix=rule.repair(
            "declare the text index",
            write,
            text=f'db.{collection}.create_index([("…", "text")]) on the fields to search',
            reason="its build takes time on a large collection, and it finds whole words only",
        ),
    )


def _searched(project: Project, query: Query) -> Iterator[str]:
    """The fields of the collection that the same function compares with regular expressions."""
    for other in project.operations:
        if (other.module, other.scope) == (query.module, query.scope) and other.collection == query.collection:
            kinds = {**other.filter.optional, **other.filter.required}
            yield from (name for name, kind in kinds.items() if kind == "regex")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import OperationFailure

        db = MongoClient(timeoutMS=5000).app
        db.articles.create_index("author")


        def search(words):
            try:
                return list(db.articles.find({"$text": {"$search": words}}).limit(20))
            except OperationFailure:
                pattern = {"$regex": words, "$options": "i"}
                return list(db.articles.find({"$or": [{"title": pattern}, {"body": pattern}]}).limit(20))
        """,
        at=("find",),
        message='declare create_index([("title", "text"), ("body", "text")])',
        fixed="""\
        from pymongo import MongoClient
        from pymongo.errors import OperationFailure

        db = MongoClient(timeoutMS=5000).app
        db.articles.create_index("author")
        db.articles.create_index([("title", "text"), ("body", "text")])


        def search(words):
            try:
                return list(db.articles.find({"$text": {"$search": words}}).limit(20))
            except OperationFailure:
                pattern = {"$regex": words, "$options": "i"}
                return list(db.articles.find({"$or": [{"title": pattern}, {"body": pattern}]}).limit(20))
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.articles.create_index("author")


        def search(words, author=None):
            query = {"$text": {"$search": words}}
            if author:
                query["author"] = author
            return db.articles.aggregate([{"$match": query}, {"$limit": 20}])


        def count(words):
            return db.articles.count_documents({"$text": {"$search": words}})
        """,
        at=("aggregate",),
        message="aggregate on articles searches with $text (2 queries)",
    ),
    Good(
        """\
        from pymongo import TEXT, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.articles.create_index([("author", 1), ("$**", TEXT)])


        def search(words, author):
            return list(db.articles.find({"author": author, "$text": {"$search": words}}).limit(20))
        """,
        why="it has a text index",
    ),
    Good(
        """\
        from app.settings import SEARCHED
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.articles.create_index([(name, "text") for name in SEARCHED])


        def search(words):
            return list(db.articles.find({"$text": {"$search": words}}).limit(20))
        """,
        why="which keys the index has, only the running program knows",
    ),
]
