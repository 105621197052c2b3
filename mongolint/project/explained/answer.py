"""The whole of what ``explain`` tells of an operation, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mongolint.coverage import ANY, Plan, QueryError
from mongolint.coverage.predicates import parse
from mongolint.fastclasses import dataclass
from mongolint.project.documents import EMPTY, Document
from mongolint.project.explained.better import Better, better
from mongolint.project.explained.requests import requests_of
from mongolint.project.explained.roles import Role, roles_of
from mongolint.project.explained.shown import Called, Entry, Gap, Listed, Object, flat, statement
from mongolint.project.explained.statement import collection_text, text_of
from mongolint.project.explained.transcript import Transcriber
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.pipelines import Lookup
from mongolint.project.plain import filter_of
from mongolint.project.verdicts import (
    Query,
    Verdict,
    ask,
    judge_query,
    query_of,
    query_of_lookup,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, judged.

    ``stage``: "" for the operation itself, else the stage that runs it for each document, or the request of a bulk
    write; ``mongosh``: its text. ``plan``: what the planner would do, where that can be told; ``indexes``: the
    declarations that its best plan reads.
    """

    stage: str
    mongosh: str
    query: Query
    roles: tuple[Role, ...]
    verdict: Verdict
    plan: Plan | None = None
    indexes: tuple[IndexDeclaration, ...] = ()
    better: Better | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An operation, and the queries inside it: those of a pipeline on other collections, or of a bulk write."""

    operation: Operation
    asked: Asked
    inner: tuple[Asked, ...] = ()


def answer(project: Project, operation: Operation) -> Answer:
    """What there is to tell of an operation."""
    found = _Asking(project, operation)
    inner = [*map(found.lookup, operation.lookups), *found.requests()]
    return Answer(operation, found.itself(), tuple(inner))


class _Asking:
    """Judges the queries of one operation by the indexes that it may use."""

    def __init__(self, project: Project, operation: Operation) -> None:
        self.project = project
        self.operation = operation
        self.read = Transcriber(project.reader)
        self.declared = project.declarations(operation.module)

    def itself(self) -> Asked:
        project, operation = self.project, self.operation
        query = project.query(operation)
        verdict = project.verdict(operation)
        if operation.name == "bulk_write":
            verdict = verdict._replace(reason="each request is a query of its own")
        if operation.head is not None and operation.filter.open and verdict.verdict == "none":
            query = replace(query, open=True)
            verdict = Verdict("unknown", reason="the pipeline may hold stages that the code does not show")
        text = text_of(self.read, operation)
        if operation.method.kind not in ("read", "write"):
            return Asked("", text, query, (), verdict)
        document = operation.planned
        return self._asked("", text, query, verdict, document)

    def lookup(self, lookup: Lookup) -> Asked:
        query = query_of_lookup(lookup)
        gap = self._compared(lookup)
        text = statement(collection_text(lookup.collection), [Called("find", (_shown(lookup.filter, gap),))])
        return self._asked(lookup.stage, text, query, self._verdict(query), EMPTY)

    def requests(self) -> Iterator[Asked]:
        """The queries of the requests of a bulk write that have a filter."""
        read = self.read
        for name, filter, place in requests_of(self.project, self.operation):
            document = self.project.reader.document(*filter)
            query = query_of(self.project.reader, replace(self.operation, filter=document, head=None, sort=[]))
            text = flat(read.value(place))
            yield self._asked(name, text, query, self._verdict(query), document)

    def _verdict(self, query: Query) -> Verdict:
        return self.project.if_known(judge_query(query, self.declared.on(query.collection)))

    def _asked(self, stage: str, text: str, query: Query, verdict: Verdict, document: Document) -> Asked:
        declared = self.declared.on(query.collection)
        query = replace(query, filter=self._values(query.filter, document))
        plan = verdict.plan or _plan(query, verdict)
        roles = tuple(roles_of(query, plan, self._optional(document)))
        judged = declared.judged
        used = tuple(judged[index] for index in (plan.best if plan is not None else ()) if index in judged)
        return Asked(stage, text, query, roles, verdict, plan, used, better(query, roles, declared, verdict))

    def _optional(self, document: Document) -> dict[str, Any]:
        """The fields that are in a filter on some paths, as a filter."""
        perhaps = Document(dict(document.optional), {}, False, False, document.places)
        found = self._values(filter_of(self.project.reader, perhaps), document)
        return {name: value for name, value in found.items() if _is_valid({name: value})}

    def _values(self, filter: Mapping[str, Any], document: Document) -> dict[str, Any]:
        """A filter in which a value that comes from a caller is not null, though that be its default."""
        return {
            name: ANY if value is None and self._is_gap(document, name) else value for name, value in filter.items()
        }

    def _is_gap(self, document: Document, name: str) -> bool:
        place = document.places.get(name)
        return place is not None and isinstance(self.read.value(place), Gap)

    def _compared(self, lookup: Lookup) -> str:
        """What the stage compares: ``author_id of each document``."""
        entries = dict(self.project.reader.entries(*lookup.place))
        name = "localField" if lookup.stage == "$lookup" else "startWith"
        found = self.read.value(entries[name]) if name in entries else None
        return f"{found.lstrip('$')} of each document" if isinstance(found, str) else "of each document"


def _plan(query: Query, verdict: Verdict) -> Plan | None:
    """The plan behind the verdict that needs none: ``_id`` finds the document, whatever else is declared."""
    if verdict.name != "_id_" or query.unclear:
        return None
    try:
        return ask(query, ())
    except QueryError:
        return None


def _is_valid(filter: Mapping[str, Any]) -> bool:
    try:
        parse(filter)
    except QueryError:
        return False
    return True


def _shown(value: Any, gap: str) -> Any:
    """Plain data with gaps."""
    if isinstance(value, Mapping):
        return Object(tuple(Entry(str(name), _shown(held, gap)) for name, held in value.items()))
    if isinstance(value, list | tuple):
        return Listed(tuple((_shown(held, gap), True) for held in value))
    return value if value is None or isinstance(value, str | int | float) else Gap(gap)
