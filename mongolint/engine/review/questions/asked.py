"""A question to those who wrote the code, and how several are told as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mongolint.fastclasses import NamedTuple
from mongolint.finding import Span
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.rule import Concern

Record = dict[str, Any]


class Asked(NamedTuple):
    """What is asked of a collection.

    ``details``: what of the collection it is about, where the same is asked of others: fields, names of indexes.
    ``several``: question and ground where those differ; without it both are the same for all.
    """

    concern: Concern
    question: str
    ground: str
    collection: str
    places: Sequence[Span] = ()
    details: tuple[str, ...] = ()
    several: tuple[str, str] | None = None


def merged(asked: Iterable[Asked]) -> Iterator[Record]:
    """The questions, each once for all the collections of which it is asked, in the order in which they came."""
    alike: dict[tuple[str, str, str], list[Asked]] = {}
    for each in asked:
        alike.setdefault((each.concern, *(each.several or (each.question, each.ground))), []).append(each)
    for group in alike.values():
        first = group[0]
        is_one = len({(each.question, each.ground) for each in group}) == 1
        is_one = is_one and all(len(each.details) == 1 for each in group)
        question, ground = (first.question, first.ground) if first.several is None or is_one else first.several
        yield {
            "concern": first.concern,
            "question": question,
            "ground": ground,
            "of": [
                {
                    "collection": each.collection,
                    "details": [] if is_one else list(each.details),
                    "places": [_record(span) for span in sorted(set(each.places))],
                }
                for each in group
            ],
        }


def _record(span: Span) -> Record:
    return {"file": span.file, "line": span.line, "column": span.column}


def spans(project: Project, operations: Iterable[Operation]) -> list[Span]:
    """Where operations are."""
    return [project.operation_span(each) for each in operations]


def among(run: Sequence[Operation], found: Iterable[Operation]) -> list[Operation]:
    """The operations of a collection that are among those found in the whole project."""
    known = set(map(id, found))
    return [each for each in run if id(each) in known]


def listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
