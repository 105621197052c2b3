"""A member of an array that two requests can add at the same time.

What it flags
    A ``$push`` that runs because the document, read before, did not hold the member: ``if user_id in post["likes"]:
    return``, then ``update_one({"_id": …}, {"$push": {"likes": user_id}})``. Tests by ``in``, ``not in`` and ``any(…)``
    count, those that leave the function or stand in a helper, too.

Why it hurts
    Two requests of one user, a double click say, both read the array without the member, and both push: it is in there
    twice. Lists show it twice, and counts of the members go wrong.

What it leaves alone
    ``$addToSet``; filters that ask for the array as well, which then fit one request only; transactions; code under a
    lock; scripts, which run alone.

Fix and its safety
    ``$addToSet`` in the place of ``$push``: the server adds the member only if it is not there. Unsafe: the second
    request no longer changes the document, which what counts ``modified_count`` sees. Documents as members are shown
    only: ``$addToSet`` compares them whole, so ask in the filter, ``{"likes.user": {"$ne": user_id}}``.

Sources
    MongoDB manual, ``$addToSet`` ("adds a value to an array unless the value is already present"), ``$push``;
    "Atomicity and Transactions" (single documents).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule("MDB413", "check-then-push", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="integrity")


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.sessions.pushed_twice:
        writer = project.callee_name(found.module, found.row)
        arrays = " and ".join(found.fields) + (f" of {found.collection}" if found.collection else "")
        places = [(project.token(*found.read), "read here")]
        if not found.is_direct:
            places.append((project.operation_span(found.operation), "the update"))
        operator = "use $addToSet, or " if set(found.keys) == {""} else ""
        yield rule.finding(
            project.token(found.module, found.row),
            f"{writer} pushes to {arrays} what {project.callee_name(*found.read)} did not find in "
            f"{'it' if len(found.fields) == 1 else 'them'}: two requests at the same time both push it; "
            f"{operator}let the filter ask that it is not there",
            confidence=found.operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "let the server add it only once",
                partial(_add, found),
                text=_advice(found),
                reason="what is there already is not added again, and modified_count is 0 then",
            ),
        )


def _advice(found: Any) -> str:
    tests = [
        f'{{"{field}.{key or "…"}": {{"$ne": …}}}}' if key != "" else f'{{"{field}": {{"$ne": …}}}}'
        for field, key in zip(found.fields, found.keys, strict=True)
    ]
    if len(tests) > 1:
        return f"make an update of each array, with {' or '.join(tests)} in its filter"
    return ("use $addToSet, or " if found.keys[0] == "" else "") + f"put {tests[0]} into the filter"


def _add(found: Any, draft: Draft) -> None:
    draft.add_to_set(found)


EXAMPLES = [
    Bad(
        """\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.post("/posts/{post_id}/like")
        async def like(post_id: str, user_id: str):
            post = await db.posts.find_one({"_id": post_id})
            if post is None or user_id in post["likes"]:
                raise HTTPException(409)
            await db.posts.update_one({"_id": post_id}, {"$push": {"likes": user_id}})
        """,
        at=("update_one",),
        message="update_one pushes to likes of posts what find_one did not find in it",
        fixed="""\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.post("/posts/{post_id}/like")
        async def like(post_id: str, user_id: str):
            post = await db.posts.find_one({"_id": post_id})
            if post is None or user_id in post["likes"]:
                raise HTTPException(409)
            await db.posts.update_one({"_id": post_id}, {"$addToSet": {"likes": user_id}})
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def join(team_id, user_id, now):
            team = db.teams.find_one({"_id": team_id})
            known = any(member["user"] == user_id for member in team.get("members", []))
            if not known:
                db.teams.update_one({"_id": team["_id"]}, {"$push": {"members": {"user": user_id, "at": now}}})
        """,
        at=("update_one",),
        message="pushes to members of teams what find_one did not find in it: two requests at the same time both "
        "push it; let the filter ask that it is not there",
    ),
    Bad(
        """\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        def is_listed(post, user_id):
            return any(entry["user"] == user_id for entry in post.get("readers", []))


        async def read(post_id, user_id):
            post = await db.posts.find_one({"_id": post_id})
            if is_listed(post, user_id):
                return
            entry = {"user": user_id}
            await db.posts.update_one({"_id": post_id}, {"$push": {"readers": entry}})


        async def invite(team, user_id):
            found = await db.members.find({"team": team}).to_list(length=100)
            is_known = user_id in found[0]["known"]
            is_asked = any(entry["user"] == user_id for entry in found[0].get("asked", []))
            changes = {"$set": {"news": True}}
            if not is_known:
                changes.setdefault("$push", {})["known"] = user_id
            if not is_asked:
                changes.setdefault("$push", {})["asked"] = {"user": user_id}
            await db.members.update_many({"team": team}, changes)
        """,
        at=("update_one", "update_many"),
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def like(post_id, user_id):
            post = db.posts.find_one({"_id": post_id})
            if user_id in post["likes"]:
                return
            db.posts.update_one({"_id": post_id, "likes": {"$ne": user_id}}, {"$push": {"likes": user_id}})


        def view(post_id, user_id):
            post = db.posts.find_one({"_id": post_id})
            if user_id in post["blocked"]:
                return
            db.posts.update_one({"_id": post_id}, {"$push": {"views": {"$each": [user_id], "$slice": -50}}})


        def follow(user_id, other_id):
            user = db.users.find_one({"_id": user_id})
            if other_id in user["follows"]:
                db.users.update_one({"_id": user_id}, {"$pull": {"follows": other_id}})
            else:
                db.users.update_one({"_id": user_id}, {"$addToSet": {"follows": other_id}})


        def note(team, user_id, now):
            found = list(db.members.find({"_id": team}))
            changes = {"$push": {"seen": {"$each": [{"user": user_id, "at": now}], "$slice": -50}}}
            if not any(entry["user"] == user_id for entry in found[0]["seen"]):
                changes["$set"] = {"news": True}
            db.members.update_one({"_id": team}, changes)
        """,
        why="the filter asks, the last fifty are kept, $addToSet, each visit is noted",
    ),
]
