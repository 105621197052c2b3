"""Questions about what fails, and what a client is told then: ``KINDS``, the weightiest first."""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.engine.review.questions.asked import Asked, among, listed, spans
from mongolint.engine.review.questions.held import Held
from mongolint.project.operations import Operation


def _refused_starts(of: Held) -> Iterator[Asked]:
    """What of two workers that start at the same time the second cannot store."""
    refused = [
        (each.operation, each.refusing.name)
        for each in of.project.sessions.filled
        if each.collection == of.name and each.refusing is not None
    ]
    if refused:
        yield Asked(
            "resilience",
            "Does a second worker start all the same?",
            "A start of the application stores what it has not found; of two at the same time "
            f"{listed(list(dict.fromkeys(name for _, name in refused)))} refuses one, and nothing that the code shows "
            "catches the DuplicateKeyError.",
            of.name,
            spans(of.project, (operation for operation, _ in refused)),
        )


def _unanswered(of: Held) -> Iterator[Asked]:
    """The writes that fail when a unique index refuses them: what a client is to see then is a decision."""
    told = {(each.operation.module, each.operation.row) for each in of.project.sessions.numbered}
    found: dict[str, list[Operation]] = {}
    for each in of.project.sessions.unanswered:
        if each.collection == of.name and (each.operation.module, each.operation.row) not in told:
            found.setdefault(each.refusing.name, []).append(each.operation)
    question = "Is 500 the answer to a key that is taken?"
    behind = "it, and nothing that the code shows catches the DuplicateKeyError."
    if found:
        yield Asked(
            "resilience",
            question,
            f"{next(iter(found))} refuses {behind}",
            of.name,
            spans(of.project, (write for writes in found.values() for write in writes)),
            tuple(found),
            (question, f"A unique index refuses {behind}"),
        )


def _unchecked(of: Held) -> Iterator[Asked]:
    """The keys that come with a request and may be none."""
    unchecked = among(of.run, of.project.fields.unchecked_ids)
    if unchecked:
        yield Asked(
            "resilience",
            "Is 500 the answer to a path that names no ObjectId?",
            "ObjectId() raises InvalidId for a text that is none, and nothing that the code shows catches it.",
            of.name,
            spans(of.project, unchecked),
        )


def _unheeded(of: Held) -> Iterator[Asked]:
    """The writes of which a client is told the same whether or not there was such a document."""
    found = among(of.run, of.project.results.unheeded)
    if found:
        yield Asked(
            "resilience",
            "Is the answer the same when there was no such document?",
            "Nothing looks whether what the path names was there to be changed or deleted: matched_count or "
            "deleted_count tells.",
            of.name,
            spans(of.project, found),
        )


KINDS = (_refused_starts, _unanswered, _unchecked, _unheeded)
