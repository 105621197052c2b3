"""Of which types a value may be that is stored or compared, all of them: `ANY` among them where one is not known.

By the names of ``$type``, with "number" for all numbers. An annotation is believed, as a type checker believes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link.atoms import ClassRef, Const, External, FunctionRef, Literal
from mongolint.project.tracing import nulls, stored, terms
from mongolint.project.tracing.stored import Stored
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# A type that the code does not show
ANY = "?"
Types = tuple[str, ...]

_UNKNOWN: Types = (ANY,)
_CONSTANTS = {"str": "string", "int": "number", "float": "number", "bool": "bool", "bytes": "binData"}
# The last names of annotations
_NAMED = {
    **_CONSTANTS,
    **dict.fromkeys(("EmailStr", "HttpUrl", "AnyUrl", "AnyHttpUrl", "StrictStr", "constr", "NameEmail"), "string"),
    **dict.fromkeys(("StrictInt", "StrictFloat", "PositiveInt", "NonNegativeInt", "conint", "confloat"), "number"),
    **dict.fromkeys(("PositiveFloat", "NonNegativeFloat", "Int64", "Decimal128"), "number"),
    **dict.fromkeys(("UUID", "UUID4", "UUID1", "Binary"), "binData"),
    **dict.fromkeys(("ObjectId", "PydanticObjectId", "PyObjectId", "ObjectIdField"), "objectId"),
    **dict.fromkeys(("list", "List", "tuple", "Tuple", "Sequence", "Iterable", "conlist"), "array"),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "SON"), "object"),
    **dict.fromkeys(("datetime", "AwareDatetime", "NaiveDatetime", "PastDatetime", "FutureDatetime"), "date"),
    "StrictBool": "bool",
    "Pattern": "regex",
}
_WRAPPERS = ("Required", "NotRequired", "ReadOnly", "Final")
_MADE = {
    **{f"builtins.{name}": kind for name, kind in _CONSTANTS.items()},
    **{f"builtins.{name}": "number" for name in ("len", "sum", "round", "abs", "hash")},
    **{f"builtins.{name}": "array" for name in ("list", "sorted", "tuple")},
    **{f"builtins.{name}": "string" for name in ("repr", "chr", "hex")},
    "builtins.dict": "object",
    **{
        f"datetime.datetime.{name}": "date"
        for name in ("now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp", "fromisoformat", "strptime")
    },
    "datetime.datetime": "date",
    "datetime.datetime.combine": "date",
    "django.utils.timezone.now": "date",
    "time.time": "number",
    "bson.ObjectId": "objectId",
    "bson.objectid.ObjectId": "objectId",
    "uuid.uuid1": "binData",
    "uuid.uuid4": "binData",
    "uuid.UUID": "binData",
    "os.urandom": "binData",
    "secrets.token_bytes": "binData",
    "secrets.token_hex": "string",
    "secrets.token_urlsafe": "string",
    "fastapi.encoders.jsonable_encoder": ANY,
}
# Whatever their object is, only one type of those has such a method
_METHODS = {
    **dict.fromkeys(("isoformat", "strftime", "hexdigest", "lower", "upper", "strip", "casefold", "title"), "string"),
    **dict.fromkeys(("join", "format", "lstrip", "rstrip", "capitalize"), "string"),
    **dict.fromkeys(("timestamp", "total_seconds"), "number"),
    **dict.fromkeys(("split", "splitlines"), "array"),
    **dict.fromkeys(("model_dump", "dict", "asdict"), "object"),
    "model_dump_json": "string",
}
# Methods of dates that give dates
_KEEPING = ("replace", "astimezone", "copy")
_OPERATIONS = {"count_documents": "number", "estimated_document_count": "number", "distinct": "array"}
_AS_STRINGS = ("date", "objectId", "binData")


def of(tracer: Tracer, value: Stored) -> Types:
    """The types of a stored value."""
    found = _declared(tracer, *value.declared) if value.declared is not None else _UNKNOWN
    if ANY in found and value.spots:
        found = at_all(tracer, value.spots)
    elif value.spots and "null" in found and "null" not in (given := at_all(tracer, value.spots)) and ANY not in given:
        found = tuple(kind for kind in found if kind != "null")
    if value.filled:
        found = tuple(kind for kind in found if kind != "null")
    if not value.as_json:
        return found
    return _joined([tuple("string" if kind in _AS_STRINGS else kind for kind in found)])


def at_all(tracer: Tracer, spots: Iterable[Spot]) -> Types:
    return _joined(at(tracer, spot) for spot in spots) or _UNKNOWN


def at(tracer: Tracer, spot: Spot) -> Types:
    """The types that an expression may be of."""
    return tracer.once(("types", spot), lambda: _at(tracer, spot), ())


def _joined(found: Iterable[Types]) -> Types:
    """Several possibilities together, null behind the others."""
    kinds: dict[str, None] = {}
    for each in found:
        kinds.update(dict.fromkeys(each))
    if len(kinds) < 2:
        return tuple(kinds)
    return tuple(sorted(kinds, key=("null", ANY).__contains__))


def _at(tracer: Tracer, spot: Spot) -> Types:
    node = tracer.node(spot)
    match node[0]:
        case "const":
            return ("null",) if node[1] is None else (_CONSTANTS.get(type(node[1]).__name__, ANY),)
        case "fstr":
            return ("string",)
        case "compare" | "not":
            return ("bool",)
        case "dict":
            return ("object",)
        case "seq" if node[1] != "set":
            return ("array",)
        case "comp" if node[1] in ("list", "dict"):
            return ("object",) if node[1] == "dict" else ("array",)
        case "setitem" | "mutated" | "delitem" | "await":
            return at(tracer, spot.at(node[1]))
        case "typed":
            return _typed(tracer, spot, node)
        case "phi" | "ifexp":
            return _joined(at(tracer, spot.at(row)) for row in (node[1] if node[0] == "phi" else node[2:4]))
        case "bool":
            return _chosen(tracer, spot, node)
        case "binop":
            return _computed(node[1], at(tracer, spot.at(node[2])), at(tracer, spot.at(node[3])))
        case "param":
            return _parameter(tracer, spot, node)
        case "attr" | "free" | "from":
            return _named(tracer, spot, node)
        case "item":
            return _item(tracer, spot, node)
        case "call":
            return _call(tracer, spot, node)
    return _UNKNOWN


def _typed(tracer: Tracer, spot: Spot, node: Row) -> Types:
    found = at(tracer, spot.at(node[2])) if node[2] is not None else _UNKNOWN
    return annotated(tracer, spot.at(node[1])) if ANY in found else found


def _chosen(tracer: Tracer, spot: Spot, node: Row) -> Types:
    """``a or b`` is never a null of ``a``."""
    parts = [at(tracer, spot.at(row)) for row in node[2]]
    if node[1] == "or":
        parts[:-1] = [tuple(kind for kind in part if kind != "null") for part in parts[:-1]]
    return _joined(parts)


def _computed(operator: str, left: Types, right: Types) -> Types:
    pair = (left, right)
    if pair == (("number",), ("number",)):
        return ("number",)
    if operator in ("+", "%") and (left == ("string",) or (operator == "+" and right == ("string",))):
        return ("string",)
    if operator == "+" and left == right == ("array",):
        return ("array",)
    if operator == "|" and left == right == ("object",):
        return ("object",)
    if operator in ("+", "-") and left == ("date",) and right == _UNKNOWN:
        return ("date",)  # a span of time: two dates would both be known
    if operator == "+" and right == ("date",):
        return ("date",)
    return _UNKNOWN


def _parameter(tracer: Tracer, spot: Spot, node: Row) -> Types:
    passed = tracer.parameter(spot)
    found = at(tracer, passed) if passed is not None else _UNKNOWN
    param = next((p for p in tracer.link.scope(spot.module, node[1]).params if p.name == node[2]), None)
    if ANY not in found or param is None or param.annotation is None:
        return found
    if param.kind != "positional" and param.kind != "keyword":
        return _UNKNOWN
    told = annotated(tracer, Spot(spot.module, param.annotation, None))
    if param.default is not None and tracer.facts(spot.module).nodes[param.default] == ("const", None):
        return _joined([told, ("null",)])
    return told


def _named(tracer: Tracer, spot: Spot, node: Row) -> Types:
    if node[0] == "attr":
        cls = terms.class_of(tracer, spot.at(node[1]))
        found = _declared(tracer, cls, node[2]) if cls is not None else _UNKNOWN
        if ANY not in found:
            return found
    value = tracer.value(spot)
    if value and all(type(atom) is Const for atom in value):
        return _joined(("null",) if atom.value is None else (_CONSTANTS.get(atom.kind, ANY),) for atom in value)
    if len(value) == 1 and type(value[0]) is Literal and value[0].env is None:
        return at(tracer, Spot(value[0].module, value[0].row, None))
    if tracer.term(spot) == ("name", spot.module, node[2]):
        final = tracer.link.bound(spot.module, 0, node[2]).final
        if final is not None and tracer.link.node(spot.module, final)[0] in ("binop", "call"):
            return at(tracer, Spot(spot.module, final, None))  # computed once: ``LIMIT = 5 * 60``
    return _UNKNOWN


def _item(tracer: Tracer, spot: Spot, node: Row) -> Types:
    key = tracer.term(spot.at(node[2]))
    if key[:2] != ("const", "str"):
        return _UNKNOWN
    content = stored.read(tracer, spot.at(node[1]))
    held = content.fields.get(key[2])
    return of(tracer, held) if held is not None else _UNKNOWN


def _call(tracer: Tracer, spot: Spot, node: Row) -> Types:
    operation = tracer.operation(spot.module, spot.row)
    if operation is not None:
        return (_OPERATIONS.get(operation.name, ANY),)
    called = tracer.value(spot.at(node[1]))
    if len(called) == 1 and type(called[0]) is External and called[0].name in _MADE:
        return (_MADE[called[0].name],)
    if len(called) == 1 and type(called[0]) is FunctionRef:
        return _returned(tracer, spot, called[0])
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and len(called) < 2:
        if function[2] in _KEEPING:
            base = at(tracer, spot.at(function[1]))
            return base if base in (("date",), ("string",), ("array",), ("object",)) else _UNKNOWN
        return (_METHODS.get(function[2], ANY),)
    return _UNKNOWN


def _returned(tracer: Tracer, spot: Spot, function: FunctionRef) -> Types:
    frame = tracer.enter(spot)
    scope = tracer.link.scope(function.module, function.scope)
    rows = [row for row, _ in scope.returns]
    found = _joined(at(tracer, Spot(function.module, row, frame)) for row in rows) if frame and rows else _UNKNOWN
    if ANY in found and scope.return_annotation is not None:
        return annotated(tracer, Spot(function.module, scope.return_annotation, None))
    return found


# Annotations


def _declared(tracer: Tracer, cls: ClassRef, name: str) -> Types:
    """The types of a field of a model."""
    annotation = nulls.annotation_of(tracer, cls, name)
    if annotation is None:
        return _UNKNOWN
    found = annotated(tracer, annotation)
    default = terms.default(tracer, cls, name)
    is_null = default is not None and tracer.node(default) == ("const", None)
    return _joined([found, ("null",)]) if is_null else found


def annotated(tracer: Tracer, annotation: Spot) -> Types:
    """The types that an annotation allows."""
    node = tracer.node(annotation)
    match node[0]:
        case "const":
            return ("null",) if node[1] is None else _UNKNOWN
        case "binop":
            return _joined(annotated(tracer, annotation.at(row)) for row in node[2:4])
        case "item":
            return _generic(tracer, annotation, node)
        case "attr" | "free" | "from":
            return _type_named(tracer, annotation, str(node[2]))
    return _UNKNOWN


def _generic(tracer: Tracer, annotation: Spot, node: Row) -> Types:
    key = tracer.node(annotation.at(node[2]))
    parts = key[2] if key[0] == "seq" else (node[2],)
    name = _last_name(tracer, annotation.at(node[1]))
    if name == "Literal":
        return _joined(_literal(tracer.node(annotation.at(row))) for row in parts)
    if name in ("Optional", "Union", *_WRAPPERS):
        inner = _joined(annotated(tracer, annotation.at(row)) for row in parts)
        return _joined([inner, ("null",)]) if name == "Optional" else inner
    if name == "Annotated":
        return annotated(tracer, annotation.at(parts[0]))
    return annotated(tracer, annotation.at(node[1]))


def _literal(node: Row) -> Types:
    """A member of ``Literal[…]``; a text in an annotation is read as the name of a type."""
    if node[0] == "const":
        return ("null",) if node[1] is None else (_CONSTANTS.get(type(node[1]).__name__, ANY),)
    return ("string",) if node[0] == "free" else _UNKNOWN


def _last_name(tracer: Tracer, spot: Spot) -> str:
    node = tracer.node(spot)
    return str(node[2]) if node[0] in ("attr", "free", "from") else ""


def _type_named(tracer: Tracer, spot: Spot, name: str) -> Types:
    value = tracer.value(spot)
    if len(value) == 1 and type(value[0]) is ClassRef:
        return _of_class(tracer, value[0], name)
    if len(value) == 1 and type(value[0]) is Literal and value[0].env is None:
        return annotated(tracer, Spot(value[0].module, value[0].row, None))
    if value and type(value[0]) is External:
        name = value[0].name.rpartition(".")[2]
    return (_NAMED.get(name, ANY),)


def _of_class(tracer: Tracer, cls: ClassRef, name: str) -> Types:
    bases = {base.rpartition(".")[2] for base in tracer.link.hierarchy.external_bases(cls)}
    if "ObjectId" in bases:
        return ("objectId",)
    if bases & {"Enum", "StrEnum", "IntEnum"}:
        kinds = {"str": "string", "StrEnum": "string", "int": "number", "IntEnum": "number"}
        return (next((kind for base, kind in kinds.items() if base in bases), ANY),)
    if bases & {"BaseModel", "TypedDict", "dict"}:
        return ("object",)
    decorators: Any = (tracer.link.node(cls.module, row) for row in tracer.link.scope(*cls).decorators)
    for node in decorators:
        while node[0] == "call":
            node = tracer.link.node(cls.module, node[1])
        if node[0] in ("attr", "free", "from") and node[2] == "dataclass":
            return ("object",)
    return (_NAMED.get(name, ANY),)
