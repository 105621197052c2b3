"""A delete that leaves documents behind which refer to what was deleted.

What it flags
    A delete by `_id` or another unique key, where documents of other collections hold that key, as the code itself
    shows: the same value is the key here and in a field there. Neither the function that deletes nor one that calls
    it touches those documents.

Why it hurts
    MongoDB has no foreign keys, so nothing else deletes them: they stay, are counted and listed, and look-ups of what
    they refer to find nothing.

What it leaves alone
    Soft deletes; deletes that undo an insert; scripts; references that only a name suggests; collections that expire,
    that nothing reads, or that are called logs, audits, archives (a review asks about those that are read), payments,
    invoices; references that some other code in use deletes by; functions that look for such documents first; deletes
    that no call can come to.

Fix and its safety
    A `delete_many` of the documents before the delete, where its filter is the key alone, the type of the reference
    is known, and no files in GridFS belong to the documents. Unsafe: it deletes more than before. Where the two have
    to happen together, use a transaction.

Sources
    MongoDB manual, "Database References" and "Transactions".
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "MDB224", "orphans-on-delete", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="integrity", asks_documents=True
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.deletes.orphans:
        operation = found.operation
        left = ", ".join(f"{each.child} ({each.field})" for each in found.left)
        wait = "await " if operation.flavour in ("async", "motor") else ""
        places = [
            (
                project.operation_span(each.operation),
                f"{each.field} of {each.child} is {each.key} of {each.parent} here",
            )
            for each in found.left
        ]
        places += [
            (
                project.operation_span(each),
                f"{project.function_name(each.module, each.scope)} would, but nothing runs it",
            )
            for each in found.unused
        ]
        yield rule.finding(
            project.operation_span(operation),
            f"{operation.name} on {operation.target} leaves the documents of {left} that refer to what it deletes; "
            f"delete them, too{_spare(project, found.unused)}",
            confidence=operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "delete what refers to it, too",
                partial(_delete, found),
                text="\n".join(_by_hand(project, operation, each, wait) for each in found.left),
                reason="it deletes more than before",
            ),
        )


def _by_hand(project: Project, operation: Query, left: Any, wait: str) -> str:
    held = project.deletes.beside(operation, left.child)
    other = held or (left.child if held is None else f"db.{left.child}")
    files = "" if project.deletes.with_files(left.child) is None else "; their files in GridFS first"
    return f'{wait}{other}.delete_many({{"{left.field}": …}})  # the {left.key} that is deleted{files}'


def _spare(project: Project, unused: Iterable[Query]) -> str:
    """The functions that would do it, if anything ran them."""
    names = dict.fromkeys(project.function_name(each.module, each.scope) for each in unused if each.scope)
    return f" ({' or '.join(list(names)[:2])} would, but nothing runs it)" if names else ""


def _delete(found: Any, draft: Draft) -> None:
    draft.delete_too(found)


EXAMPLES = [
    Bad(
        """\
        from bson import ObjectId
        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.on_event("startup")
        async def start():
            await db.notes.create_index("book_id")


        @app.post("/books/{book_id}/notes")
        async def add(book_id: str, text: str):
            if await db.books.find_one({"_id": ObjectId(book_id)}):
                await db.notes.insert_one({"book_id": book_id, "text": text})


        @app.get("/books/{book_id}/notes")
        async def notes(book_id: str):
            return await db.notes.find({"book_id": book_id}).limit(20).to_list(20)


        @app.delete("/books/{book_id}")
        async def remove(book_id: str):
            # for good
            result = await db.books.delete_one({"_id": ObjectId(book_id)})
            return result.deleted_count
        """,
        at=("delete_one",),
        message="delete_one on books leaves the documents of notes (book_id) that refer to what it deletes",
        fixed="""\
        from bson import ObjectId
        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.on_event("startup")
        async def start():
            await db.notes.create_index("book_id")


        @app.post("/books/{book_id}/notes")
        async def add(book_id: str, text: str):
            if await db.books.find_one({"_id": ObjectId(book_id)}):
                await db.notes.insert_one({"book_id": book_id, "text": text})


        @app.get("/books/{book_id}/notes")
        async def notes(book_id: str):
            return await db.notes.find({"book_id": book_id}).limit(20).to_list(20)


        @app.delete("/books/{book_id}")
        async def remove(book_id: str):
            # for good
            await db.notes.delete_many({"book_id": book_id})
            result = await db.books.delete_one({"_id": ObjectId(book_id)})
            return result.deleted_count
        """,
    ),
    Bad(
        """\
        from bson import ObjectId
        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        async def add_note(book_id: str, text: str):
            if await db.books.find_one({"_id": ObjectId(book_id)}):
                await db.notes.insert_one({"book_id": book_id, "text": text})
            return await db.notes.find({"book_id": book_id}).limit(20).to_list(20)


        app.post("/books/{book_id}/notes")(add_note)


        async def remove_with_notes(book_id: str):
            await db.notes.delete_many({"book_id": book_id})
            await db.books.delete_one({"_id": ObjectId(book_id)})


        @app.delete("/books/{book_id}")
        async def remove(book_id: str):
            await db.books.delete_one({"_id": ObjectId(book_id)})
        """,
        at=("delete_one",),
        message="delete them, too (remove_with_notes would, but nothing runs it)",
    ),
    Good(
        """\
        from bson import ObjectId
        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.on_event("startup")
        async def start():
            await db.notes.create_index("book_id")
            await db.payments.create_index("book_id")


        @app.post("/books/{book_id}/notes")
        async def add(book_id: str, text: str):
            book = await db.books.find_one({"_id": ObjectId(book_id)})
            await db.notes.insert_one({"book_id": book_id, "text": text})
            await db.audit_log.insert_one({"target": str(book["_id"]), "user_id": book["owner"]})
            await db.payments.insert_one({"book_id": book_id, "cents": 100})


        @app.get("/books/{book_id}/payments")
        async def paid(book_id: str):
            return await db.payments.find({"book_id": book_id}).limit(20).to_list(20)


        async def forget(book_id: str):
            await db.books.delete_one({"_id": ObjectId(book_id)})


        @app.delete("/books/{book_id}")
        async def remove(book_id: str):
            await forget(book_id)
            await db.notes.delete_many({"book_id": book_id})


        @app.put("/books/{book_id}/hidden")
        async def hide(book_id: str):
            await db.books.update_one({"_id": ObjectId(book_id)}, {"$set": {"hidden": True}})
        """,
        why="who calls the delete deletes the notes; audits and payments outlive what they tell of; hiding is none",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.on_event("startup")
        async def start():
            await db.warnings.create_index("guild_id")


        @app.post("/guilds/{guild_id}/warnings")
        async def warn(guild_id: int, text: str):
            prefix = await db.prefixes.find_one({"_id": guild_id})
            await db.warnings.insert_one({"guild_id": guild_id, "text": text, "prefix": prefix})


        @app.get("/guilds/{guild_id}/warnings")
        async def warnings(guild_id: int):
            return await db.warnings.find({"guild_id": guild_id}).limit(20).to_list(20)


        @app.delete("/guilds/{guild_id}/prefix")
        async def reset(guild_id: int):
            await db.prefixes.delete_one({"_id": guild_id})
        """,
        why="the id comes from elsewhere: warnings refer to a guild, and not to its prefix",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        db = MongoClient(timeoutMS=5000).app
        db.books.create_index("owner_id")


        @app.post("/books")
        def write(key: str):
            owner = db.users.find_one({"_id": key})
            db.books.insert_one({"owner_id": owner["_id"]})
            return db.books.count_documents({"owner_id": owner["_id"]})


        def drop(key, soft=True):
            if soft:
                db.users.update_one({"_id": key}, {"$set": {"active": False}})
            else:
                db.users.delete_one({"_id": key})


        @app.delete("/users")
        def leave(key: str):
            drop(key)
        """,
        why="every caller leaves soft at its default",
    ),
]
