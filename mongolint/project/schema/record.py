"""What ``mongolint schema`` tells of a collection, as plain data::

    collection, file, line, column    the name; the first place that writes to it, else the first that names a field
    open, opened                      whether and where, as places, fields are written that the code does not show
    complete                          whether the code shows all fields that a document can have
    fields                            [{name, types, exact, always, models, known_by, written, read, indexed, grows}]
    validator                         {"$jsonSchema": …} that all written documents satisfy, or null
    timeseries                        whether the code makes it a time series, which takes no validator

``types`` are names of ``$type``, "number" for all numbers; ``exact``: there are no others. ``always``: every document
has the field. ``known_by``: "both", or the side that alone knows it: "writes", "reads", "index". ``grows``: places that
add to an array which nothing bounds. A place is {file, line, column, how, operator}.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mongolint.project.fields.shapes import KnownField, Use
from mongolint.project.schema.validator import validator

if TYPE_CHECKING:
    from mongolint.project.model import Project

Record = dict[str, Any]


def record(project: Project, collection: str) -> Record:
    """All that the code shows of the documents of a collection."""
    known = project.fields.of(collection)
    wrong = {each.field for each in project.fields.dateless if each.collection == collection}
    # What people store by the views of a library is not shown, and a schema would refuse it
    is_edited = collection in project.fields.edited
    schema = None if is_edited else validator(known, project.fields.documents(collection), wrong)
    always = set(schema["required"]) if schema is not None and "required" in schema else set()
    growing: dict[str, list[Use]] = {}
    for each in project.fields.growing(collection):
        growing.setdefault(each.field, []).append(each.use)
    written = [use for each in known.fields.values() for use in each.written]
    named = [use for each in known.fields.values() for use in each.uses]
    timed = collection in project.fields.time_series
    first = min((use.span for use in [*written, *known.opened] or named), default=None)
    return {
        "collection": collection,
        **({"file": first.file, "line": first.line, "column": first.column} if first is not None else {}),
        "open": known.open,
        "opened": _places(known.opened),
        "complete": project.fields.is_complete(collection),
        "fields": [_field(each, name in always, growing.get(name, [])) for name, each in _in_order(known.fields)],
        "validator": {"$jsonSchema": schema} if schema is not None and not timed else None,
        "timeseries": timed,
    }


def _in_order(fields: Mapping[str, KnownField]) -> list[tuple[str, KnownField]]:
    """The fields as they were met, those inside of one behind it."""
    tops = list(dict.fromkeys(name.partition(".")[0] for name in fields))
    return [item for top in tops for item in fields.items() if item[0].partition(".")[0] == top]


def _field(known: KnownField, is_always: bool, growing: list[Use]) -> Record:
    written = [use for use in known.written if use.operator != "$unset"]
    is_id = known.name == "_id"
    return {
        "name": known.name,
        "types": list(known.kinds) or (["objectId"] if is_id and not known.written else []),
        "exact": bool(written) and all(use.exact for use in written),
        "always": is_always or is_id,
        "models": list(known.models),
        "known_by": _side(known),
        "written": _places(known.written),
        "read": _places(known.read),
        "indexed": any(use.how == "index" for use in known.uses),
        "grows": _places(growing),
    }


def _side(known: KnownField) -> str:
    if known.name == "_id" or (known.written and known.read):
        return "both"
    return "writes" if known.written else "reads" if known.read else "index"


def _places(uses: Iterable[Use]) -> list[Record]:
    places = dict.fromkeys((use.span, use.how, use.operator) for use in uses)
    return [
        {"file": span.file, "line": span.line, "column": span.column, "how": how, "operator": operator or None}
        for span, how, operator in places
    ]
