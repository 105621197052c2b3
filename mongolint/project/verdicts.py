"""Which declared index serves a query of the code, judged for what is sure of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from mongolint.coverage import ANY, Index, Plan, QueryError, explain_once
from mongolint.coverage.indexes import plain
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import NONE
from mongolint.link.linker import Linker
from mongolint.link.states.memory import held, held_by
from mongolint.project.documents import Document, Place, Reader
from mongolint.project.documents.bare import may_be_empty
from mongolint.project.hints import Hint, hint_of
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation, argument
from mongolint.project.pipelines import Lookup
from mongolint.project.plain import filter_of, value_of
from mongolint.project.writes.needs import MARKS_DELETED

# Options without which an index cannot be judged
_DECISIVE = ("partialFilterExpression", "collation", "sparse", "hidden", "wildcardProjection")
_ALWAYS = ("equality", "in", "null", "range")


class Verdict(NamedTuple):
    """``verdict``: served, partial, unserved, unknown or none; ``nearest`` is the declaration that comes closest.

    ``plan``: what the planner would do, where it could be asked.
    """

    verdict: str
    name: str | None = None
    reason: str = ""
    nearest: IndexDeclaration | None = None
    plan: Plan | None = None

    @property
    def is_of_unfiltered(self) -> bool:
        """Whether no index serves the query of a call that leaves the whole filter out, as it may."""
        return self.reason == _MAY_BE_EMPTY


_MAY_BE_EMPTY = "every field of the filter is optional, and it may be empty"


@dataclass(frozen=True)
class Query:
    """A query as the server gets it: what is sure, with `ANY` for unknown values.

    ``optional``: fields that are in the filter on some paths; ``open``: others may be; ``unclear``: why it cannot be
    judged, or ""; ``empty``: whether none of them is in it on some path.
    """

    collection: str | None
    filter: Mapping[str, Any]
    sort: tuple[tuple[str, Any], ...] = ()
    hint: Hint | None = None
    collation: Mapping[str, Any] | None = None
    projection: Mapping[str, Any] | None = None
    command: str = "find"
    optional: tuple[str, ...] = ()
    open: bool = False
    unclear: str = ""
    empty: bool = False

    @cached_property
    def said(self) -> Hashable | None:
        """What is equal for queries that the planner cannot tell apart; None where there is no such thing."""
        try:
            return plain([self.filter, self.sort, self.projection, self.hint, self.collation, self.command])
        except TypeError:
            return None


@dataclass(frozen=True)
class Declared:
    """The indexes of a project, by what they say of one collection."""

    own: Sequence[IndexDeclaration]
    homeless: Sequence[IndexDeclaration] = field(default=())

    @cached_property
    def judged(self) -> dict[Index, IndexDeclaration]:
        return {as_index(each): each for each in self.own if is_clear(each)}


class Declarations:
    """Declared indexes, by collection."""

    def __init__(self, link: Linker, indexes: Callable[[], Iterable[IndexDeclaration]]) -> None:
        self.link = link
        self._indexes = indexes

    @held
    def _by_name(self) -> dict[str | None, list[IndexDeclaration]]:
        found: dict[str | None, list[IndexDeclaration]] = {}
        for index in self._indexes():
            found.setdefault(index.collection_name, []).append(index)
        return found

    @held_by
    def on(self, collection: str | None) -> Declared:
        """What of them is on a collection, and what may be."""
        return Declared(self._by_name.get(collection, ()), self._by_name.get(None, ()))


def query_of(reader: Reader, operation: Operation) -> Query:
    """The query that an operation sends."""
    document = operation.planned
    collation = _collation(reader, operation)
    filter = filter_of(reader, document)
    sure = set(_fields(filter))
    unclear = "its collation is known only at run time" if collation is ANY else ""
    if any(name == "$natural" for name, _ in operation.sort):
        unclear = "it asks for the order on disk, in which no index is read"
    return Query(
        operation.collection.name if operation.collection else None,
        filter,
        () if any(step.name == "count" for step in operation.steps) else tuple(operation.sort),
        hint_of(reader.link, reader, operation),
        collation if isinstance(collation, dict) else None,
        _projection(reader, operation),
        _command(operation),
        tuple(name for name in document.optional if name not in sure),
        document.open or _has_unknown_branches(reader, document),
        unclear,
        _may_be_empty(reader, operation),
    )


def _may_be_empty(reader: Reader, operation: Operation) -> bool:
    name = operation.method.filter if operation.planned.optional and not operation.planned.required else None
    link, method = reader.link, operation.method
    place = argument(link, operation.module, operation.row, method, name) if name is not None else None
    return place is not None and may_be_empty(link, place.module, place.row)


def query_of_lookup(lookup: Lookup) -> Query:
    """The query that a stage of a pipeline runs on another collection for each document."""
    return Query(lookup.collection, lookup.filter, command="aggregate")


def _command(operation: Operation) -> str:
    if operation.name in ("count_documents", "count") or any(step.name == "count" for step in operation.steps):
        return "count"
    return "distinct" if operation.name == "distinct" else "find"


def _collation(reader: Reader, operation: Operation) -> Any:
    """The collation that an operation names; `ANY` for one that is not known."""
    places = [
        Place(module, row, None)
        for module, call in [(operation.module, operation.row), *((s.module, s.row) for s in operation.steps)]
        for keyword, row in _arguments(reader, module, call)
        if keyword == "collation"
    ]
    places += [
        Place(step.module, row, None)
        for step in operation.steps
        if step.name == "collation"
        for _, row in _arguments(reader, step.module, step.row)[:1]
    ]
    given = [place for place in places if reader.link.value(*place) != (NONE,)]
    return value_of(reader, given[0]) if given else None


def _arguments(reader: Reader, module: int, row: int) -> Sequence[tuple[str | None, int]]:
    node = reader.link.node(module, row)
    return node[2] if node[0] == "call" else ()


def _projection(reader: Reader, operation: Operation) -> Mapping[str, Any] | None:
    if operation.name == "distinct":
        keys = [row for keyword, row in _arguments(reader, operation.module, operation.row) if keyword in (None, "key")]
        key = value_of(reader, Place(operation.module, keys[0], None)) if keys else None
        return {"_id": 0, key: 1} if isinstance(key, str) else None
    if operation.name not in ("find", "find_one"):
        return None
    given = [row for keyword, row in _arguments(reader, operation.module, operation.row) if keyword == "projection"]
    value = value_of(reader, Place(operation.module, given[0], None)) if given else None
    return value if isinstance(value, dict) else None


def _has_unknown_branches(reader: Reader, document: Document) -> bool:
    """Whether an ``$or`` has branches that the code does not show."""
    for operator, place in document.clauses:
        if operator in ("$or", "$nor"):
            items, is_open = reader.items(*place) if place is not None else ([], True)
            if is_open or not all(item.certain for item in items):
                return True
            if any(_has_unknown_branches(reader, reader.document(*item.place)) for item in items):
                return True
    return False


def sparse_fields(declared: Declared) -> set[str]:
    """The fields that begin an index which may hold only the documents that have them."""
    return {
        index.keys[0][0]
        for index in (*declared.own, *declared.homeless)
        if index.keys
        if index.options.get("sparse", False) is not False or "partialFilterExpression" in index.options
    }


def as_index(declaration: IndexDeclaration) -> Index:
    """A declaration as the judge takes it."""
    options = {name: value for name, value in declaration.options.items() if value is not None}
    return Index(declaration.keys or (), {**options, "name": declaration.name})


def is_clear(declaration: IndexDeclaration) -> bool:
    """Whether all that decides which queries an index serves is known."""
    return bool(declaration.keys) and not any(
        name in declaration.options and declaration.options[name] is None for name in _DECISIVE
    )


def judge(operation: Operation, query: Query, declared: Declared) -> Verdict:
    """The verdict on one operation and the query that it sends."""
    if operation.method.kind not in ("read", "write", "queued"):
        return Verdict("none", reason="not a query")
    document = operation.planned
    if document.required.get("_id") in _ALWAYS and not operation.sort:
        return Verdict("served", "_id_", "_id is always indexed")
    return judge_query(query, declared)


def judge_query(query: Query, declared: Declared) -> Verdict:
    """The verdict on one query."""
    if not (query.filter or query.optional or query.open or query.sort):
        return Verdict("none", reason="no filter and no sort")
    if query.collection is None:
        return Verdict("unknown", reason="the collection is known only at run time")
    if query.unclear:
        return Verdict("unknown", reason=query.unclear)
    found = declared.judged
    try:
        plan = ask(query, tuple(found))
    except QueryError as refusal:
        return _refused(declared, str(refusal))
    if plan.usable:
        best = found.get(plan.best[0]) if plan.best else None
        verdict, reason = _rating(query, plan)
        return Verdict(verdict, " and ".join(index.name for index in plan.best), reason, best, plan)
    return _unserved(query, declared, plan)


def ask(query: Query, indexes: Sequence[Index], server: str = "latest") -> Plan:
    """What the planner would do.

    Raises:
        QueryError: the server refuses the query.
    """
    return explain_once(
        query.filter,
        indexes,
        said=query.said and (query.said, server),
        sort=query.sort,
        projection=query.projection,
        hint=query.hint,
        collation=query.collation,
        command=query.command,
        server=server,
    )


def _rating(query: Query, plan: Plan) -> tuple[str, str]:
    """Whether a usable plan serves the query wholly, and one line of why."""
    if not plan.bounds:
        if query.filter or query.optional or query.open:
            return "partial", "serves the sort only"
        return "served", "serves the sort"
    bounded = ", ".join(plan.bounds)
    if not plan.selective:
        return "partial", f"{bounded} is compared so that most of the index is read"
    if query.sort and not plan.orders:
        return "partial", "the sort is done in memory"
    if not plan.exact:
        rest = [name for name in query.filter if name not in plan.bounds and not name.startswith("$")]
        if rest and _are_in_index(query, plan):
            return "served", f"bounds {bounded}; only documents with that {' and '.join(rest)} are in it"
        tested = ", ".join(rest) if rest else "the rest"
        rival = plan.rival.name if plan.rival is not None else ""
        unless = f", unless the server takes {rival}, which bounds all and leaves the sort to memory" if rival else ""
        return "partial", f"only {bounded} in the index, {tested} checked on each document{unless}"
    return "served", f"bounds {bounded}"


def _are_in_index(query: Query, plan: Plan) -> bool:
    """Whether a partial index has only documents for which all holds that its keys do not decide."""
    if len(plan.best) != 1 or query.optional or query.open:
        return False
    held = plan.best[0].options.get("partialFilterExpression") or {}
    left = {name: asked for name, asked in query.filter.items() if name not in plan.bounds}
    return all(name in held and held[name] == asked for name, asked in left.items())


def _refused(declared: Declared, refusal: str) -> Verdict:
    if any(not is_clear(index) for index in (*declared.own, *declared.homeless)):
        return Verdict("unknown", reason="an index of this collection has keys known only at run time")
    return Verdict("unserved", reason=f"the server refuses it: {refusal}")


def is_live(query: Query, name: str) -> bool:
    """Whether a field is only asked not to mark a document as deleted, which holds of nearly all of them."""
    return query.filter.get(name, ANY) is None and bool(MARKS_DELETED.search(name))


def _unserved(query: Query, declared: Declared, plan: Plan) -> Verdict:
    if any(not is_clear(index) for index in declared.own):
        return Verdict("unknown", reason="an index of this collection has keys known only at run time", plan=plan)
    if not declared.own and any(not index.keys and not index.uncalled for index in declared.homeless):
        # A table of indexes that cannot be read may be where those of this collection stand
        return Verdict("unknown", reason="indexes are declared whose collections and keys are not known", plan=plan)
    for index in declared.homeless:
        if is_clear(index) and _would_use(query, index):
            return Verdict("unknown", reason=f"index {index.name} may be on this collection", plan=plan)
    if _hangs_on_text(query, declared):
        return Verdict(
            "unknown", reason="whether its values are text, which collations tell apart, is not known", plan=plan
        )
    if query.open:
        return Verdict("unknown", reason="the filter may hold fields that the code does not show", plan=plan)
    if query.optional and not query.filter:
        why = _MAY_BE_EMPTY if query.empty else "every field of the filter is optional"
        return Verdict("unknown", reason=why, plan=plan)
    nearest = _nearest(query, declared.own)
    return Verdict("unserved", None, _why(query, nearest), nearest, plan)


def _hangs_on_text(query: Query, declared: Declared) -> bool:
    """Whether an index of another collation serves the query if its unknown values are no text."""
    if query.collation is None and not any("collation" in index.options for index in declared.own):
        return False
    numbers = replace(query, filter=_with_numbers(query.filter))
    return any(_would_use(numbers, index) for index in declared.own)


def _with_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    return 0 if value is ANY else value


def _would_use(query: Query, index: IndexDeclaration) -> bool:
    try:
        return ask(query, [as_index(index)]).usable
    except QueryError:
        return False


def _nearest(query: Query, own: Sequence[IndexDeclaration]) -> IndexDeclaration | None:
    """The declared index that has most of the fields of the filter."""
    wanted = set(fields_of(query))
    best = max(own, key=lambda index: len(wanted & {name for name, _ in index.keys or ()}), default=None)
    return best if best is not None and wanted & {name for name, _ in best.keys or ()} else None


def fields_of(query: Query) -> list[str]:
    """The fields of a filter, those in its branches too, else those of its sort."""
    return list(dict.fromkeys(_fields(query.filter))) or [name for name, _ in query.sort]


def _fields(filter: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in filter.items():
        if not name.startswith("$"):
            found.append(name)
        elif name in ("$or", "$and", "$nor") and isinstance(value, list):
            found += [each for branch in value for each in _fields(branch)]
    return found


def _compared(expression: Any) -> list[str]:
    """The fields that an expression compares: ``{"$eq": ["$user_id", "$$user"]}``."""
    if isinstance(expression, str):
        return [expression[1:]] if expression.startswith("$") and not expression.startswith("$$") else []
    inner = expression.values() if isinstance(expression, Mapping) else expression
    return [name for each in inner for name in _compared(each)] if isinstance(inner, Iterable) else []


def _why(query: Query, nearest: IndexDeclaration | None) -> str:
    names = fields_of(query) or _compared(query.filter.get("$expr"))
    wanted = ", ".join([name for name in names if name != "_id"] or names)  # which always has an index
    named = " and ".join(query.optional[:3])
    sure = f", and not every call asks for {named}, too" if query.optional else ""
    if nearest is None or not nearest.keys:
        return f"no index is declared on {wanted}{sure}"
    first, kind = nearest.keys[0]
    if kind == "text":
        return f"{nearest.name} is a text index, which only $text reads{sure}"
    if first not in query.filter and "$or" not in query.filter:
        return f"{nearest.name} begins with {first}, which the filter does not hold{sure}"
    return f"{nearest.name} {_hindrance(nearest)}{sure}"


def _hindrance(index: IndexDeclaration) -> str:
    """Why an index that begins with a field of the filter does not serve it."""
    if index.options.get("hidden"):
        return "is hidden"
    if "partialFilterExpression" in index.options:
        return "leaves documents out (partialFilterExpression) that the filter may want"
    if index.options.get("sparse"):
        return "leaves out documents without the field, which the filter wants"
    if "collation" in index.options:
        return "compares text with another collation"
    return "cannot be used by this filter"


__all__ = ["Declared", "Query", "Verdict", "ask", "judge", "judge_query", "query_of", "query_of_lookup"]
