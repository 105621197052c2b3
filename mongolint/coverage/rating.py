"""Which indexes each predicate of a filter could use, and at which position of the key pattern.

Sources: MongoDB manual, "Sparse Indexes", "Wildcard Indexes" (query support), "Hashed Indexes", "Text Indexes",
"2dsphere Indexes", "Collation" (restrictions on indexes), "$expr and Indexes".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import Any

from mongolint.coverage.indexes import Entry
from mongolint.coverage.predicates import RANGES, Node
from mongolint.coverage.values import ARRAY, OBJECT, is_regex, is_text, rank
from mongolint.fastclasses import dataclass

_LEAVES = frozenset(("eq", "in", "regex", "mod", "exists", "type", "geo", "near", "text", *RANGES))
_FLAT = frozenset(("$box", "$polygon", "$center"))


@dataclass(eq=False, slots=True)
class Predicate:
    """A leaf of the filter with its full path, and the positions at which each index could bound it.

    ``within``: the innermost ``$elemMatch`` of documents around it; ``depth``: how many parts of the path lead there.
    """

    node: Node
    path: str
    within: Node | None
    depth: int
    positions: dict[Entry, list[int]] = field(default_factory=dict)

    def uses_first(self, entry: Entry) -> bool:
        return 0 in self.positions.get(entry, ())

    def later(self, entry: Entry) -> list[int]:
        return [position for position in self.positions.get(entry, ()) if position]


def is_leaf(node: Node) -> bool:
    """Whether a predicate is answered on one field's keys."""
    if node.kind in _LEAVES or node.kind.startswith("expr-"):
        return True
    if node.kind == "not":
        return node.child.kind != "not" and node.child.kind not in ("text", "near") and is_leaf(node.child)
    return node.kind == "elem-value" and all(is_leaf(child) and not _goes_deeper(child) for child in node.children)


def _goes_deeper(node: Node) -> bool:
    """Whether a predicate on the elements of an array is about arrays in it."""
    return node.kind == "elem-value" or (node.kind == "not" and _goes_deeper(node.child))


def predicates(root: Node) -> Iterator[Predicate]:
    """All leaves that may use an index, negations of more than one aside."""
    yield from _predicates(root, "", None)


def _predicates(node: Node, prefix: str, within: Node | None) -> Iterator[Predicate]:
    if is_leaf(node):
        own = node.child.path if node.kind == "not" else node.path
        path = "_fts" if node.kind == "text" else _joined(prefix, own)
        yield Predicate(node, path, within, prefix.count(".") + 1 if prefix else 0)
    elif node.kind == "elem-object":
        for child in node.children:
            yield from _predicates(child, _joined(prefix, node.path), node)
    elif node.kind in ("and", "or"):
        for child in node.children:
            yield from _predicates(child, prefix, within)


def _joined(prefix: str, path: str) -> str:
    return f"{prefix}.{path}" if prefix and path else prefix or path


def rate(
    found: Iterable[Predicate], entries: Sequence[Entry], collation: Mapping[str, Any] | None, is_recent: bool
) -> None:
    """Note on each predicate which indexes it could use; ``is_recent``: a server newer than 6.0."""
    for predicate in found:
        for entry in entries:
            at = [
                i
                for i, (name, _) in enumerate(entry.keys)
                if name == predicate.path
                and _is_compatible(predicate, entry, i, collation)
                and not (is_recent and entry.is_sparse and predicate.node.kind.startswith("expr-"))
            ]
            if at:
                predicate.positions[entry] = at


def _is_compatible(predicate: Predicate, entry: Entry, position: int, collation: Mapping[str, Any] | None) -> bool:
    node = predicate.node
    if entry.collation != collation and _compares_text(node):
        return False
    special = entry.kind_of(position)
    if special == "hashed":
        return _on_hashed(node)
    if special in ("2d", "2dsphere"):
        return _on_geo(node, special)
    if special == "text":
        return node.kind == "text"
    if special or node.kind in ("geo", "near", "text"):
        return False
    if entry.is_wildcard and position == entry.wildcard:
        return _on_wildcard(predicate, entry)
    if entry.kind == "text" and node.kind != "eq" and position < entry.names.index("_fts"):
        return False
    return _on_plain(predicate, entry)


def _compares_text(node: Node) -> bool:
    if node.kind in ("not", "elem-value"):
        return any(_compares_text(child) for child in node.children)
    if node.kind == "in":
        return any(is_text(value) for value in node.value if not is_regex(value))
    return (node.kind == "eq" or node.kind in RANGES or node.kind.startswith("expr-")) and is_text(node.value)


def _on_plain(predicate: Predicate, entry: Entry, node: Node | None = None, in_elements: bool = False) -> bool:
    node = node or predicate.node
    if node.kind == "elem-value":
        return all(_on_plain(predicate, entry, child, True) for child in node.children)
    if entry.is_sparse and not in_elements and _finds_null(node):
        return False
    if node.kind == "not":
        return _on_plain_negated(predicate, entry, node.child, in_elements)
    if node.kind.startswith("expr-"):
        return not entry.array_prefixes(predicate.path) and rank(node.value) != ARRAY
    return True


def _finds_null(node: Node) -> bool:
    if node.kind == "in":
        return any(value is None for value in node.value)
    return node.kind == "eq" and node.value is None


def _on_plain_negated(predicate: Predicate, entry: Entry, child: Node, in_elements: bool) -> bool:
    is_not_null = child.kind == "eq" and child.value is None
    if entry.kind not in ("btree", "hashed", "wildcard") and not in_elements:
        return False
    if entry.is_sparse and not is_not_null:
        return False
    if child.kind in ("regex", "mod", "type", "elem-value", "geo"):
        return False
    if child.kind == "in" and any(is_regex(value) for value in child.value):
        return False
    only_null_and_empty = child.kind == "in" and len(child.value) == 2 and None in child.value and [] in child.value
    if _holds_array(child) and not only_null_and_empty:
        return False
    excludes_null = _finds_null(child) or (child.kind in ("lte", "gte") and child.value is None)
    if excludes_null and not only_null_and_empty and not in_elements:
        return not _has_inner_array(predicate, entry)
    return True


def _has_inner_array(predicate: Predicate, entry: Entry) -> bool:
    """Whether the path holds an array that no ``$elemMatch`` goes into."""
    return any(prefix.count(".") >= predicate.depth for prefix in entry.array_prefixes(predicate.path))


def _holds_array(node: Node) -> bool:
    if node.kind == "in":
        return any(rank(value) == ARRAY for value in node.value)
    return (node.kind == "eq" or node.kind in RANGES) and rank(node.value) == ARRAY


def _on_wildcard(predicate: Predicate, entry: Entry) -> bool:
    """Documents without the path are not in the index, nor whole documents and arrays."""
    if _goes_by_number(predicate.path, entry):
        return False
    node = predicate.node
    if node.kind == "elem-value":  # of an element that is null there is a key
        if predicate.path.rpartition(".")[2].isdigit():
            return False
        return all(_is_on_wildcard(child, predicate, entry, True) for child in node.children)
    return _is_on_wildcard(node, predicate, entry, False)


def _is_on_wildcard(node: Node, predicate: Predicate, entry: Entry, in_elements: bool) -> bool:
    kind, value = node.kind, node.value
    if kind == "not":
        is_not_null = node.child.kind == "eq" and node.child.value is None
        return is_not_null and (in_elements or not _has_inner_array(predicate, entry))
    if kind == "elem-value":
        return all(_is_on_wildcard(child, predicate, entry, True) for child in node.children)
    if kind == "eq":
        return _is_in_wildcard(value) and (value is not None or in_elements)
    if kind == "in":
        return all(is_regex(v) or (_is_in_wildcard(v) and (v is not None or in_elements)) for v in value)
    if kind in RANGES:
        return rank(value) not in (OBJECT, ARRAY)
    if kind.startswith("expr-"):
        return _is_in_wildcard(value) and _on_plain(predicate, entry, node)
    return kind in ("regex", "mod", "exists", "type")


def _goes_by_number(path: str, entry: Entry) -> bool:
    """Whether a path leads through an array by numbers that the keys do not hold."""
    arrays = entry.array_prefixes(path)
    if not arrays:
        return False
    parts = path.split(".")
    later = parts[arrays[0].count(".") + 1 :]
    if any(left.isdigit() and right.isdigit() for left, right in pairwise(later)):
        return True
    projected = entry.index.options.get("wildcardProjection") or {}
    return any(name.startswith(arrays[0] + ".") and name.rpartition(".")[2].isdigit() for name in projected)


def _is_in_wildcard(value: Any) -> bool:
    return rank(value) not in (OBJECT, ARRAY) or not value


def _on_hashed(node: Node) -> bool:
    if node.kind == "in":
        return not any(is_regex(value) for value in node.value)
    if node.kind == "not":
        return node.child.kind == "exists"
    return node.kind in ("eq", "expr-eq", "exists")


def _on_geo(node: Node, kind: str) -> bool:
    if node.kind not in ("geo", "near"):
        return False
    name, value = next(iter(node.value.items()))
    shapes = set(value) if isinstance(value, Mapping) else set()
    if node.kind == "near":
        is_spherical = "$geometry" in shapes or name == "$nearSphere"
        return is_spherical if kind == "2dsphere" else "$geometry" not in shapes
    if kind == "2dsphere":
        return not shapes & _FLAT
    return name != "$geoIntersects" and bool(shapes & _FLAT or "$centerSphere" in shapes)
