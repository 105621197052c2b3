"""The fields of collections as a table, and their validators as a script for mongosh. Gets plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Record = dict[str, Any]
_NAMED = 3
_HEAD = ("field", "types", "written", "read", "")
_SIDES = {"writes": "not read by name", "reads": "never written", "index": "in an index only"}


def table(items: Sequence[Record]) -> str:
    """Each collection with its fields, one a line."""
    return "\n\n".join("\n".join(_collection(item)) for item in items)


def _collection(item: Record) -> Iterator[str]:
    doubt = ""
    if item["open"]:
        places = _places(item["opened"]) or "somewhere"
        doubt = f"; other fields are written at {places}"
    elif not any(field["written"] for field in item["fields"]):
        doubt = "; nothing writes to it"
    yield f"{item['collection']}: {len(item['fields'])} field{'s' if len(item['fields']) != 1 else ''}{doubt}"
    rows = [_HEAD, *(_row(field, item["open"]) for field in item["fields"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(field: Record, is_open: bool) -> tuple[str, ...]:
    kinds = " or ".join(field["types"])
    if field["written"] and not field["exact"]:
        kinds = f"{kinds} or ?" if kinds else "?"
    return (field["name"], kinds, _places(field["written"]), _places(field["read"]), "; ".join(_notes(field, is_open)))


def _notes(field: Record, is_open: bool) -> Iterator[str]:
    if field["always"] and field["name"] != "_id":
        yield "always"
    told = _SIDES.get(field["known_by"])
    if told is not None and not (is_open and field["known_by"] != "writes"):
        yield told
    if len(set(field["types"]) - {"null"}) > 1:
        yield "several types"
    if field["grows"]:
        yield f"grows at {_places(field['grows'])}"


def _places(places: Sequence[Record]) -> str:
    found = list(dict.fromkeys(f"{place['file']}:{place['line']}" for place in places))
    more = f" +{len(found) - 1}" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


def mongosh(items: Sequence[Record]) -> str:
    """A script that gives each collection its validator; one that is not there is made."""
    return "\n".join(line for item in items for line in _script(item))


def _script(item: Record) -> Iterator[str]:
    name = json.dumps(item["collection"], ensure_ascii=False)
    if item["validator"] is None:
        yield f"// {item['collection']}: no validator, since {_reason(item)}"
        return
    if item["open"]:
        yield f"// {item['collection']}: without types, since {_reason(item)}"
    yield f"if (!db.getCollectionNames().includes({name})) db.createCollection({name});"
    schema = json.dumps(item["validator"], ensure_ascii=False, indent=2)
    # Documents that are there already may break it: they can still be updated
    yield f'db.runCommand({{collMod: {name}, validationLevel: "moderate", validator: {schema}}});'


def _reason(item: Record) -> str:
    if item["timeseries"]:
        return "a time series takes none"
    if item["open"]:
        return f"documents of other fields are written at {', '.join(_lines(item['opened']))}"
    return "the code shows no field of a type that it has everywhere"


def _lines(places: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(f"{place['file']}:{place['line']}" for place in places))[:_NAMED]
