"""Of which types a value is that is stored or compared, and what is inside of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.link.atoms import ClassRef, Elements, External, Instance
from mongolint.project.documents import Place
from mongolint.project.tracing import nulls, stored, terms
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

_DOCUMENTS = ("dict", "setitem", "mutated", "delitem")
_MAX_DEPTH = 12
_MADE = {
    "datetime.datetime.now": "date",
    "datetime.datetime.utcnow": "date",
    "datetime.datetime.today": "date",
    "datetime.datetime.fromtimestamp": "date",
    "datetime.datetime.utcfromtimestamp": "date",
    "datetime.datetime.fromisoformat": "date",
    "datetime.datetime.strptime": "date",
    "datetime.datetime.combine": "date",
    "django.utils.timezone.now": "date",
    "builtins.len": "number",
    "builtins.sum": "number",
    "builtins.round": "number",
    "builtins.abs": "number",
    "time.time": "number",
    "builtins.list": "array",
    "builtins.sorted": "array",
    "builtins.dict": "object",
    "builtins.repr": "string",
    "os.urandom": "binData",
}
# Methods of dates that give dates
_KEEPING = ("replace", "astimezone")


def kinds_of(tracer: Tracer, value: Stored) -> tuple[str, ...]:
    """The types of a stored value by the names of ``$type``, "number" for all numbers; those that are known."""
    whole = nulls.type_of(tracer, value)
    found = [whole] if whole else [_kind(tracer, value, spot) for spot in value.spots]
    if any(tracer.node(spot) == ("const", None) for spot in value.spots) or nulls.may_be_null(tracer, value):
        found.append("null")
    return tuple(dict.fromkeys(kind for kind in found if kind))


def kind_at(tracer: Tracer, place: Place) -> tuple[str, ...]:
    """The types of a value that a filter compares with."""
    spot = Spot(place.module, place.row, None)
    return kinds_of(tracer, Stored(("row", *spot), (spot,))) if place.env is None else ()


def _kind(tracer: Tracer, value: Stored, spot: Spot) -> str | None:
    own = replace(value, declared=None, spots=(spot,))
    found = nulls.type_of(tracer, own) or _made(tracer, spot)
    return "string" if found == "date" and value.as_json else found


def _made(tracer: Tracer, spot: Spot, depth: int = _MAX_DEPTH) -> str | None:
    """The type of what documents, calls and sums make."""
    node = tracer.node(spot)
    if not depth:
        return None
    match node[0]:
        case "dict":
            return "object"
        case "seq" | "comp":
            return "object" if node[1] == "dict" else "array"
        case "setitem" | "mutated" | "delitem" | "await":
            return _made(tracer, spot.at(node[1]), depth - 1)
        case "binop" if node[1] in ("+", "-"):
            return _made(tracer, spot.at(node[2]), depth - 1)
        case "call":
            return _called(tracer, spot, depth - 1)
    return None


def _called(tracer: Tracer, spot: Spot, depth: int) -> str | None:
    node = tracer.node(spot)
    called = tracer.value(spot.at(node[1]))
    if len(called) == 1 and type(called[0]) is External:
        return _MADE.get(called[0].name)
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _KEEPING:
        return _made(tracer, spot.at(function[1]), depth)
    frame = tracer.enter(spot)
    kinds = {_made(tracer, each, depth) for each in terms.returns(tracer, frame)} if frame else set()
    return kinds.pop() if len(kinds) == 1 else None


# What is inside


def inside(tracer: Tracer, value: Stored) -> Iterator[Content]:
    """What the documents are made of that a value is, or that an array of it holds."""
    for spot in value.spots:
        node = tracer.node(spot)
        rows = node[2] if node[0] in ("seq", "comp") and node[1] != "dict" else ()
        for each in [spot.at(row) for row in rows] or [spot]:
            if tracer.node(each)[0] in _DOCUMENTS and _made(tracer, each) == "object":
                yield stored.read(tracer, each)
    if value.declared is not None:
        yield from (Content(fields) for cls in _classes(tracer, *value.declared) if (fields := _fields(tracer, cls)))


def _classes(tracer: Tracer, cls: ClassRef, name: str) -> Iterator[ClassRef]:
    """The models that a field of a model is annotated with: ``Address``, ``list[Address]``."""
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.scope(*owner).annotations.get(name)
        if row is None:
            continue
        for atom in tracer.link.annotated(owner.module, row):
            for each in atom.items if type(atom) is Elements else (atom,):
                if type(each) is Instance:
                    yield ClassRef(each.module, each.scope)
        return


def _fields(tracer: Tracer, cls: ClassRef) -> dict[str, Stored]:
    """The annotated fields of a model without a constructor of its own; none of an enumeration."""
    if tracer.link.hierarchy.find(cls, "__init__"):
        return {}
    owners = reversed(tracer.link.hierarchy.order(cls))
    names = dict.fromkeys(name for owner in owners for name in tracer.link.scope(*owner).annotations)
    return {
        name: Stored(("field", cls, name), (), (cls, name))
        for name in names
        if not name.startswith("_") and name != "model_config"
    }
