"""Whole documents fetched, of which a few fields are used.

What it flags
    ``find_one`` and ``find`` without a projection, where the function uses at most three fields of the documents
    (option ``fields``) by name, or only asks whether there is one, and the documents go nowhere else.

Why it hurts
    All other fields are read, sent and decoded for nothing; with large texts or arrays in them that is most of the
    work of the query. And no index can answer it alone.

What it leaves alone
    Documents that are returned, stored, passed on, changed or iterated over; fields with names known only at run time;
    scripts and migrations.

Fix and its safety
    The projection with these fields. Without ``_id``, unless it is used, or it is tested whether the document is true:
    one without any field is not. Unsafe: who uses another field later has to add it.

Sources
    MongoDB manual, "Project Fields to Return from Query" and "Covered Query".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "MDB109",
    "missing-projection",
    Severity.LOW,
    tier="review",
    fix=Applicability.UNSAFE,
    concern="speed",
    options={"fields": 3},
)


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    found = project.results.partial_use(query)
    if found is None or len(found.fields) > project.option(rule.name, "fields"):
        return
    verb = "are" if len(found.fields) > 1 else "is"
    used = f"only {', '.join(found.fields)} {verb} used" if found.fields else "it is only asked whether there is one"
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} fetches whole documents, and {used}; add a projection",
        confidence=query.confidence,
        fix=rule.repair(
            "add a projection",
            lambda draft: draft.project_fields(found),
            text="pass projection={…} with the fields that are used",
            reason="a use that is added later has to add its field",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")


        def title(book_id):
            book = db.books.find_one({"_id": book_id})
            if book is None:
                return ""
            return book["title"] + book.get("subtitle", "")


        def owner(book_id):
            book = db.books.find_one({"_id": book_id})
            return book["owner"] if book else None


        def exists(book_id):
            return db.books.find_one({"_id": book_id}) is not None


        def show(owner_id):
            for book in db.books.find({"owner_id": owner_id}, limit=9).sort("_id", 1):
                yield book["_id"], book["name"]
        """,
        at=("find_one", "find_one", "find_one", "find"),
        message="find_one on books fetches whole documents, and only title, subtitle are used; add a projection",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")


        def title(book_id):
            book = db.books.find_one({"_id": book_id}, projection={"title": 1, "subtitle": 1, "_id": 0})
            if book is None:
                return ""
            return book["title"] + book.get("subtitle", "")


        def owner(book_id):
            book = db.books.find_one({"_id": book_id}, projection={"owner": 1})
            return book["owner"] if book else None


        def exists(book_id):
            return db.books.find_one({"_id": book_id}, projection={"_id": 1}) is not None


        def show(owner_id):
            for book in db.books.find({"owner_id": owner_id}, limit=9, projection={"_id": 1, "name": 1}).sort("_id", 1):
                yield book["_id"], book["name"]
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def load(book_id):
            return db.books.find_one({"_id": book_id})


        def show(book_id, name, render):
            book = db.books.find_one({"_id": book_id})
            title = db.books.find_one({"_id": book_id}, {"title": 1})
            chosen = db.books.find_one({"_id": book_id})
            return render(book), title["title"], chosen[name]
        """,
        why="returned; passed on; a projection; a field known at run time",
    ),
]
