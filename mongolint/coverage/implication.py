"""Whether a filter implies the expression of a partial index, so that the index holds all that it finds.

Source: MongoDB manual, "Partial Indexes", section "Query Coverage".
"""

from __future__ import annotations

from typing import Any

from mongolint.coverage.predicates import RANGES, Node, shape
from mongolint.coverage.values import is_regex, is_text, is_unknown, key, rank

_ORDER = ("eq", *RANGES)


def implies(query: Node, wanted: Node, same_collation: bool) -> bool:
    """Whether every document that ``query`` finds is one that ``wanted`` finds, as far as the server sees."""
    if wanted.kind == "true" or (same_collation and _is_same(query, wanted)):
        return True
    if wanted.kind == "and":
        return all(implies(query, each, same_collation) for each in wanted.children)
    if wanted.kind == "or":  # one alternative has to be implied by all: two are not added together
        return any(implies(query, each, same_collation) for each in wanted.children)
    if query.kind == "or":
        return all(implies(each, wanted, same_collation) for each in query.children)
    if query.kind == "and":
        return any(implies(each, wanted, same_collation) for each in query.children)
    return _single(query, wanted, same_collation)


def _is_same(query: Node, wanted: Node) -> bool:
    return query.kind == wanted.kind and shape(query) == shape(wanted) and _is_known(query)


def _single(query: Node, wanted: Node, same_collation: bool) -> bool:
    if wanted.kind == "exists":
        return _is_there(query, wanted.path)
    if query.kind == "not" or query.path != wanted.path:
        return _is_same(query, wanted)
    if query.kind == "in" and wanted.kind in _ORDER:
        return all(not is_regex(each) and _value(("eq", each), wanted, same_collation) for each in query.value)
    if query.kind in _ORDER and wanted.kind in (*_ORDER, "in"):
        return _value((query.kind, query.value), wanted, same_collation)
    if query.kind == "in" and not same_collation and any(is_text(each) for each in query.value):
        return False
    return _is_same(query, wanted)


def _is_known(node: Node) -> bool:
    values = node.value if isinstance(node.value, list) else [node.value]
    return not any(is_unknown(value) for value in values) and all(_is_known(child) for child in node.children)


def _is_there(query: Node, path: str) -> bool:
    """Whether a predicate is only true of documents that have the field."""
    if query.kind == "not":
        child = query.child
        excluded = child.value if child.kind == "in" else [child.value] if child.kind == "eq" else []
        return child.path == path and any(value is None for value in excluded)
    if query.path != path:
        return False
    if query.kind == "in":
        return all(value is not None for value in query.value)
    if query.kind in _ORDER:
        return query.value is not None
    if query.kind == "other":
        return bool(query.value == "$size")
    return query.kind in ("exists", "regex", "mod", "type", "elem-value", "elem-object", "geo", "near")


def _value(given: tuple[str, Any], wanted: Node, same_collation: bool) -> bool:
    if wanted.kind == "in":
        return any(_value(given, Node("eq", wanted.path, each), same_collation) for each in wanted.value)
    kind, value = given
    if is_unknown(value) and wanted.kind in ("gt", "gte") and wanted.value == "":
        return kind == "eq"  # all strings, the empty one perhaps aside: what an unknown value is likely to be
    if is_unknown(value) or is_unknown(wanted.value) or rank(value) != rank(wanted.value):
        return False
    if is_text(value) and not same_collation:
        return False
    left, right = key(value), key(wanted.value)
    if wanted.kind == "eq":
        return kind == "eq" and left == right
    if wanted.kind in ("lt", "lte"):
        if kind not in ("eq", "lt", "lte"):
            return False
        return left < right or (left == right and (wanted.kind == "lte" or kind == "lt"))
    if kind not in ("eq", "gt", "gte"):
        return False
    return left > right or (left == right and (wanted.kind == "gte" or kind == "gt"))
