"""A write that sends a document back which nobody looks at.

What it flags
    ``find_one_and_update``, ``find_one_and_replace`` and ``find_one_and_delete`` whose result is not used at all; also
    where a helper returns it and every call lets it drop, be it as a task.

Why it hurts
    The whole document is read, sent and decoded for nothing, with all that has grown in it, at each of these writes.

What it leaves alone
    Results that are kept in a variable, tested, returned or passed on; writes with a sort, which chooses the document;
    helpers whose result a test looks at; scripts and migrations.

Fix and its safety
    ``update_one``, ``replace_one`` or ``delete_one`` with the same arguments, without ``projection`` or
    ``return_document``. Safe: the same is written, under the same conditions.

Sources
    MongoDB manual, "findAndModify" and "Comparisons with update"; PyMongo documentation, ``find_one_and_update``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule("MDB113", "unread-document", Severity.LOW, tier="review", fix=Applicability.SAFE, concern="speed")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    found = project.results.unread(query)
    if found is None or project.is_script(query.module):
        return
    who, instead = "nobody", found.name
    if found.function:
        who, instead = f"no caller of {found.function}", f"{found.name}, and return nothing"
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} sends the whole document back, and {who} looks at it; use {instead}",
        confidence=query.confidence,
        related=project.related((project.token(use.module, use.row), "dropped here") for use in found.calls),
        fix=rule.repair("send no document back", lambda draft: draft.write_only(found), text=f"use {instead}"),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient, ReturnDocument

        db = MongoClient(timeoutMS=5000).app


        def rename(user_id, name):
            db.users.find_one_and_update({"_id": user_id}, {"$set": {"name": name}}, upsert=True)
            db.audits.find_one_and_replace(
                {"_id": user_id},
                {"name": name},
                return_document=ReturnDocument.AFTER,
            )
            db.drafts.find_one_and_delete({"_id": user_id}, {"name": 1})


        def forget(user_id):
            db.users.find_one_and_delete({"_id": user_id})
        """,
        at=("find_one_and_update", "find_one_and_replace", "find_one_and_delete"),
        message="find_one_and_update on users sends the whole document back, and nobody looks at it; use update_one",
        fixed="""\
        from pymongo import MongoClient, ReturnDocument

        db = MongoClient(timeoutMS=5000).app


        def rename(user_id, name):
            db.users.update_one({"_id": user_id}, {"$set": {"name": name}}, upsert=True)
            db.audits.replace_one(
                {"_id": user_id},
                {"name": name},
            )
            db.drafts.find_one_and_delete({"_id": user_id}, {"name": 1})


        def forget(user_id):
            db.users.delete_one({"_id": user_id})
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def count(job_id, errors):
            await db.jobs.find_one_and_update(
                {"_id": job_id}, {"$inc": {"errors": errors}}, projection={"errors": 1}, return_document=True
            )
        """,
        at=("find_one_and_update",),
        message="use update_one",
    ),
    Bad(
        """\
        import asyncio

        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def append(thread_id, text):
            return await db.threads.find_one_and_update({"_id": thread_id}, {"$push": {"texts": text}})


        async def close(thread_id):
            return await db.threads.find_one_and_update({"_id": thread_id}, {"$set": {"open": False}})


        async def reply(thread_id, text, send):
            asyncio.create_task(append(thread_id, text))
            tasks = [send(text)]
            if text:
                tasks.append(append(thread_id, text))
            await asyncio.gather(*tasks)
            await append(thread_id, "replied")
            return (await close(thread_id))["texts"]
        """,
        at=("find_one_and_update",),
        message="and no caller of append looks at it; use update_one, and return nothing",
    ),
    Good(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def take(kind):
            job = await db.jobs.find_one_and_update({"_id": kind}, {"$set": {"taken": True}})
            if await db.jobs.find_one_and_delete({"_id": kind}):
                return job
            return await db.jobs.find_one_and_update({"_id": kind}, {"$inc": {"asked": 1}})


        async def drop_oldest():
            await db.jobs.find_one_and_delete({}, sort=[("_id", 1)])


        def run(loop, kind):
            loop.create_task(db.jobs.find_one_and_delete({"_id": kind}))
        """,
        why="read, tested, returned; a sort chooses one; what a task does with it is not in view",
    ),
]
