"""The ways to read a filter's documents through indexes: which predicates bound which index together.

Sources: MongoDB manual, "Query Plans", "Multikey Index Bounds", "$or Clauses and Indexes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice, product

from mongolint.coverage.bounds import EXACT, FETCH, KEYS, Bounds, Field, bounds
from mongolint.coverage.indexes import Entry
from mongolint.coverage.intervals import FULL, Intervals
from mongolint.coverage.predicates import Node, walk
from mongolint.coverage.rating import Predicate, is_leaf
from mongolint.fastclasses import dataclass

_MAX_COMBINATIONS = 64
_MANDATORY = ("text", "near")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What of the command and the server changes how far keys decide: a count; a server newer than 6.0."""

    counts: bool = False
    is_recent: bool = True

    def decides_null(self, has_arrays: bool) -> bool:
        return (self.counts or self.is_recent) if not has_arrays else (self.counts and self.is_recent)


@dataclass(eq=False)
class Scan:
    """A scan of one index. ``rest``: what it finds has to be fetched and tested further."""

    entry: Entry
    assigned: tuple[tuple[Predicate, int], ...] = ()
    rest: bool = False
    dialect: Dialect = Dialect()

    @cached_property
    def bounds(self) -> list[Bounds]:
        """The bounds of each field of the index."""
        found = [Bounds(FULL, EXACT) for _ in self.entry.keys]
        for predicate, position in self.assigned:
            each = self._of(predicate, position)
            held = found[position]
            found[position] = Bounds(
                held.intervals & each.intervals,
                max(held.tightness, each.tightness),
                held.finds_null or each.finds_null,
            )
        return found

    def _of(self, predicate: Predicate, position: int) -> Bounds:
        entry = self.entry
        if entry.kind == "2d" or entry.kind_of(position) in ("text", "2dsphere"):
            return Bounds(FULL, FETCH)
        found = bounds(
            predicate.node,
            Field(
                entry.kind_of(position) == "hashed",
                entry.collation is not None,
                (entry.is_sparse or entry.is_wildcard) and len(entry.keys) == 1,
                self.dialect.counts,
                entry.kind == "btree" and not entry.is_sparse and self.dialect.decides_null(entry.is_multikey),
                self.dialect.is_recent,
            ),
        )
        negates_elements = predicate.node.kind == "not" and entry.array_prefixes(predicate.path)
        has_arrays = entry.array_prefixes(predicate.path) if entry.is_wildcard else entry.is_multikey
        tests_keys = found.tightness == KEYS and has_arrays  # one key is not the whole array
        if predicate.within is not None or negates_elements or tests_keys:
            return found._replace(tightness=FETCH)
        return found

    def intervals(self, position: int) -> Intervals:
        return self.bounds[position].intervals

    @property
    def tightness(self) -> int:
        return max((each.tightness for each in self.bounds), default=EXACT)

    @property
    def is_near(self) -> bool:
        return any(predicate.node.kind == "near" for predicate, _ in self.assigned)


@dataclass(eq=False)
class Union:
    """The branches of an ``$or``, each read by an index of its own."""

    branches: tuple[Scan | Union, ...]
    rest: bool = False


Access = Scan | Union


def scans(access: Access) -> list[Scan]:
    if isinstance(access, Scan):
        return [access]
    return [scan for branch in access.branches for scan in scans(branch)]


class Enumerator:
    """Finds the accesses of a filter whose predicates are rated."""

    def __init__(self, rated: Mapping[Node, Predicate], dialect: Dialect) -> None:
        self._rated = rated
        self._dialect = dialect

    def accesses(self, node: Node, outside: Sequence[Predicate] = ()) -> list[Access]:
        """``outside``: predicates that hold beside an ``$or`` around ``node``, and may bound its indexes too."""
        if node.kind != "or":
            return self._conjunction(node, outside)
        each = [self.accesses(child, outside) for child in node.children]
        return [Union(tuple(chosen)) for chosen in islice(product(*each), _MAX_COMBINATIONS)]

    def _conjunction(self, node: Node, outside: Sequence[Predicate]) -> list[Access]:
        leaves, disjunctions, is_whole = _parts(node)
        own = [self._rated[leaf] for leaf in leaves if leaf in self._rated and self._rated[leaf].positions]
        is_alone = is_whole and not leaves and len(disjunctions) == 1
        found: list[Access] = []
        for disjunction, within in disjunctions:
            pushed = [p for p in [*own, *outside] if within is None or p.within is within]
            branches = self.accesses(disjunction, pushed)
            for branch in branches:
                branch.rest = branch.rest or not is_alone
            if any(each.kind in _MANDATORY for each in walk(disjunction)):
                return branches
            found.extend(branches)
        needed = next((leaf for leaf in leaves if leaf.kind in _MANDATORY), None)
        mandatory = self._rated[needed] if needed is not None else None
        if mandatory is not None:
            found = []
        found.extend(self._single(own, outside, mandatory, _Whole(leaves, is_whole and not disjunctions)))
        return found

    def _single(
        self, own: Sequence[Predicate], outside: Sequence[Predicate], mandatory: Predicate | None, whole: _Whole
    ) -> Iterable[Scan]:
        """One scan for each index and each choice of what may bound it together."""
        for entry in dict.fromkeys(entry for predicate in own for entry in predicate.positions):
            if mandatory is not None and entry not in mandatory.positions:
                continue
            usable = [p for p in (*own, *(() if mandatory else outside)) if entry in p.positions]
            for chosen in _choices(entry, usable, mandatory):
                if any(predicate in own for predicate in chosen):
                    assigned = tuple((p, p.positions[entry][0]) for p in chosen)
                    yield Scan(entry, assigned, whole.leaves_rest(chosen), self._dialect)


class _Whole:
    """All that a conjunction asks for."""

    def __init__(self, leaves: Sequence[Node], is_complete: bool) -> None:
        self._leaves = set(leaves)
        self._is_complete = is_complete

    def leaves_rest(self, chosen: Iterable[Predicate]) -> bool:
        return not self._is_complete or bool(self._leaves - {predicate.node for predicate in chosen})


def _parts(node: Node) -> tuple[list[Node], list[tuple[Node, Node | None]], bool]:
    """Leaves that hold together; each ``$or`` beside them, with the ``$elemMatch`` it is in; whether that is all."""
    leaves: list[Node] = []
    disjunctions: list[tuple[Node, Node | None]] = []
    is_whole = _collect(node, None, leaves, disjunctions)
    return leaves, disjunctions, is_whole


def _collect(node: Node, within: Node | None, leaves: list[Node], disjunctions: list[tuple[Node, Node | None]]) -> bool:
    if is_leaf(node):
        leaves.append(node)
        return True
    if node.kind == "or":
        disjunctions.append((node, within))
        return True
    if node.kind in ("and", "elem-object"):
        inner = node if node.kind == "elem-object" else within
        complete = [_collect(child, inner, leaves, disjunctions) for child in node.children]
        return all(complete)
    return node.kind == "true"


def _choices(entry: Entry, usable: Sequence[Predicate], mandatory: Predicate | None) -> Iterable[list[Predicate]]:
    """The sets of predicates that may bound an index together: all of them, unless it holds arrays."""
    first = [p for p in usable if p.uses_first(entry)]
    # Of those that exclude each other the one that the index has first is taken, wherever it stands in the filter
    later = sorted((p for p in usable if not p.uses_first(entry)), key=lambda p: p.positions[entry][0])
    if not first:
        return
    if not entry.is_multikey or entry.kind == "text":
        yield [*first, *later]
        return
    if mandatory is not None and mandatory in first:
        yield _together(entry, [], later, [mandatory])
        return
    forced = [mandatory] if mandatory is not None else []
    rest = [p for p in later if p is not mandatory]
    seen: set[frozenset[int]] = set()
    for start in first:
        chosen = _together(entry, [start, *(p for p in first if p is not start)], rest, forced)
        mark = frozenset(map(id, chosen))
        if mark not in seen:
            seen.add(mark)
            yield chosen


def _together(
    entry: Entry, first: Sequence[Predicate], later: Sequence[Predicate], forced: Sequence[Predicate]
) -> list[Predicate]:
    """Those that bound a multikey index at the same time, taken greedily; ``forced`` are in it anyhow."""
    used: dict[str, Node | None] = {}
    chosen = list(forced)
    for predicate in (*first, *later):
        if _fits(entry, predicate, used):
            chosen.append(predicate)
    return chosen


def _fits(entry: Entry, predicate: Predicate, used: dict[str, Node | None]) -> bool:
    """Whether no other bounded predicate may be about another element of the same array; notes what it takes."""
    for prefix in entry.array_prefixes(predicate.path):
        if prefix in used:
            if used[prefix] is None or used[prefix] is not predicate.within:
                return False
        elif predicate.within is not None and prefix.count(".") <= predicate.within.path.count("."):
            used[prefix] = predicate.within
        else:
            used[prefix] = None
            break
    return True
