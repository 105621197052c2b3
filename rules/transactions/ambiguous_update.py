"""An update of one document, of several that the filter fits.

What it flags
    ``update_one`` and ``replace_one`` whose filter asks only for fields by which the project elsewhere takes the newest
    of several documents, or lists them in order: a user's id, say, where one user has many orders.

Why it hurts
    The server changes whichever of them it finds first, the oldest mostly. The one that is meant stays as it was,
    another one is wrong from then on, and ``modified_count`` is 1 all the same.

What it leaves alone
    Filters by ``_id``, by a key that has a unique index or that the code makes to be unique, or with anything but
    equality; upserts; ``find_one_and_update``, which often takes any; reads without a sort, which may list one document
    only; scripts.

Fix and its safety
    Shown only: which document is meant, a person has to say.

Sources
    MongoDB manual, ``db.collection.updateOne()``: "updates the first matching document"; PyMongo, ``sort=`` of
    ``update_one`` (server 8.0).
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB412",
    "ambiguous-update",
    Severity.MEDIUM,
    fix=Applicability.DISPLAY,
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.writes.any_ones:
        operation, listed = found.operation, found.listed
        if project.is_script(operation.module):
            continue
        fields = ", ".join(found.fields)
        taken = "takes the first of them in order" if listed.name == "find_one" else "lists them in order"
        yield rule.finding(
            project.operation_span(operation),
            f"{operation.name} on {operation.target} asks only for {fields}, which several documents share "
            f"({listed.name} {taken}): it changes whichever the server meets; ask for the _id of the one that is meant",
            confidence=operation.confidence,
            related=project.related([(project.operation_span(listed), taken)]),
            fix=rule.repair(
                "say which document is meant",
                _by_hand,
                text="read the one that is meant first, in the order that says which, and update it by its _id",
            ),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("which document is meant, the code does not say")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("at", -1)])


        def latest(user_id: str):
            return db.orders.find_one({"user_id": user_id}, sort=[("at", -1)])


        def pay(user_id: str):
            db.orders.update_one({"user_id": user_id}, {"$set": {"paid": True}})
        """,
        at=("update_one",),
        message="asks only for user_id, which several documents share (find_one takes the first of them in order)",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index([("page", 1), ("host", 1), ("at", 1)])


        def visits(page: str, host: str):
            for visit in db.visits.find({"page": page, "host": host}).sort("at", 1):
                yield visit["at"]


        def hide(page: str):
            db.visits.update_one({"page": page}, {"$set": {"hidden": True}}, upsert=False)
        """,
        at=("update_one",),
        message="(find lists them in order): it changes whichever the server meets",
    ),
    Good(
        """\
        import uuid

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("number", 1)], unique=True)


        def order(user_id: str, number: int):
            db.orders.insert_one({"user_id": user_id, "number": number, "token": str(uuid.uuid4())})


        def latest(user_id: str):
            return db.orders.find_one({"user_id": user_id}, sort=[("number", -1)])


        def pay(user_id: str, number: int):
            db.orders.update_one({"user_id": user_id, "number": number}, {"$set": {"paid": True}})


        def pay_latest(user_id: str):
            db.orders.update_one({"_id": latest(user_id)["_id"]}, {"$set": {"paid": True}})
        """,
        why="a unique key; an _id",
    ),
]
