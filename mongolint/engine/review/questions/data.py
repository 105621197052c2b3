"""Questions about what may spoil the data, or hide some of it: ``KINDS``, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.engine.review.questions.asked import Asked, listed, spans
from mongolint.engine.review.questions.held import Held
from mongolint.engine.review.questions.speed import filled_in
from mongolint.finding import Span

_TYPES = {"objectId": "an ObjectId", "string": "a string", "date": "a date", "number": "a number"}
_NESTED = {"object", "array"}


def _decreased(of: Held) -> Iterator[Asked]:
    """The numbers from which an update takes whatever it is told to."""
    found: dict[str, list[Span]] = {}
    for each in of.project.sessions.decreases:
        if each.operation.runs_on(of.name):
            found.setdefault(each.field, []).append(of.project.token(each.module, each.row))
    if found:
        fields = list(found)
        it, condition = ("it", f"{{{fields[0]}: {{$gte: the amount}}}}") if len(fields) == 1 else ("them", "$gte")
        yield Asked(
            "integrity",
            f"May {listed(fields)} go below zero?",
            f"An update takes an amount off {it}, and no filter asks whether that much is there: {condition} in the "
            "filter lets the server refuse.",
            of.name,
            [span for group in found.values() for span in group],
        )


def _copied(of: Held) -> Iterator[Asked]:
    """The arrays that a new document takes over, while updates keep them alike in all that belong together."""
    for each in of.project.sessions.copied:
        if each.collection == of.name:
            read, insert = (of.project.token(each.module, row) for row in (each.read[1], each.row))
            it = "it" if len(each.fields) == 1 else "them"
            yield Asked(
                "integrity",
                f"May a change of {listed(each.fields)} be missing in a new document?",
                f"{each.operation.name} takes {it} over as line {read.line} read {it}, without what update_many "
                f"changes in between in all documents with one {listed(each.group)}.",
                of.name,
                [insert, *spans(of.project, each.updates)],
            )


def _meanwhile(of: Held) -> Iterator[Asked]:
    """The inserts that go by the state of another document."""
    for each in of.project.sessions.meanwhile:
        if each.collection == of.name:
            read, insert = (of.project.token(each.module, row) for row in (each.read[1], each.row))
            yield Asked(
                "integrity",
                f"May a document come in after {each.field} of {each.parent} has changed?",
                f"{each.operation.name} goes by the {each.field} that line {read.line} read, and an update may change "
                "it in between; only a transaction that writes to both keeps them apart.",
                of.name,
                [insert, *spans(of.project, each.updates)],
            )


def _filled(of: Held) -> Iterator[Asked]:
    """What two workers that start at the same time store twice: whether there are several, the code does not tell."""
    made = [each for each in of.project.sessions.filled if each.collection == of.name and each.refusing is None]
    if made:
        yield Asked(
            "integrity",
            "Does only one worker ever start?",
            "A start of the application that finds the collection empty fills it, and two at the same time fill it "
            "twice: no unique index refuses that.",
            of.name,
            spans(of.project, (each.operation for each in made)),
        )


def _tested_numbers(of: Held) -> Iterator[Asked]:
    """The fields that are added up, and in which a number may be a text."""
    for each in of.project.fields.tested_numbers:
        if each.collection == of.name:
            test = of.project.token(*each.test)
            yield Asked(
                "integrity",
                f"May a number in {each.field} be a text?",
                f"It is stored as it came: {test.file}:{test.line} only tests that it makes a number. $avg and $sum "
                "leave texts out.",
                of.name,
                spans(of.project, [each.operation, *each.added]),
            )


def _of_two_types(of: Held) -> Iterator[Asked]:
    """The fields that one place stores as one of two types: a decision, which queries have to know of."""
    for field in of.known.fields.values():
        for use in field.written:
            kinds = [_TYPES.get(kind, kind) for kind in use.kinds if kind not in ("null", "bool")]
            if use.exact and use.values and len(kinds) == 2 and not {*use.kinds} & _NESTED and "." not in field.name:
                yield Asked(
                    "integrity",
                    f"Is {field.name} meant to be now {kinds[0]}, now {kinds[1]}?",
                    "A range meets one type only, and a sort keeps them apart.",
                    of.name,
                    [use.span],
                    (f"{field.name}: {kinds[0]} or {kinds[1]}",),
                    (
                        "Are these fields meant to be now of one type, now of another?",
                        "A range meets one type only, and a sort keeps them apart.",
                    ),
                )
                break


def _unstored(of: Held) -> Iterator[Asked]:
    """The fields that queries ask for, and nothing stores."""
    top = [field for field in of.known.fields.values() if "." not in field.name and field.name != "_id"]
    asked = [field for field in top if field.read and not field.written]
    if asked and len(asked) < len(top) and not of.known.open:
        yield Asked(
            "integrity",
            f"Is {asked[0].name} named right?",
            "The code asks for it, and no write that it shows stores it.",
            of.name,
            [use.span for field in asked[:5] for use in field.read],
            tuple(field.name for field in asked[:5]),
            ("Are these fields named right?", "The code asks for them, and no write that it shows stores them."),
        )


def _by_case(of: Held) -> Iterator[Asked]:
    """The unique keys that tell upper from lower case, while the code looks them up as if that were one."""
    unique = [
        index
        for index in of.project.indexes
        if index.collection_name == of.name and (index.options.get("unique") is True or index.open) and index.keys
    ]
    for index in unique:
        (field, _), *others = index.keys or ()
        beside = [each for each in unique if each is not index and each.keys and each.keys[0][0] == field]
        if others or index.open or "collation" in index.options or beside:
            continue
        queries = [of.project.query(each) for each in of.run if each.filter.required.get(field) == "equality"]
        if any(query.collation and query.collation.get("strength") in (1, 2) for query in queries):
            yield Asked(
                "integrity",
                f"May two documents differ in the case of {field} alone?",
                "It is looked for whatever the case, and the unique index on it tells case apart; if not, the index "
                "needs the collation of the queries.",
                of.name,
                [of.project.index_span(index)],
            )


def _unlike(of: Held) -> Iterator[Asked]:
    """The filters by ``$ne`` of fields that are named after a value, and so are missing in many a document."""
    unlike = [operation for operation in of.run if of.project.fields.unlike(operation)]
    if unlike:
        names = dict.fromkeys(filled_in(field) for each in unlike for field in of.project.fields.unlike(each))
        yield Asked(
            "integrity",
            f"Are documents without {' and '.join(names)} meant, too?",
            "They fit the $ne of a filter; $exists: true beside it leaves them out.",
            of.name,
            spans(of.project, unlike),
        )


def _first_of_each(of: Held) -> Iterator[Asked]:
    """The queries that keep one document of each group, of so many that are read."""
    for operation in of.run:
        field = None if of.project.is_script(operation.module) else of.project.results.first_of_each(operation)
        if field is not None:
            most = of.project.results.listed_at_most(operation)
            yield Asked(
                "integrity",
                f"May a {field} be missing, when there are more than {most} documents?",
                f"Of the first {most} one is kept for each {field}, and nobody is told of the rest; $group with "
                "$first behind the $sort sends one of each.",
                of.name,
                spans(of.project, [operation]),
            )


def _cut_off(of: Held) -> Iterator[Asked]:
    """The queries of the application that take some documents, and nothing says which; a finding tells of totals."""
    found: dict[Span, int] = {}
    results = of.project.results
    for operation in of.run:
        if operation.name == "find" and not operation.sort and not of.project.is_script(operation.module):
            most = results.listed_at_most(operation)
            if most is not None and most > 1 and results.total(operation) is None:
                found[of.project.operation_span(operation)] = most
    if found:
        numbers = tuple(str(number) for number in dict.fromkeys(sorted(found.values())))
        yield Asked(
            "integrity",
            f"Which documents may be missing, when there are more than {numbers[0]}?",
            "A query stops there, no sort says which come first, and nobody is told of the rest.",
            of.name,
            list(found),
            numbers,
            (
                "Which documents may be missing, when there are more than a query takes?",
                "It stops at the number in brackets, no sort says which come first, and nobody is told of the rest.",
            ),
        )


KINDS = (
    _decreased,
    _copied,
    _meanwhile,
    _filled,
    _tested_numbers,
    _of_two_types,
    _by_case,
    _unstored,
    _unlike,
    _first_of_each,
    _cut_off,
)
