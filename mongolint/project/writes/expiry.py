"""Documents that get a date on which they end, and what deletes them then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection, External
from mongolint.project.operations import Operation
from mongolint.project.tracing import terms
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# The document itself ends then, not something that it tells of (``password_expires_at``)
_NAME = re.compile(r"_?(expires?|expiry|expiration)(_?(at|on|date|time|datetime))?", re.IGNORECASE)
_SPANS = ("datetime.timedelta", "dateutil.relativedelta.relativedelta")
NOW = ("datetime.datetime.now", "datetime.datetime.utcnow", "django.utils.timezone.now", "datetime.datetime.today")
_DELETING = ("delete_many", "delete_one", "find_one_and_delete", "remove")
_BEFORE = frozenset(["$lt", "$lte"])


class Expiring(NamedTuple):
    """A field that says when its document ends. ``cleanups``: the operations that delete those that did."""

    operation: Operation
    collection: Collection
    field: str
    cleanups: tuple[Operation, ...]


def find(
    tracer: Tracer, operations: Sequence[Operation], written: Sequence[tuple[Way, Collection, Content]]
) -> Iterator[Expiring]:
    """Each such field once, at the first insert that sets it."""
    seen: set[tuple[str | None, str]] = set()
    for way, collection, content in written:
        for name, value in content.fields.items():
            if (collection.name, name) in seen or not _NAME.fullmatch(name) or not _ends(tracer, value):
                continue
            seen.add((collection.name, name))
            past = [o for o in operations if o.runs_on(collection.name) and _is_of_past(tracer, o, name)]
            cleanups = tuple(o for o in past if o.name in _DELETING)
            if len(cleanups) == len(past):  # else those that ended are kept for something
                yield Expiring(way.operation, collection, name, cleanups)


def _ends(tracer: Tracer, value: Stored) -> bool:
    """Whether a value is a date some time from now."""
    return not value.as_json and any(is_later(tracer, spot) for spot in value.spots)


def is_later(tracer: Tracer, spot: Spot) -> bool:
    """Whether an expression is ``now + timedelta(…)``, on some path."""
    return tracer.once(("later", spot), lambda: _is_later(tracer, spot), False)


def _is_later(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    match node[0]:
        case "await":
            return is_later(tracer, spot.at(node[1]))
        case "typed":
            return node[2] is not None and is_later(tracer, spot.at(node[2]))
        case "phi":
            return any(is_later(tracer, spot.at(row)) for row in node[1])
        case "ifexp":
            return any(is_later(tracer, spot.at(row)) for row in node[2:4])
        case "bool":
            return any(is_later(tracer, spot.at(row)) for row in node[2])
        case "param":
            passed = tracer.parameter(spot)
            return passed is not None and is_later(tracer, passed)
        case "binop" if node[1] == "+":
            left, right = spot.at(node[2]), spot.at(node[3])
            return (_is_now(tracer, left) and _is_span(tracer, right)) or (
                _is_span(tracer, left) and _is_now(tracer, right)
            )
        case "call":
            return _call_is_later(tracer, spot)
    return False


def _call_is_later(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in ("replace", "astimezone"):
        return is_later(tracer, spot.at(function[1]))
    frame = tracer.enter(spot)
    return frame is not None and any(is_later(tracer, each) for each in terms.returns(tracer, frame))


def _is_span(tracer: Tracer, spot: Spot) -> bool:
    return any(_calls(tracer, each, _SPANS) for each in _sources(tracer, spot))


def _is_now(tracer: Tracer, spot: Spot) -> bool:
    return any(_calls(tracer, each, NOW) for each in _sources(tracer, spot))


def _sources(tracer: Tracer, spot: Spot) -> Iterator[Spot]:
    """The calls that make a value, through variables, helpers, constants of modules and ``.replace(…)``."""
    pending, seen = [spot], {spot}
    while pending:
        current = pending.pop()
        node = tracer.node(current)
        following: list[Spot] = []
        if node[0] == "call":
            yield current
            function = tracer.node(current.at(node[1]))
            if function[0] == "attr" and function[2] in ("replace", "astimezone"):
                following = [current.at(function[1])]
            else:
                frame = tracer.enter(current)
                following = list(terms.returns(tracer, frame)) if frame else []
        elif node[0] in ("phi", "ifexp", "bool"):
            following = [
                current.at(row)
                for row in (node[1] if node[0] == "phi" else node[2:4] if node[0] == "ifexp" else node[2])
            ]
        elif node[0] == "param":
            passed = tracer.parameter(current)
            following = [passed] if passed else []
        elif node[0] == "free":
            bound = tracer.link.bound(current.module, 0, node[2]).final
            following = [] if bound is None else [Spot(current.module, bound, None)]
        elif node[0] == "typed" and node[2] is not None:
            following = [current.at(node[2])]
        for each in following:
            if each not in seen:
                seen.add(each)
                pending.append(each)


def _calls(tracer: Tracer, spot: Spot, names: tuple[str, ...]) -> bool:
    called = tracer.value(spot.at(tracer.node(spot)[1]))
    return any(type(atom) is External and atom.name in names for atom in called)


def _is_of_past(tracer: Tracer, operation: Operation, name: str) -> bool:
    """Whether an operation is about documents whose date has passed."""
    place = operation.filter.places.get(name)
    if place is None or operation.method.kind not in ("read", "write"):
        return False
    compared = {key for key, _ in tracer.reader.entries(*place)}
    return bool(compared & _BEFORE)
