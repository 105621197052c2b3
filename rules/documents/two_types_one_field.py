"""One field, written as two types.

What it flags
    A field that one place writes as one BSON type and another place as another: a date here and its text there, a
    number and a string. One finding per field, at the writes of the odd type. What the code puts into an element of a
    document that it has read, and writes back, counts: at the value.

Why it hurts
    Comparisons, ranges and sorts look at one type only: MongoDB orders all numbers before all strings before all
    dates, so a query for the last week finds none of the documents that hold text.

What it leaves alone
    Types that the code does not surely show; null, False and integers beside floats; places that write several types
    themselves; writes that a constant in the document or the filter tells apart (`{"_id": "counter"}`), fields
    called `value` and the like; objects that each place fills as it likes; scripts and migrations.

Fix and its safety
    `.isoformat()` and `str(…)` around a date go where the other places write dates. Unsafe: the documents that are
    there keep their text, and who reads the field gets a date. Otherwise nobody but the author knows which type is
    meant.

Sources
    MongoDB manual, "Comparison/Sort Order" and "Comparison Query Operators" (type bracketing).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity, Span

rule = Rule(
    "MDB226", "two-types-one-field", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="integrity", asks_documents=True
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.fields.mixed:
        first, *others = found.odd
        places = [(_place(project, use), f"as {_article(found.kind)}, too") for use in others]
        places += [(_place(project, use), f"as {_article(found.usual)}") for use in found.others]
        operation: Any = first.operation
        other: Any = found.others[0].operation
        yield rule.finding(
            first.span,
            f"{operation.name} writes {found.name} of {found.collection} as {_article(found.kind)}, and "
            f"{other.name} writes {_article(found.usual)}: ranges and sorts miss one of them; write one type",
            confidence=operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "store the date itself",
                partial(_keep, found=found),
                text=f"write {_article(found.usual)} in both places, and convert the documents that are there",
                reason="documents that are there keep their text, and who reads the field gets a date",
            ),
        )


def _place(project: Project, use: Any) -> Span:
    """Where the value stands, which may be far from the write; where that has no place, the write."""
    spot = use.values[0] if len(use.values) == 1 else None
    if spot is not None and project.has_span(spot.module, spot.row):
        return project.span(spot.module, spot.row)
    span: Span = use.span
    return span


def _keep(draft: Draft, found: Any) -> None:
    if (found.kind, found.usual) != ("string", "date"):
        raise NoFix("which type is meant is not known")
    draft.keep_dates(found.odd)


def _article(kind: str) -> str:
    names = {"objectId": "ObjectId", "binData": "binary value", "bool": "boolean"}
    name = names.get(kind, kind)
    return f"{'an' if name[0] in 'aeiouO' else 'a'} {name}"


EXAMPLES = [
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def place(order_id: str):
            db.orders.insert_one({"_id": order_id, "changed": datetime.now(timezone.utc)})


        def pay(order_id: str):
            paid = {"paid": True, "changed": datetime.now(timezone.utc).isoformat()}  # now
            db.orders.update_one({"_id": order_id}, {"$set": paid})
        """,
        at=("update_one",),
        message="update_one writes changed of orders as a string, and insert_one writes a date: ranges and sorts miss "
        "one of them; write one type",
        fixed="""\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def place(order_id: str):
            db.orders.insert_one({"_id": order_id, "changed": datetime.now(timezone.utc)})


        def pay(order_id: str):
            paid = {"paid": True, "changed": datetime.now(timezone.utc)}  # now
            db.orders.update_one({"_id": order_id}, {"$set": paid})
        """,
    ),
    Bad(
        """\
        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Product(BaseModel):
            name: str
            price: float


        def add(product: Product):
            db.products.insert_one(product.model_dump())


        def set_price(product_id: str, price: str):
            db.products.update_one({"_id": product_id}, {"$set": {"price": price}})
        """,
        at=("update_one",),
        message="writes price of products as a string",
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def find(chapters, chapter_id, text: str):
            for chapter in chapters:
                if chapter["id"] == chapter_id:
                    chapter["text"] = text
                    chapter["changed"] = datetime.now(timezone.utc).isoformat()


        def write(book_id, chapter_id, text: str):
            book = db.books.find_one({"_id": book_id})
            chapters = book.get("chapters", [])
            find(chapters, chapter_id, text)
            db.books.update_one({"_id": book_id}, {"$set": {"chapters": chapters}})


        def close(book_id):
            book = db.books.find_one({"_id": book_id})
            for chapter in book["chapters"]:
                chapter["changed"] = datetime.now(timezone.utc)
            db.books.update_one({"_id": book_id}, {"$set": {"chapters": book["chapters"]}})
        """,
        at=("datetime.now(timezone.utc).isoformat()",),
        message="update_one writes chapters.changed of books as a string, and update_one writes a date",
        fixed="""\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def find(chapters, chapter_id, text: str):
            for chapter in chapters:
                if chapter["id"] == chapter_id:
                    chapter["text"] = text
                    chapter["changed"] = datetime.now(timezone.utc)


        def write(book_id, chapter_id, text: str):
            book = db.books.find_one({"_id": book_id})
            chapters = book.get("chapters", [])
            find(chapters, chapter_id, text)
            db.books.update_one({"_id": book_id}, {"$set": {"chapters": chapters}})


        def close(book_id):
            book = db.books.find_one({"_id": book_id})
            for chapter in book["chapters"]:
                chapter["changed"] = datetime.now(timezone.utc)
            db.books.update_one({"_id": book_id}, {"$set": {"chapters": book["chapters"]}})
        """,
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def start(name: str):
            db.jobs.insert_one({"_id": name, "count": 0, "ended": None, "error": False, "share": 0.5})


        def end(name: str, error):
            now = datetime.now(timezone.utc)
            changed = {"ended": now, "error": str(error), "share": 1, "count": error}
            db.jobs.update_one({"_id": name}, {"$set": changed})


        def configure():
            db.settings.update_one({"_id": "theme"}, {"$set": {"setting": "dark"}}, upsert=True)
            db.settings.update_one({"_id": "limit"}, {"$set": {"setting": 10}}, upsert=True)
        """,
        why="null and False say that there is none yet; numbers are numbers; count is not known; two documents",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Store:
            def __init__(self):
                self.spans = db.spans
                self.memories = db.memories

            def collection(self, kind):
                if kind == "spans":
                    return self.spans
                return self.memories

            def add_span(self, name):
                self.collection("spans").insert_one({"name": name, "at": "2026-01-01T00:00:00"})

            def add_memory(self, text):
                self.collection("memories").insert_one({"text": text, "at": 1767225600})
        """,
        why="which of the two collections each of them writes is not told",
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def count(name: str, added: int):
            changed = {"updated": datetime.now(timezone.utc), "jobs": added}
            db.jobs.update_one({"_id": name}, {"$inc": changed})


        def start(name: str):
            db.jobs.update_one({"_id": name}, {"$set": {"updated": datetime.now(timezone.utc)}})
        """,
        why="the server refuses to add a date: no number is stored",
    ),
]
