"""The key patterns of queries that are worth an index: without marks of deletion and fields that hold documents.

A key of such a field is a whole document: the index gets as large as the collection, and before MongoDB 4.2 a document
whose key has more than 1024 bytes is refused. Source: MongoDB manual, "MongoDB Limits and Thresholds", Index Key Limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.project.advice.patterns import Pattern, patterns_of, wide_comparisons
from mongolint.project.fields.shapes import WRITES
from mongolint.project.operations import Operation
from mongolint.project.plain import value_of
from mongolint.project.verdicts import Query, is_live

if TYPE_CHECKING:
    from mongolint.project.model import Project


def lean_patterns(project: Project, query: Query) -> list[Pattern]:
    """The patterns that serve a query, as `patterns_of` finds them; none where one would have no key left."""
    found = patterns_of(query)
    names = {name for pattern in found for name, _ in pattern.keys}
    left_out = {name for name in names if is_live(query, name) or _holds_documents(project, query, name)}
    bare = all(is_live(query, name) for name in query.filter)
    lean = [replace(_without(pattern, left_out), bare=bare) for pattern in found]
    return list(dict.fromkeys(lean)) if all(pattern.keys for pattern in lean) else []


def in_pages(project: Project, found: list[Pattern], operation: Operation) -> list[Pattern]:
    """The patterns of an operation, for pages in no order with ``_id`` behind: by that they have to be sorted yet."""
    if len(found) != 1 or not found[0].equal or found[0].rest or project.results.unsorted_page(operation) is None:
        return found
    return [replace(found[0], rest=_BY_ID, ordered=1)]


def out_of_pages(pattern: Pattern) -> Pattern:
    """The pattern of the same filter where no pages are asked for."""
    return replace(pattern, rest=(), ordered=0) if pattern.rest == _BY_ID else pattern


_BY_ID = (("_id", 1),)


def _without(pattern: Pattern, left_out: set[str]) -> Pattern:
    order, others = pattern.rest[: pattern.ordered], pattern.rest[pattern.ordered :]
    equal = tuple(name for name in pattern.equal if name not in left_out)
    kept = tuple((name, kind) for name, kind in others if name not in left_out or kind not in (1, -1))
    loose = pattern.loose and bool(equal)
    return replace(pattern, equal=equal, rest=(*order, *kept), flags=pattern.flags - left_out, loose=loose)


def _holds_documents(project: Project, query: Query, name: str) -> bool:
    """Whether documents or arrays of them are stored in a field, which no document is compared with."""
    if query.collection is None or any(_is_document(value) for value in _compared(query.filter, name)):
        return False
    known = project.fields.of(query.collection).fields
    if any(other.startswith(f"{name}.") for other in known):
        return True
    return name in known and any("object" in use.kinds for use in known[name].uses if use.how in WRITES)


def _compared(filter: Mapping[str, Any], name: str) -> Iterator[Any]:
    """What a field is compared with, in branches too."""
    for key, value in filter.items():
        if key == name:
            yield value
        elif key in ("$and", "$or") and isinstance(value, list):
            for branch in value:
                yield from _compared(branch, name) if isinstance(branch, Mapping) else ()


def _is_document(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(str(key).startswith("$") for key in value)


def wide_where_given(project: Project, operation: Operation) -> dict[str, str]:
    """The fields that a filter compares with an expression where a search is asked for, and why no index helps then.

    Empty where another field is surely in the filter, which an index may serve: what is left is then compared in vain.
    """
    asked = operation.planned
    if asked.required or asked.clauses or asked.open or "_one" in operation.name:
        return {}
    parts = [part for name, part in asked.parts.items() if name == "$or" and len(part.places) == 1]
    given = [{"$or": value_of(project.reader, part.places[0])} for part in parts]
    plain = asked.plain or asked
    for name, kind in plain.optional.items():
        if kind == "regex" and name in plain.places:
            given.append({name: value_of(project.reader, plain.places[name])})
    found: dict[str, str] = {}
    for filter in given:
        found |= wide_comparisons(Query(operation.collection_names[0], filter)) if operation.collection_names else {}
    return {name: kind for name, kind in found.items() if kind in ("regex", "case")}


def is_worth_one(project: Project, operation: Operation, patterns: Sequence[Pattern]) -> bool:
    """Whether a query is asked often enough for an index, which would outlive a migration.

    One that helps only where few documents have a flag has to serve more than the start of the application.
    """
    if _is_in_migration(project, operation.module):
        return False
    if not patterns or not all(pattern.is_flag for pattern in patterns):
        return True
    return not project.reachability.is_start_only(operation.module, operation.scope, operation.row)


def _is_in_migration(project: Project, module: int) -> bool:
    """Whether a file is a script that runs once, as its folder says."""
    folders = project.path(module).split("/")[:-1]
    return project.is_script(module) and any("migration" in folder for folder in folders)
