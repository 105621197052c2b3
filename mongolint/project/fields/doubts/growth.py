"""Arrays that grow: something adds to them, and nothing bounds them.

An array that is also pulled from, popped or set anew is bounded by what it means: its members come and go. Where they
go only with what they name, `mirrored` tells.
Source: MongoDB manual, "Avoid Unbounded Arrays" and "$slice"; a document holds at most 16 MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import alternatives
from mongolint.project.fields import types
from mongolint.project.fields.shapes import KnownField, KnownFields, Use
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored, terms
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes import inserts, lookups

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_ADDING = ("$push", "$addToSet")
_TRIMMING = ("$pull", "$pullAll", "$pop", "$unset", "$rename")
_ONE_OF_FEW = ("bool", "null")
# What filters ask of an array whoever its members are
_SAYING_IF_ANY = ("exists", "null", "type")


class Growing(NamedTuple):
    """``how``: "$push", "$addToSet", or "set" where a document is read, added to and set again.

    ``searched``: the filters that ask for members of the array: one that is dropped is found no more. ``others``: the
    place adds to fields that it names as it runs, too: ``f"country.{name}.ips"``.
    """

    collection: str
    field: str
    how: str
    use: Use
    searched: tuple[Use, ...] = ()
    others: bool = False


def growing(project: Project, known: KnownFields) -> Iterator[Growing]:
    """The places of a collection that add to an array which nothing bounds."""
    tracer = project.writes.tracer
    if may_set_any(known):
        return
    for name, each in known.fields.items():
        added = [use for use in each.written if use.operator in _ADDING]
        appended = [use for use in each.written if use.operator == "$set" and _is_appended(tracer, use, name)]
        if not (added or appended) or is_trimmed(tracer, known, name, appended) or is_counted(project, name):
            continue
        searched = tuple(_searched(known, name))
        for use in added:
            if not is_bounded(tracer, use, name):
                others = any(each.operator == use.operator and each.span == use.span for each in known.opened)
                yield Growing(known.collection, name, use.operator, _told_at(project, use), searched, others)
        yield from (Growing(known.collection, name, "set", use, searched) for use in appended)


def _searched(known: KnownFields, name: str) -> Iterator[Use]:
    """The filters that ask which members an array has."""
    for path, each in known.fields.items():
        if path == name or path.startswith(f"{name}."):
            yield from (use for use in each.uses if use.how == "filter" and use.operator not in _SAYING_IF_ANY)


def is_trimmed(tracer: Tracer, known: KnownFields, name: str, apart: Sequence[Use]) -> bool:
    """Whether something takes members out of an array, or puts another one in its place; ``apart`` do not count."""
    above = [name.rsplit(".", count)[0] for count in range(1, name.count(".") + 1)]
    for path in (name, *above):
        found = known.fields.get(path)
        if found is None:
            continue
        for use in found.written:
            if use in apart or _makes_another(tracer, use, found):
                continue
            if use.operator in _TRIMMING or use.how == "replace" or (use.how == "update" and use.operator == "$set"):
                return True
    return False


def _makes_another(tracer: Tracer, use: Use, field: KnownField) -> bool:
    """Whether an upsert sets all of a new object, its key too, which is of another class than what is inserted."""
    inserted = {each.declared[0] for each in field.written if each.how == "insert" and each.declared is not None}
    operation = use.operation
    if operation is None or use.declared is None or not inserted or use.declared[0] in inserted:
        return False
    upsert = inserts.given(tracer, operation, None, "upsert") if "upsert" in operation.method.params else None
    update = inserts.given(tracer, operation, None, operation.method.update)
    if upsert is None or update is None or tracer.node(upsert) != ("const", True):
        return False
    fields = stored.read(tracer, update).fields
    sets = [stored.read(tracer, spot) for spot in fields["$set"].spots] if "$set" in fields else []
    keys = [term for each in sets if "_id" in each.fields for term in terms.alternatives(each.fields["_id"].term)]
    return bool(keys) and all(term[0] in ("param", "pure", "text") for term in keys)


def may_set_any(known: KnownFields) -> bool:
    """Whether some update may set any field anew, or take it out."""
    return any(use.operator in ("$set", *_TRIMMING) for use in known.opened)


def is_counted(project: Project, name: str) -> bool:
    """Whether code asks how long such an array is, before it adds to it or after it: ``len(book["notes"]) > 50``."""
    last = name.rpartition(".")[2]
    for facts in project.modules:
        for _, node in facts.of_kind("compare"):
            for row in node[2]:
                called = facts.nodes[row]
                if called[0] == "call" and called[2] and facts.nodes[called[1]][-1] == "len":
                    if _key(facts, called[2][0][1]) == last:
                        return True
    return False


def _key(facts: ModuleFacts, row: int) -> object:
    """The key or name by which a value is taken out of an object."""
    node = facts.nodes[row]
    while node[0] in ("mutated", "await"):
        node = facts.nodes[node[1]]
    if node[0] == "item":
        return facts.constant(node[2])
    if node[0] == "call" and node[2] and facts.nodes[node[1]][-1] in ("get", "pop"):
        return facts.constant(node[2][0][1])
    return node[2] if node[0] == "attr" else None


def is_bounded(tracer: Tracer, use: Use, name: str) -> bool:
    """Whether one place keeps the array short itself."""
    operation = use.operation
    if operation is not None:
        filter = operation.filter
        asked = [*filter.required, *filter.optional]
        if "range" in filter.required.values() or any(clause == "$expr" for clause, _ in filter.clauses):
            return True  # it is full some day, and another document is taken
        if filter.open:
            given = _asked_there(tracer, operation, use)
            if given is None:
                return True
            asked += given
        if any(key == name or key.startswith(f"{name}.") for key in asked):
            return True  # it looks at the array first: at its length, or at what is in it
    return any(_is_short(tracer, spot, use.operator) for spot in use.values)


def _told_at(project: Project, use: Use) -> Use:
    """The place that says what is added where: the call of a helper that takes the filter, too."""
    frame = use.frame
    if frame is None or use.operation is None or not use.operation.filter.open:
        return use
    while frame.outer is not None:
        frame = frame.outer
    return replace(use, span=project.token(frame.site_module, frame.site))


def _asked_there(tracer: Tracer, operation: Operation, use: Use) -> list[str] | None:
    """The fields of the filter that a helper is given, on the way on which it adds; None where more may be asked."""
    given = inserts.given(tracer, operation, use.frame, operation.method.filter)
    content = stored.read(tracer, given) if given is not None else None
    if content is None or content.open or content.sources or not content.fields:
        return None
    is_plain = all(
        not name.startswith("$") and lookups.is_equality(tracer, value) for name, value in content.fields.items()
    )
    return list(content.fields) if is_plain else None


def _is_short(tracer: Tracer, spot: Spot, operator: str) -> bool:
    """Whether what is added says how long the array gets, or is one of few values."""
    if types.at(tracer, spot) == ("object",):
        content = stored.read(tracer, spot)
        if "$slice" in content.fields or content.open:
            return True
        each = content.fields.get("$each")
        if each is not None:
            return operator == "$addToSet" and all(_are_constants(tracer, inner) for inner in each.spots)
    return operator == "$addToSet" and _is_constant(tracer, spot)


def _is_constant(tracer: Tracer, spot: Spot) -> bool:
    return tracer.once(("constant", spot), lambda: _is_one_of_few(tracer, spot), True)


def _is_one_of_few(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    if node[0] in ("phi", "ifexp"):
        rows = node[1] if node[0] == "phi" else node[2:4]
        return all(_is_constant(tracer, spot.at(row)) for row in rows)
    return tracer.term(spot)[0] == "const" or set(types.at(tracer, spot)) <= set(_ONE_OF_FEW)


def _are_constants(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    return node[0] == "seq" and all(_is_constant(tracer, spot.at(row)) for row in node[2])


# Rewritten


def rewritten(project: Project, known: KnownFields) -> Iterator[tuple[str, tuple[Use, ...]]]:
    """The fields that are read, added to inside, and set as a whole: the field, those places and all that set it."""
    tracer = project.writes.tracer
    for name, each in known.fields.items():
        sets = [use for use in each.written if use.operator == "$set" and use.values and "." not in name]
        grows = [use for use in sets if any(_grows_inside(tracer, spot, name) for spot in use.values)]
        if grows:
            yield name, tuple(dict.fromkeys([*grows, *sets]))


def _grows_inside(tracer: Tracer, spot: Spot, name: str) -> bool:
    """Whether a value is a field that was read, with a list in it that got longer."""
    return tracer.once(("grows inside", spot, name), lambda: _finds_growth(tracer, spot, name), False)


def _finds_growth(tracer: Tracer, spot: Spot, name: str) -> bool:
    node = tracer.node(spot)
    if node[0] == "phi":
        return any(_grows_inside(tracer, spot.at(row), name) for row in node[1])
    if node[0] == "param":
        passed = tracer.parameter(spot)
        return passed is not None and _grows_inside(tracer, passed, name)
    if node[0] != "setitem":
        return False
    inner = spot.at(node[1])
    if not _is_rooted(tracer, inner, name):
        return False
    return _is_longer(tracer, spot.at(node[3])) or _grows_inside(tracer, inner, name)


def _is_rooted(tracer: Tracer, spot: Spot, name: str) -> bool:
    node = tracer.node(spot)
    while node[0] in ("setitem", "mutated"):
        spot = spot.at(node[1])
        node = tracer.node(spot)
    return _is_read(tracer, spot, name)


def _is_longer(tracer: Tracer, spot: Spot) -> bool:
    """Whether a list has been appended to, on some path."""
    return any(_is_made_longer(tracer, spot.at(row)) for row in alternatives(tracer.facts(spot.module), spot.row))


def _is_made_longer(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    if node[0] != "mutated":
        return False
    call = tracer.node(spot.at(node[2]))
    return tracer.node(spot.at(call[1]))[2] in ("append", "extend", "insert")


# Read, add, set


def _is_appended(tracer: Tracer, use: Use, name: str) -> bool:
    """Whether a value that is set is the array that was read, with something more in it."""
    return bool(use.values) and all(_adds(tracer, spot, name) for spot in use.values)


def _adds(tracer: Tracer, spot: Spot, name: str) -> bool:
    node = tracer.node(spot)
    if node[0] == "mutated":
        call = tracer.node(spot.at(node[2]))
        method = tracer.node(spot.at(call[1]))[2]
        inner = spot.at(node[1])
        return method in ("append", "extend", "insert") and (
            _is_read(tracer, inner, name) or _adds(tracer, inner, name)
        )
    if node[0] == "binop" and node[1] == "+":
        left, right = spot.at(node[2]), spot.at(node[3])
        one, other = (left, right) if _is_read(tracer, left, name) else (right, left)
        return _is_read(tracer, one, name) and types.at(tracer, other) == ("array",)
    if node[0] == "seq" and node[1] == "list":
        stars = [tracer.node(spot.at(row)) for row in node[2]]
        return len(stars) > 1 and any(star[0] == "star" and _is_read(tracer, spot.at(star[1]), name) for star in stars)
    return False


def _is_read(tracer: Tracer, spot: Spot, name: str) -> bool:
    """Whether a value is a field of a document that was read: ``book["notes"]``, ``book.get("notes", [])``."""
    return tracer.once(("read", spot, name), lambda: _finds_read(tracer, spot, name), False)


def _finds_read(tracer: Tracer, spot: Spot, name: str) -> bool:
    node = tracer.node(spot)
    if node[0] in ("bool", "phi"):
        return any(_is_read(tracer, spot.at(row), name) for row in (node[2] if node[0] == "bool" else node[1]))
    above, _, key = name.rpartition(".")
    if node[0] == "item":
        return tracer.term(spot.at(node[2]))[2:] == (key,) and _is_whole(tracer, spot.at(node[1]), above)
    if node[0] == "call" and node[2]:
        function = tracer.node(spot.at(node[1]))
        asked = tracer.term(spot.at(node[2][0][1]))
        return (
            function[0] == "attr"
            and function[2] == "get"
            and asked[2:] == (key,)
            and _is_whole(tracer, spot.at(function[1]), above)
        )
    return False


def _is_whole(tracer: Tracer, spot: Spot, name: str) -> bool:
    """Whether a value is a document that was read, or the object that it has in a field."""
    return _is_read(tracer, spot, name) if name else _is_document(tracer, spot)


def _is_document(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    while node[0] in ("await", "setitem", "mutated", "typed"):
        row = node[2] if node[0] == "typed" else node[1]
        if row is None:
            return False
        spot = spot.at(row)
        node = tracer.node(spot)
    operation = tracer.operation(spot.module, spot.row)
    if operation is not None or node[0] != "call":
        return operation is not None and operation.name in ("find_one", "find_one_and_update")
    frame = tracer.enter(spot)
    return frame is not None and any(_is_document(tracer, each) for each in terms.returns(tracer, frame))
