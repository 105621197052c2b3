"""A field that no document of the collection has.

What it flags
    A filter, sort, projection, look-up, or value taken out of a document, that names a field which nothing in the
    project writes, where the project shows all that it writes to the collection: each insert, replacement and update
    with all its fields, through helpers and models.

Why it hurts
    MongoDB has no schema, so a misspelt field is no error: the filter finds nothing, the sort orders nothing, and
    taking the value raises KeyError.

What it leaves alone
    Collections into which documents go whose fields the code does not show, that an object mapper, a pipeline or
    a helper for any collection may write, or that nothing here writes; fields that a model of such documents
    declares; comparisons with null, negations and `$exists`, which documents without the field match; scripts
    and migrations, which know older documents; filters that the same lines fill for a collection that may have the
    field; what is inside of an object whose fields are not all shown. `.get()` and projections only where the name is
    nearly that of another field.

Fix and its safety
    The nearest name, where just one field is called nearly so. Unsafe: the query finds other documents then.

Sources
    MongoDB manual, "Query for Null or Missing Fields" and "Ascending/Descending Sort" (a missing field sorts as null).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB225", "unknown-field", Severity.HIGH, fix=Applicability.UNSAFE, concern="integrity", asks_documents=True
)

_EFFECTS = {
    "filter": "so it finds nothing",
    "sort": "so it orders nothing",
    "projection": "so it is in no result",
    "distinct": "so it gives nothing",
    "lookup": "so it finds nothing",
    "value": "so it is never there",
}
_VERBS = {"filter": "filters by", "sort": "sorts by", "projection": "asks for", "distinct": "asks for"}
_SHOWN = 6


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.fields.unknown:
        use = found.use
        known = project.fields.of(found.collection)
        meant = known.fields.get(found.meant or "")
        written = [name for name, field in known.fields.items() if field.written and "." not in name]
        others = ", ".join(written[:_SHOWN]) + (" …" if len(written) > _SHOWN else "")
        told = f"did you mean {found.meant}?" if found.meant else f"it writes {others}"
        places = [(each.span, f"{found.meant} is written here") for each in (meant.written[:1] if meant else ())]
        yield rule.finding(
            use.span,
            f"{_what(found)}, which nothing writes to {found.collection}, {_EFFECTS[use.how]}; {told}",
            confidence=use.operation.confidence if use.operation is not None else "known",
            related=project.related(places),
            fix=rule.repair(
                f"name {found.meant}" if found.meant else "name a field that is written",
                partial(_rename, found=found),
                text=f"write {found.name} where documents of {found.collection} are made, or name another field",
                reason="the query finds other documents then",
            ),
        )


def _what(found: Any) -> str:
    use = found.use
    if use.how == "value":
        return f"this takes {found.name} out of a document of {found.collection}"
    if use.how == "lookup":
        return f"the pipeline looks {found.name} up"
    return f"{use.operation.name} on {found.collection} {_VERBS[use.how]} {found.name}"


def _rename(draft: Draft, found: Any) -> None:
    if found.meant is None:
        raise NoFix("no field is called nearly so")
    draft.rename_field(found.use, found.name, found.meant)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("customer_id")


        def place(customer_id: str, total: float):
            db.orders.insert_one({"customer_id": customer_id, "total": total, "paid": False})


        def of_customer(customer_id: str):
            query = {"custommer_id": customer_id}
            found = list(db.orders.find(query).limit(20))  # newest first?
            return [order["totall"] for order in found]
        """,
        at=("find", 'order["totall"]'),
        message="find on orders filters by custommer_id, which nothing writes to orders, so it finds nothing; did you "
        "mean customer_id?",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("customer_id")


        def place(customer_id: str, total: float):
            db.orders.insert_one({"customer_id": customer_id, "total": total, "paid": False})


        def of_customer(customer_id: str):
            query = {"customer_id": customer_id}
            found = list(db.orders.find(query).limit(20))  # newest first?
            return [order["total"] for order in found]
        """,
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Visit(BaseModel):
            page: str
            seen_at: datetime


        def add(page: str):
            db.visits.insert_one(Visit(page=page, seen_at=datetime.now(timezone.utc)).model_dump())


        def latest():
            return list(db.visits.find({}).sort("created_at", -1).limit(20))
        """,
        at=("find",),
        message="sorts by created_at, which nothing writes to visits, so it orders nothing; it writes page, seen_at",
    ),
    Bad(
        """\
        from datetime import datetime

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")
        db.notes.create_index("user_id")


        class Book(BaseModel):
            title: str
            owner_id: str
            created_at: datetime


        class BookChange(BaseModel):
            title: str | None = None


        class Note(BaseModel):
            user_id: str
            text: str
            created_at: datetime


        def add(book: Book, note: Note):
            db.books.insert_one(book.model_dump())
            db.notes.insert_one(note.model_dump())


        def change(owner: str, change: BookChange):
            given = {k: v for k, v in change.model_dump().items() if v is not None}
            db.books.update_one({"owner_id": owner}, {"$set": given})


        def delete_of(user: str):
            db.books.delete_many({"user_id": user})
        """,
        at=("delete_many",),
        message="filters by user_id, which nothing writes to books",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("customer")


        def place(order: dict):
            db.orders.insert_one(order)


        def of_customer(customer):
            return list(db.orders.find({"custommer": customer, "customer": customer}).limit(20))
        """,
        why="any field may be in an order",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("customer")


        def place(customer: str):
            db.orders.insert_one({"customer": customer, "lines": {}})


        def of_customer(customer: str):
            open_ones = {"customer": customer, "deleted_at": None, "kind": {"$ne": "draft"}}
            order = db.orders.find_one(open_ones, {"customer": 1, "note": 1})
            order["label"] = customer
            return order["label"], order.get("note"), order["lines"]["first"]
        """,
        why="documents without these fields match; the code puts label in itself; lines may hold anything later",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.locks.create_index("key", unique=True)
        db.ratings.create_index("user")


        def touch(key: str):
            db.locks.update_one({"key": key}, {"$inc": {"count": 1}}, upsert=True)


        def rated(user_id: str):
            return db.ratings.find_one({"user": user_id})


        def is_taken(key: str):
            return db.locks.find_one({"_id": key, "count": {"$gt": 1}, "key": key})
        """,
        why="an upsert stores what it looks for; nothing here writes ratings",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.cats.create_index("name")
        db.dogs.create_index("name")


        def add(name: str, breed: str):
            db.cats.insert_one({"name": name})
            db.dogs.insert_one({"name": name, "breed": breed})


        def build_query(name: str, form: dict):
            query = {"name": name}
            if form.get("breed"):
                query["breed"] = form["breed"]
            return query


        def cats(name: str, form: dict):
            return db.cats.find(build_query(name, form)).limit(20)


        def dogs(name: str, form: dict):
            return db.dogs.find(build_query(name, form)).limit(20)
        """,
        why="one function makes filters for both, and dogs have a breed",
    ),
]
