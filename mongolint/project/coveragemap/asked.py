"""Every query that a project sends: of operations, of stages of their pipelines, of the requests of a bulk_write."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.coverage import ANY
from mongolint.fastclasses import NamedTuple
from mongolint.finding import Span
from mongolint.link.atoms import External
from mongolint.mongo import drivers
from mongolint.project.coveragemap.shapes import Item, items_of, names_in, with_optional
from mongolint.project.coveragemap.unseen import SORT, unseen_in
from mongolint.project.documents import Document, Place
from mongolint.project.operations import Operation, argument
from mongolint.project.plain import filter_of
from mongolint.project.verdicts import Query, Verdict, judge_query, query_of_lookup
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.model import Project


class Site(NamedTuple):
    """Where a query is sent. ``origin``: application, script or test.

    ``via``: the stage, the ``bulk_write`` or the helper that sends it, "" for an operation, which it then is alone.
    """

    span: Span
    method: str
    origin: str
    via: str = ""


class Asked(NamedTuple):
    """A query with its verdict.

    ``collections``: those that it may be on: one, several, or none where only the running program knows.
    ``kind``: read, write, or lookup for what a stage asks of another collection.
    ``full``: the query on the path on which it has all its optional fields. ``unseen``: of `unseen_in`.
    """

    collections: tuple[str, ...]
    kind: str
    items: tuple[Item, ...]
    query: Query
    full: Query
    verdict: Verdict
    site: Site
    unseen: tuple[str, ...] = ()


def asked_by(project: Project, operation: Operation) -> Asked | None:
    """The query of an operation; None where it has no filter and no sort."""
    found = _shown(project, operation)
    if found is None:
        return None
    unseen, verdict = unseen_in(project, operation), found.verdict
    if SORT in unseen and verdict.verdict == "served" and verdict.name != "_id_":
        # The index finds the documents; whether it gives their order, nobody knows
        verdict = verdict._replace(verdict="unknown", reason=f"{verdict.reason}; what they are sorted by is not shown")
    return found._replace(unseen=unseen, verdict=verdict)


def _shown(project: Project, operation: Operation) -> Asked | None:
    """What the code shows of it."""
    verdict = project.verdict(operation)
    if verdict.verdict == "none":
        return None
    names = tuple(sorted(operation.collection_names))
    kind = "read" if operation.method.kind == "read" else "write"
    site = Site(project.operation_span(operation), operation.name, origin_of(project, operation.module))
    return _asked(project, names, kind, (operation.planned, project.query(operation)), verdict, site)


def told_by_calls(project: Project) -> set[tuple[int, int]]:
    """The operations of helpers for several collections, as module and row, of which each call is read."""
    rows: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for call in project.asked_of_helpers:
        rows.setdefault((call.operation.module, call.operation.row), set()).add((call.module, call.row))
    told = set()
    for operation in project.operations:
        key = (operation.module, operation.row)
        if operation.collection is None and key in rows:
            ways = inserts.ways(project.writes.tracer, operation, frozenset())
            direct = {(way.point.module, way.row) for way in ways if way.frame and way.frame.outer is None}
            if direct == rows[key]:
                told.add(key)
    return told


def calls_asked(project: Project, told: Container[tuple[int, int]]) -> Iterator[Asked]:
    """What callers ask by helpers, each at its call; ``via`` the helper, unless its own query is ``told`` by that."""
    for call in project.asked_of_helpers:
        is_told = (call.operation.module, call.operation.row) in told
        one = (asked_by if is_told else _shown)(project, call.operation)
        if one is not None:
            span, origin = project.token(call.module, call.row), origin_of(project, call.module)
            via = "" if is_told else project.callee_name(call.module, call.row)
            yield one._replace(site=one.site._replace(span=span, origin=origin, via=via))


def _asked(
    project: Project,
    names: tuple[str, ...],
    kind: str,
    asking: tuple[Document, Query],
    verdict: Verdict,
    site: Site,
) -> Asked:
    document, query = asking
    items = items_of(query.filter)
    seen = set(names_in(items))
    optional = {name: each for name, each in document.optional.items() if name not in seen}
    full = query
    if optional:
        whole = replace(document, required={**document.required, **optional}, optional={})
        filled = filter_of(project.reader, whole)
        # What is put in on some paths only is not the None that a parameter has on the others
        filled.update(
            (name, ANY) for name in optional if filled[name] is None and not _is_none(project, document, name)
        )
        full = replace(query, filter=filled, optional=())
        items = with_optional(items, items_of(filled))
    return Asked(names, kind, items, query, full, verdict, site)


def _is_none(project: Project, document: Document, name: str) -> bool:
    """Whether the code says None itself where it puts a field in."""
    place = document.places.get(name)
    return place is not None and project.link.node(place.module, place.row)[0] == "const"


def lookups_asked(project: Project) -> Iterator[Asked]:
    """What stages of pipelines ask of other collections."""
    for operation, lookup, verdict in project.lookups:
        query = query_of_lookup(lookup)
        site = Site(
            project.operation_span(operation), operation.name, origin_of(project, operation.module), lookup.stage
        )
        if verdict.verdict != "none":
            yield Asked((lookup.collection,), "lookup", items_of(query.filter), query, query, verdict, site)


def requests_asked(project: Project, operation: Operation) -> list[Asked] | None:
    """What the requests of a ``bulk_write`` ask; None where the code does not show them."""
    place = argument(project.link, operation.module, operation.row, operation.method, "requests")
    items, is_open = project.reader.items(*place) if place is not None else ([], True)
    found = [(item.place, request) for item in items for request in _requests(project, item.place)]
    if is_open and not found:
        return None
    return [one for at, request in found if (one := _requested(project, operation, at, request)) is not None]


def _requests(project: Project, place: Place) -> Iterator[drivers.Request]:
    """The write request that a call makes, if it makes one."""
    node = project.link.node(place.module, place.row)
    if node[0] == "call":
        for atom in project.link.value(place.module, node[1], place.env):
            if type(atom) is External and atom.name in drivers.REQUESTS:
                yield drivers.REQUESTS[atom.name]


def _requested(project: Project, operation: Operation, place: Place, request: drivers.Request) -> Asked | None:
    row = _given(project, place, request, request.filter)
    if row is None:
        return None
    document = project.reader.document(place.module, row, place.env)
    names = tuple(sorted(operation.collection_names))
    query = Query(
        names[0] if len(names) == 1 else None,
        filter_of(project.reader, document),
        optional=tuple(document.optional),
        open=document.open,
    )
    verdict = judge_query(query, project.declarations(operation.module).on(query.collection))
    if verdict.verdict == "none":
        return None
    verdict = project.if_known(verdict)
    name = project.callee_name(place.module, place.row)
    site = Site(project.token(place.module, place.row), name, origin_of(project, place.module), "bulk_write")
    return _asked(project, names, "write", (document, query), verdict, site)


def _given(project: Project, place: Place, request: drivers.Request, parameter: str | None) -> int | None:
    """The argument of a request that plays a part."""
    args: Any = project.link.node(place.module, place.row)[2]
    positional = [row for keyword, row in args if keyword is None]
    given = dict(zip(request.params, positional, strict=False))
    given.update((keyword, row) for keyword, row in args if keyword not in (None, "*", "**"))
    return given.get(parameter) if parameter is not None else None


def origin_of(project: Project, module: int) -> str:
    """What kind of code a module is: application, script or test."""
    if module in project.tests:
        return "test"
    return "script" if project.is_script(module) else "application"
