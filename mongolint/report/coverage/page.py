"""The map as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

from importlib import resources
from typing import Any

import jinja2

from mongolint import __version__
from mongolint.report.coverage import words
from mongolint.report.coverage.words import Record
from mongolint.report.paint import visible

VERDICTS = {
    "unserved": ("✕", "the whole collection is read"),
    "partial": ("◐", "an index helps with a part of it"),
    "unknown": ("?", "only the running program knows"),
    "served": ("✓", "an index bounds the filter and gives the order"),
}
USES = {
    "best": ("●", "best", "serves it"),
    "also": ("○", "could", "could serve it too"),
    "possible": ("?", "perhaps", "perhaps: only the running program knows"),
}
STATUSES = {
    "serves": ("●", "serves queries"),
    "second": ("○", "never the first choice"),
    "possible": ("?", "perhaps serves some"),
    "outside": ("△", "only for scripts and tests"),
    "nothing": ("∅", "serves nothing"),
    "unclear": ("?", "known only at run time"),
}
_PLACES = 3


def render(record: Record) -> str:
    """The page. Names and paths come from the code that was read, so every value is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = resources.files("mongolint.report.coverage").joinpath("page.html").read_text(encoding="utf-8")
    clean = _visible(record)
    shapes = {shape["id"]: shape for found in clean["collections"] for shape in found["shapes"]}
    collections = [_collection(found, shapes) for found in clean["collections"]]
    return environment.from_string(source).render(
        version=__version__,
        summary=clean["summary"],
        totals=words.totals(clean["summary"])[1:],
        operations=words.counted(clean["summary"]["operations"], "operation"),
        named=words.counted(sum(found["is_named"] for found in collections), "collection"),
        collections=[found for found in collections if found["shapes"] or found["indexes"]],
        quiet=[found for found in collections if not found["shapes"] and not found["indexes"]],
        verdicts=VERDICTS,
        uses=USES,
        statuses=STATUSES,
    )


def _visible(value: Any) -> Any:
    """A record without characters that reorder or hide text."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {_visible(name): _visible(each) for name, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value


def _collection(found: Record, shapes: dict[str, Record]) -> dict[str, Any]:
    """A collection with what the page says of it in words."""
    # The server's own index is a column where something reads it, and no row of the list
    return {
        "title": words.title(found),
        "is_named": found["name"] is not None,
        "candidates": found["candidates"],
        "headline": words.headline(found),
        "verdicts": {verdict: sum(s["verdict"] == verdict for s in found["shapes"]) for verdict in VERDICTS},
        "shapes": [_shape(shape, found["indexes"]) for shape in found["shapes"]],
        "columns": [index["name"] or "?" for index in found["indexes"]],
        "indexes": [_index(index, shapes) for index in found["indexes"] if not index["server"]],
    }


def _shape(shape: Record, indexes: list[Record]) -> dict[str, Any]:
    places = words.places(shape["places"])
    return {
        "verdict": shape["verdict"],
        "kind": shape["kind"],
        "query": words.query(shape),
        "reason": "" if shape["verdict"] == "served" and shape["index"] == "_id_" else shape["reason"],
        "calls": words.calls(shape),
        "methods": ", ".join(f"{name} ×{count}" for name, count in shape["methods"].items()),
        "is_ours": shape["origin"] == "application",
        "places": places[:_PLACES],
        "more": places[_PLACES:],
        "uses": [shape["uses"].get(str(number), "") for number in range(len(indexes))],
    }


def _index(index: Record, shapes: dict[str, Record]) -> dict[str, Any]:
    return {
        "name": index["name"] or "?",
        "definition": words.definition(index),
        "status": index["status"],
        "purposes": index["purposes"],
        "serves": words.serves(index, shapes),
        "places": words.places(index["places"]),
        "is_ours": index["origin"] == "application",
    }
