"""Changes of a document that was read by another name than the one it is written back by: ``part["n"] = 1``."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING

from mongolint.facts.shapes import MUTATORS, Call, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.project.tracing.tracer import Frame, Spot
from mongolint.project.updates.derived import IDS, Derived, derived, passed
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# They give what lies in the object, not a copy of it
_INNER = frozenset(["get", "setdefault"])
# In a path: an element of an array; what a key that the code makes leads to, of an array or of a document
_ELEMENT, _ANY = "[]", "*"


class _Change(NamedTuple):
    """What is changed, by which method, "setitem", "delitem" or "setattr", and where.

    ``key, value``: the rows of an item that is set; ``name``: the attribute. ``sure``: no way to the end leaves it out.
    """

    base: int
    how: str
    row: int
    context: int
    key: int = -1
    value: int = -1
    name: str = ""
    sure: bool = False


def changed_in_place(tracer: Tracer, way: Way, made: Derived) -> Derived | None:
    """``made``, a field as it was read, with what was done to a part of it on the way, before it was written back."""
    found: Derived | None = None
    for end in _steps(way):
        for change, held, value in _before(tracer, end, made.site):
            if held.model != made.model:
                continue  # the document, and not the object that was made of it, or the other way round
            set_to = f"{held.path}.{change.name}".lstrip(".") if change.how == "setattr" else ""
            if set_to and not _is_within(held.path, made.path):
                changes = _assigned(tracer, made, set_to, value)
                if changes is None and change.sure:
                    return None  # what was read is not there any more
                found = found or (made._replace(changes=changes) if changes else None)
            elif found is None and _is_within(held.path, made.path):
                found = made.changed(change.how if held.path == made.path and change.how in MUTATORS else "setitem")
    return found


def _assigned(tracer: Tracer, made: Derived, path: str, value: Spot) -> tuple[str, ...] | None:
    """What is done to ``made`` when an attribute is given a value: ``user.n = user.n + 1``; None if it is another."""
    if not _is_within(made.path, path):
        return ()
    given = derived(tracer, value)
    return given.changes if given is not None and (given.path, given.site) == (path, made.site) else None


def _steps(way: Way) -> list[Spot]:
    """The calls that lead to the write, each in its function, and the write itself: the outermost first."""
    steps = [Spot(way.operation.module, way.operation.row, way.frame)]
    frame = way.frame
    while frame is not None:
        steps.append(Spot(frame.site_module, frame.site, frame.outer))
        frame = frame.outer
    return steps[::-1]


def put_in_place(tracer: Tracer, module: int, row: int, read: tuple[int, int]) -> Iterator[tuple[str, Spot]]:
    """What a function puts into parts of the document that ``read`` reads, before the call at ``row``: where, what."""
    for change, held, value in _before(tracer, Spot(module, row, None), read):
        key = tracer.facts(value.module).constant(change.key) if change.how == "setitem" else None
        path = [*held.path.split("."), key if isinstance(key, str) else _ANY]
        if _ANY not in path:
            yield ".".join(name for name in path if name and name != _ELEMENT), value


def _before(tracer: Tracer, to: Spot, read: tuple[int, int]) -> Iterator[tuple[_Change, Derived, Spot]]:
    """What is done to parts of the document that ``read`` reads on ways to the call at ``to``: to which, with what."""
    facts, end = tracer.facts(to.module), tracer.call(to.module, to.row)
    if end is None or (to.frame is None and read[0] != to.module):
        return
    begin = read[1] if to.frame is None else -1
    around = {id(each) for each in facts.chain(end.context)}
    for frame, inside, scope, site in _places(tracer, to, end, begin):
        for change in _of_function(tracer, inside, scope):
            at = site or change
            if not begin < at.row < to.row:
                continue
            outside = [each for each in facts.chain(at.context) if id(each) not in around]
            if any(each.leaves for each in outside):
                continue  # this way does not come to the write
            held = _origin(tracer, Spot(inside, change.base, frame))
            if held is not None and held.site == read:
                yield change._replace(sure=not outside), held, Spot(inside, change.value, frame)


def _of_function(tracer: Tracer, module: int, scope: int) -> list[_Change]:
    """What a function changes, in order."""
    return tracer.once(
        ("changes", module, scope), lambda: sorted(_changes(tracer.facts(module), scope), key=attrgetter("row")), []
    )


def _places(tracer: Tracer, to: Spot, end: Call, begin: int) -> Iterator[tuple[Frame | None, int, int, Call | None]]:
    """The function in which ``to`` stands, and those that it calls before: frame, module, scope, and the call."""
    yield to.frame, to.module, end.scope, None
    for each in tracer.facts(to.module).calls:
        if each.scope == end.scope and begin < each.row < end.row and tracer.node(to.at(each.row))[2]:
            frame = tracer.enter(to.at(each.row))
            if frame is not None:
                yield frame, frame.module, frame.scope, each


def _changes(facts: ModuleFacts, scope: int) -> Iterator[_Change]:
    first, end = facts.scopes[scope].rows
    rows = {node[1:]: row for row, node in facts.of_kind("setitem") if first <= row < end}
    for store in facts.item_stores:
        row = rows.get((store.base, store.name, store.value)) if store.scope == scope else None
        while row is not None:  # of d["a"][0]["n"] = 1 the outer items, too
            tag, *parts = facts.nodes[row]
            if tag != "setitem":
                break
            base, key, value = parts
            if facts.constant(key) not in IDS:
                yield _Change(base, "setitem", row, store.context, key, value)
            row = value
    yield from _attributes(facts, scope)
    for call in (each for each in facts.calls if each.scope == scope):
        node = facts.nodes[call.row]
        function = facts.nodes[node[1]]
        is_id = function[-1] == "pop" and [facts.constant(row) for _, row in node[2]][:1] == ["_id"]
        if function[0] == "attr" and function[2] in MUTATORS and not is_id:
            yield _Change(function[1], function[2], call.row, call.context)


def _attributes(facts: ModuleFacts, scope: int) -> Iterator[_Change]:
    """The attributes that a function sets, and those of which it deletes items."""
    first, end = facts.scopes[scope].rows
    rows = {node[1:]: row for row, node in facts.of_kind("setattr") if first <= row < end}
    for store in facts.stores:
        row = rows.get((store.base, store.name, store.value)) if store.scope == scope else None
        if row is not None:
            yield _Change(store.base, "setattr", row, store.context, value=store.value, name=str(store.name))
    for row, (_, base, key) in facts.of_kind("delitem"):
        if first <= row < end and facts.nodes[base][0] == "attr":
            # The context that began last is this one, or has ended before
            begun = max(range(len(facts.contexts)), key=lambda at: (facts.contexts[at].begins <= row, at))
            yield _Change(base, "delitem", row, begun, key)


def _is_within(path: str, whole: str) -> bool:
    return not whole or f"{path}.".startswith(f"{whole}.")


def _origin(tracer: Tracer, spot: Spot) -> Derived | None:
    """The field of a document that was read which an object is, or in which it lies: itself, not a copy of it."""
    return tracer.once(("origin", spot), lambda: _origin_of(tracer, spot), None)


def _origin_of(tracer: Tracer, spot: Spot) -> Derived | None:
    node = tracer.node(spot)
    match node[0]:
        case "await" | "mutated" | "setitem" | "delitem":
            return _origin(tracer, spot.at(node[1]))
        case "iter":
            return _part(_origin(tracer, spot.at(node[1])), _ELEMENT)
        case "typed" if node[2] is not None:
            return _origin(tracer, spot.at(node[2]))
        case "phi":
            return next((each for row in node[1] if (each := _origin(tracer, spot.at(row)))), None)
        case "bool" if node[1] == "or":
            return _origin(tracer, spot.at(node[2][0]))
        case "unpack" if tracer.node(spot.at(node[1]))[0] == "iter":
            return _second(tracer, spot.at(tracer.node(spot.at(node[1]))[1])) if node[2:] == (1, 2) else None
        case "param":
            return next((each for given in passed(tracer, spot) if (each := _origin(tracer, given))), None)
        case "attr":
            return _part(_origin(tracer, spot.at(node[1])), node[2])
        case "item":
            return _inner(tracer, spot.at(node[1]), spot.at(node[2]))
        case "call":
            return _called(tracer, spot)
    return None


def _called(tracer: Tracer, spot: Spot) -> Derived | None:
    node = tracer.node(spot)
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _INNER and node[2]:
        return _inner(tracer, spot.at(function[1]), spot.at(node[2][0][1]))
    if function[0] == "attr" and function[2] == "values" and not node[2]:
        return _part(_origin(tracer, spot.at(function[1])), _ANY)
    found = derived(tracer, spot)
    if tracer.operation(spot.module, spot.row) is None and tracer.enter(spot) is None:
        found = found if found is not None and found.model == spot else None
    return found if found is not None and not found.changes else None


def _second(tracer: Tracer, spot: Spot) -> Derived | None:
    """What the second of each pair lies in: of ``enumerate(found)``, ``found.items()``."""
    node = tracer.node(spot)
    if node[0] != "call":
        return None
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] == "items" and not node[2]:
        return _part(_origin(tracer, spot.at(function[1])), _ANY)
    called = tracer.value(spot.at(node[1]))
    if called == (External("builtins.enumerate"),) and node[2]:
        return _part(_origin(tracer, spot.at(node[2][0][1])), _ELEMENT)
    return None


def _inner(tracer: Tracer, base: Spot, key: Spot) -> Derived | None:
    name = tracer.facts(key.module).constant(key.row)
    part = name if isinstance(name, str) else _ELEMENT if isinstance(name, int) else _ANY
    return _part(_origin(tracer, base), part)


def _part(held: Derived | None, name: str) -> Derived | None:
    return held._replace(path=f"{held.path}.{name}".lstrip(".")) if held is not None else None
