"""Whole documents fetched, of which a few fields are used.

What it flags
    ``find_one`` and ``find`` without a projection, or with one of ``{"_id": 0}`` only, where the function uses at most
    three fields of the documents (option ``fields``) by name, or only asks whether there is one, and the documents go
    nowhere else. A helper that returns the document it finds, or a list: where all its calls use no more than that
    together, or several do of documents in which another field grows (MDB222, MDB229). ``find`` of documents that hold
    an array of documents of which nothing is used, whatever else is.

Why it hurts
    All other fields are read, sent and decoded for nothing; with large texts or arrays in them that is most of the
    work of the query. And no index can answer it alone.

What it leaves alone
    Documents that are returned, stored, passed on, changed or iterated over, or have hardly more fields, as far as all
    that writes them shows; fields with names known only at run time; scripts and migrations.

Fix and its safety
    The projection with these fields. Without ``_id``, unless it is used, or it is tested whether the document is true:
    one without any field is not. Unsafe: who uses another field later has to add it. By hand in a helper, which needs a
    parameter for it.

Sources
    MongoDB manual, "Project Fields to Return from Query" and "Covered Query".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule(
    "MDB109",
    "missing-projection",
    Severity.LOW,
    tier="review",
    fix=Applicability.UNSAFE,
    concern="speed",
    options={"fields": 3},
    asks_documents=True,
)
_SHOWN = 4


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    most = project.option(rule.name, "fields")
    found = project.results.partial_use(query)
    if found is None:
        yield from _in_helper(query, project, most)
        return
    if len(found.fields) > most and not found.lists:
        return
    verb = "are" if len(found.fields) > 1 else "is"
    used = f"only {', '.join(found.fields)} {verb} used" if found.fields else "it is only asked whether there is one"
    if found.lists:
        arrays = f"{' or '.join(found.lists)}, {'arrays' if len(found.lists) > 1 else 'an array'} of documents"
        used = used.removesuffix(f" {verb} used") if len(found.fields) <= most else f"{len(found.fields)} fields"
        used += f" {verb} used, not {arrays}"
    advice = "let the projection name what is used" if found.projected else "add a projection"
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} fetches whole documents, and {used}; {advice}",
        confidence=query.confidence,
        fix=rule.repair(
            advice,
            lambda draft: draft.project_fields(found),
            text="pass projection={…} with the fields that are used",
            reason="a use that is added later has to add its field",
        ),
    )


def _in_helper(query: Query, project: Project, most: int) -> Iterator[Finding]:
    """What the calls of a helper leave of the document that it returns."""
    found = project.results.helper_use(query, most)
    if found is None:
        return
    count, fields = len(found.calls), found.fields
    if found.others:
        more = ", …" if len(fields) > _SHOWN else ""
        grow = "grows" if len(found.large) == 1 else "grow"
        what = f"use no more of them than {', '.join(fields[:_SHOWN])}{more}, not"
        used = f"{count} of {count + found.others} calls of {found.function} "
        used += what if fields else "only ask whether there is one, not for"
        used += f" {' or '.join(found.large)}, which {grow}; let it take a"
        text = f"give {found.function} a parameter for the projection, and pass the fields where few are used"
    else:
        verb = ("use", "ask") if count > 1 else ("uses", "asks")
        used = {1: "the one call", 2: "both calls"}.get(count, f"all {count} calls") + f" of {found.function} "
        used += f"{verb[0]} only {', '.join(fields)}{found.apart}" if fields else f"{verb[1]} only whether there is one"
        used += "; add a"
        given = ", ".join(f'"{name}": 1' for name in fields or ("_id",))
        text = f"pass projection={{{given}}}"
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} fetches whole documents, and {used} projection",
        confidence=query.confidence,
        related=project.related(
            (project.span(call.module, call.row), f"uses {', '.join(call.fields) or 'nothing but that there is one'}")
            for call in found.calls
        ),
        fix=rule.repair("add a projection", _by_hand, text=text),
    )


def _by_hand(draft: Draft) -> None:
    raise NoFix("whoever calls the helper later counts on whole documents")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def title(book_id):
            book = db.books.find_one({"_id": book_id})
            if book is None:
                return ""
            return book["title"] + book.get("subtitle", "")


        def price(book_id):
            book = db.books.find_one({"_id": book_id}, {"_id": 0})
            return book["price"] if book else None


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


        def title(book_id):
            book = db.books.find_one({"_id": book_id}, projection={"title": 1, "subtitle": 1, "_id": 0})
            if book is None:
                return ""
            return book["title"] + book.get("subtitle", "")


        def price(book_id):
            book = db.books.find_one({"_id": book_id}, {"price": 1})
            return book["price"] if book else None


        def exists(book_id):
            return db.books.find_one({"_id": book_id}, projection={"_id": 1}) is not None


        def show(owner_id):
            for book in db.books.find({"owner_id": owner_id}, limit=9, projection={"_id": 1, "name": 1}).sort("_id", 1):
                yield book["_id"], book["name"]
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def get_book(book_id):
            return db.books.find_one({"_id": book_id})


        def add(book_id, user, text):
            book = get_book(book_id)
            contents = book["contents"]
            chapters = contents["chapters"]
            chapters.append({"text": text, "by": user})
            contents["chapters"] = chapters
            db.books.update_one({"_id": book_id, "contents": book["contents"]}, {"$set": {"contents": contents}})


        def may_read(book_id, user):
            book = get_book(book_id)
            return book is not None and book["owner"] == user


        def may_share(book_id, user):
            book = get_book(book_id)
            return book is not None and "shared" in book and book["owner"] == user


        def title(book_id):
            book = get_book(book_id)
            return book.get("title", "") if book else ""


        def get_author(author_id):
            return db.authors.find_one({"_id": author_id})


        def exists(author_id):
            return get_author(author_id) is not None
        """,
        at=("find_one", "find_one"),
        message="3 of 4 calls of get_book use no more of them than owner, shared, title, not contents",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def get_book(book_id):
            return db.books.find_one({"_id": book_id})


        def add(book_id, user):
            if get_book(book_id) is not None:
                db.books.update_one({"_id": book_id}, {"$push": {"readers": user}})


        def rename(book_id, title):
            if get_book(book_id) is not None:
                db.books.update_one({"_id": book_id}, {"$set": {"title": title}})


        def remove(book_id):
            if get_book(book_id) is not None:
                db.books.delete_one({"_id": book_id})


        def show(book_id):
            return dict(get_book(book_id))
        """,
        at=("find_one",),
        message="3 of 4 calls of get_book only ask whether there is one, not for readers, which grows",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def add(owner: str, title: str, texts: list[str]):
            db.surveys.insert_one({"owner": owner, "title": title, "questions": [{"text": text} for text in texts]})


        def listing(owner: str):
            found = db.surveys.find({"owner": owner}).limit(20)
            return [(str(survey["_id"]), survey["title"]) for survey in found]
        """,
        at=("find",),
        message="and 2 fields are used, not questions, an array of documents; add a projection",
        options={"fields": 1},
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def add(owner: str, title: str, texts: list[str]):
            db.surveys.insert_one({"owner": owner, "title": title, "questions": [{"text": text} for text in texts]})


        def listing(owner: str):
            found = db.surveys.find({"owner": owner}, projection={"_id": 1, "title": 1}).limit(20)
            return [(str(survey["_id"]), survey["title"]) for survey in found]
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
            light = db.books.find_one({"_id": book_id}, {"_id": 0, "contents": 0})
            return render(book), title["title"], chosen[name], light["title"]
        """,
        why="returned; passed on; projections; a field known at run time",
    ),
]
