"""Whether a stored value may be None, and of which type it is, as far as the code shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mongolint.link.atoms import NONE, ClassRef, External
from mongolint.project.tracing import terms
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.tracing.stored import Stored
    from mongolint.project.tracing.tracer import Tracer

# The names that ``$type`` has for them
_TYPES = {
    "str": "string",
    "EmailStr": "string",
    "HttpUrl": "string",
    "AnyUrl": "string",
    "StrictStr": "string",
    "constr": "string",
    "ObjectId": "objectId",
    "PyObjectId": "objectId",
    "PydanticObjectId": "objectId",
    "int": "number",
    "float": "number",
    "PositiveInt": "number",
    "Decimal": "number",
    "UUID": "binData",
    "UUID4": "binData",
    "bytes": "binData",
    "datetime": "date",
    "bool": "bool",
}
_ARRAYS = ("list", "tuple", "set", "sequence", "iterable", "frozenset")


def may_be_null(tracer: Tracer, value: Stored) -> bool:
    """Whether a field that is stored may hold None."""
    if value.declared and not _is_optional_field(tracer, *value.declared):
        return False
    if value.spots:
        return any(is_null(tracer, spot) for spot in value.spots)
    return value.declared is not None


def is_null(tracer: Tracer, spot: Spot) -> bool:
    """Whether an expression may be None."""
    return tracer.once(("null", spot), lambda: _is_null(tracer, spot), False)


def _is_null(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    match node[0]:
        case "const":
            return node[1] is None
        case "await":
            return is_null(tracer, spot.at(node[1]))
        case "typed":
            return is_null(tracer, spot.at(node[2])) if node[2] is not None else is_optional(tracer, spot.at(node[1]))
        case "phi":
            return any(is_null(tracer, spot.at(row)) for row in node[1])
        case "ifexp":
            kept = node[3:4] if node[1] == node[2] else node[2:4]  # in ``found if found else other`` found is not null
            return any(is_null(tracer, spot.at(row)) for row in kept)
        case "bool":
            return is_null(tracer, spot.at(node[2][-1])) or (node[1] == "and" and is_null(tracer, spot.at(node[2][0])))
        case "param":
            return _parameter(tracer, spot, node)
        case "attr":
            return _attribute(tracer, spot, node)
        case "item":
            return _item(tracer, spot, node)
        case "call":
            return _call(tracer, spot, node)
        case "free" | "from":
            return NONE in tracer.value(spot)
    return False


def _parameter(tracer: Tracer, spot: Spot, node: Any) -> bool:
    passed = tracer.parameter(spot)
    if passed is not None:
        return is_null(tracer, passed)
    param = next((p for p in tracer.link.scope(spot.module, node[1]).params if p.name == node[2]), None)
    if param is None:
        return False
    if param.default is not None and tracer.facts(spot.module).nodes[param.default] == ("const", None):
        return True
    return param.annotation is not None and is_optional(tracer, Spot(spot.module, param.annotation, None))


def _attribute(tracer: Tracer, spot: Spot, node: Any) -> bool:
    base = spot.at(node[1])
    cls = terms.class_of(tracer, base)
    if cls is None or not _is_optional_field(tracer, cls, node[2]):
        return False
    made = tracer.term(base)
    given = terms.constructed(tracer, made, node[2]) if made[0] == "new" else None
    return is_null(tracer, given) if given else True


def _item(tracer: Tracer, spot: Spot, node: Any) -> bool:
    from mongolint.project.tracing import stored

    key = tracer.term(spot.at(node[2]))
    held = stored.read(tracer, spot.at(node[1])).fields.get(key[2]) if key[:2] == ("const", "str") else None
    return held is not None and may_be_null(tracer, held)


def _call(tracer: Tracer, spot: Spot, node: Any) -> bool:
    function = tracer.node(spot.at(node[1]))
    rows = [row for keyword, row in node[2] if keyword is None]
    if tracer.operation(spot.module, spot.row) is not None:
        return False
    if function[0] == "attr" and function[2] in ("get", "pop") and rows:
        if len(rows) > 1:
            return is_null(tracer, spot.at(rows[1]))
        return bool(function[2] == "get")
    called = tracer.value(spot.at(node[1]))
    if len(called) == 1 and type(called[0]) is External:
        return called[0].name in ("os.getenv", "os.environ.get") and len(node[2]) < 2
    return NONE in tracer.value(spot)


# Annotations


def _is_optional_field(tracer: Tracer, cls: ClassRef, name: str) -> bool:
    default = terms.default(tracer, cls, name)
    if default is not None and tracer.node(default) == ("const", None):
        return True
    found = annotation_of(tracer, cls, name)
    return found is not None and is_optional(tracer, found)


def annotation_of(tracer: Tracer, cls: ClassRef, name: str) -> Spot | None:
    for owner in tracer.link.hierarchy.order(cls):
        row = tracer.link.bound(*owner, name).annotation
        if row is not None:
            return Spot(owner.module, row, None)
    return None


def is_optional(tracer: Tracer, annotation: Spot) -> bool:
    """Whether an annotation allows None: ``Optional[str]``, ``str | None``."""
    node = tracer.node(annotation)
    if node[0] == "binop":
        return any(is_optional(tracer, annotation.at(row)) for row in node[2:4])
    if node[0] == "item":
        name = _last_name(tracer, annotation.at(node[1]))
        key = tracer.node(annotation.at(node[2]))
        parts = key[2] if key[0] == "seq" else (node[2],)
        if name == "Annotated":
            return is_optional(tracer, annotation.at(parts[0]))
        return name == "Optional" or (name == "Union" and any(is_optional(tracer, annotation.at(p)) for p in parts))
    return bool(node == ("const", None))


def _last_name(tracer: Tracer, spot: Spot) -> str:
    node = tracer.node(spot)
    return str(node[2]) if node[0] in ("attr", "free", "from") else ""


# Types


def type_of(tracer: Tracer, value: Stored) -> str | None:
    """The name that ``$type`` has for a field's values; None where they are of several types, or of an unknown one."""
    if value.declared:
        annotation = annotation_of(tracer, *value.declared)
        found = _annotated_type(tracer, annotation) if annotation else None
        if found and not (value.as_json and found in ("date", "objectId", "binData")):
            return found
    kinds = {_spot_type(tracer, spot) for spot in value.spots if tracer.node(spot) != ("const", None)}
    kind = kinds.pop() if len(kinds) == 1 else None
    return "string" if value.as_json and kind in ("date", "objectId", "binData") else kind


def _annotated_type(tracer: Tracer, annotation: Spot) -> str | None:
    node = tracer.node(annotation)
    if node[0] == "binop":
        found = {_annotated_type(tracer, annotation.at(row)) for row in node[2:4]} - {None}
        return found.pop() if len(found) == 1 else None
    if node[0] == "item":
        key = tracer.node(annotation.at(node[2]))
        parts = key[2] if key[0] == "seq" else (node[2],)
        name = _last_name(tracer, annotation.at(node[1]))
        if name == "Literal":
            return "string" if all(isinstance(tracer.node(annotation.at(p))[-1], str) for p in parts) else None
        if name in ("Optional", "Annotated", "Union"):
            wanted = parts[:1] if name == "Annotated" else parts
            found = {_annotated_type(tracer, annotation.at(row)) for row in wanted} - {None}
            return found.pop() if len(found) == 1 else None
        return "array" if name.lower() in _ARRAYS else None
    name = _last_name(tracer, annotation)
    return "array" if name.lower() in _ARRAYS else _TYPES.get(name)


def _spot_type(tracer: Tracer, spot: Spot) -> str | None:
    return tracer.once(("type", spot), lambda: _find_type(tracer, spot), None)


def _find_type(tracer: Tracer, spot: Spot) -> str | None:
    node = tracer.node(spot)
    match node[0]:
        case "const":
            return _TYPES.get(type(node[1]).__name__)
        case "fstr":
            return "string"
        case "seq" | "comp":
            return "array"
        case "await":
            return _spot_type(tracer, spot.at(node[1]))
        case "typed":
            return _annotated_type(tracer, spot.at(node[1])) or (
                _spot_type(tracer, spot.at(node[2])) if node[2] is not None else None
            )
        case "phi" | "ifexp":
            rows = node[1] if node[0] == "phi" else node[2:4]
            found = {_spot_type(tracer, spot.at(row)) for row in rows if tracer.node(spot.at(row)) != ("const", None)}
            return found.pop() if len(found) == 1 else None
        case "bool":
            return _spot_type(tracer, spot.at(node[2][-1]))
        case "param":
            return _parameter_type(tracer, spot, node)
        case "attr":
            cls = terms.class_of(tracer, spot.at(node[1]))
            annotation = annotation_of(tracer, cls, node[2]) if cls else None
            return _annotated_type(tracer, annotation) if annotation else "string" if node[2] == "hex" else None
        case "call":
            return _call_type(tracer, spot, node)
    return None


def _parameter_type(tracer: Tracer, spot: Spot, node: Any) -> str | None:
    passed = tracer.parameter(spot)
    found = _spot_type(tracer, passed) if passed else None
    param = next((p for p in tracer.link.scope(spot.module, node[1]).params if p.name == node[2]), None)
    if found or param is None or param.annotation is None:
        return found
    return _annotated_type(tracer, Spot(spot.module, param.annotation, None))


def _call_type(tracer: Tracer, spot: Spot, node: Any) -> str | None:
    called = tracer.value(spot.at(node[1]))
    if len(called) == 1 and type(called[0]) is External:
        name = called[0].name
        if name.startswith("secrets.token_") and not name.endswith("bytes"):
            return "string"
        return _TYPES.get(name.rpartition(".")[2]) or ("binData" if name.startswith("uuid.uuid") else None)
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _OF_STRINGS:
        return "string"
    frame = tracer.enter(spot)
    found = {_spot_type(tracer, each) for each in terms.returns(tracer, frame)} if frame else set()
    return found.pop() if len(found) == 1 else None


_OF_STRINGS = frozenset(["lower", "upper", "strip", "casefold", "title", "hexdigest", "isoformat", "format", "join"])
