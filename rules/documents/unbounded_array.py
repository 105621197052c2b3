"""An array that only grows.

What it flags
    `$push` without `$slice`, `$addToSet`, and lists that are read, appended to and set again, on a field from which
    nothing in the project ever takes anything out. One finding per field, at its first place.

    As low: an array that gets the key of each document of another collection, and loses it only with that document,
    where those documents name the owner of the array themselves. It is as long as they are many, and says nothing new.

Why it hurts
    The array is in the document: each read and each write moves all of it, an index on it has an entry for each
    member, and at 16 MB the next update fails.

What it leaves alone
    Arrays that are otherwise pulled from, popped or set anew somewhere: their members come and go; those whose length
    the code looks at, or whose filter does; buckets, of which the filter takes one that is not full
    (`{"count": {"$lt": 100}}`); `$addToSet` of constants; collections whose updates may set any field; scripts and
    migrations.

Fix and its safety
    `$each` with `$slice`, which keeps the last `array-limit` members (1000 unless configured). Unsafe: older ones are
    dropped. None where queries look for members, which would find the dropped ones no more, and none for a set, which
    would take a dropped member for a new one: what has to be kept belongs into documents of its own.

Sources
    MongoDB manual, "Avoid Unbounded Arrays", "$push" (`$slice`) and "MongoDB Limits and Thresholds" (BSON size).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB222",
    "unbounded-array",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    concern="resilience",
    migrates=("give the members a collection",),
    options={"array-limit": 1000},
    asks_documents=True,
)

_VERBS = {"$push": "pushes to", "$addToSet": "adds to", "set": "appends to"}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    limit = project.option(rule.name, "array-limit")
    for collection in project.fields.collections:
        found: dict[str, list[Any]] = {}
        for each in project.fields.growing(collection):
            operation = each.use.operation
            if operation is not None and not project.is_script(operation.module):
                found.setdefault(each.field, []).append(each)
        for field, places in found.items():
            yield _finding(project, collection, field, places, limit)
        for mirrored in project.fields.mirrored(collection):
            operation = mirrored.added[0].operation
            if operation is not None and not project.is_script(operation.module):
                yield _repeats(project, mirrored, operation)


def _finding(project: Project, collection: str, field: str, places: list[Any], limit: int) -> Finding:
    first = places[0]
    operation = first.use.operation
    spans = dict.fromkeys(each.use.span for each in places)
    shown = dict.fromkeys(list(spans)[1:], "grows here, too")
    others = " (and to arrays that it names as it runs)" if first.others else ""
    is_set = any(each.how == "$addToSet" for each in places)
    if first.searched or is_set:
        advice = f"give its members{', which queries look for,' if first.searched else ''} a collection"
        shown |= {use.span: "looks for a member" for use in first.searched[:1]}
        index = " and the member, unique together" if is_set else ""
        repair = rule.repair(
            "give the members a collection",
            partial(_kept, "found no more" if first.searched else "taken for new when it is met again"),
            text=f"store each as a document that names the one of {collection} it belongs to, and index that{index}",
        )
    else:
        advice = "bound it, or give its members a collection"
        repair = rule.repair(
            f"keep the last {limit} members",
            partial(_bound, places, field, limit),
            text=f'update with {{"$push": {{"{field}": {{"$each": [item], "$slice": -{limit}}}}}}}',
            reason="older members are dropped",
        )
    return rule.finding(
        first.use.span,
        f"{operation.name} on {collection} {_VERBS[first.how]} {field}{others}, and nothing ever takes anything out: "
        f"the document grows until it is slow to read, and at 16 MB updates fail; {advice}",
        confidence=operation.confidence,
        related=project.related(shown.items()),
        fix=repair,
    )


def _repeats(project: Project, mirrored: Any, operation: Any) -> Finding:
    """An array that another collection bounds, and makes needless."""
    child, key, field = mirrored.reference.child, mirrored.reference.field, mirrored.field
    first, verb = mirrored.added[0].span, _VERBS[mirrored.added[0].operator]
    shown = {use.span: f"takes out only what is deleted from {child}" for use in mirrored.pulled}
    shown |= {use.span: "grows here, too" for use in mirrored.added if use.span != first}
    return rule.finding(
        first,
        f"{operation.name} on {mirrored.collection} {verb} {field} with each new document of {child}, and only "
        f"deleting that takes it out: the document grows with them, and {key} of {child} says the same; find them by "
        f"{key}, without {field}",
        severity=Severity.LOW,
        confidence=operation.confidence,
        related=project.related(shown.items()),
        fix=rule.repair(
            f"do without {field}",
            _by_hand,
            text=f'what it lists is what find({{"{key}": …}}) on {child} gives',
        ),
    )


def _by_hand(draft: Draft) -> None:
    raise NoFix("what reads the array has to ask the other collection first")


def _kept(lost: str, draft: Draft) -> None:
    raise NoFix(f"a member that is dropped is {lost}, and what is stored has to be moved")


def _bound(places: list[Any], field: str, limit: int, draft: Draft) -> None:
    if any(each.how != "$push" for each in places):
        raise NoFix("what is read may have changed meanwhile")
    for operation in {id(each.use.operation): each.use.operation for each in places}.values():
        draft.bound_array(operation, field, limit)


EXAMPLES = [
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def log(job_id: str, text: str):
            line = {"text": text, "at": datetime.now(timezone.utc)}
            db.jobs.update_one({"_id": job_id}, {"$push": {"log": line}})


        def log_all(job_id: str, lines: list):
            db.jobs.update_one(
                {"_id": job_id},
                {"$push": {"log": {"$each": lines}}},  # in order
            )
        """,
        at=("update_one",),
        message="update_one on jobs pushes to log, and nothing ever takes anything out",
        fixed="""\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def log(job_id: str, text: str):
            line = {"text": text, "at": datetime.now(timezone.utc)}
            db.jobs.update_one({"_id": job_id}, {"$push": {"log": {"$each": [line], "$slice": -1000}}})


        def log_all(job_id: str, lines: list):
            db.jobs.update_one(
                {"_id": job_id},
                {"$push": {"log": {"$each": lines, "$slice": -1000}}},  # in order
            )
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def visit(page_id: str, address: str):
            db.pages.update_one({"_id": page_id}, {"$addToSet": {"visitors": address}})


        def remember(page_id: str, word: str):
            page = db.pages.find_one({"_id": page_id})
            words = page.get("words", {}).get("seen", [])
            words.append(word)
            db.pages.update_one({"_id": page_id}, {"$set": {"words.seen": words}})
        """,
        at=("update_one", "update_one"),
        message="updates fail; give its members a collection",
        options={"array-limit": 50},
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.threads.create_index("messages.id")


        def add(thread_id: str, message_id: str, text: str):
            db.threads.update_one({"_id": thread_id}, {"$push": {"messages": {"id": message_id, "text": text}}})


        def edit(message_id: str, text: str):
            db.threads.update_one({"messages.id": message_id}, {"$set": {"messages.$.text": text}})
        """,
        at=("update_one",),
        message="updates fail; give its members, which queries look for, a collection",
    ),
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")
        db.users.create_index("name", unique=True)


        def add(user_name: str, title: str):
            result = db.books.insert_one({"title": title, "owner_id": user_name})
            db.users.update_one({"name": user_name}, {"$push": {"book_ids": str(result.inserted_id)}})


        def drop(user_name: str, book_id: str):
            db.books.delete_one({"_id": ObjectId(book_id), "owner_id": user_name})
            db.users.update_one({"name": user_name}, {"$pull": {"book_ids": book_id}})
        """,
        at=("update_one",),
        message="update_one on users pushes to book_ids with each new document of books, and only deleting that",
    ),
    Good(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")
        db.users.create_index("name", unique=True)


        def add(user_name: str, title: str):
            result = db.books.insert_one({"title": title, "owner_id": user_name})
            db.users.update_one({"name": user_name}, {"$push": {"unread": str(result.inserted_id)}})


        def drop(user_name: str, book_id: str):
            db.books.delete_one({"_id": ObjectId(book_id), "owner_id": user_name})
            db.users.update_one({"name": user_name}, {"$pull": {"unread": book_id}})


        def read(user_name: str, book_id: str):
            db.users.update_one({"name": user_name}, {"$pull": {"unread": book_id}})
        """,
        why="a queue that is worked off",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def log(job_id: str, line: str):
            last = {"$each": [line], "$slice": -100}
            db.jobs.update_one({"_id": job_id}, {"$push": {"log": last}, "$addToSet": {"flags": "logged"}})


        def join(group_id: str, user_id: str):
            db.groups.update_one({"_id": group_id}, {"$addToSet": {"members": user_id}})


        def leave(group_id: str, user_id: str):
            db.groups.update_one({"_id": group_id}, {"$pull": {"members": user_id}})


        def invite(group_id: str, address: str):
            group = db.groups.find_one({"_id": group_id})
            if len(group["invited"]) < 50:
                # mongolint: ignore[state-not-in-filter] one more does no harm
                db.groups.update_one({"_id": group_id}, {"$push": {"invited": address}})
        """,
        why="the last hundred; one of few flags; members leave; fifty are enough",
    ),
]
