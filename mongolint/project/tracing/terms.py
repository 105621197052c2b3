"""What an expression stands for: a term, equal for two expressions that surely are the same value.

A term is a nested tuple. Helpers are entered, parameters are what the caller passes; a document or model and what it
was dumped to are the same thing, of which only the members matter. What is not followed is itself: its own row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mongolint.link.atoms import ClassRef, Collection, Const, External, FunctionRef, Instance
from mongolint.mongo.drivers import CLASSES
from mongolint.project.tracing.tracer import MAX_PATHS, Frame, Spot, Term

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Methods and functions whose result has the members of what they are given
DUMPING = frozenset(
    ["model_dump", "dict", "copy", "model_copy", "to_dict", "as_dict", "asdict", "to_mongo", "to_bson", "serialize"]
)
DUMPING_FUNCTIONS = frozenset(
    [
        "builtins.dict",
        "builtins.vars",
        "copy.copy",
        "copy.deepcopy",
        "dataclasses.asdict",
        "attr.asdict",
        "attrs.asdict",
        "bson.SON",
        "bson.son.SON",
        "collections.OrderedDict",
        "fastapi.encoders.jsonable_encoder",
    ]
)
_MAX_SIZE = 300
# Given the same, they give the same
_PURE_FUNCTIONS = (
    *("builtins.str", "builtins.int", "bson.", "uuid.UUID", "hashlib.", "hmac.", "builtins.bytes"),
    *("os.getenv", "os.environ.get", "decouple.config"),
)
# Calls whose result is a default itself, and no description of a field
_COMPUTING = ("datetime.", "uuid.", "time.", "bson.", "secrets.", "builtins.")
_PURE_METHODS = frozenset(
    ["lower", "strip", "upper", "casefold", "title", "encode", "decode", "hexdigest", "digest", "replace", "isoformat"]
)
# Of a database and a name they give the collection, of a collection the same with other options
_HANDLES = ("get_collection", "with_options")
# Done twice, they do no more than done once
_SETTLING = ("lower", "strip", "upper", "casefold")


def of(tracer: Tracer, spot: Spot) -> Term:
    """See `Tracer.term`."""
    return tracer.once(("term", spot), lambda: _bounded(spot, _of(tracer, spot)), _itself(spot))


def _itself(spot: Spot) -> Term:
    return ("row", *spot)


def _bounded(spot: Spot, term: Term) -> Term:
    """A term, or the expression itself where it is made of too much to be compared."""
    pending: list[Any] = [term]
    size = 0
    while pending:
        part = pending.pop()
        size += len(part)
        if size > _MAX_SIZE:
            return _itself(spot)
        pending += [each for each in part if type(each) is tuple or type(each) is frozenset]
    return term


def _of(tracer: Tracer, spot: Spot) -> Term:
    node = tracer.node(spot)
    match node[0]:
        case "const":
            return ("const", type(node[1]).__name__, node[1])
        case "await":
            return of(tracer, spot.at(node[1]))
        case "typed":
            return of(tracer, spot.at(node[2])) if node[2] is not None else _itself(spot)
        case "param":
            passed = tracer.parameter(spot)
            return of(tracer, passed) if passed else ("param", spot.module, node[1], node[2])
        case "attr":
            return _constant(tracer, spot) or member(tracer, of(tracer, spot.at(node[1])), node[2])
        case "item":
            key = of(tracer, spot.at(node[2]))
            base = of(tracer, spot.at(node[1]))
            return member(tracer, base, key[2]) if key[:2] == ("const", "str") else ("item", base, key)
        case "dict" | "setitem" | "mutated" | "delitem":
            return ("document", spot)
        case "free" | "from" | "module":
            return _constant(tracer, spot) or _named(tracer, spot, node)
        case "call":
            return _call(tracer, spot, node)
        case "phi" if len(node[1]) > MAX_PATHS:
            return _itself(spot)
        case "phi" | "ifexp":
            return either(of(tracer, spot.at(row)) for row in (node[1] if node[0] == "phi" else node[2:4]))
        case "unpack":
            return ("unpack", of(tracer, spot.at(node[1])), node[2])
        case "fstr":
            return ("text", *(of(tracer, spot.at(row)) for row in node[1]))
        case "bool" | "compare" | "seq":
            return (node[0], node[1], *(of(tracer, spot.at(row)) for row in node[2]))
        case "binop":
            if node[1] == "|":
                return ("document", spot)
            return (*node[:2], *(of(tracer, spot.at(row)) for row in node[2:4]))
    return _itself(spot)


def either(terms: Iterable[Term]) -> Term:
    """One of several terms."""
    found: set[Term] = set()
    for term in terms:
        found.update(alternatives(term))
    return found.pop() if len(found) == 1 else ("either", frozenset(found))


def alternatives(term: Term) -> frozenset[Term]:
    """The terms that a term may stand for."""
    return term[1] if term[0] == "either" else frozenset((term,))


def _constant(tracer: Tracer, spot: Spot) -> Term | None:
    """The constant that a name stands for."""
    value = tracer.value(spot)
    return ("const", value[0].kind, value[0].value) if len(value) == 1 and type(value[0]) is Const else None


def _named(tracer: Tracer, spot: Spot, node: Any) -> Term:
    """A variable of a function around, or a name of the module."""
    if node[0] != "free":
        return (*node[:3], spot.module if node[-1] else -1)
    scope = tracer.link.scope(spot.module, node[1])
    while scope.index > 0:
        found = tracer.link.bound(spot.module, scope.index, node[2]).defs if scope.kind != "class" else ()
        if found:
            return of(tracer, Spot(spot.module, found[0], spot.frame)) if len(found) == 1 else _itself(spot)
        scope = tracer.link.scope(spot.module, scope.parent)
    return ("name", spot.module, node[2])


def _call(tracer: Tracer, spot: Spot, node: Any) -> Term:
    function = spot.at(node[1])
    called = tracer.value(function)
    rows = [row for keyword, row in node[2] if keyword is None]
    if len(called) == 1 and type(called[0]) is FunctionRef:
        frame = tracer.enter(spot)
        returned = list(returns(tracer, frame)) if frame else []
        return of(tracer, returned[0]) if len(returned) == 1 else _itself(spot)
    if len(called) == 1 and type(called[0]) is ClassRef:
        return ("new", spot, called[0])
    name = called[0].name if len(called) == 1 and type(called[0]) is External else ""
    if name in DUMPING_FUNCTIONS:
        whole = len(node[2]) == 1 and rows
        return of(tracer, spot.at(rows[0])) if whole else ("document", spot)
    if name.startswith(_PURE_FUNCTIONS):
        # Of nothing they make something new each time: ObjectId()
        return ("pure", name, *(of(tracer, spot.at(row)) for row in rows)) if rows else _itself(spot)
    if name in CLASSES and CLASSES[name].role == "client":
        # Made anew, it leads to the same server
        return ("client", name, *((keyword, of(tracer, spot.at(row))) for keyword, row in node[2]))
    if name.rpartition(".")[2][:1].isupper() and node[2]:
        return ("new", spot, None)
    return _method(tracer, spot, node, rows)


def _method(tracer: Tracer, spot: Spot, node: Any, rows: list[int]) -> Term:
    function = tracer.node(spot.at(node[1]))
    if function[0] != "attr" or tracer.operation(spot.module, spot.row) is not None:
        return _itself(spot)
    base, name = spot.at(function[1]), function[2]
    if name in _HANDLES and (made := tracer.value(spot)) and all(type(atom) is Collection for atom in made):
        # One object or another, it is the same collection
        database = of(tracer, base)
        return database if name == "with_options" else (name, database, *(of(tracer, spot.at(row)) for row in rows))
    if name in DUMPING:
        return of(tracer, base)
    if name in ("get", "pop") and rows:
        key = of(tracer, spot.at(rows[0]))
        if key[:2] == ("const", "str"):
            return member(tracer, of(tracer, base), key[2])
    if name in _PURE_METHODS:
        inner = of(tracer, base)
        if name in _SETTLING and not rows and inner[:2] == ("pure", name):
            return inner
        return ("pure", name, inner, *(of(tracer, spot.at(row)) for row in rows))
    return _itself(spot)


def returns(tracer: Tracer, frame: Frame) -> Iterator[Spot]:
    """What a called function returns, None left out."""
    for row, _ in tracer.link.scope(frame.module, frame.scope).returns:
        if tracer.facts(frame.module).nodes[row] != ("const", None):
            yield Spot(frame.module, row, frame)


# Members


def member(tracer: Tracer, base: Term, name: str) -> Term:
    """See `Tracer.member`."""
    if base[0] == "document":
        from mongolint.project.tracing import stored

        document = stored.read(tracer, base[1])
        if name in document.fields:
            return document.fields[name].term
        sources = document.sources
        return member(tracer, sources[-1], name) if len(sources) == 1 else ("member", base, name)
    if base[0] == "new":
        given = constructed(tracer, base, name)
        if given is not None:
            return of(tracer, given)
        source = _unpacked(tracer, base)
        return ("member", base, name) if source is None else member(tracer, of(tracer, source), name)
    return ("member", base, name)


def constructed(tracer: Tracer, new: Term, name: str) -> Spot | None:
    """What the construction of an object, or of the dict that it unpacks, gives for a field; its default included."""
    spot: Spot = new[1]
    cls: ClassRef | None = new[2]
    spread = False
    for keyword, row in tracer.node(spot)[2]:
        if keyword == name:
            return spot.at(row)
        spread = spread or keyword in ("*", "**", None)
    if cls is None or spread or tracer.link.hierarchy.find(cls, "__init__"):
        return None
    return default(tracer, cls, name)


def _unpacked(tracer: Tracer, new: Term) -> Spot | None:
    """The dict of which an object is made, and of nothing else: ``User(**found)``."""
    spot: Spot = new[1]
    cls: ClassRef | None = new[2]
    args = tracer.node(spot)[2]
    if cls is None or len(args) != 1 or args[0][0] != "**" or tracer.link.hierarchy.find(cls, "__init__"):
        return None
    return spot.at(args[0][1])


def default(tracer: Tracer, cls: ClassRef, name: str) -> Spot | None:
    """The default of a dataclass or model field."""
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).final
        if row is None:
            continue
        spot = Spot(owner.module, row, None)
        node = tracer.node(spot)
        if node[0] == "typed" and node[2] is not None:
            spot = spot.at(node[2])
            node = tracer.node(spot)
        if node[0] != "call":
            return spot
        if any(type(atom) is External and atom.name.startswith(_COMPUTING) for atom in tracer.value(spot.at(node[1]))):
            return None
        for keyword, given in node[2]:
            if keyword == "default_factory":
                return _made(tracer, spot.at(given))
            if keyword in (None, "default"):
                return None if tracer.node(spot.at(given))[0] == "unknown" else spot.at(given)  # ``Field(...)``
        return None
    return None


def called_default(tracer: Tracer, cls: ClassRef, name: str) -> Spot | None:
    """The call in the body of a class that gives a field its default, once for all objects: ``at = now()``."""
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).final
        if row is not None:
            node = tracer.link.node(owner.module, row)
            given = node[2] if node[0] == "typed" and node[2] is not None else row
            is_call = tracer.link.node(owner.module, given)[0] == "call"
            return Spot(owner.module, given, None) if is_call else None
    return None


def _made(tracer: Tracer, factory: Spot) -> Spot | None:
    """What a ``default_factory`` returns: that of a lambda; of a function, the function itself says enough."""
    node = tracer.node(factory)
    if node[0] == "func":
        found = tracer.link.scope(factory.module, node[1]).returns
        return Spot(factory.module, found[0][0], None) if len(found) == 1 else None
    return factory


def class_of(tracer: Tracer, base: Spot) -> ClassRef | None:
    """The one class of the project that an object is of, by its construction or annotation."""
    found = [atom for atom in tracer.value(base) if type(atom) is Instance]
    return ClassRef(*found[0][:2]) if len({atom[:2] for atom in found}) == 1 else None
