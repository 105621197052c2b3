"""What the server's planner would do with a query: the static counterpart of ``explain``.

A pure function over plain data; it knows no statistics, so it says what can be used, not which plan wins.
Many queries of a project are alike and are judged against the same indexes: `explain_once` keeps what it was asked.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mongolint.coverage.access import Access, Dialect, Enumerator, Scan, scans
from mongolint.coverage.covering import fields_of, is_covered
from mongolint.coverage.implication import implies
from mongolint.coverage.indexes import ID, Entry, Index, entries, normalized, plain
from mongolint.coverage.order import Sort, gives_order, is_by_field
from mongolint.coverage.predicates import Node, QueryError, is_operators, parse, walk
from mongolint.coverage.rating import Predicate, predicates, rate
from mongolint.coverage.reading import Reading
from mongolint.coverage.restrictions import leave_unneeded, restrict
from mongolint.coverage.values import ARRAY, NULL, REGEX, rank
from mongolint.fastclasses import NamedTuple

LATEST = "latest"
# Plans that are kept
_MOST = 4096


class Plan(NamedTuple):
    """What a query can be answered with.

    Attributes:
        usable: some index is read, for the filter or for the order.
        sort_in_memory: whether no plan gives the order; None without a sort.
        covered: the answer can come from the keys alone.
        indexes: those that some plan reads, the best plan's first.
        bounds: the fields that bound the best plan's scan.
        selective: the best plan's bounds leave most of the index out: no negation, un-anchored regex, ``$exists``.
        reason: one line of why.
        best: the best plan's indexes: several for an ``$or``.
        orders: the best plan gives the order of the sort.
        exact: the best plan leaves nothing of the filter to be tested on documents.
        rival: an index that leaves nothing to be tested, where the best plan does for the sake of the order.
    """

    usable: bool
    sort_in_memory: bool | None
    covered: bool
    indexes: tuple[Index, ...] = ()
    bounds: tuple[str, ...] = ()
    selective: bool = False
    reason: str = ""
    best: tuple[Index, ...] = ()
    orders: bool = False
    exact: bool = False
    rival: Index | None = None


def explain(
    filter: Mapping[str, Any],
    indexes: Sequence[Index],
    *,
    sort: Sort | Mapping[str, Any] = (),
    projection: Mapping[str, Any] | None = None,
    hint: str | Sequence[tuple[str, Any]] | Mapping[str, Any] | None = None,
    collation: Mapping[str, Any] | None = None,
    command: str = "find",
    server: str = LATEST,
) -> Plan:
    """Judge a query against indexes; the index on ``_id`` is always there.

    Args:
        filter: the query; `ANY` stands for a value that is not known.
        indexes: the declared indexes of the collection.
        sort: (field, direction) pairs.
        projection: as `find` takes it; for distinct the one field, as ``{"field": 1}``.
        hint: the name or the key pattern of an index.
        collation: the query's; None for the simple one.
        command: find, count, distinct, aggregate, update, delete …
        server: a version such as "6.0", or "latest".

    Raises:
        QueryError: the server refuses the query.
    """
    pairs = tuple(sort.items()) if isinstance(sort, Mapping) else tuple(sort)
    root = parse(filter)
    query = _Query(
        root, pairs, normalized(collation), bool(projection), fields_of(projection), command, _version(server)
    )
    if hint is None and query.collation is None and _is_by_id(filter):
        return _by_id(pairs)
    return query.plan([*indexes, *([] if any(_is_id(index) for index in indexes) else [ID])], hint)


def _is_by_id(filter: Mapping[str, Any]) -> bool:
    """Whether the filter is ``{"_id": value}``, which the server answers without planning."""
    if list(filter) != ["_id"] or is_operators(filter["_id"]):
        return False
    return rank(filter["_id"]) not in (NULL, ARRAY, REGEX)


def _by_id(sort: Sort) -> Plan:
    reason = "_id_ finds the one document"
    return Plan(True, False if sort else None, False, (ID,), ("_id",), True, reason, (ID,), bool(sort), True)


def _version(server: str) -> tuple[int, ...]:
    return (99,) if server == LATEST else tuple(int(part) for part in server.split(".")[:2])


def _is_id(index: Index) -> bool:
    return tuple(index.keys) == (("_id", 1),)


class _Query(NamedTuple):
    root: Node
    sort: Sort
    collation: Mapping[str, Any] | None
    is_projected: bool
    fields: set[str] | None
    command: str
    version: tuple[int, ...]

    def plan(self, indexes: Sequence[Index], hint: Any) -> Plan:
        self._check(hint)
        hinted = _hinted(indexes, hint) if hint is not None and not _is_natural(hint) else None
        if _is_natural(hint):
            return self._scan_of_all("the hint asks for a collection scan")
        found = self._accesses(indexes if hinted is None else [hinted], hinted)
        if not found:
            return self._scan_of_all(self._why_none())
        return self._best(found)

    def _check(self, hint: Any) -> None:
        texts = [node for node in walk(self.root) if node.kind == "text"]
        nears = [node for node in walk(self.root) if node.kind == "near"]
        if len(texts) > 1 or len(nears) > 1 or (texts and nears):
            raise QueryError("only one $text or $near is allowed, and not both")
        if texts and hint is not None:
            raise QueryError("$text and a hint cannot be used together")
        if texts and _below(self.root, ("nor", "not", "elem-object"), "text"):
            raise QueryError("$text cannot be negated or be inside $elemMatch")
        if nears and _below(self.root, ("or", "nor", "not", "elem-object"), "near"):
            raise QueryError("$near must be at the top level")

    def _accesses(self, indexes: Sequence[Index], hinted: Index | None) -> list[Access]:
        is_recent = self.version > (6, 0)
        leaves = list(predicates(self.root))
        sorted_fields = [name for name, _ in self.sort]
        usable = entries(indexes, [leaf.path for leaf in leaves])
        rated = {leaf.node: leaf for leaf in leaves}
        rate(leaves, usable, self.collation, is_recent)
        restrict(self.root, rated, usable, self.collation)
        if not self.is_projected:  # with a projection another index may have the whole answer in its keys
            leave_unneeded(self.root, rated)
        found = Enumerator(rated, Dialect(self.command == "count", is_recent)).accesses(self.root)
        if hinted is None:
            self._check_mandatory(found)
        whole = [each for each in usable if self._can_scan_all(each, hinted)]
        if hinted is not None and not found:
            if not whole or not self._holds_near(whole[0]):
                raise QueryError(f"the hinted index {hinted.name} cannot serve this query")
            return [Scan(whole[0], rest=self.root.kind != "true")]
        needs_order = hinted is None and sorted_fields and is_by_field(self.sort) and not self._is_mandatory()
        if needs_order and not any(gives_order(each, self.sort, self.collation) for each in found):
            scan = [Scan(each, rest=self.root.kind != "true") for each in whole]
            scan = [each for each in scan if not is_recent or not self._bounds_sorted_array(each.entry, leaves)]
            found.extend(each for each in scan if gives_order(each, self.sort, self.collation))
        if not found and self._is_of_all_values():
            found.extend(Scan(each) for each in usable if self._holds_all_values(each))
        return found

    def _is_of_all_values(self) -> bool:
        """Whether the values of a field in all documents are asked for."""
        return self.command == "distinct" and self.root.kind == "true" and bool(self.fields)

    def _holds_all_values(self, entry: Entry) -> bool:
        """Whether the keys begin with all values of the field; a document without it adds none."""
        is_led = {entry.names[0]} == self.fields and not entry.kind_of(0) and entry.kind in ("btree", "hashed")
        return is_led and entry.filter is None and entry.collation == self.collation

    def _bounds_sorted_array(self, entry: Entry, leaves: Sequence[Predicate]) -> bool:
        """Whether the filter bounds a field of the sort that holds arrays: then its keys are not the sort's."""
        arrays = {name for name, _ in self.sort if entry.array_prefixes(name)}
        return any(leaf.path in arrays and entry in leaf.positions for leaf in leaves)

    def _holds_near(self, entry: Entry) -> bool:
        """Whether an index that a hint forces has the geo field that ``$near`` needs, if there is one."""
        nears = [leaf.path for leaf in predicates(self.root) if leaf.node.kind == "near"]
        return all(path in entry.names and entry.kind in ("2d", "2dsphere") for path in nears)

    def _is_mandatory(self) -> bool:
        return any(node.kind in ("text", "near") for node in walk(self.root))

    def _check_mandatory(self, found: Sequence[Access]) -> None:
        for node in walk(self.root):
            if node.kind in ("text", "near") and not found:
                missing = "text index" if node.kind == "text" else "geo index"
                raise QueryError(f"the query needs a {missing} that serves it")

    def _can_scan_all(self, entry: Entry, hinted: Index | None) -> bool:
        if entry.is_wildcard or entry.kind == "text":
            return False
        if hinted is None and (entry.is_sparse or entry.kind not in ("btree", "hashed")):
            return False
        if entry.filter is None or hinted is not None:
            return True
        return implies(self.root, parse(entry.filter), entry.collation == self.collation)

    def _needed(self) -> set[str] | None:
        """The fields that an answer is made of."""
        if self.command == "count":
            return set()
        return self.fields if self.command in ("find", "distinct", "aggregate") else None

    def _best(self, found: Sequence[Access]) -> Plan:
        readings = [Reading(each, self.sort, self.collation) for each in found]
        needed = self._needed()
        readings.sort(key=lambda reading: reading.rank, reverse=True)
        best = readings[0]
        used = dict.fromkeys(scan.entry.index for reading in readings for scan in scans(reading.access))
        return Plan(
            True,
            None if not self.sort else not any(reading.orders for reading in readings),
            any(self._covers(reading, needed) for reading in readings),
            tuple(used),
            best.bounded,
            best.is_selective,
            best.reason,
            tuple(dict.fromkeys(scan.entry.index for scan in scans(best.access))),
            best.orders,
            best.is_exact,
            _rival(readings),
        )

    def _covers(self, reading: Reading, needed: set[str] | None) -> bool:
        if needed is None:
            return False
        if self._is_of_all_values() and isinstance(reading.access, Scan) and reading.access.entry.collation is None:
            return True  # each element of an array has a key of its own
        wanted = needed if reading.orders or not self.sort else needed | {name for name, _ in self.sort}
        return is_covered(reading.access, wanted)

    def _scan_of_all(self, reason: str) -> Plan:
        return Plan(False, True if self.sort else None, False, reason=reason)

    def _why_none(self) -> str:
        if self.root.kind == "true":
            return "no filter: every document is read"
        return "no index can be used: the whole collection is read"


def _rival(readings: Sequence[Reading]) -> Index | None:
    """What answers the whole filter without the order, where the best has the order and answers a part of it."""
    best, *others = readings
    if best.is_exact or not best.orders:
        return None
    exact = (each for each in others if each.bounded and each.is_selective and each.is_exact)
    return next((scans(each.access)[0].entry.index for each in exact if len(scans(each.access)) == 1), None)


def _below(node: Node, kinds: Sequence[str], wanted: str, inside: bool = False) -> bool:
    if node.kind == wanted:
        return inside
    inside = inside or node.kind in kinds
    return any(_below(child, kinds, wanted, inside) for child in node.children)


def _is_natural(hint: Any) -> bool:
    names = [hint] if isinstance(hint, str) else [*dict(hint or ())]
    return names == ["$natural"]


def _hinted(indexes: Sequence[Index], hint: Any) -> Index:
    """The index that a hint names."""
    keys = None if isinstance(hint, str) else tuple(dict(hint).items())
    for index in indexes:
        if index.options.get("hidden"):
            continue
        if (index.name == hint) if keys is None else (tuple(index.keys) == keys):
            return index
    raise QueryError("the hinted index does not exist")


class _Question:
    """The arguments of `explain`, equal to others that say the same."""

    __slots__ = ("_hash", "_key", "filter", "indexes", "options")

    def __init__(
        self, filter: Mapping[str, Any], indexes: Sequence[Index], options: Mapping[str, Any], said: Hashable
    ) -> None:
        self.filter = filter
        self.indexes = indexes
        self.options = options
        self._key = said, tuple(index.said for index in indexes)
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Question) and self._key == other._key


def explain_once(
    filter: Mapping[str, Any], indexes: Sequence[Index], said: Hashable | None = None, **options: Any
) -> Plan:
    """As `mongolint.coverage.explain`, which is asked only once for the same query and indexes.

    Args:
        said: the filter and the options as a `plain` value, where that is known.

    Raises:
        QueryError: the server refuses the query.
    """
    try:
        question = _Question(filter, indexes, options, said or plain([filter, options]))
    except TypeError:  # a value that cannot be hashed
        return explain(filter, indexes, **options)
    found = _answer(question)
    if isinstance(found, QueryError):
        raise QueryError(*found.args)
    return found


@lru_cache(maxsize=_MOST)
def _answer(question: _Question) -> Plan | QueryError:
    try:
        return explain(question.filter, question.indexes, **question.options)
    except QueryError as refusal:
        return refusal.with_traceback(None)
