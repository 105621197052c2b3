"""Takes uses of an index away that would miss documents: partial, text and sparse geo indexes; and needless ones.

Sources: MongoDB manual, "Partial Indexes", "Text Indexes" (compound), "2dsphere Indexes" (sparse by default).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mongolint.coverage.implication import implies
from mongolint.coverage.indexes import Entry
from mongolint.coverage.predicates import Node, parse
from mongolint.coverage.rating import Predicate, is_leaf

Rated = Mapping[Node, Predicate]


def restrict(root: Node, rated: Rated, entries: Sequence[Entry], collation: Mapping[str, Any] | None) -> None:
    """Take the invalid uses off the predicates of a filter."""
    for entry in entries:
        if entry.kind == "text" and entry.leading:
            _text(root, rated, entry)
        if entry.is_geo_sparse():
            _geo(root, rated, entry)
        if entry.filter is not None:
            same = entry.collation == collation
            wanted = parse(entry.filter)
            if not implies(root, wanted, same):
                _partial(root, rated, entry, wanted, same, root.kind in ("not", "nor", "elem-object"))


def _take(node: Node, rated: Rated, entry: Entry) -> None:
    if node in rated:
        rated[node].positions.pop(entry, None)


def _take_all(node: Node, rated: Rated, entry: Entry) -> None:
    _take(node, rated, entry)
    for child in node.children:
        _take_all(child, rated, entry)


def _partial(node: Node, rated: Rated, entry: Entry, wanted: Node, same: bool, hidden: bool) -> None:
    """``hidden``: below a negation or an ``$elemMatch``, where a branch of an ``$or`` implies nothing."""
    _take(node, rated, entry)
    for child in node.children:
        if node.kind == "or" and not hidden and implies(child, wanted, same):
            continue
        below = hidden or child.kind in ("not", "nor", "elem-object")
        _partial(child, rated, entry, wanted, same, below)


def _text(node: Node, rated: Rated, entry: Entry) -> None:
    """A compound text index needs ``$text`` and an equality for each field before it, all in one ``$and``."""
    if is_leaf(node):
        _take(node, rated, entry)
        return
    if node.kind != "and":
        for child in node.children:
            _text(child, rated, entry)
        return
    assigned = [child for child in node.children if child in rated and entry in rated[child].positions]
    has_text = any(child.kind == "text" for child in assigned)
    missing = set(entry.leading) - {rated[child].path for child in assigned}
    for child in node.children:
        if child not in assigned or not has_text or missing:
            _text(child, rated, entry)


def _geo(node: Node, rated: Rated, entry: Entry) -> None:
    if is_leaf(node):
        if node.kind not in ("geo", "near"):
            _take(node, rated, entry)
        return
    if node.kind != "and" and node.kind != "elem-object":
        for child in node.children:
            _geo(child, rated, entry)
        return
    together, others = _and_related(node)
    for child in others:
        _geo(child, rated, entry)
    if not any(child.kind in ("geo", "near") and entry in rated[child].positions for child in together):
        for child in together:
            _geo(child, rated, entry)


def _and_related(node: Node) -> tuple[list[Node], list[Node]]:
    """The leaves that hold at the same time, and what else stands beside them."""
    together: list[Node] = []
    others: list[Node] = []
    for child in node.children:
        if is_leaf(child):
            together.append(child)
        elif child.kind in ("and", "elem-object"):
            inner, rest = _and_related(child)
            together += inner
            others += rest
        else:
            others.append(child)
    return together, others


def leave_unneeded(node: Node, rated: Rated) -> None:
    """An equality on the key of a unique index finds one document at most: no other index is considered there."""
    if node.kind == "and" and not any(child.kind in ("near", "text") for child in node.children):
        for child in node.children:
            if child.kind == "eq" and child in rated:
                unique = _unique(rated[child])
                if unique is not None:
                    for each in _below(node):
                        if each in rated:
                            rated[each].positions.clear()
                    rated[child].positions[unique] = [0]
                    return
    for child in node.children:
        leave_unneeded(child, rated)


def _unique(predicate: Predicate) -> Entry | None:
    entries = (entry for entry in predicate.positions if predicate.uses_first(entry))
    return next((entry for entry in entries if entry.is_unique and len(entry.keys) == 1), None)


def _below(node: Node) -> Iterable[Node]:
    for child in node.children:
        yield child
        yield from _below(child)
