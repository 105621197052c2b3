"""Questions about what takes longer than it might have to: ``KINDS``, the weightiest first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mongolint.engine.review.questions.asked import Asked, among, spans
from mongolint.engine.review.questions.held import Held
from mongolint.finding import Span
from mongolint.project.operations import Operation

# What is filled in where a field is named after a value
_VALUE = re.compile(r"<[^<>]*>")


def filled_in(field: str) -> str:
    """A field that is named after a value, whatever the value."""
    return _VALUE.sub("<…>", field)


def _gathered(of: Held) -> Iterator[Asked]:
    """What requests read a whole collection for."""
    gathered = among(of.run, of.project.results.gathered)
    if gathered:
        yield Asked(
            "speed",
            "Would the documents of a span of time do, or a result that is kept for a while?",
            "A pipeline reads all documents at each request: no $match comes before they are put together.",
            of.name,
            spans(of.project, gathered),
        )


def _by_value(of: Held) -> Iterator[Asked]:
    """The filters by fields that are named after a value, which only a wildcard index would serve.

    Source: MongoDB manual, "Wildcard Indexes".
    """
    found: dict[str, dict[int, Operation]] = {}
    for operation in of.run:
        for field in of.project.fields.named_after(operation):
            found.setdefault(filled_in(field), {})[id(operation)] = operation
    for field, queries in found.items():
        yield Asked(
            "speed",
            f"Would an array of documents do in the place of {field}?",
            f"Only a wildcard index on {field.partition('<')[0]}$** serves a field that is named after a value; in an "
            "array, a field of each member holds it.",
            of.name,
            spans(of.project, queries.values()),
        )


def _together(of: Held) -> Iterator[Asked]:
    """The functions that find the same documents several times, each time for something else."""
    found = []
    for each in of.project.advice.together:
        if each.collection == of.name:
            found.append(sorted(spans(of.project, each.operations)))
    if found:
        yield Asked(
            "speed",
            "Would one aggregate do, with a $facet behind its $match?",
            "A function asks for the same documents several times, each time for another result; one reads them once.",
            of.name,
            [span for group in sorted(found) for span in group],
        )


def _read_twice(of: Held) -> Iterator[Asked]:
    """Which functions read a document that they could have been handed; read anew, it may be wanted so."""
    found: list[tuple[Span, Span, str]] = []
    for each in of.project.results.read_twice:
        if each.collection == of.name:
            first, again = (of.project.token(each.module, row) for row in (each.first, each.again))
            found.append((first, again, of.project.callee_name(each.module, each.again)))
    if found:
        question = "Can the document that was read be handed on?"
        ground = "A function reads it twice, with no write in between that the code shows"
        yield Asked(
            "speed",
            question,
            f"{ground}: again in line {found[0][1].line}, by {found[0][2]}.",
            of.name,
            [span for first, again, _ in found for span in (first, again)],
            (f"again by {found[0][2]}",) if len(found) == 1 else (),
            (question, f"{ground}."),
        )


def _read_again(of: Held) -> Iterator[Asked]:
    """Which handlers read what the framework has had read for them, for the same request."""
    found: dict[str, list[Operation]] = {}
    for each in of.project.results.read_again:
        if any(each.operation is one for one in of.run):
            found.setdefault(of.project.function_name(*each.provider), []).append(each.operation)
    for provider, reads in found.items():
        yield Asked(
            "speed",
            f"Would the document do that {provider} has read for the same request?",
            "A query asks for it again.",
            of.name,
            spans(of.project, reads),
        )


def _counted(of: Held) -> Iterator[Asked]:
    """The counts of a whole collection."""
    counted = among(of.run, of.project.results.counted_whole)
    if counted:
        yield Asked(
            "speed",
            "Would estimated_document_count() do?",
            "A request counts all documents one by one; that only asks what the collection says of itself.",
            of.name,
            spans(of.project, counted),
        )


KINDS = (_gathered, _by_value, _together, _read_twice, _read_again, _counted)
