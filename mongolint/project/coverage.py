"""Which declared index serves an operation: by prefix and by equality, sort, range.

Sources: MongoDB manual, "Compound Indexes" (prefixes), "The ESR Guideline", "Sort Query Results with Indexes".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mongolint.project.documents import Document
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation

# What an index bounds tightly; the others can use one but read most of it.
_TIGHT = ("equality", "in", "null", "range", "elem-match", "array", "geo")
_POINTS = ("equality", "null")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``verdict``: served, partial, unserved, unknown or none; ``nearest`` is the declaration that comes closest."""

    verdict: str
    name: str | None = None
    reason: str = ""
    nearest: IndexDeclaration | None = None


def judge(operation: Operation, indexes: Sequence[IndexDeclaration]) -> Verdict:
    """The verdict on one operation; ``indexes`` are all declarations of the project."""
    document, sort = operation.filter, operation.sort
    if operation.method.kind not in ("read", "write"):
        return Verdict("none", reason="not a query")
    if not (document.required or document.optional or document.open or document.text or sort):
        return Verdict("none", reason="no filter and no sort")
    if operation.collection is None:
        return Verdict("unknown", reason="the collection is known only at run time")
    if document.required.get("_id") in _TIGHT:
        return Verdict("served", "_id_", "_id is always indexed")
    if "_id" in document.required:
        return Verdict("partial", "_id_", "_id is compared so that most of its index is read")
    own = [i for i in indexes if i.collection_name == operation.collection.name]
    known = [i for i in own if i.keys]
    candidates = [_match(index, document, sort) for index in known]
    best = max(candidates, key=lambda match: match.rank, default=None)
    if best is not None and best.verdict != "unserved":
        return Verdict(best.verdict, best.index.name, best.reason, best.index)
    return _unserved(operation, own, indexes, best)


def _unserved(
    operation: Operation,
    own: Sequence[IndexDeclaration],
    indexes: Sequence[IndexDeclaration],
    best: _Match | None,
) -> Verdict:
    document = operation.filter
    if any(index.keys is None for index in own):
        return Verdict("unknown", reason="an index of this collection has keys known only at run time")
    for index in indexes:
        if index.collection_name is None and index.keys:
            if _match(index, document, operation.sort).verdict != "unserved":
                return Verdict("unknown", reason=f"index {index.name} may be on this collection")
    if document.text:
        return Verdict("unknown", reason="a text search is judged by its text index")
    if document.open:
        return Verdict("unknown", reason="the filter may hold fields that the code does not show")
    if document.optional and not document.required:
        return Verdict("unknown", reason="every field of the filter is optional")
    nearest = best.index if best is not None and best.rank[1] else None
    return Verdict("unserved", None, _why(document, operation.sort, nearest), nearest)


def _why(document: Document, sort: list[tuple[str, Any]], nearest: IndexDeclaration | None) -> str:
    wanted = ", ".join(document.required) or ", ".join(name for name, _ in sort)
    if nearest is None or not nearest.keys or not {n for n, _ in nearest.keys} & set(document.required):
        return f"no index is declared on {wanted}"
    first = nearest.keys[0][0]
    if first not in document.required:
        return f"{nearest.name} begins with {first}, which the filter does not hold"
    return f"{nearest.name} cannot be used by this filter"


@dataclass(frozen=True, slots=True)
class _Match:
    index: IndexDeclaration
    verdict: str
    rank: tuple[int, int, int]
    reason: str


def _match(index: IndexDeclaration, document: Document, sort: list[tuple[str, Any]]) -> _Match:
    """How one index serves a filter and a sort."""
    keys = index.keys or ()
    names = [name for name, _ in keys]
    shared = len(set(names) & set(document.required))
    if not _may_serve(index, document):
        return _Match(index, "unserved", (0, shared, 0), "")
    ordered = bool(sort) and _gives_order(keys, document, sort)
    first, kind = keys[0]
    if first not in document.required or not _bounds(kind, document.required[first]):
        if ordered:
            verdict = "partial" if document.required else "served"
            return _Match(
                index,
                verdict,
                (2, shared, 1),
                "serves the sort only" if document.required else "serves the sort",
            )
        return _Match(index, "unserved", (0, shared, 0), "")
    bounded = [n for n, k in keys if n in document.required and _bounds(k, document.required[n])]
    missing = [n for n in document.required if n not in bounded]
    if document.required[first] not in _TIGHT:
        return _Match(index, "partial", (1, len(bounded), 0), f"{first} is compared so that most of the index is read")
    if sort and not ordered:
        return _Match(index, "partial", (2, len(bounded), 0), "the sort is done in memory")
    if missing:
        reason = f"only {', '.join(bounded)} in the index, {', '.join(missing)} checked on each document"
        return _Match(index, "partial", (2, len(bounded), int(ordered)), reason)
    return _Match(index, "served", (3, len(bounded), int(ordered)), f"bounds {', '.join(bounded)}")


def _may_serve(index: IndexDeclaration, document: Document) -> bool:
    if not index.keys or index.options.get("hidden") is True:
        return False
    if index.keys[0][1] == "text":
        return document.text
    partial = index.options.get("partialFilterExpression", index.options.get("partial_filter_expression"))
    if partial is not None:
        return isinstance(partial, dict) and all(name in document.required for name in partial)
    return not index.options.get("sparse") or document.required.get(index.keys[0][0]) not in (None, "null")


def _bounds(kind: Any, operator_class: str) -> bool:
    if kind == "hashed":
        return operator_class in ("equality", "in", "null")
    if isinstance(kind, str):
        return operator_class == "geo"
    return operator_class not in ("geo", "expr", "mod")


def _gives_order(keys: Sequence[tuple[str, Any]], document: Document, sort: list[tuple[str, Any]]) -> bool:
    """Whether the index order is the sort order once the fields compared for equality are left out."""
    pinned = {name for name, kind in document.required.items() if kind in _POINTS}
    wanted = [(name, direction) for name, direction in sort if name not in pinned]
    if not wanted:
        return True
    rest = list(keys)
    while rest and rest[0][0] in pinned and rest[0][0] != wanted[0][0]:
        rest.pop(0)
    offered = [key for key in rest if key[0] not in pinned][: len(wanted)]
    same = [(name, direction) for name, direction in offered]
    return same == wanted or same == [(name, _reverse(direction)) for name, direction in wanted]


def _reverse(direction: Any) -> Any:
    return -direction if isinstance(direction, int) else direction
