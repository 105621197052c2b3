"""A filter as a tree of predicates, simplified as the server does before it plans.

Source: MongoDB manual, "Query and Projection Operators".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from mongolint.coverage.values import ANY, Unknown, is_regex, is_unknown, key, rank, type_names
from mongolint.fastclasses import dataclass


class QueryError(Exception):
    """The server refuses the query."""


@dataclass(eq=False, slots=True)
class Node:
    """A predicate. ``path`` is relative to the ``$elemMatch`` around it; of logical nodes it is empty.

    ``kind``: and, or, nor, not, elem-object, elem-value, eq, lt, lte, gt, gte, in, regex, mod, exists, type, geo,
    near, text; expr-eq, expr-lt …; true, false; and "other" for what no index can answer.
    """

    kind: str
    path: str = ""
    value: Any = None
    children: list[Node] = field(default_factory=list)

    @property
    def child(self) -> Node:
        return self.children[0]


RANGES = ("lt", "lte", "gt", "gte")
_COMPARED = {"$eq": "eq", "$lt": "lt", "$lte": "lte", "$gt": "gt", "$gte": "gte"}
_UNINDEXED = frozenset(("$size", "$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"))

_GEO = frozenset(("$geoWithin", "$within", "$geoIntersects"))
_NEAR = frozenset(("$near", "$nearSphere", "$geoNear"))
_BESIDE = frozenset(("$options", "$maxDistance", "$minDistance", "$comment", "$uniqueDocs"))
_LOGICAL = {"$and": "and", "$or": "or", "$nor": "nor"}
_TOP_UNINDEXED = frozenset(("$where", "$jsonSchema", "$sampleRate"))


def parse(filter: Mapping[str, Any]) -> Node:
    """The tree of a filter.

    Raises:
        QueryError: an operator that is not known, or an argument that the operator does not take.
    """
    return simplify(_document(filter))


def _document(document: Mapping[str, Any]) -> Node:
    children: list[Node] = []
    for name, value in document.items():
        if name in _LOGICAL:
            children.append(Node(_LOGICAL[name], children=[_document(each) for each in _list(name, value)]))
        elif name == "$text":
            children.append(Node("text", value=value))
        elif name == "$expr":
            children += [*comparisons(value), Node("other")]
        elif name in ("$alwaysTrue", "$comment"):
            continue
        elif name == "$alwaysFalse":
            children.append(Node("false"))
        elif name in _TOP_UNINDEXED:
            children.append(Node("other"))
        elif name.startswith("$"):
            raise QueryError(f"unknown top level operator: {name}")
        else:
            children.extend(_conditions(name, value))
    return Node("and", children=children)


def _list(name: str, value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(each, Mapping) for each in value):
        raise QueryError(f"{name} must be a nonempty array of documents")
    return value


def is_operators(value: Any) -> bool:
    """Whether a value is a document of operators, not one to be equal to."""
    if not isinstance(value, Mapping) or is_regex(value):
        return False
    first = next(iter(value), "")
    return first.startswith("$") and first not in ("$ref", "$id", "$db")


def _conditions(path: str, value: Any) -> list[Node]:
    if is_regex(value):
        return [Node("regex", path, value)]
    if not is_operators(value):
        return [Node("eq", path, value)]
    return _operators(path, value)


def _operators(path: str, value: Mapping[str, Any]) -> list[Node]:
    return [node for name, given in value.items() for node in _operator(path, name, given, value)]


def _operator(path: str, name: str, value: Any, beside: Mapping[str, Any]) -> Iterable[Node]:
    if name in _COMPARED:
        if is_regex(value):
            if name != "$eq":
                raise QueryError(f"can't have RegEx as arg to predicate over field '{path}'")
            return [Node("eq", path, value)]
        return [Node(_COMPARED[name], path, value)]
    if name == "$ne":
        if is_regex(value):
            raise QueryError("can't have regex as arg to $ne")
        return [_not(Node("eq", path, value))]
    if name in ("$in", "$nin"):
        members = [ANY, Unknown()] if is_unknown(value) else value
        if not isinstance(members, (list, tuple)) or any(is_operators(each) for each in members):
            raise QueryError(f"{name} needs an array")
        found = Node("in", path, list(members))
        return [found if name == "$in" else _not(found)]
    if name == "$not":
        return [_not(Node("and", children=_negated(path, value)))]
    if name == "$exists":
        found = Node("exists", path)
        return [found if value else _not(found)]
    if name == "$regex":
        return [Node("regex", path, {"$regex": value, "$options": beside.get("$options", "")})]
    if name == "$all":
        return _all(path, value)
    if name == "$elemMatch":
        return [_elements(path, value)]
    if name in _GEO or name in _NEAR:
        return [Node("near" if name in _NEAR else "geo", path, {name: value})]
    if name == "$mod":
        return [Node("mod", path, value)]
    if name == "$type":
        return [Node("type", path, type_names(value))]
    if name in _UNINDEXED:
        return [Node("other", path, name)]
    if name in _BESIDE:
        return []
    raise QueryError(f"unknown operator: {name}")


def _negated(path: str, value: Any) -> list[Node]:
    if is_regex(value):
        return [Node("regex", path, value)]
    if not is_operators(value) and not is_unknown(value):
        raise QueryError("$not needs a regex or a document")
    return [Node("other", path)] if is_unknown(value) else _conditions(path, value)


def _not(node: Node) -> Node:
    return Node("not", children=[node])


def _all(path: str, value: Any) -> list[Node]:
    members = [ANY] if is_unknown(value) else value
    if not isinstance(members, (list, tuple)):
        raise QueryError("$all needs an array")
    if not members:
        return [Node("false")]
    if any(isinstance(each, Mapping) and "$elemMatch" in each for each in members):
        if not all(isinstance(each, Mapping) and "$elemMatch" in each for each in members):
            raise QueryError("$all has $elemMatch and plain values")
        return [_elements(path, each["$elemMatch"]) for each in members]
    return [Node("regex" if is_regex(each) else "eq", path, each) for each in members]


def _elements(path: str, value: Any) -> Node:
    if not isinstance(value, Mapping):
        if is_unknown(value):
            return Node("other", path)
        raise QueryError("$elemMatch needs an Object")
    first = next(iter(value), "")
    if first.startswith("$") and first not in (*_LOGICAL, "$where", "$expr", "$text"):
        members = [_operator("", name, given, value) for name, given in value.items()]
        return Node("elem-value", path, children=[_grouped(list(each)) for each in members if each])
    return Node("elem-object", path, children=[_document(value)])


def _grouped(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Node("and", children=nodes)


# Simplifying


def simplify(node: Node) -> Node:
    """The tree with nested ands and ors made one, and single members taken out."""
    children = [simplify(child) for child in node.children]
    if node.kind in ("and", "or"):
        return _joined(node.kind, children)
    if node.kind == "nor" and len(children) == 1:
        return _negation(children[0])
    if node.kind == "not":
        return _negation(children[0])
    if node.kind == "in":
        return _membership(node)
    return Node(node.kind, node.path, node.value, children)


def _joined(kind: str, children: list[Node]) -> Node:
    flat: list[Node] = []
    for child in children:
        flat.extend(child.children if child.kind == kind else [child])
    neutral, absorbing = ("true", "false") if kind == "and" else ("false", "true")
    if any(child.kind == absorbing for child in flat):
        return Node(absorbing)
    flat = [child for child in flat if child.kind != neutral]
    if not flat:
        return Node(neutral)
    if kind == "or" and len(flat) > 1 and all(child.kind == "eq" and child.path == flat[0].path for child in flat):
        return Node("in", flat[0].path, [child.value for child in flat])
    return flat[0] if len(flat) == 1 else Node(kind, children=flat)


def _negation(child: Node) -> Node:
    if child.kind == "true":
        return Node("false")
    if child.kind == "false":
        return Node("true")
    return _not(child)


def _membership(node: Node) -> Node:
    distinct = list({_identity(value, number): value for number, value in enumerate(node.value)}.values())
    if len(distinct) == 1:
        return Node("regex" if is_regex(distinct[0]) else "eq", node.path, distinct[0])
    return Node("in", node.path, distinct)


def _identity(value: Any, number: int) -> object:
    """What two members of a list have in common if they are one; of values that are not known, nothing."""
    if is_unknown(value):
        return number
    return (key(value), repr(value)) if is_regex(value) else key(value)


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def shape(node: Node) -> tuple[Any, ...]:
    """What makes two trees equivalent, whatever the order of members."""
    value = () if node.value is None and rank(node.value) else (_plain(node.value),)
    return (node.kind, node.path, value, tuple(sorted((shape(child) for child in node.children), key=repr)))


def _plain(value: Any) -> Any:
    return tuple(sorted(map(key, value), key=repr)) if isinstance(value, list) else key(value)


# Inside ``$expr``

_FLIPPED = {"$eq": "$eq", "$lt": "$gt", "$lte": "$gte", "$gt": "$lt", "$gte": "$lte"}
_MISSING = object()
# Operators that make a scalar of constants, which the server does before it plans
_SCALAR = frozenset(
    f"${name}"
    for name in (
        *("abs", "add", "ceil", "divide", "floor", "mod", "multiply", "pow", "round", "subtract", "trunc"),
        *("dateAdd", "dateDiff", "dateFromParts", "dateFromString", "dateSubtract", "dateToString", "dateTrunc"),
        *("toDate", "toDecimal", "toDouble", "toInt", "toLong", "toLower", "toObjectId", "toString", "toUpper"),
        *("concat", "year", "month", "dayOfMonth", "hour", "minute", "second"),
    )
)


def comparisons(expression: Any) -> list[Node]:
    """The comparisons of a field with a constant that hold wherever the expression does.

    Source: MongoDB manual, "$expr", section "$expr and Indexes".
    """
    if not isinstance(expression, Mapping) or len(expression) != 1:
        return []
    name, arguments = next(iter(expression.items()))
    if not isinstance(arguments, (list, tuple)):
        return []
    if name == "$and":
        return [found for each in arguments for found in comparisons(each)]
    if name == "$or":
        branches = [Node("and", children=comparisons(each)) for each in arguments]
        return [Node("or", children=branches)] if branches and all(each.children for each in branches) else []
    return _comparison(name, *arguments) if name in _FLIPPED and len(arguments) == 2 else []


def _comparison(name: str, left: Any, right: Any) -> list[Node]:
    for operator, side, other in ((name, left, right), (_FLIPPED[name], right, left)):
        field, constant = _field(side), _constant(other)
        if field is not None and constant is not _MISSING:
            return [Node(f"expr-{operator[1:]}", field, constant)]
    return []


def _field(value: Any) -> str | None:
    if not isinstance(value, str) or not value.startswith("$"):
        return None
    if value.startswith("$$"):
        root, _, path = value[2:].partition(".")
        return path if root in ("ROOT", "CURRENT") and path else None
    return value[1:] or None


def _constant(value: Any) -> Any:
    """What an expression is in every document: `ANY` where the server works it out."""
    if isinstance(value, Mapping) and set(value) == {"$literal"}:
        value = value["$literal"]
    elif not _is_fixed(value):
        return _MISSING
    elif any(str(each).startswith("$") for each in (value if isinstance(value, Mapping) else [value])):
        return ANY
    return _MISSING if isinstance(value, (list, tuple)) else value


def _is_fixed(value: Any) -> bool:
    """Whether an expression reads no document."""
    if isinstance(value, Mapping):
        operator = next((name for name in value if name.startswith("$")), None)
        if operator is None:
            return all(map(_is_fixed, value.values()))
        return operator == "$literal" or (operator in _SCALAR and _is_fixed(value[operator]))
    if isinstance(value, (list, tuple)):
        return all(map(_is_fixed, value))
    return not isinstance(value, str) or not value.startswith("$") or value == "$$NOW"
