"""A change to the members of an array that new documents are stored without.

What it flags
    ``{"$set": {"addresses.$[].main": False}}``, or with ``$[name]``, where every insert stores documents without
    ``addresses``, and only ``$push`` adds it later.

Why it hurts
    The server refuses the update with a WriteError ("The path 'addresses' must exist in the document in order to apply
    array updates"): for each new document the request fails, until something else has made the array.

What it leaves alone
    Filters that ask for the array; functions that look at it, or add to it before; arrays that some insert or ``$set``
    makes; collections of which an insert may store more than the code shows, or that are written by upserts,
    replacements or in bulk.

Fix and its safety
    Shown only: ask in the filter that the array is there, or store it empty from the start, for old documents, too.

Sources
    MongoDB manual, "$[]" (an upsert has to name the array in its filter); a server, MongoDB 6.0.5, whose message
    that is.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB231",
    "members-of-missing-array",
    Severity.MEDIUM,
    fix=Applicability.DISPLAY,
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.sessions.refused_in_arrays:
        operation, field = found.operation, found.field
        if project.is_script(operation.module):
            continue
        yield rule.finding(
            project.operation_span(operation),
            f"{operation.name} on {operation.target} changes members of {field}, which new documents are stored "
            f"without: for these the server refuses it with a WriteError; ask for "
            f'{{"{field}": {{"$exists": True}}}} in the filter, too',
            confidence=operation.confidence,
            related=project.related([(project.operation_span(found.insert), f"stores no {field}")]),
            fix=rule.repair(
                "ask whether the array is there",
                _by_hand,
                text=f'put {{"{field}": {{"$exists": True}}}} into the filter, or store {field} as [] from the start',
            ),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("whether new documents should have the array is for a person to say")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def register(email):
            db.users.insert_one({"email": email, "city": ""})


        def add(user_id, line, main):
            if main:
                db.users.update_one({"_id": user_id}, {"$set": {"addresses.$[].main": False}})
            db.users.update_one({"_id": user_id}, {"$push": {"addresses": {"line": line, "main": main}}})


        def drop(user_id, line):
            db.users.update_one({"_id": user_id}, {"$pull": {"addresses": {"line": line}}})
        """,
        at=("update_one",),
        message="update_one on users changes members of addresses, which new documents are stored without: for",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def register(email):
            db.users.insert_one({"email": email, "phones": []})


        def add(user_id, line, card):
            known = {"_id": user_id, "addresses": {"$exists": True}}
            db.users.update_one(known, {"$set": {"addresses.$[].main": False}})
            db.users.update_one({"_id": user_id}, {"$set": {"phones.$[].main": False}})
            db.users.update_one({"_id": user_id}, {"$push": {"addresses": {"$each": [line], "$slice": -9}}})
            db.users.update_one({"_id": user_id}, {"$push": {"cards": {"$each": [card], "$slice": -9}}})
            db.users.update_one({"_id": user_id}, {"$set": {"cards.$[].old": True}})


        def hide(user_id):
            user = db.users.find_one({"_id": user_id}, {"addresses": 1})
            if user and user.get("addresses"):
                db.users.update_one({"_id": user_id}, {"$set": {"addresses.$[].hidden": True}})
        """,
        why="the filter asks for it; an insert stores it; it is added to before; the function looks at it",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def register(user):
            db.users.insert_one(user)


        def add(user_id, line):
            db.users.update_one({"_id": user_id}, {"$set": {"addresses.$[].main": False}})
            db.users.update_one({"_id": user_id}, {"$push": {"addresses": {"$each": [line], "$slice": -9}}})
            db.teams.update_one({"_id": user_id}, {"$set": {"members.$[].main": False}})
        """,
        why="the caller may store it; what teams hold, the code does not show",
    ),
]
