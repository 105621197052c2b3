"""What each field of a query does for its answer, and where the planner's best plan decides it.

Sources: MongoDB manual, "The ESR (Equality, Sort, Range) Guideline", "Explain Results" (index bounds, filter stages).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mongolint.coverage import Plan
from mongolint.coverage.access import Scan
from mongolint.coverage.bounds import EXACT, KEYS
from mongolint.coverage.indexes import Entry, entries
from mongolint.coverage.predicates import RANGES, Node, QueryError, parse
from mongolint.coverage.rating import Predicate, predicates, rate
from mongolint.coverage.restrictions import restrict
from mongolint.coverage.values import is_regex, pattern_of, regex_prefix
from mongolint.fastclasses import dataclass
from mongolint.project.verdicts import Query

_SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_NAMES = {
    "eq": "equality",
    "in": "in",
    "mod": "modulo",
    "type": "type",
    "exists": "exists",
    "geo": "geo",
    "near": "geo, by distance",
    "text": "text",
    "elem-value": "elemMatch",
    "other": "test",
}
# Comparisons that leave most of an index in
_WIDE = ("not", "exists", "mod", "type")


@dataclass(frozen=True, slots=True)
class Role:
    """One field of a query in one role.

    Attributes:
        role: equality, null, in, range (with its signs), negation, exists, regex …, text, geo, elemMatch, sort ….
        kind: what decides its place in an index: equality, sort, range, other, or "" for what none can serve.
        place: bounds, wide bounds, keys, documents; of a sort order or memory; None where that is not known.
        within: the branch or ``$elemMatch`` that it stands in, or "".
        optional: it is in the query on some paths only.
    """

    field: str
    role: str
    kind: str
    place: str | None = None
    within: str = ""
    optional: bool = False


def roles_of(query: Query, plan: Plan | None, optional: Mapping[str, Any]) -> list[Role]:
    """The fields of the filter in order, those that are optional, and those of the sort.

    Args:
        plan: what the planner would do; None where that is not known.
        optional: a filter of the fields that are in it on some paths.
    """
    root = _parsed(query.filter)
    found: list[Role] = []
    if root is not None:
        places = _Places(root, query, plan)
        found = [replace(role, place=places.of(node)) for role, node in _roles(root)]
    sure = {role.field for role in found}
    perhaps = _parsed({name: value for name, value in optional.items() if name not in sure})
    if perhaps is not None:
        found += [replace(role, optional=True) for role, _ in _roles(perhaps)]
    return [*_together(found), *_sorted(query, plan)]


def _parsed(filter: Mapping[str, Any]) -> Node | None:
    try:
        return parse(filter)
    except QueryError:
        return None


def _together(roles: Iterable[Role]) -> list[Role]:
    """Each role of a field once; both ends of a range are one."""
    found: dict[Role, list[str]] = {}
    for role in roles:
        name, _, sign = role.role.partition(" ") if role.kind == "range" else (role.role, "", "")
        found.setdefault(replace(role, role=name), []).append(sign)
    return [replace(role, role=f"{role.role} {', '.join(signs)}".rstrip(" ,")) for role, signs in found.items()]


def _sorted(query: Query, plan: Plan | None) -> Iterator[Role]:
    place = None if plan is None else "order" if plan.usable and plan.orders else "memory"
    for name, direction in query.sort:
        if isinstance(direction, int | float):
            yield Role(name, f"sort, {'ascending' if direction > 0 else 'descending'}", "sort", place)
        else:
            yield Role(name, "sort by score", "", place)


# The tree of a filter, leaf by leaf


def _roles(root: Node) -> Iterator[tuple[Role, Node]]:
    yield from _walk(root, "", "")


def _walk(node: Node, prefix: str, within: str) -> Iterator[tuple[Role, Node]]:
    if node.kind in ("true", "false"):
        return
    if node.kind in ("and", "elem-object"):
        path = _joined(prefix, node.path)
        inside = f"$elemMatch of {path}" if node.kind == "elem-object" else within
        for child in node.children:
            yield from _walk(child, path, inside)
    elif node.kind == "or":
        for number, child in enumerate(node.children, 1):
            yield from _walk(child, prefix, f"{within}, $or {number}" if within else f"$or {number}")
    elif node.kind == "nor" or (node.kind == "not" and node.child.kind in ("and", "or", "nor", "not", "elem-object")):
        for child in node.children:
            yield from _walk_negated(child, prefix, within)
    else:
        own = node.child.path if node.kind == "not" else node.path
        role, kind = _named(node)
        yield Role(_joined(prefix, own) or _unnamed(node), role, kind, within=within), node


def _walk_negated(node: Node, prefix: str, within: str) -> Iterator[tuple[Role, Node]]:
    for role, inner in _walk(node, prefix, within):
        yield replace(role, role=f"negation of {role.role.partition(' ')[0].strip(',')}", kind=""), inner


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path else prefix or path


def _unnamed(node: Node) -> str:
    return "$text" if node.kind == "text" else "$expr"


def _named(node: Node) -> tuple[str, str]:
    """A leaf's role and its kind."""
    kind, value = node.kind, node.value
    if kind in RANGES:
        return f"range {_SIGNS[kind]}", "range"
    if kind == "eq" and (value is None or isinstance(value, list | tuple)):
        return ("null" if value is None else "array equality"), "equality"
    if kind == "regex":
        return _regex(value)
    if kind == "in" and any(is_regex(each) for each in value):
        return "in, with regex", "range"
    if kind == "not":
        return _negated(node.child)
    if kind.startswith("expr-"):
        return "expression", "equality" if kind == "expr-eq" else "range"
    group = {"eq": "equality", "in": "equality", "exists": "other", "mod": "other", "type": "other"}
    return _NAMES.get(kind, kind), group.get(kind, "range" if kind in ("geo", "near", "elem-value") else "")


def _regex(value: Any) -> tuple[str, str]:
    source, options = pattern_of(value)
    if regex_prefix(source, options)[0]:
        return "regex, anchored", "range"
    ignores = isinstance(source, str) and source.startswith("^") and "i" in options
    return ("regex, ignores case" if ignores else "regex, not anchored"), "other"


def _negated(child: Node) -> tuple[str, str]:
    if child.kind == "exists":
        return "missing", "equality"
    return ("not null" if child.kind == "eq" and child.value is None else "negation"), "other"


# Where the best plan decides a predicate


class _Places:
    """Places of the leaves of one filter."""

    def __init__(self, root: Node, query: Query, plan: Plan | None) -> None:
        self.plan = plan
        self._rated: dict[Node, Predicate] = {}
        if plan is not None and plan.usable:
            leaves = list(predicates(root))
            usable = entries(plan.best, [leaf.path for leaf in leaves])
            rate(leaves, usable, query.collation, True)
            self._rated = {leaf.node: leaf for leaf in leaves}
            restrict(root, self._rated, usable, query.collation)

    def of(self, node: Node) -> str | None:
        if self.plan is None:
            return None
        predicate = self._rated.get(node)
        entry = self._entry(predicate) if predicate is not None else None
        if predicate is None or entry is None:
            return "documents"
        tightness = Scan(entry, ((predicate, predicate.positions[entry][0]),)).tightness
        if not _is_wide(node):
            return "bounds"
        return "keys" if tightness == KEYS else "wide bounds" if tightness == EXACT else "documents"

    def _entry(self, predicate: Predicate) -> Entry | None:
        """An index of the plan whose scan the predicate bounds."""
        assert self.plan is not None
        return next(iter(predicate.positions), None) if predicate.path in self.plan.bounds else None


def _is_wide(node: Node) -> bool:
    if node.kind == "elem-value":
        return all(_is_wide(child) for child in node.children)
    if node.kind == "regex":
        return not regex_prefix(*pattern_of(node.value))[0]
    if node.kind == "in":
        return any(not regex_prefix(*pattern_of(each))[0] for each in node.value if is_regex(each))
    return node.kind in _WIDE
