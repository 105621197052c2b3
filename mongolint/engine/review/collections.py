"""The table of collections: fields, indexes declared and needed, and how complete that is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.project.fields.shapes import KnownField, KnownFields
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.schema.validated import validated

Record = dict[str, Any]

_REMOVING = frozenset(
    ["delete_one", "delete_many", "find_one_and_delete", "find_and_modify", "remove", "bulk_write", "drop"]
)
_ADDING = frozenset(["insert_one", "insert_many", "insert"])

# A moment, and no span of time
_END = re.compile(r"_?(expires?|expiry|expiration)_?(at|on|date|time|datetime)", re.IGNORECASE)
# What is filled in where a field is named after a value
_VALUE = re.compile(r"<[^<>]*>")
# Places that a note names
_MAX_PLACES = 3

# What completeness is made of, in percent; without queries that can be judged, of the rest. The page shows this
# formula with each number.
WEIGHTS = {
    "queries": 50,  # the share of queries with a filter that an index serves
    "uniqueness": 20,  # no key that the code takes for unique lacks a unique index
    "fields": 20,  # the code shows all fields of the documents that it writes
    "validator": 10,  # the code gives the collection a validator
}
# How much of a query an index does
_JUDGED = {"served": 1.0, "partial": 0.5, "unserved": 0.0}


def collections(project: Project, coverage: Mapping[str, Any], needed: Sequence[Record]) -> list[Record]:
    """Every collection that the files asked for touch and whose name is known, by name."""
    found = []
    guarded, unmade = validated(project), _unmade(project)
    used = {name for o in project.operations if o.module not in project.tests for name in o.collection_names}
    used |= {index.collection_name for index in project.indexes if index.collection_name}
    for held in (held for held in _named(coverage) if held["name"] in used):
        lacking = [index for index in needed if index["collection"] == held["name"]]
        validator = True if held["name"] in guarded else None if None in guarded else False
        found.append(_collection(project, held, lacking, validator, unmade))
    return sorted(found, key=lambda each: str(each["name"]))


def _named(coverage: Mapping[str, Any]) -> list[Record]:
    """The collections of the map, and those that only helpers for several collections touch."""
    found = [held for held in coverage["collections"] if held["name"] is not None]
    names = {held["name"] for held in found}
    others = sorted({name for held in coverage["collections"] for name in held["candidates"]} - names)
    return [*found, *({"name": name, "operations": 0, "shapes": [], "indexes": []} for name in others)]


def _unmade(project: Project) -> set[tuple[str, int, int]]:
    """Where the indexes are declared that no start of the application makes."""
    spans = [project.index_span(index) for setup in project.idle_setups() for index in setup.indexes]
    return {(span.file, span.line, span.column) for span in spans}


def _collection(
    project: Project,
    held: Mapping[str, Any],
    needed: Sequence[Record],
    validator: bool | None,
    unmade: set[tuple[str, int, int]],
) -> Record:
    name = held["name"]
    known = project.fields.of(name)
    timed = name in project.fields.time_series
    parts: dict[str, float | None] = {
        "queries": _served(held["shapes"]),
        "uniqueness": 0.0 if any(index["why"] == "unique" for index in needed) else 1.0,
        "fields": 0.0 if known.open or not any(field.written for field in known.fields.values()) else 1.0,
        "validator": None if timed else 1.0 if validator else 0.0,
    }
    return {
        "name": name,
        "operations": held["operations"],
        "fields": [_field(field) for field in known.fields.values() if not _is_gone(field)],
        "open": known.open,
        "indexes": [
            {
                **{key: index[key] for key in ("name", "keys", "options", "status", "purposes", "places")},
                "made": not any((each["file"], each["line"], each["column"]) in unmade for each in index["places"]),
            }
            for index in held["indexes"]
            if not index["server"]
        ],
        "needed": [{key: index[key] for key in ("keys", "options", "why", "reason", "priority")} for index in needed],
        "validator": validator,
        "timeseries": timed,
        "notes": list(_notes(project, name, known)),
        "completeness": {
            "percent": _percent(parts),
            "queries": _calls(held["shapes"], (*_JUDGED, "unknown")),
            "judged": _calls(held["shapes"], tuple(_JUDGED)),
            "parts": [
                {"part": part, "weight": WEIGHTS[part], "share": share if share is None else round(share, 2)}
                for part, share in parts.items()
            ],
        },
    }


def _notes(project: Project, name: str, known: KnownFields) -> Iterator[str]:
    """What a reader of the table should know besides."""
    run = [each for each in project.operations_on(name) if each.module not in project.tests]
    names = {operation.name for operation in run}
    dated = [field.name for field in known.fields.values() if field.written and "date" in field.kinds]
    expires = any(i.collection_name == name and (i.open or "expireAfterSeconds" in i.options) for i in project.indexes)
    added = [each for each in run if each.name in _ADDING and not project.is_script(each.module)]
    piles_up = bool(added) and not project.writes.is_of_one_each(added) and name not in project.fields.edited
    if dated and piles_up and not names & _REMOVING and not expires:
        is_log = all(each.method.kind != "write" or each.name in _ADDING for each in run)
        # What is written again later tells no age, save where no other date is there
        kept = [each for each in dated if not any(use.how == "update" for use in known.fields[each].written)]
        yield (
            f"documents are {'only ' if is_log else ''}added, nothing that the code shows deletes them, and no TTL "
            f"index ends them: how long are they kept? ({(kept or dated)[0]} tells their age)"
        )
    if names & _ADDING and not names & _REMOVING:
        yield from _ending(known)
    top = [field for field in known.fields.values() if "." not in field.name and field.name != "_id"]
    asked = [field.name for field in top if field.read and not field.written]
    if asked and len(asked) < len(top) and not known.open:
        right = "are they named right?" if len(asked) > 1 else "is it named right?"
        yield f"no write that the code shows stores {', '.join(asked[:5])}: {right}"
    yield from _by_value(project, run)
    yield from _by_case(project, name, run)
    yield from _left(project, name, ends=expires)
    yield from _read_twice(project, name)


def _ending(known: KnownFields) -> Iterator[str]:
    """The fields that say when a document ends in a way that no TTL index can read."""
    for field in known.fields.values():
        kinds = {kind for use in field.written for kind in use.kinds}
        if _END.fullmatch(field.name) and kinds and kinds <= {"number", "string"}:
            yield (
                f"{field.name} says when a document ends, and nothing that the code shows deletes it then: is it to "
                f"stay? (a TTL index would end it, if that were a date; it is a {' or '.join(sorted(kinds))})"
            )


def _by_value(project: Project, run: Sequence[Operation]) -> Iterator[str]:
    """The filters by fields that are named after a value, which only a wildcard index would serve.

    Source: MongoDB manual, "Wildcard Indexes".
    """
    found: dict[str, dict[int, Operation]] = {}
    for operation in run:
        for field in project.fields.named_after(operation):
            found.setdefault(_VALUE.sub("<…>", field), {})[id(operation)] = operation
    for field, queries in found.items():
        ask = "1 query asks" if len(queries) == 1 else f"{len(queries)} queries ask"
        yield (
            f"{ask} for {field} ({_places(project, queries.values())}), a field that is named after a value, which no "
            f"index serves but a wildcard one on {field.partition('<')[0]}$**: would an array of documents do, with "
            "that value in a field of each?"
        )


def _places(project: Project, operations: Iterable[Operation]) -> str:
    """Where operations are, of many the first."""
    spans = sorted(project.operation_span(each) for each in operations)
    more = f" and {len(spans) - _MAX_PLACES} more" if len(spans) > _MAX_PLACES else ""
    return ", ".join(f"{span.file}:{span.line}" for span in spans[:_MAX_PLACES]) + more


def _by_case(project: Project, name: str, run: Sequence[Operation]) -> Iterator[str]:
    """The unique keys that tell upper from lower case, while the code looks them up as if that were one."""
    unique = [
        index
        for index in project.indexes
        if index.collection_name == name and (index.options.get("unique") is True or index.open) and index.keys
    ]
    for index in unique:
        (field, _), *others = index.keys or ()
        beside = [each for each in unique if each is not index and each.keys and each.keys[0][0] == field]
        if others or index.open or "collation" in index.options or beside:
            continue
        queries = [project.query(each) for each in run if each.filter.required.get(field) == "equality"]
        if any(query.collation and query.collation.get("strength") in (1, 2) for query in queries):
            yield (
                f"{field} is looked for whatever the case of its letters, and the unique index on it tells case apart: "
                f"may two documents differ in that alone? (if not, the index needs the collation of the queries)"
            )


def _left(project: Project, name: str, *, ends: bool) -> Iterator[str]:
    """The deletes that leave what a log says of what they delete: a decision, which the code does not tell."""
    for found in project.deletes.records:
        fields = [each.field for each in found.left if each.child == name]
        if fields:
            span = project.operation_span(found.operation)
            functions = dict.fromkeys(
                project.function_name(each.module, each.scope) for each in found.unused if each.runs_on(name)
            )
            spare = f"; {' and '.join(functions)} would delete them, but nothing runs it" if functions else ""
            yield (
                f"{found.operation.name} on {found.operation.target} ({span.file}:{span.line}) leaves those that name "
                f"what it deletes ({fields[0]}){spare}: are they to stay{' until they expire' if ends else ''}?"
            )


def _read_twice(project: Project, name: str) -> Iterator[str]:
    """Which functions read a document that they could have been handed; read anew, it may be wanted so."""
    places = []
    for each in project.results.read_twice:
        if each.collection == name:
            first, again = (project.token(each.module, row) for row in (each.first, each.again))
            one, other = (project.callee_name(each.module, row) for row in (each.first, each.again))
            place = f"{first.file}:{first.line} by {one}, and line {again.line} by {other}"
            places.append((first.file, first.line, place))
    if places:
        more = f"; {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
        what = "a function reads" if len(places) == 1 else f"{len(places)} functions read"
        yield (
            f"{what} one document twice, with no write in between that the code shows: can the first be handed on? "
            f"({'; '.join(place for _, _, place in sorted(places)[:_MAX_PLACES])}{more})"
        )


def _percent(parts: Mapping[str, float | None]) -> int:
    known = {part: share for part, share in parts.items() if share is not None}
    reached = sum(WEIGHTS[part] * share for part, share in known.items())
    return round(100 * reached / sum(WEIGHTS[part] for part in known))


def _served(shapes: Sequence[Mapping[str, Any]]) -> float | None:
    """The share of calls that an index serves, of those that can be judged; a partial one counts half."""
    calls = _calls(shapes, tuple(_JUDGED))
    if not calls:
        return None
    served = sum(_JUDGED[shape["verdict"]] * shape["calls"] for shape in shapes if shape["verdict"] in _JUDGED)
    return float(served / calls)


def _calls(shapes: Sequence[Mapping[str, Any]], verdicts: Sequence[str]) -> int:
    return sum(shape["calls"] for shape in shapes if shape["verdict"] in verdicts)


def _is_gone(field: KnownField) -> bool:
    """Whether code only takes a field out, as migrations do."""
    return bool(field.uses) and all(use.operator == "$unset" for use in field.uses)


def _field(field: KnownField) -> Record:
    return {
        "name": field.name,
        "types": list(field.kinds),
        "written": len(field.written),
        "read": len(field.read),
        "places": [
            {"file": use.span.file, "line": use.span.line, "column": use.span.column, "how": use.how}
            for use in field.uses
        ],
    }
