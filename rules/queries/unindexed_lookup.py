"""A pipeline that joins another collection on a field without an index.

What it flags
    `$lookup`, `$graphLookup` and `$unionWith` whose query on the other collection no declared index serves.

Why it hurts
    The other collection is read whole for each document that the stage gets: a thousand orders and a million users
    make a thousand million comparisons.

What it leaves alone
    Joins on `_id`; collections and fields known only at run time; collections with an index whose keys are not known.

Fix and its safety
    The declaration of an index on the joined field, where the project declares its indexes. Unsafe: building an index
    on a large collection takes time, and each one costs writes.

Sources
    MongoDB manual, "$lookup", section "Performance Considerations", and "$graphLookup", "Considerations".
"""

from collections.abc import Iterator
from functools import partial

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule("MDB106", "unindexed-lookup", Severity.HIGH, fix=Applicability.UNSAFE, concern="speed")


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    told = set()
    for query, lookup, verdict in project.lookups:
        if verdict.verdict != "unserved":
            continue
        patterns = project.patterns_of_lookup(lookup)
        if len(patterns) != 1 or patterns[0].weak:
            continue
        code = project.writes.index_code(str(lookup.collection), patterns[0])
        fields = ", ".join(name for name, _ in patterns[0].keys)
        # A stage that a variable holds stands where its document is built, if that has a place
        place = lookup.place if project.has_span(*lookup.place[:2]) else None
        span = project.span(place.module, place.row) if place is not None else project.operation_span(query)
        if (span, code) in told:
            continue  # a stage of two pipelines
        told.add((span, code))
        yield rule.finding(
            span,
            f"{lookup.stage} joins {lookup.collection} on {fields}: {verdict.reason}, so {lookup.collection} is read "
            f"whole for each document; declare {code} on {lookup.collection}",
            confidence=query.confidence,
            related=project.related([(project.operation_span(query), f"the pipeline, on {query.target}")]),
            fix=rule.repair(
                "declare the index",
                partial(Draft.declare_index_on, collection=lookup.collection, pattern=patterns[0]),
                reason="building an index takes time on a large collection, and each one costs writes",
            ),
        )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.reviews.create_index("at")


        def books_with_reviews(book_id):
            join = {"from": "reviews", "localField": "_id", "foreignField": "book_id", "as": "reviews"}
            return list(db.books.aggregate([{"$match": {"_id": book_id}}, {"$lookup": join}]))


        def newest():
            return db.reviews.find_one({}, sort=[("at", -1)])
        """,
        at=('{"from": "reviews", "localField": "_id", "foreignField": "book_id", "as": "reviews"}',),
        message="so reviews is read whole for each document",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.reviews.create_index("at")
        db.reviews.create_index("book_id")


        def books_with_reviews(book_id):
            join = {"from": "reviews", "localField": "_id", "foreignField": "book_id", "as": "reviews"}
            return list(db.books.aggregate([{"$match": {"_id": book_id}}, {"$lookup": join}]))


        def newest():
            return db.reviews.find_one({}, sort=[("at", -1)])
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.grades.create_index("student")


        def graded(course):
            match = {"$expr": {"$eq": ["$course_id", "$$course"]}}
            join = {"from": "grades", "let": {"course": "$_id"}, "pipeline": [{"$match": match}], "as": "grades"}
            stages = [{"$match": {"_id": course}}, {"$lookup": join}]
            total = list(db.courses.aggregate(stages + [{"$count": "total"}]))
            return total, list(db.courses.aggregate(stages + [{"$limit": 10}]))
        """,
        at=('{"from": "grades", "let": {"course": "$_id"}, "pipeline": [{"$match": match}], "as": "grades"}',),
        message="$lookup joins grades on course_id: no index is declared on course_id, so",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.reviews.create_index([("book_id", 1), ("at", -1)])


        def books(collection):
            by_id = {"$lookup": {"from": "authors", "localField": "author", "foreignField": "_id", "as": "author"}}
            by_book = {"$lookup": {"from": "reviews", "localField": "_id", "foreignField": "book_id", "as": "reviews"}}
            unknown = {"$lookup": {"from": collection, "localField": "_id", "foreignField": "book_id", "as": "other"}}
            return list(db.books.aggregate([by_id, by_book, unknown], batchSize=100))
        """,
        why="_id and a prefix of a declared index serve the joins; of the third nobody knows the collection",
    ),
]
