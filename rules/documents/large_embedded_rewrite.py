"""A growing part of a document, rewritten whole.

What it flags
    A field that is read with its document, gets longer inside, and is set again as a whole: a table of contents to
    which one chapter is added. One finding per field, with the other places that set it whole.

Why it hurts
    Each change sends and stores everything that the field holds, and two changes at the same time overwrite one
    another. It gets slower with each member, and ends at 16 MB.

What it leaves alone
    Fields that are set from what the caller sends; updates of single members (`$push`, `items.$.name`).

Fix and its safety
    None is written: members that grow in number and size belong into a collection of their own, or are updated one by
    one.

Sources
    MongoDB manual, "Avoid Unbounded Arrays", "Update Arrays in a Document" and "MongoDB Limits and Thresholds".
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB229",
    "large-embedded-rewrite",
    Severity.LOW,
    tier="review",
    fix=Applicability.DISPLAY,
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for collection in project.fields.collections:
        for field, uses in project.fields.rewritten(collection):
            operation: Any = uses[0].operation
            spans = list(dict.fromkeys(use.span for use in uses))
            yield rule.finding(
                uses[0].span,
                f"{operation.name} on {collection} rewrites all of {field} to add to it: each change sends everything "
                f"that it holds, and overwrites other changes; update its members, or give them a collection",
                confidence=operation.confidence,
                related=project.related((span, f"sets all of {field}, too") for span in spans[1:]),
                fix=rule.repair(
                    "update one member at a time",
                    _none,
                    text=f'{{"$push": {{"{field}.…": member}}}}, and to change one, {{"$set": {{"{field}.….$.…": …}}}}',
                ),
            )


def _none(draft: Draft) -> None:
    raise NoFix("where the members should go is a decision about the design")


EXAMPLES = [
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def add_chapter(book_id: str, chapter: dict):
            book = db.books.find_one({"_id": ObjectId(book_id)})
            contents = book.get("contents", {})
            chapters = contents.get("chapters", [])
            chapters.append(chapter)
            contents["chapters"] = chapters
            db.books.update_one({"_id": ObjectId(book_id)}, {"$set": {"contents": contents}})
        """,
        at=("update_one",),
        message="update_one on books rewrites all of contents to add to it",
    ),
    Good(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def rename(book_id: str, title: str):
            book = db.books.find_one({"_id": ObjectId(book_id)})
            names = book["names"]
            names["long"] = title
            same = {"_id": ObjectId(book_id), "version": book["version"]}
            db.books.update_one(same, {"$set": {"names": names}, "$inc": {"version": 1}})


        def replace_contents(book_id: str, contents: dict):
            db.books.update_one({"_id": ObjectId(book_id)}, {"$set": {"contents": contents}})
        """,
        why="nothing grows in names; contents come whole from the caller",
    ),
]
